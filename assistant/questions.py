"""What a question asks for, read off its form: the kind of answer, its parts, its names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from assistant.lexicon import any_of, lexicon, pattern, words
from assistant.names import names
from index.errors import QuestionError
from index.language import language
from index.words import content_words

AnswerKind = Literal[
    "person",
    "identity",
    "statement",
    "organisation",
    "date",
    "duration",
    "number",
    "place",
    "reason",
    "yesno",
    "other",
    "none",
]
"""The kind of answer asked for; "none" where the form of the question doesn't tell."""

SourceAspect = Literal["author", "publisher", "published", "title", "other"]

MAX_QUESTION_CHARACTERS = 4000
MAX_PARTS = 4
"""Single questions that a compound one is split into; what is more stays with the last."""

_JOINERS = "\u200c\u200d"
"""Invisible, but part of how emoji, Persian and Indic words are spelled."""


@dataclass(frozen=True, slots=True)
class Question:
    """A stand-alone question and what its form tells."""

    text: str
    kind: AnswerKind
    content: tuple[str, ...]
    """Its content words, stemmed, without repetition."""
    names: tuple[str, ...]
    about_source: SourceAspect | None
    """What it asks about a text itself (its author, date, ...); None for what the text says."""
    about_spelling: bool
    about_name: bool
    """It asks for a name, so that its spelling matters."""
    wants_list: bool
    speaker: str | None = None
    """Whose words it asks for where it names others too: "What did X accuse Y of?"."""


def clean_question(text: str) -> str:
    """The question with control characters and outer white space removed.

    Raises:
        QuestionError: nothing is left to ask, or it is longer than `MAX_QUESTION_CHARACTERS`.
    """
    kept = "".join(
        " " if c.isspace() else c
        for c in text
        if c.isspace() or (c.isprintable() and not "\ud800" <= c <= "\udfff") or c in _JOINERS
    )
    cleaned = re.sub(r" {2,}", " ", kept).strip()
    if not cleaned:
        raise QuestionError("The question is empty: type a question about the sources.")
    if len(cleaned) > MAX_QUESTION_CHARACTERS:
        raise QuestionError(
            f"The question has {len(cleaned):,} characters and at most "
            f"{MAX_QUESTION_CHARACTERS:,} are read: shorten it, or add the text as a source."
        )
    if not any(c.isalnum() for c in cleaned):
        raise QuestionError(f"The question {cleaned[:40]!r} has no words: ask it in words.")
    return cleaned


def read_question(text: str) -> Question:
    """Read the form of a stand-alone question."""
    named = tuple(dict.fromkeys(name.text for name in names(text) if _is_name(text, name.start)))
    kind = answer_kind(text)
    return Question(
        text=text,
        kind="statement" if named and kind in _OPEN_KINDS and _asks_what_is_said(text) else kind,
        content=tuple(dict.fromkeys(content_words(_without_form(text)))),
        names=named,
        about_source=_source_aspect(text),
        about_spelling=bool(pattern("source_form", "spelling").search(text)),
        about_name=bool(pattern("source_form", "naming").search(text)),
        wants_list=wants_list(text),
        speaker=_speaker(text, named) if len(named) > 1 else None,
    )


def _speaker(text: str, named: tuple[str, ...]) -> str | None:
    asked = re.sub(r"\([^)]*\)", "", text)  # an earlier question may stand there, see chat.py
    verbs = "|".join(map(re.escape, sorted(words("reporting", "verbs"), key=len, reverse=True)))
    for name in named:
        asks = rf"\b(?:did|does|do|has|have|had)\s+{re.escape(name)}\s+(?:{verbs})\b"
        if re.search(asks, asked, re.IGNORECASE):
            return name
    return None


def _without_form(text: str) -> str:
    """The question without words that only say in which form it wants its answer."""
    for key in ("naming", "spelling"):
        text = pattern("source_form", key).sub(" ", text)
    return text


_OPEN_KINDS = frozenset({"other", "none", "reason"})


def _asks_what_is_said(text: str) -> bool:
    """Whether it asks for somebody's words: "What does X say about ...", "According to X, ..."."""
    return bool(
        pattern("reporting", "prefixes").search(text) or pattern("reporting", "asked").search(text)
    )


