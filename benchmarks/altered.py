"""Alters true sentences and counts how many of the altered ones pass as supported or as quotes.

    python benchmarks/altered.py SET [--cases N] [--show K]

SET is a folder in the common format (see corpora.py), in English. From the sentences of its
paragraphs come false claims, which the support check must reject, true rewordings, which it should
accept, altered quotes, which must not be located, and true quotes with typographic noise, which
must. Prints a table: kind, cases, accepted, share. With --show also K of each kind that came out
wrong. Deterministic: the dice of each kind are seeded with its name.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, zip_longest
from pathlib import Path
from random import Random
from typing import TypeVar

import numpy as np
from alterations import (
    ALTERATIONS,
    MONTHS,
    TENS,
    UNITS,
    WRAPPINGS,
    Place,
    Pool,
    capital,
    inside,
    stitched,
    stitched_pairs,
    wrapped,
)

from assistant.citations import cite
from assistant.drafts import Quote
from assistant.support import unsupported_because
from index import IndexedSource, Source, Stated, source_from_text, split_paragraphs, split_sentences

CASES = 250
MIN_WORDS, MAX_WORDS = 6, 60
"""Of the sentences that are altered."""
MOST_OF_A_SENTENCE = 8
"""Cases of one kind that a sentence may give."""
WORDS_AROUND = 3
"""Every second altered quote is cut to what was altered and so many words on either side."""


@dataclass(frozen=True)
class Claim:
    """A statement and the sentences it points at, with the paragraphs they stand in."""

    text: str
    quotes: tuple[str, ...]
    surroundings: tuple[str, ...]


@dataclass(frozen=True)
class Quoted:
    """Words said to stand in a paragraph, and for true ones the source's own spelling of them."""

    text: str
    place: Place
    original: str | None = None


# The set


def read_set(folder: Path) -> list[IndexedSource]:
    path = folder / "corpus.jsonl"
    if not path.is_file():
        sys.exit(f"{path} isn't there: name a folder with corpus.jsonl.")
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return [
        _split(
            source_from_text(r["text"], id=r["doc_id"], title=Stated(r["title"], "corpus.jsonl"))
        )
        for r in rows
        if r["lang"] == "en"
    ]


def _split(source: Source) -> IndexedSource:
    paragraphs = tuple(split_paragraphs(source.id, source.text))
    sentences = tuple(s for p in paragraphs for s in split_sentences(source.id, p, source.text))
    nothing = np.zeros((len(sentences), 1), dtype=np.float32)
    return IndexedSource(source, paragraphs, sentences, nothing, ())


def places(articles: Iterable[IndexedSource]) -> list[Place]:
    """The whole sentences of body text that state something."""
    return [
        Place(article, sentence)
        for article in articles
        for sentence in article.sentences
        if article.paragraph(sentence.paragraph).kind == "body"
        and MIN_WORDS <= len(sentence.text.split()) <= MAX_WORDS
        and re.fullmatch(r"[A-Z0-9“\"].*[^.]\.[\"”]?", sentence.text)
    ]


# Claims

ClaimsOf = Callable[[Place, Pool, Random], Iterator[Claim]]


def _pointed(text: str, *at: Place) -> Claim:
    return Claim(text, tuple(p.text for p in at), tuple(p.paragraph for p in at))


def of_sentence(
    alteration: Callable[[Place, Pool, Random], Iterable[str]],
    place: Place,
    pool: Pool,
    dice: Random,
) -> Iterator[Claim]:
    told = {_plain(p.text) for p in (place, *pool.neighbours(place))}
    for text in alteration(place, pool, dice):
        if _plain(text) not in told:
            yield _pointed(text, place)


def stitched_claims(joint: str, place: Place, pool: Pool, dice: Random) -> Iterator[Claim]:
    for first, second, other in stitched_pairs(place, pool, dice):
        yield _pointed(f"{first}{joint}{second}", place, other)


