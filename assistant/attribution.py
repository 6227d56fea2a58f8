"""Takes a claim such as "Ann Lee says that ..." apart: who says it, and what is said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from assistant.facts import REMEMBERED
from assistant.lexicon import pattern
from assistant.names import Name, names, spelling_key
from assistant.speakers import attributed_name, without_quotations

_KINDS = ("neutral", "saying")


@dataclass(frozen=True, slots=True)
class Told:
    """A claim in two parts; without a speaker all of it is what is said."""

    speaker: str | None
    said: str
    frame: str = ""
    """The rest without the verb, which says who they are and how they say it."""
    verb: str = ""
    """The verb, where it says more than that something was said ("warns")."""


@lru_cache(maxsize=REMEMBERED)
def told(claim: str) -> Told:
    """The claim's speaker and what it says they say."""
    name = attributed_name(claim) or _before_colon(claim)
    if name is None:
        return Told(None, claim)
    if name.start == 0 and (colon := re.match(r"\s*:\s*(?=\S)", claim[name.end :])):
        end = name.end + colon.end()
        return Told(name.text, claim[end:], name.text)
    outside = without_quotations(claim)
    prefix = pattern("reporting_kinds", "prefixes").search(outside)
    if prefix and prefix.end() <= name.start:
        said = _beside_prefix(claim, prefix.start(), name.end)
        return _apart(claim, name.text, said, prefix, is_neutral=True)
    for kind in _KINDS:
        for verb in reporting_words(kind, outside):
            if said := _beside_verb(claim, verb, name.start):
                return _apart(claim, name.text, said, verb, is_neutral=kind == "neutral")
    return Told(None, claim)


def _before_colon(claim: str) -> Name | None:
    """The name in "Ann Lee: the bridge is safe", as a claim is shown whose speaker was added."""
    first = next(iter(names(claim)), None)
    return first if first and first.start == 0 and claim[first.end :].startswith(":") else None


def _apart(claim: str, name: str, said: str, verb: re.Match[str], *, is_neutral: bool) -> Told:
    if not said:
        return Told(None, claim)
    start = claim.index(said)
    taken = {*range(start, start + len(said)), *range(*verb.span())}
    frame = "".join(" " if i in taken else character for i, character in enumerate(claim))
    return Told(name, said, " ".join(frame.split()), "" if is_neutral else verb[0])


def _beside_prefix(claim: str, start: int, end: int) -> str:
    """What stands behind "According to Ann Lee, the mayor," or before ", according to Ann Lee"."""
    if re.search(r"\w", claim[:start]):
        return claim[:start].rstrip(" ,;–-")
    after = re.match(r"(?:\s+of\s+[^,:]+)?(?:,[^,:]*(?=[,:]))?\s*[,:]\s*(.*)", claim[end:], re.S)
    return after[1] if after else ""


def _beside_verb(claim: str, verb: re.Match[str], name: int) -> str:
    """What stands behind "Ann Lee says (on Monday that)", or before ", says Ann Lee"."""
    if name > verb.start():
        said = claim[: verb.start()].rstrip(" ,;–-")
    elif re.search(r"\w", claim[verb.end() :]):
        said = re.sub(r"^[\s,:]*(?:[^,.;:“”\"]{0,60}?\bthat\b)?[\s,:]*", "", claim[verb.end() :])
    else:
        said = claim[:name].rstrip(" ,;–-")
    return said if re.search(r"\w+\W+\w+", said) else ""


def says_that_somebody_says(text: str) -> bool:
    """Whether words outside quotation marks put what is said into a mouth, named or not."""
    outside = without_quotations(text)
    return any(reporting_words(kind, outside) for kind in (*_KINDS, "prefixes"))


def reports_anothers_words(text: str) -> bool:
    """Whether the speaker tells what others say or hold: "Ann Lee says that critics claim ...".

    "I think" and "according to him" are the speaker's own.
    """
    outside = without_quotations(text)
    found = [
        word.start()
        for kind in (*_KINDS, "prefixes")
        for word in reporting_words(kind, outside)
        if not _PRONOUN_FOLLOWS.match(outside[word.end() :])
    ]
    held = [word.start() for word in pattern("operators", "held").finditer(text)]
    own = [at for at in held if _FIRST_PERSON.search(text[:at])]
    return len({*found, *held} - {*own}) > 1


_PRONOUN_FOLLOWS = re.compile(r"\s+(?:him|her|them)\b", re.IGNORECASE)
_FIRST_PERSON = re.compile(r"\b(?:I|we)\s+(?:\w+ly\s+)?$", re.IGNORECASE)


def reporting_words(kind: str, text: str) -> list[re.Match[str]]:
    """The words of one kind that say that somebody says; "states" in "United States" is none."""
    return [
        found
        for found in pattern("reporting_kinds", kind).finditer(text)
        if found.start() == 0 or not found[0][0].isupper() or not text[found.start() - 1].isspace()
    ]


def same_person(first: str, second: str) -> bool:
    """Whether one name is the other or a part of it ("Lee", "Ann Lee"), in any transcription."""
    ours, theirs = set(spelling_key(first)), set(spelling_key(second))
    return bool(ours and theirs) and (ours <= theirs or theirs <= ours)


def names_someone(text: str, person: str) -> bool:
    """Whether the text names this person."""
    return any(same_person(name.text, person) for name in names(text))