@cache
def _question_words() -> tuple[tuple[AnswerKind, re.Pattern[str]], ...]:
    tables = lexicon()["question"]
    kinds = [kind for kind in get_args(AnswerKind) if kind in tables]
    # "how long" before "how", "when" before "what": the more specific kinds are listed first.
    return tuple(
        (kind, any_of(tuple(word for entries in tables[kind].values() for word in entries), gap=1))
        for kind in sorted(kinds, key=_specificity)
    )


def _specificity(kind: str) -> int:
    least = ("person", "reason", "other", "yesno")
    return least.index(kind) if kind in least else -1


def answer_kind(text: str) -> AnswerKind:
    """The kind of answer that the first question word asks for."""
    found: list[tuple[int, int, AnswerKind]] = []
    for rank, (kind, word) in enumerate(_question_words()):
        match = word.search(text)
        if not match or (kind == "identity" and not text[match.end() :].lstrip()[:1].isupper()):
            continue
        if kind != "yesno":
            found.append((match.start(), rank, kind))
        elif not re.search(r"\w", text[: match.start()]) and not _is_german_what(match[0], text):
            return "yesno"
    return min(found)[2] if found else "none"


def _is_german_what(word: str, text: str) -> bool:
    """ "Was" begins an English yes/no question and asks "what" in German."""
    return word.casefold() == "was" and language(text) == "de"


def topic_words(text: str) -> set[str]:
    """The content words of a question without its question words ("how many")."""
    for kind, word in _question_words():
        text = text if kind == "yesno" else word.sub(" ", text)
    return set(content_words(text))


def _is_name(text: str, start: int) -> bool:
    """A capital counts as a name's unless it begins the text (or the language capitalises all)."""
    return start > 0 and language(text) != "de"


def split_parts(text: str) -> tuple[str, ...]:
    """The single questions in a compound one: "Who said it and when?" has two."""
    sentences = [part.strip() for part in re.split(r"(?<=[?？])\s+(?!\()", text) if part.strip()]
    parts: list[str] = []
    for sentence in sentences:
        parts.extend(_split_at_conjunctions(sentence))
    if len(parts) < 2:
        return (text,)
    return tuple(filter(None, (*parts[: MAX_PARTS - 1], " ".join(parts[MAX_PARTS - 1 :]))))


@cache
def _conjunction() -> re.Pattern[str]:
    tables = lexicon()["question"]
    openers = sorted(
        {
            word
            for kind in tables
            if kind != "yesno"
            for entries in tables[kind].values()
            for word in entries
        },
        key=lambda word: (-len(word), word),
    )
    joined = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in openers)
    return re.compile(
        rf"(?:,\s*|\s+)(?:and|or|und|oder|et|y|и|или|i|ili|или)\s+(?=(?:(?:in|by|at|on|to)\s+)?"
        rf"(?:{joined})(?!\w))",
        re.IGNORECASE,
    )


def _split_at_conjunctions(sentence: str) -> list[str]:
    pieces = [piece.strip(" ,") for piece in _conjunction().split(sentence)]
    pieces = [piece for piece in pieces if piece]
    if len(pieces) < 2 or answer_kind(pieces[0]) == "none":
        return [sentence]
    return [piece if piece.endswith("?") else piece + "?" for piece in pieces]


def _source_aspect(text: str) -> SourceAspect | None:
    # A question about "the text" names a text; in an article on books "a text" is its subject.
    if not any_of(tuple(lexicon()["source"]["nouns"]), gap=1).search(text):
        return None
    for aspect in get_args(SourceAspect):
        if any_of(tuple(lexicon()["source"]["aspects"][aspect])).search(text):
            return _refined(aspect, text)
    return None


def _refined(aspect: SourceAspect, text: str) -> SourceAspect:
    """ "Who published it?" asks for the publisher, "When did its author write it?" for the date."""
    kind = answer_kind(text)
    if aspect in ("author", "published") and kind == "date":
        return "published"
    return "publisher" if aspect == "published" and kind == "person" else aspect


def wants_list(text: str) -> bool:
    """Whether the question's head is a plural: "Which experts ...", "What theories ..."."""
    head = re.match(r"\W*(\w+)\s+(?:are the\s+|other\s+|kinds? of\s+)?(\w+)", text.casefold())
    if not head or head[1] not in words("source_form", "plural_heads"):
        return False
    noun = head[2]
    return noun in {"people", "are"} or (
        noun.endswith("s") and not noun.endswith(("ss", "us", "is", "was", "does", "has"))
    )