def wrapped_claims(place: Place, pool: Pool, dice: Random) -> Iterator[Claim]:
    """The sentence is the claim; the text only has it inside one that doesn't assert it."""
    if re.search('["“]', place.text) or not place.text[0].isalpha():
        return
    for wrapping in dice.sample(WRAPPINGS, len(WRAPPINGS)):
        source = wrapped(place.text, wrapping)
        yield Claim(place.text, (source,), (place.paragraph.replace(place.text, source),))


def wrong_sentence(near: bool, place: Place, pool: Pool, dice: Random) -> Iterator[Claim]:
    """The claim points at another sentence: of its own paragraph, or of another of the article."""
    others = [
        other
        for other in pool.of_article[place.article]
        if other is not place
        and (other.sentence.paragraph == place.sentence.paragraph) == near
        and place.text not in other.text
    ]
    for other in dice.sample(others, min(2, len(others))):
        yield _pointed(place.text, other)


FALSE_CLAIMS: dict[str, ClaimsOf] = {
    **{kind: partial(of_sentence, alteration) for kind, alteration in ALTERATIONS.items()},
    "stitched": partial(stitched_claims, " "),
    'stitched with "and"': partial(stitched_claims, " and "),
    "said in a frame that doesn't assert": wrapped_claims,
    "wrong sentence, same paragraph": partial(wrong_sentence, True),
    "wrong sentence, other paragraph": partial(wrong_sentence, False),
}


# True claims

_MONTH = "|".join(MONTHS)


_OPENING = (
    r"(?:(?:In|On|At|By|From|Since)\b[^,]{0,40}\d[^,]{0,20}"
    r"|(?:During|Throughout|After|Before|(?:Soon|Shortly) after)\b[^,]{2,60})"
)


