"""Makes a follow-up stand alone, by rules: "And how did he answer?" needs what came before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from assistant.lexicon import any_of, lexicon, pattern, words
from assistant.names import names
from assistant.questions import split_parts, topic_words
from index.words import content_words

Turn = tuple[Literal["user", "assistant"], str]

MAX_OWN_WORDS = 3
MAX_OWN_CONTENT = 1
"""A question without names that has at most so many words, or so many content words, leans on
what was said before."""
MAX_TURN_CHARACTERS = 4000
"""Of a longer turn only the end is read."""
MIN_OWN_TOPIC = 3
"""With fewer content words of its own, a resolved question is given the earlier one as topic."""


def stand_alone(question: str, history: Sequence[Turn]) -> str:
    """The question with its pronouns resolved from `history` (oldest turn first).

    A personal pronoun becomes the name mentioned last in the latest question that has one, else
    in the latest answer; the earlier question is added in brackets, so that retrieval knows what
    the talk is about. A question that needs nothing from before comes back unchanged.
    """
    asked = [text for role, text in history if role == "user" and text.strip()]
    if not asked or not depends(question):
        return question
    resolved = question
    pronoun = _first_pronoun(question)
    name = _last_name(history)
    if pronoun and name:
        if pronoun[0].casefold() in words("follow_up", "possessives") and not _is_object(
            question, pronoun
        ):
            name += "’s"
        resolved = question[: pronoun.start()] + name + question[pronoun.end() :]
        if _has_topic(question):
            return resolved
    topic = asked[-1].partition(" (")[0]  # without what that question leant on itself
    return f"{resolved} ({topic.strip().rstrip('?')})"


def _has_topic(question: str) -> bool:
    """Whether it says what it is about, but for the person that its pronoun stands for."""
    if any(name.start > 0 for name in names(question)):
        return True
    return len(set(content_words(question))) >= MIN_OWN_TOPIC


def stand_alone_parts(question: str, history: Sequence[Turn] = ()) -> tuple[str, ...]:
    """The single questions in `question`, each made to stand alone by what was said before it."""
    turns = [(role, text[-MAX_TURN_CHARACTERS:]) for role, text in history]
    parts: list[str] = []
    for part in split_parts(question):
        earlier: list[Turn] = [("user", before) for before in parts]
        parts.append(stand_alone(part, [*turns, *earlier]))
    return tuple(parts)


def depends(question: str) -> bool:
    """Whether the question leans on what was said before it."""
    if _opener().match(question.strip()):
        return True
    own_names = [name for name in names(question) if name.start > 0]
    if any(not _own(question, p) for p in pattern("follow_up", "pronouns").finditer(question)):
        return not own_names or _first_pronoun(question) is not None
    if own_names:
        return False
    few_words = len(re.findall(r"\w+", question)) <= MAX_OWN_WORDS
    return few_words or len(topic_words(question)) <= MAX_OWN_CONTENT


def _opener() -> re.Pattern[str]:
    openers = any_of(tuple(lexicon()["follow_up"]["openers"])).pattern
    return re.compile(rf"(?:{openers})\s", re.IGNORECASE)


def _first_pronoun(question: str) -> re.Match[str] | None:
    persons = lexicon()["follow_up"]["persons"] + lexicon()["follow_up"]["possessives"]
    found = any_of(tuple(persons)).finditer(question)
    return next((pronoun for pronoun in found if not _own(question, pronoun)), None)


def _own(question: str, pronoun: re.Match[str]) -> bool:
    """Whether it stands for something in the question: "How do birds keep their eggs warm?"."""
    possessive = pronoun[0].casefold() in words("follow_up", "own_possessives")
    return possessive and bool(topic_words(question[: pronoun.start()]))


def _is_object(question: str, pronoun: re.Match[str]) -> bool:
    """ "her" is an object where no word follows that it could possess."""
    return not re.match(r"\s+\w", question[pronoun.end() :])


def _last_name(history: Sequence[Turn]) -> str | None:
    for wanted in ("user", "assistant"):
        for role, text in reversed(history):
            found = names(text) if role == wanted else ()
            free = [name for name in found if not _governed(text[: name.start])]
            if found:
                return (free or found)[-1].text
    return None


def _governed(before: str) -> bool:
    """Whether the name is a topic or a place: "What did Ann say about Bonn?" is about Ann."""
    return bool(
        re.search(rf"{pattern('follow_up', 'prepositions').pattern}\s+(?:the\s+)?$", before)
    )
