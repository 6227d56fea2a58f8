"""Questions: cleaned, split, and read for the kind of answer that they ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.questions import (
    MAX_QUESTION_CHARACTERS,
    answer_kind,
    clean_question,
    read_question,
    split_parts,
)
from index import QuestionError

# --- cleaning ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        pytest.param("  Who?\n", "Who?", id="outer white space"),
        pytest.param("Who\n\n\tcame?", "Who came?", id="inner white space"),
        pytest.param("Who\0 ca\x1bme?", "Who came?", id="NUL and escape"),
        pytest.param("Who \ud83d came?", "Who came?", id="lone surrogate"),
        pytest.param("Who \u202ecame\u202c?", "Who came?", id="direction overrides"),
        pytest.param("Who came? 👩‍🚀", "Who came? 👩‍🚀", id="emoji with a joiner"),
        pytest.param("می‌خواهم؟", "می‌خواهم؟", id="Persian with a non-joiner"),
        pytest.param("Who\u00a0came?", "Who came?", id="NBSP"),
        pytest.param("7?", "7?", id="a number"),
    ],
)
def test_a_question_is_cleaned(given_: str, kept: str) -> None:
    assert clean_question(given_) == kept


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "is empty: type a question", id="empty"),
        pytest.param(" \n\t\u00a0", "is empty: type a question", id="blank"),
        pytest.param("\0\x1b\ud800", "is empty: type a question", id="nothing printable"),
        pytest.param("🙂🙃", "has no words: ask it in words", id="only emoji"),
        pytest.param("?!…", "has no words: ask it in words", id="only punctuation"),
        pytest.param(
            "a" * (MAX_QUESTION_CHARACTERS + 1), "4,001 characters and at most 4,000", id="too long"
        ),
    ],
)
def test_a_question_that_cannot_be_asked_says_what_to_do(text: str, says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        clean_question(text)


@given(st.text(max_size=50))
def test_any_text_is_cleaned_or_refused(text: str) -> None:
    try:
        cleaned = clean_question(text)
    except QuestionError:
        return
    assert clean_question(cleaned) == cleaned
    cleaned.encode()
    assert "\0" not in cleaned
    assert "\n" not in cleaned


def test_the_longest_question_is_read() -> None:
    assert len(clean_question("a" * MAX_QUESTION_CHARACTERS)) == MAX_QUESTION_CHARACTERS


# --- the kind of answer --------------------------------------------------------------------------

KINDS = {
    "en": {
        "person": ["Who said it?", "To whom did he speak?", "Which experts said it?"],
        "date": ["When was it?", "In which year was it?", "Since when is it so?"],
        "duration": ["How long did it last?"],
        "number": ["How many people came?", "By how many votes did he win?"],
        "place": ["Where is it?", "In which country is it?"],
        "reason": ["Why did it fail?"],
        "yesno": [
            "Did it rain?",
            "Was it so?",
            "Is there any reason why it fails?",
            "“Was it so?”",
        ],
        "other": ["What is it?", "What did the man who came say when he left?"],
        "none": ["Tell me about it", "The war"],
    },
    "de": {
        "person": ["Wer sagte es?"],
        "date": ["Wann war es?"],
        "duration": ["Wie lange dauerte es?"],
        "number": ["Wie viele kamen?"],
        "place": ["Wo ist es?"],
        "reason": ["Warum ist es so?"],
        "yesno": ["Ist es so?", "Hat er das gesagt und wann?"],
        "other": ["Was ist das?", "Was sagte er über das Wetter?"],
    },
    "ru": {
        "person": ["Кто это сказал?"],
        "date": ["Когда это было?"],
        "duration": ["Как долго это длилось?"],
        "number": ["Сколько людей пришло?"],
        "place": ["Где это?"],
        "reason": ["Почему это так?"],
        "yesno": ["Был ли он там?"],
        "other": ["Что это?"],
    },
    "bg": {
        "person": ["Кой каза това?"],
        "date": ["Кога стана това?"],
        "duration": ["Колко време продължи?"],
        "number": ["Колко души дойдоха?"],
        "place": ["Къде е това?"],
        "reason": ["Защо е така?"],
        "yesno": ["Има ли доказателства?"],
        "other": ["Какво е това?"],
    },
    "sr": {
        "person": ["Ko je to rekao?", "Ко је то рекао?"],
        "date": ["Kada se to desilo?", "Када је то било?"],
        "duration": ["Koliko dugo je trajalo?", "Колико дуго је трајало?"],
        "number": ["Koliko ljudi je došlo?", "Колико људи је дошло?"],
        "place": ["Gde je to?", "Где је то?"],
        "reason": ["Zašto je tako?", "Зашто је тако?"],
        "yesno": ["Da li je tako?", "Да ли је тако?"],
        "other": ["Šta je to?", "Шта је то?"],
    },
    "fr": {
        "person": ["Qui l'a dit ?"],
        "date": ["Quand est-ce arrivé ?"],
        "duration": ["Combien de temps cela a duré ?"],
        "number": ["Combien de personnes ?"],
        "place": ["Où est-ce ?"],
        "reason": ["Pourquoi ?"],
        "yesno": ["Est-ce vrai ?"],
        "other": ["Que dit-il ?"],
    },
    "es": {
        "person": ["¿Quién lo dijo?"],
        "date": ["¿Cuándo fue?"],
        "duration": ["¿Cuánto tiempo duró?"],
        "number": ["¿Cuántas personas?"],
        "place": ["¿Dónde está?"],
        "reason": ["¿Por qué?"],
        "yesno": ["¿Es verdad?"],
        "other": ["¿Qué es?"],
    },
}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param(kind, text, id=f"{language}-{text}")
        for language, kinds in KINDS.items()
        for kind, texts in kinds.items()
        for text in texts
    ],
)
def test_the_first_question_word_tells_the_kind_of_answer(kind: str, text: str) -> None:
    assert answer_kind(text) == kind


# --- parts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Who said it and when?", ("Who said it?", "when?")),
        ("Who won and by how many votes?", ("Who won?", "by how many votes?")),
        ("When did it rain, and where?", ("When did it rain?", "where?")),
        ("Who came? And why?", ("Who came?", "And why?")),
        ("Wer sagte es und wann?", ("Wer sagte es?", "wann?")),
        ("Кто это сказал и когда?", ("Кто это сказал?", "когда?")),
        ("Кой го каза и кога?", ("Кой го каза?", "кога?")),
        ("Ko je to rekao i kada?", ("Ko je to rekao?", "kada?")),
        ("¿Quién lo dijo y cuándo?", ("¿Quién lo dijo?", "cuándo?")),
        ("What did Ann and Ben say?", ("What did Ann and Ben say?",)),
        ("Trade and who profits", ("Trade and who profits",)),
        ("Tell me about it", ("Tell me about it",)),
    ],
)
def test_a_compound_question_is_split(text: str, parts: tuple[str, ...]) -> None:
    assert split_parts(text) == parts


def test_no_part_of_a_very_compound_question_is_lost() -> None:
    text = "Who is Ann? Who is Ben? Who is Cem? Who is Dan? Who is Eve?"
    assert " ".join(split_parts(text)) == text
    assert len(split_parts(text)) == 4


# --- what else the form tells --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "aspect"),
    [
        ("Who wrote the article?", "author"),
        ("Wer hat den Artikel geschrieben?", "author"),
        ("Кто написал статью?", "author"),
        ("Кой е авторът на статията?", "author"),
        ("When was the article published?", "published"),
        ("When did the author write the article?", "published"),
        ("Who published the article?", "publisher"),
        ("What is the title of the article?", "title"),
        ("How many views does the article have?", "other"),
        ("Who wrote the letter?", None),
        ("What does the article say about oil?", None),
    ],
)
def test_a_question_about_a_text_itself_is_told_from_one_about_its_content(
    text: str, aspect: str | None
) -> None:
    assert read_question(text).about_source == aspect


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("Which experts are quoted?", True),
        ("What theories are given?", True),
        ("What is the status?", False),
        ("Which class won?", False),
        ("Who came?", False),
    ],
)
def test_a_plural_head_asks_for_a_list(text: str, wants: bool) -> None:
    assert read_question(text).wants_list is wants


def test_a_question_has_its_names_but_not_its_first_word() -> None:
    assert read_question("Whom did Ann Lee meet in Bonn?").names == ("Ann Lee", "Bonn")
    assert read_question("Penguins swim where?").names == ()


def test_a_question_about_spelling_is_told() -> None:
    assert read_question("How is the name of Ann spelled?").about_spelling
    assert not read_question("Who is Ann?").about_spelling


@pytest.mark.parametrize(
    ("question", "speaker"),
    [
        ("What did Kovac accuse Novak of?", "Kovac"),
        ("Of what has Novak accused Kovac?", "Novak"),
        ("What did Kovac say?", None),
        ("What did Kovac and Novak agree on?", None),
    ],
)
def test_a_question_tells_whose_words_it_asks_for_among_those_it_names(question, speaker):
    assert read_question(question).speaker == speaker