def verbatim(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    yield place.text


def without_opening(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    """ "In 1990, the city grew." -> "The city grew." """
    rest = re.sub(rf"^{_OPENING}, (?=(?:the|an?|his|its|their|[A-Z])\b)", "", place.text)
    if rest != place.text:
        yield capital(rest)


def without_tail(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    """Without what follows the last comma, where that begins a clause; not all of these follow."""
    match = re.fullmatch(
        r"(.{30,}), (?:which|who|where|while|although|including|such as|especially) [^,]+\.",
        place.text,
    )
    if match and match[1].count("(") == match[1].count(")") and match[1].count('"') % 2 == 0:
        yield match[1] + "."


def date_rewritten(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    for pattern, new in (
        (rf"\b(\d{{1,2}}) ({_MONTH}),? (\d{{4}})\b", r"\2 \1, \3"),
        (rf"\b({_MONTH}) (\d{{1,2}}), (\d{{4}})\b", r"\2 \1 \3"),
        (rf"\b(\d{{1,2}}) ({_MONTH})\b", r"\2 \1"),
        (rf"\b({_MONTH}) (\d{{1,2}})\b(?!,? \d)", r"\2 \1"),
        (r"\b(Jan|Feb|Aug|Sep|Oct|Nov|Dec)[a-z]{3,} (\d{1,2})\b", r"\1. \2"),
    ):
        yield re.sub(pattern, new, place.text)


def number_rewritten(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    """Digits for a word, a word for digits, other signs for thousands."""
    text = place.text
    values = dict(zip(UNITS[1:], range(2, 13), strict=True))
    values |= dict(zip(TENS, range(20, 100, 10), strict=True))
    spelt = {str(value): word for word, value in values.items()}
    for match in re.finditer(r"(?<![\w–-])[a-z]+\b(?![–-])", text):
        if value := values.get(match[0]):
            yield text[: match.start()] + str(value) + text[match.end() :]
    for match in re.finditer(rf"(?<=[a-z] )\d{{1,2}}(?= (?!{_MONTH})[a-z])", text):
        if word := spelt.get(match[0]):
            yield text[: match.start()] + word + text[match.end() :]
    yield re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    yield re.sub(r"\b(\d{1,3})(\d{3})(?= [a-z])(?<!\b1\d{3})(?<!\b20\d\d)", r"\1,\2", text)
    yield re.sub(r"(?<![\d.,])(\d+) million\b", r"\1,000,000", text)


def percent_rewritten(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    for pattern, new in (
        (r"(?<=\d)%", " percent"),
        (r"(?<=\d)%", " per cent"),
        (r"(?<=\d) per ?cent\b", "%"),
        (r"(?<!% )\bpercent\b", "per cent"),
    ):
        yield re.sub(pattern, new, place.text)


def contracted(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    text = place.text
    yield re.sub(
        r"\b(did|does|do|is|are|was|were|has|have|had|could|would|should) not\b", r"\1n't", text
    )
    yield re.sub(r"\bcannot\b", "can't", text)
    yield re.sub(
        r"\b(did|does|do|is|are|was|were|has|have|had|could|would|should)n['’]t\b", r"\1 not", text
    )
    yield re.sub(r"\b([Ii]t|[Hh]e|[Ss]he) is (?!not)", r"\1's ", text)


def other_marks(place: Place, pool: Pool, dice: Random) -> Iterator[str]:
    yield _curly(place.text)
    yield _straight(place.text)
    yield place.text.replace("–", "-").replace("—", "-")


def joined(place: Place, pool: Pool, dice: Random) -> Iterator[Claim]:
    """Two whole sentences of a paragraph in one."""
    others = pool.neighbours(place)
    if others:
        other = dice.choice(others)
        yield _pointed(f"{place.text.rstrip('.')}, and {inside(other.text)}", place, other)


def true_of_sentence(
    rewording: Callable[[Place, Pool, Random], Iterable[str]],
    place: Place,
    pool: Pool,
    dice: Random,
) -> Iterator[Claim]:
    for text in rewording(place, pool, dice):
        if text != place.text or rewording is verbatim:
            yield _pointed(text, place)


TRUE_CLAIMS: dict[str, ClaimsOf] = {
    "verbatim": partial(true_of_sentence, verbatim),
    "date rewritten": partial(true_of_sentence, date_rewritten),
    "number rewritten": partial(true_of_sentence, number_rewritten),
    "percent rewritten": partial(true_of_sentence, percent_rewritten),
    "contracted or written out": partial(true_of_sentence, contracted),
    "other quotation marks and dashes": partial(true_of_sentence, other_marks),
    "shortened: opening dropped": partial(true_of_sentence, without_opening),
    "shortened: tail dropped": partial(true_of_sentence, without_tail),
    "two sentences joined": joined,
}


# Quotes

QuotesOf = Callable[[Place, Pool, Random], Iterator[Quoted]]
ALTERED_QUOTES = {
    "number changed": ("number changed", "written number changed", "date changed"),
    "negation flipped": ("negation added", "negation removed"),
    "name swapped": ("name swapped", "name swapped, same paragraph"),
}


def altered_quotes(
    kinds: tuple[str, ...], place: Place, pool: Pool, dice: Random
) -> Iterator[Quoted]:
    for kind in kinds:
        for text in ALTERATIONS[kind](place, pool, dice):
            yield from _unfound(_cut(place.text, text) if dice.random() < 0.5 else text, place)


def stitched_quotes(place: Place, pool: Pool, dice: Random) -> Iterator[Quoted]:
    for text in stitched(place, pool, dice):
        yield from _unfound(text, place)


def number_cut(place: Place, pool: Pool, dice: Random) -> Iterator[Quoted]:
    """A quote that begins or ends inside a number."""
    text = place.text
    for match in re.finditer(r"\d[\d.,:]*\d", text):
        yield from _unfound(text[match.start() + 1 :], place)
        yield from _unfound(text[: match.end() - 1], place)
        yield from _unfound(" ".join(text[match.end() - 1 :].split()[:4]), place)


def _unfound(text: str, place: Place) -> Iterator[Quoted]:
    """The quote, unless its words stand in the paragraph all the same."""
    here = re.findall(r"\w+", place.paragraph.casefold())
    wanted = re.findall(r"\w+", text.casefold())
    runs = (here[i : i + len(wanted)] for i in range(len(here)))
    if wanted and wanted not in runs:
        yield Quoted(text, place)


def _cut(original: str, altered: str) -> str:
    """What was altered with WORDS_AROUND words on either side."""
    before, after = original.split(), altered.split()
    start = next(
        (i for i, pair in enumerate(zip(before, after, strict=False)) if len({*pair}) > 1), 0
    )
    backwards = zip(before[::-1], after[::-1], strict=False)
    end = len(after) - next((i for i, pair in enumerate(backwards) if len({*pair}) > 1), 0)
    return " ".join(after[max(0, start - WORDS_AROUND) : max(start, end) + WORDS_AROUND])


FALSE_QUOTES: dict[str, QuotesOf] = {
    **{kind: partial(altered_quotes, kinds) for kind, kinds in ALTERED_QUOTES.items()},
    "number cut": number_cut,
    "stitched": stitched_quotes,
}


def _curly(text: str) -> str:
    text = re.sub(r'(?<![\w.,!?)])"', "“", text).replace('"', "”")
    return re.sub(r"(?<!\w)'(?=\w)", "‘", text).replace("'", "’")


def _straight(text: str) -> str:
    return text.translate(str.maketrans("“”„«»‘’‚", '"""""\'\'\''))


def _ligatures(text: str) -> str:
    for plain, joint in (("ffi", "ﬃ"), ("ffl", "ﬄ"), ("ff", "ﬀ"), ("fi", "ﬁ"), ("fl", "ﬂ")):
        text = text.replace(plain, joint)
    return text


def _soft_hyphens(text: str) -> str:
    return re.sub(r"(?<=[a-z]{3})(?=[a-z]{3})", "\u00ad", text)


NOISE: dict[str, Callable[[str], str]] = {
    "as it stands": lambda text: text,
    "curly marks": _curly,
    "straight marks": _straight,
    "other dashes": lambda text: re.sub(r"[-–—]", "\u2011", text),
    "long dashes": lambda text: re.sub(r"[-–]", "—", text),
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
    "narrow no-break spaces": lambda text: text.replace(" ", "\u202f"),
    "double spaces": lambda text: text.replace(" ", "  "),
    "line breaks": lambda text: re.sub(r"((?:\S+ ){3}\S+) ", r"\1\n", text),
    "ligatures": _ligatures,
    "soft hyphens": _soft_hyphens,
    "NFD": partial(unicodedata.normalize, "NFD"),
    "NFC": partial(unicodedata.normalize, "NFC"),
    "upper case": str.upper,
    "lower case": str.lower,
    "ellipsis sign": lambda text: text.replace("...", "…"),
    "all at once": lambda text: unicodedata.normalize("NFD", _soft_hyphens(_curly(text))).upper()
    .replace("-", "\u2010").replace(" ", " \u00a0\n"),
}  # fmt: skip


def noisy_quotes(
    noise: Callable[[str], str], place: Place, pool: Pool, dice: Random
) -> Iterator[Quoted]:
    """The sentence, or a run of its words, with the noise put in where it changes something."""
    starts = [m.start() for m in re.finditer(r"\S+", place.text)]
    ends = [m.end() for m in re.finditer(r"\S+", place.text)]
    first = dice.randrange(0, len(starts) - MIN_WORDS + 1)
    last = dice.randrange(first + MIN_WORDS - 1, len(starts))
    for original in (place.text, place.text[starts[first] : ends[last]]):
        if noise(original) != original or noise is NOISE["as it stands"]:
            yield Quoted(noise(original), place, original)


TRUE_QUOTES: dict[str, QuotesOf] = {
    kind: partial(noisy_quotes, noise) for kind, noise in NOISE.items()
}


# Counting


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


Made = TypeVar("Made", Claim, Quoted)


def picked(
    kind: str, make: Callable[[Place, Pool, Random], Iterator[Made]], pool: Pool, limit: int
) -> list[Made]:
    """Up to `limit` different cases: one of each sentence in shuffled order, then a second, ..."""
    dice = Random(kind)
    shuffled = dice.sample(pool.places, len(pool.places))
    made = [list(islice(make(place, pool, dice), MOST_OF_A_SENTENCE)) for place in shuffled]
    rounds = chain.from_iterable(zip_longest(*made))
    return list(dict.fromkeys(case for case in rounds if case is not None))[:limit]


def row(kind: str, cases: int, accepted: int) -> None:
    share = f"{accepted / cases:6.1%}" if cases else "     -"
    print(f"{kind:36}{cases:6}{accepted:10}{share:>9}")


def heading(title: str, should: str) -> None:
    print(f"\n{title:36}{'cases':>6}{'accepted':>10}{'share':>9}   ({should})")


class Check:
    """The support check, with the time that it takes."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls = 0

    def reason(self, claim: Claim) -> str | None:
        start = time.perf_counter()
        reason = unsupported_because(claim.text, None, list(claim.quotes), list(claim.surroundings))
        self.seconds += time.perf_counter() - start
        self.calls += 1
        return reason


def count_claims(
    kinds: dict[str, ClaimsOf], wrong: bool, pool: Pool, cases: int, show: int, check: Check
) -> None:
    """A table row for each kind; `wrong` tells whether accepting such a claim is the mistake."""
    for kind, make in kinds.items():
        claims = picked(kind, make, pool, cases)
        judged = [(claim, check.reason(claim)) for claim in claims]
        row(kind, len(claims), sum(reason is None for _, reason in judged))
        for claim, reason in [j for j in judged if (j[1] is None) == wrong][:show]:
            print(f"    claim: {claim.text}" + (f"   [{reason}]" if reason else ""))
            for quote in claim.quotes:
                print(f"    quote: {quote}")
            print()


def located(quoted: Quoted) -> str | None:
    """The source's words that the quote was located at; None when it wasn't."""
    place = quoted.place
    quote = Quote(place.article, place.sentence.paragraph, quoted.text)
    citation = cite(quote, place.indexed)
    return citation and place.indexed.source.text[citation.start : citation.end]


def count_quotes(
    kinds: dict[str, QuotesOf], wrong: bool, pool: Pool, cases: int, show: int
) -> None:
    for kind, make in kinds.items():
        quotes = picked(kind, make, pool, cases)
        found = [(quoted, located(quoted)) for quoted in quotes]
        accepted = [quoted for quoted, text in found if text is not None]
        row(kind, len(quotes), len(accepted))
        if not wrong:
            other = sum(text not in (None, quoted.original) for quoted, text in found)
            print(f"    {other} of them at other words" * bool(other), end="\n" * bool(other))
        for quoted, text in [f for f in found if (f[1] is not None) == wrong][:show]:
            print(f"    quote: {quoted.text!r}\n    located: {text!r}\n"
                  f"    sentence: {quoted.place.text}\n")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Counts altered claims and quotes that pass.")
    parser.add_argument("set", type=Path, help="folder with corpus.jsonl")
    parser.add_argument("--cases", type=int, default=CASES, help="of each kind, at most")
    parser.add_argument("--show", type=int, default=0, help="how many that came out wrong to print")
    given = parser.parse_args()
    pool, check = Pool(places(read_set(given.set))), Check()
    print(f"{given.set.name}: {len(pool.places)} sentences of {len(pool.of_article)} articles")
    heading("altered claims", "none should be")
    count_claims(FALSE_CLAIMS, True, pool, given.cases, given.show, check)
    heading("true claims", "all should be, but some of the shortened")
    count_claims(TRUE_CLAIMS, False, pool, given.cases, given.show, check)
    heading("altered quotes", "none should be")
    count_quotes(FALSE_QUOTES, True, pool, given.cases, given.show)
    heading("true quotes with noise", "all should be")
    count_quotes(TRUE_QUOTES, False, pool, given.cases, given.show)
    print(f"\n{check.seconds / check.calls * 1000:.2f} ms a support check, mean of {check.calls}")


if __name__ == "__main__":
    main()
