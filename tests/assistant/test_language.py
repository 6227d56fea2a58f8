"""Languages are told by their function words, and doubt counts as the same language."""

from __future__ import annotations

import pytest

from assistant.language import same_language
from index.language import language


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("What is the reason for it?", "en"),
        ("Warum ist das nicht so?", "de"),
        ("Почему это было не так?", "ru"),
        ("Какво е това и защо?", "bg"),
        ("Šta je to i da li je tako?", "sr"),
        ("Quand est-ce que les gens sont venus ?", "fr"),
        ("¿Por qué no lo dijo el hombre?", "es"),
        ("Xyzzy 42", None),
        ("", None),
    ],
)
def test_function_words_tell_the_language(text: str, code: str | None) -> None:
    assert language(text) == code


@pytest.mark.parametrize(
    ("question", "same"),
    [
        ("What is the reason for it?", True),
        ("Xyzzy?", True),
        ("Warum ist das nicht so?", False),
        ("Защо?", False),
    ],
)
def test_a_question_in_another_language_is_told_from_its_text(question: str, same: bool) -> None:
    assert same_language(question, "The reason for it is that they were late.") is same
