"""A corpus of articles with planted copies and near misses, for `duplicates.py`.

Each planted text is of a group. Texts of a group of copies are all twins of one another. Those of a
group of near misses are none: one form with other names and figures, or versions of a live report
that have little in common any more.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpora import sources

from index import Source, Stated, source_from_text
from index.words import stop_words

SETS = ("multihop_rag_facts", "wice_dev", "squad2_dev_half", "shifts_wiki", "shifts_amazon",
        "shifts_reddit")  # fmt: skip
PARAGRAPHS = 8
"""Of an article at most; longer texts are cut into several."""
SHORT = (25, 60)
"""Words of a short report: a paragraph."""
LIVE_VERSIONS = 10

COPIES: dict[str, tuple[int, ...]] = {
    "the same words, another title and footer": (2, 5, 12, 30, 60),
    "sentences cut": (2, 5, 12, 30),
    "lead rewritten": (2, 5, 12, 30),
    "names respelt": (2, 5, 12, 30),
    "paragraphs merged": (2, 5, 12),
    "cut from the end, to a half": (2, 5, 12),
    "cut from the end, to a third": (2, 5, 12),
    "two or three of these": (2, 5, 20, 60),
    "a short report, edited": (2, 5, 12, 30),
}
"""Kinds of copies, and the sizes of the groups of each."""
FORMS = "one form, other names and figures"
REPORTS = "short reports by one form"
LIVE = "versions of a live report"
NEAR_MISSES = {FORMS: (10,) * 20, REPORTS: (20,) * 5, LIVE: (LIVE_VERSIONS,) * 10}

_WORD = re.compile(r"\w+")
_NAME = re.compile(r"\b[^\W\d_a-z][^\W\d_]{2,}\b")
_NUMBER = re.compile(r"\d+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“])")
_SPELLINGS = (("k", "c"), ("y", "i"), ("v", "w"), ("ph", "f"), ("ss", "s"), ("ei", "ey"),
              ("oo", "u"), ("c", "k"), ("i", "y"), ("er", "ar"))  # fmt: skip

_REPORTS = (
    "{a} beat {b} {n}-{m} on Saturday at {c} before a crowd of {p}. {d} put the visitors ahead in "
    "the {q}th minute with a header. {e} equalised for {b} shortly after the break. {f} scored the "
    "winner in the {r}th minute from the penalty spot. {a} are now {s}th in the table with {t} "
    "points.",
    "Shares in {a} rose {n}.{m} percent in early trading in {c} on Monday. The company reported a "
    "quarterly profit of {p} million, compared with {s} million a year earlier. Chief executive "
    "{d} said that demand in {e} had been strong. Analysts at {f} had expected {t} million. The "
    "stock has gained {q} percent since January.",
    "A magnitude {n}.{m} earthquake struck {q} kilometres south of {a} at {r}:{t} local time. Its "
    "depth was {s} kilometres, according to the institute in {b}. There were no reports of damage "
    "in {c}. A tremor of magnitude {m}.{n} had been felt in {d} on {e}.",
    "Police in {a} arrested a man of {q} on suspicion of burglary on {b} Street. The suspect, "
    "named as {d}, was found with {p} euros in cash, said inspector {e}. He is to appear before "
    "the court in {c} on the {s}th. It was the {t}th such case since {f}.",
    "{a} will be mostly cloudy with highs of {q} degrees and light winds from the {b}. Rain is "
    "expected in {c} from {r} o'clock, with up to {s} millimetres near {d}. The night brings lows "
    "of {t} degrees. On {e} it clears up in {f}.",
)


@dataclass(frozen=True)
class Planted:
    """A source and what it was planted as."""

    source: Source
    kind: str | None
    """None for an article that has no group."""
    group: int = 0
    has: frozenset[int] = frozenset()
    """Of a live report: which of its sentences this version has."""


def corpus(data: Path, number: int, seed: int = 0) -> list[Planted]:
    """So many sources in a shuffled order; the same for the same folder."""
    dice = random.Random(seed)
    articles = list(_articles(data))
    dice.shuffle(articles)
    maker = _Maker(articles, dice)
    made: list[tuple[list[str], str | None, int, frozenset[int]]] = []
    groups = [(kind, size) for kind, sizes in (COPIES | NEAR_MISSES).items() for size in sizes]
    planned = sum(size for _, size in groups)
    if number < planned:
        dice.shuffle(groups)
    for group, (kind, size) in enumerate(groups):
        if len(made) + size <= number * 0.6 or number >= planned * 1.2:
            made += [(text, kind, group, has) for text, has in maker.group(kind, size)]
    while len(made) < number:
        made.append((articles.pop(), None, 0, frozenset()))
    dice.shuffle(made)
    return [
        Planted(_source(paragraphs, place, dice), kind, group, has)
        for place, (paragraphs, kind, group, has) in enumerate(made)
    ]


def _source(paragraphs: Sequence[str], place: int, dice: random.Random) -> Source:
    words = _WORD.findall(" ".join(paragraphs))
    title = " ".join(dice.sample(words, min(6, len(words))))
    text = "\n\n".join([*paragraphs, f"© Paper {place}"])
    return source_from_text(text, id=f"source-{place:05}", title=Stated(title, "made up"))


def _articles(data: Path) -> Iterator[list[str]]:
    """Texts of up to eight paragraphs of prose, each paragraph once."""
    seen: set[str] = set()
    for name in SETS:
        for source in sources(data / name) if (data / name).is_dir() else ():
            prose = [" ".join(part.split()) for part in source.text.split("\n\n")]
            prose = [
                p for p in prose if 80 <= len(p) <= 1500 and p[-1] in '.!?"”' and p not in seen
            ]
            seen.update(prose)
            for first in range(0, len(prose), PARAGRAPHS):
                part = prose[first : first + PARAGRAPHS]
                if len(_WORD.findall(" ".join(part))) >= SHORT[0]:
                    yield part


class _Maker:
    """Makes groups of texts out of articles, taking each article once."""

    def __init__(self, articles: list[list[str]], dice: random.Random) -> None:
        self._articles, self._dice = articles, dice
        words = [w for text in articles for p in text for w in _WORD.findall(p)]
        self._lower = {word for word in words if word.islower()}
        self._names = sorted(
            {w for w in words if _NAME.fullmatch(w) and w.lower() not in self._lower}
        )
        self._edits: tuple[Callable[[list[str]], list[str]], ...] = (
            self._cut, self._lead, self._respelt, self._merged,
        )  # fmt: skip

    def group(self, kind: str, size: int) -> Iterator[tuple[list[str], frozenset[int]]]:
        """The texts of a group, each as paragraphs."""
        if kind == LIVE:
            yield from self._live()
            return
        if kind == REPORTS:
            form = self._dice.choice(_REPORTS)
            for _ in range(size):
                yield [self._filled(form)], frozenset()
            return
        takes = {"a short report, edited": self._short, FORMS: self._factual}
        text = takes.get(kind, self._long)()
        yield text, frozenset()
        for _ in range(size - 1):
            yield self._variant(kind, text), frozenset()

    def _variant(self, kind: str, text: list[str]) -> list[str]:
        edits = {
            "the same words, another title and footer": list,
            "sentences cut": self._cut,
            "lead rewritten": self._lead,
            "names respelt": self._respelt,
            "paragraphs merged": self._merged,
            "cut from the end, to a half": lambda text: self._shortened(text, 0.5),
            "cut from the end, to a third": lambda text: self._shortened(text, 0.34),
            "a short report, edited": self._dice.choice((self._respelt, self._word, list)),
            FORMS: self._other,
        }
        if kind in edits:
            return edits[kind](text)
        for edit in self._dice.sample(self._edits, self._dice.choice((2, 3))):
            text = edit(text)
        return text

    def _long(self) -> list[str]:
        return self._taken(lambda text: len(text) >= 4 and len(_sentences(text)) >= 10)

    def _short(self) -> list[str]:
        least, most = SHORT
        return self._taken(lambda text: least <= len(_WORD.findall(text[0])) <= most)[:1]

    def _factual(self) -> list[str]:
        """A text that has a name or a figure in at least three of four sentences."""
        return self._taken(lambda text: len(text) >= 2 and self._facts(text) >= 0.75)

    def _facts(self, text: Sequence[str]) -> float:
        told = _sentences(text)
        return sum(self._other([each]) != [each] for each in told) / len(told)

    def _taken(self, fits: Callable[[list[str]], bool]) -> list[str]:
        place = next(n for n, text in enumerate(self._articles) if fits(text))
        return self._articles.pop(place)

    # -- edits

    def _cut(self, text: list[str]) -> list[str]:
        """About every seventh sentence left out, one at least."""
        count = len(_sentences(text))
        gone = set(self._dice.sample(range(count), max(1, count // 7)))
        return _kept(text, set(range(count)) - gone)

    def _lead(self, text: list[str]) -> list[str]:
        """The first sentence told in another order and with other words."""
        first, *rest = _split(text[0])
        words = [word for word in _WORD.findall(first) if self._dice.random() < 0.7]
        self._dice.shuffle(words)
        told = "As became known this week, " + " ".join(words) + ", it was said."
        return [" ".join([told, *rest]), *text[1:]]

    def _respelt(self, text: list[str]) -> list[str]:
        """Half of the names in another spelling, each the same throughout."""
        names = {n for p in text for n in _NAME.findall(p) if n.lower() not in self._lower}
        spelt = {}
        for name in sorted(names):
            fitting = [pair for pair in _SPELLINGS if pair[0] in name[1:]]
            if fitting and self._dice.random() < 0.5:
                old, new = self._dice.choice(fitting)
                spelt[name] = name[0] + name[1:].replace(old, new)
        return [_NAME.sub(lambda m: spelt.get(m[0], m[0]), p) for p in text]

    def _merged(self, text: list[str]) -> list[str]:
        """Paragraphs joined in twos and threes."""
        merged, rest = [], list(text)
        while rest:
            size = self._dice.choice((2, 3))
            merged.append(" ".join(rest[:size]))
            rest = rest[size:]
        return merged

    def _shortened(self, text: list[str], share: float) -> list[str]:
        count = len(_sentences(text))
        return _kept(text, set(range(round(count * share))))

    def _word(self, text: list[str]) -> list[str]:
        """One word of another text in place of a lower-case one."""
        words = text[0].split(" ")
        places = [n for n, word in enumerate(words) if word.islower() and len(word) > 3]
        words[self._dice.choice(places)] = self._dice.choice(sorted(self._lower)[:5000])
        return [" ".join(words)]

    # -- near misses

    def _other(self, text: list[str]) -> list[str]:
        """The same words, but for each name and number another."""
        given: dict[str, str] = {}

        def other(match: re.Match[str]) -> str:
            word = match[0]
            if word.lower() in self._lower or word.lower() in _FUNCTION_WORDS:
                return word
            return given.setdefault(word, self._dice.choice(self._names))

        told = [_NAME.sub(other, paragraph) for paragraph in text]
        return [_NUMBER.sub(lambda m: self._figure(len(m[0])), paragraph) for paragraph in told]

    def _figure(self, digits: int) -> str:
        return str(self._dice.randrange(10 ** (digits - 1), 10**digits))

    def _filled(self, form: str) -> str:
        names = {key: self._dice.choice(self._names) for key in "abcdef"}
        figures = {key: self._figure(1) for key in "nm"} | {key: self._figure(2) for key in "qrst"}
        return form.format(**names, **figures, p=self._figure(4))

    def _live(self) -> Iterator[tuple[list[str], frozenset[int]]]:
        """In each version two sentences are new at the beginning, and the last two are gone."""
        told = _sentences(self._long() + self._long() + self._long())
        for version in range(LIVE_VERSIONS):
            numbers = range(2 * version, 2 * version + 10)
            paragraphs = [" ".join(told[n : n + 2]) for n in numbers[::2] if n < len(told)]
            yield paragraphs[::-1], frozenset(n for n in numbers if n < len(told))


def _split(paragraph: str) -> list[str]:
    return _SENTENCE_END.split(paragraph)


def _sentences(text: Sequence[str]) -> list[str]:
    return [sentence for paragraph in text for sentence in _split(paragraph)]


def _kept(text: Sequence[str], numbers: set[int]) -> list[str]:
    """The paragraphs with only these of the text's sentences."""
    place, kept = 0, []
    for paragraph in text:
        parts = _split(paragraph)
        left = [part for n, part in enumerate(parts, place) if n in numbers]
        place += len(parts)
        if left:
            kept.append(" ".join(left))
    return kept


_FUNCTION_WORDS = frozenset().union(*stop_words().values())
