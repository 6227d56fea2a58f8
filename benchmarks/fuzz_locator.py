"""Asks the quote locator, and the reader of model replies, hostile things; tells what broke.

    python benchmarks/fuzz_locator.py --minutes 15 --seed 1 --keep findings/

With atheris installed (`pip install atheris`) the executions are guided by the branches that they
reach; without, they are random. A finding is a broken promise:

- a citation that isn't the source's own text, leaves its paragraph, or doesn't fold to the quote;
- an altered quote that is found: a number, name or negation of another text, two places stitched;
- a reply that fails its reader, or reads otherwise when it comes in other pieces;
- an exception, or a time that grows faster than the text.

Its bytes are kept, and asked again with --again FILE.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
import traceback
import types
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

try:
    import atheris
except ImportError:
    atheris = None

import numpy as np

from assistant import citations, folding, replies
from assistant.drafts import Quote
from index import IndexedSource, SourceError, source_from_text
from index.paragraphs import split_paragraphs

MAX_BYTES = 400
SECONDS = 1.0
SECONDS_PER_CHARACTER = 60e-6
"""Of processor time: some ten times what the slowest text of a million characters takes."""
LONG = (300, 3_000)
LONGEST = 1_000_000
EVERY = 10_000
"""After so many executions a text of the greatest length comes."""

WORDS = (
    "the", "mayor", "said", "bridge", "was", "built", "in", "1901", "12", "1,200", "3.5", "-4",
    "10²", "½", "won't", "can't", "no", "of", "Kyiv", "Київ", "Zürich", "Zu\u0308rich", "oﬃce",
    "office", "“yes”", "'yes'", "non-European", "F-16", "10–12", "12:30", "straße", "STRASSE",
    "हिन्दी", "ไทย", "日本語", "한국", "한국", "İstanbul", "ex\u00adample", "a\u200bb", "…", "...",
    "´", "\u0301", "e\u0301\u0323", "ﬁ", "fi", "ﷺ", "🇧🇬", "👩‍🚒", "10 000", "x_y", "$5", "5%",
)  # fmt: skip
SPACES = (" ", " ", " ", "  ", "\u00a0", "\n", " \t", "\u2028", "\n\n", "", ", ", " — ", ". ")
RUNS = (
    "\u0301", "e\u0301", "\u0345", "\u00ad", "a\u00ad", "\u200b", "ﬁ", "ﷺ", "…", "...", "a ", "a",
    " ", "\u00a0", "1 ", "10 000 ", "\u1161", "\u1100", "가\u11a8", "½", "´", "'t", "non-", "-",
    "\n \n", "日", "İ", "\u0f71\u0f72", "🇧🇬", "\u0301\u0323", "ab" * 40 + "c",
)  # fmt: skip
REPLIES = (
    '{"claims":[', '{"sentences":[1,', '"text":"', "They met", '"}', "]}", '"unanswered":["', '"',
    '"disagreements":[{"sentences":[', "[1]", "[ 1 , 2 ]", "{", "}", "[", "]", ",", ":", "\\",
    "\\u", "\\ud800", '\\"', "\n", "- ", "? ", "* ", "```json\n", "null", "1e999", "-0",
    "999999999999", "\u0000", "\u202e", "\ud800", " ", "…", "[" * 50, "{" * 9, "[1]" * 40,
    "a" * 3000,
)  # fmt: skip
NAMES = ("Qorvath", "Ylmenson", "Zubrezka")
"""Words that no text is made of."""


class Broken(Exception):
    """A promise that doesn't hold, in a few words."""


class Chooser:
    """Choices made by the bytes of one execution; when they run out, the first of each."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def below(self, bound: int) -> int:
        """A number from 0."""
        size = 1 if bound <= 256 else 3
        part = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(part, "big") % bound

    def pick(self, given: tuple[str, ...]) -> str:
        return given[self.below(len(given))]

    def left(self) -> bool:
        return self._at < len(self._data)


def text_of(choose: Chooser, most: int = 60) -> str:
    """Words, spaces and single characters of all of Unicode."""
    parts = []
    for _ in range(choose.below(most) + 1):
        if choose.below(8) == 7:
            parts.append(chr(choose.below(0xD800)) * (choose.below(3) + 1))
        else:
            parts.append(choose.pick(WORDS))
        parts.append(choose.pick(SPACES))
    return "".join(parts)


def retyped(choose: Chooser, text: str) -> str:
    """The text as somebody else might type it: other marks, spaces, cases and compositions."""
    for _ in range(choose.below(4)):
        match choose.below(6):
            case 0:
                text = unicodedata.normalize(("NFD", "NFC", "NFKC", "NFKD")[choose.below(4)], text)
            case 1:
                text = text.upper() if choose.below(2) else text.swapcase()
            case 2:
                text = text.replace(" ", choose.pick((" ", "  ", "\u00a0", "\n")))
            case 3:
                text = text.translate({ord("“"): '"', ord("”"): '"', ord("—"): "-", ord("’"): "'"})
            case 4:
                at = choose.below(len(text) + 1)
                text = text[:at] + choose.pick(("\u00ad", "\u200b", "\u0301", "…")) + text[at:]
            case 5:
                text = text.replace("...", "…")
    return text


# --- the promises --------------------------------------------------------------------------------


def folds(choose: Chooser) -> None:
    """The map back from the folded text fits; folding twice is folding once."""
    text = text_of(choose)
    folded = folding.fold_with_offsets(text)
    if not len(folded.text) == len(folded.starts) == len(folded.ends):
        raise Broken("offsets are missing")
    for one, other in ((folded.starts, folded.starts[1:]), (folded.ends, folded.ends[1:])):
        if any(before > after for before, after in zip(one, other, strict=False)):
            raise Broken("offsets go backwards")
    if any(not 0 <= a < b <= len(text) for a, b in zip(folded.starts, folded.ends, strict=True)):
        raise Broken("an offset outside of the text")
    if "  " in folded.text:
        raise Broken("two spaces in folded text")


def located(choose: Chooser) -> None:
    """What is found says what was asked for, letter by letter, in its place."""
    indexed = indexed_of(text_of(choose))
    text = indexed.source.text
    paragraph = choose.below(len(indexed.paragraphs) + 2)
    if choose.below(4) == 3:
        wanted = text_of(choose, 6)
    else:
        start = choose.below(len(text) + 1)
        wanted = retyped(choose, text[start : start + choose.below(60)])
    hint = (None, choose.below(len(text) + 1), -1)[choose.below(3)]
    marked = (choose.below(20), choose.below(20)) if choose.below(2) else None
    check_citation(Quote("s", paragraph, wanted, hint, marked), indexed)
    for start, end in citations.find(wanted, text):
        check_says_same(wanted, text[start:end])
        if cuts_word(text[start - 1 : start + 1]) or cuts_word(text[end - 1 : end + 1]):
            raise Broken(f"{text[start:end]!r} is cut out of a word in {text!r}")


def cuts_word(beside: str) -> bool:
    return len(beside) == 2 and beside.isascii() and beside.isalnum()


def altered(choose: Chooser) -> None:
    """A quote with words that the text doesn't have isn't found, nor one from two places."""
    words = [choose.pick(WORDS[:10]) for _ in range(choose.below(20) + 4)]
    text = " ".join(f"{word}{number}" if word.isalpha() else word
                    for number, word in enumerate(words))  # fmt: skip
    said = text.split(" ")
    at = choose.below(len(said))
    match choose.below(4):
        case 0:
            said[at] = choose.pick(NAMES)
        case 1:
            said[at] = str(7_000 + choose.below(900))
        case 2:
            said.insert(at + 1, choose.pick(("not", "never")))
            at += 1
        case 3:
            first, gap = choose.below(len(said) - 2), choose.below(len(said)) + 1
            rest = said[first + 1 + gap :]
            if not rest or said[first] in said[first + 1 :] or rest[0] in said[: first + 1 + gap]:
                return
            said = said[: first + 1] + rest
            at = first
    beside = choose.below(6) + 1
    wanted = retyped_marks(choose, " ".join(said[max(0, at - beside) : at + beside + 1]))
    if citations.find(wanted, text):
        raise Broken(f"found {wanted!r} in {text!r}")


def retyped_marks(choose: Chooser, text: str) -> str:
    """Only what changes no word."""
    return (text, text.upper(), text.replace(" ", "\u00a0"), f" {text}\u00ad")[choose.below(4)]


def whole_replies(choose: Chooser) -> None:
    """A reply reads the same in any pieces, and is bounded."""
    parts = [choose.pick(REPLIES) for _ in range(choose.below(40) + 1)]
    reply = "".join(parts)
    for read in (replies.read_json, replies.read_marked):
        items = list(read([reply]))
        if len(items) > replies.MAX_ITEMS + 1:
            raise Broken(f"{len(items)} items")
        for item in items:
            said = getattr(item, "text", "")
            if len(said) > replies.MAX_ITEM_CHARACTERS or "\n" in said or "\u202e" in said:
                raise Broken(f"an item of {len(said)} characters, or with such as act")
            if len(getattr(item, "labels", ())) > replies.MAX_LABELS:
                raise Broken("too many labels")
        if list(read(iter(reply))) != items or list(read(iter(parts))) != items:
            raise Broken(f"{read.__name__}: other items in other pieces")


def long_texts(choose: Chooser, lengths: tuple[int, ...] = LONG) -> None:
    """A long run of anything is searched in a time that grows with its length only."""
    run = choose.pick(RUNS) + (choose.pick(RUNS) if choose.below(2) else "")
    length = lengths[choose.below(len(lengths))]
    text = (run * (length // len(run) + 1))[:length]
    wanted = (text[: length // (choose.below(3) + 1)], text[: choose.below(300)] + "b", run,
              text + text[:5])[choose.below(4)]  # fmt: skip
    if choose.below(2):
        text = f"a {text} b"
    start = time.process_time()
    found = citations.find(wanted, text)
    for read in (replies.read_json, replies.read_marked):
        list(read([f'{{"claims":[{{"text":"{text}', f"- {text}"]))
    took = time.process_time() - start
    if took > SECONDS + SECONDS_PER_CHARACTER * (len(text) + len(wanted)):
        raise Broken(f"{took:.1f} s for {len(text)} characters of {run!r}")
    for first, last in found[:3]:
        if last - first < 2_000:
            check_says_same(wanted, text[first:last])


def check_citation(quote: Quote, indexed: IndexedSource) -> None:
    citation = citations.cite(quote, indexed)
    if citation is None:
        return
    text, paragraph = indexed.source.text, indexed.paragraphs[citation.paragraph - 1]
    if text[citation.start : citation.end] != citation.quote or not citation.quote:
        raise Broken("the quote isn't the source's own text")
    if not paragraph.start <= citation.start < citation.end <= paragraph.end:
        raise Broken("the quote leaves its paragraph")
    if citation.paragraph != quote.paragraph:
        raise Broken("the quote is from another paragraph")
    if (citation.match == "exact") != (citation.quote == quote.text):
        raise Broken(f"{citation.match} isn't true")
    check_says_same(quote.text, citation.quote)


def check_says_same(wanted: str, found: str) -> None:
    if folding.fold(wanted) != folding.fold(found):
        raise Broken(f"{found!r} doesn't fold to {wanted!r}")
    # By another way than the locator's own: the letters and digits alone.
    if letters(wanted) != letters(found):
        raise Broken(f"{found!r} has other letters than {wanted!r}")


def letters(text: str) -> str:
    """Those alone, with the digits; "10²" isn't "102"."""
    raised = {ord(c): f"raised{ord(c)}" for c in text if unicodedata.category(c) == "No"}
    plain = text.translate(raised)
    for _ in range(2):
        plain = unicodedata.normalize("NFKC", plain).casefold()
    return "".join(c for c in plain if c.isalnum())


def indexed_of(text: str) -> IndexedSource:
    try:
        source = source_from_text(text, id="s")
    except SourceError:
        source = source_from_text("A bridge.\n\nIt was built in 1901.", id="s")
    none = np.zeros((0, 0), dtype=np.float32)
    return IndexedSource(source, split_paragraphs("s", source.text), (), none, ())


PROMISES: tuple[Callable[[Chooser], None], ...] = (
    located, located, located, located, altered, altered, altered, folds, folds, whole_replies,
    whole_replies, long_texts,
)  # fmt: skip


def execute(data: bytes) -> tuple[str, str | None]:
    """The name of the promise that these bytes are about, and what is broken of it."""
    choose = Chooser(data)
    promise = PROMISES[choose.below(len(PROMISES))]
    try:
        promise(choose)
    except Broken as broken:
        return promise.__name__, str(broken)
    except Exception:  # that is what we are looking for
        return promise.__name__, traceback.format_exc(limit=-3)
    return promise.__name__, None


# --- running -------------------------------------------------------------------------------------


class Run:
    """Executes until the time is over, and counts."""

    def __init__(self, seconds: float, seed: int, keep: Path | None) -> None:
        self._start, self._seconds, self._seed, self._keep = time.monotonic(), seconds, seed, keep
        self._counts: Counter[str] = Counter()
        self._found: Counter[str] = Counter()
        self._slowest = ("nothing", 0.0)

    def one(self, data: bytes) -> None:
        start = time.process_time()
        name, broken = execute(data)
        took = time.process_time() - start
        self._counts[name] += 1
        self._slowest = max(self._slowest, (name, took), key=lambda each: each[1])
        if broken:
            self._found[name] += 1
            if self._found[name] <= 10:
                print(f"finding: {name}: {broken}", flush=True)
                self._save(f"{name}-{self._found[name]}", data)
        if sum(self._counts.values()) % EVERY == 0:
            self._longest(data)

    def _longest(self, data: bytes) -> None:
        try:
            long_texts(Chooser(data), (LONGEST,))
        except Exception as error:  # told like any other
            self._found["longest"] += 1
            print(f"finding: longest: {error}", flush=True)
        self._counts["longest"] += 1

    def _save(self, name: str, data: bytes) -> None:
        if self._keep:
            self._keep.mkdir(parents=True, exist_ok=True)
            (self._keep / name).write_bytes(data)

    def over(self) -> bool:
        return time.monotonic() > self._start + self._seconds

    def told(self) -> int:
        """Prints the counts; returns the number of findings."""
        for name, count in sorted(self._counts.items()):
            print(f"{name:15}{count:10} executions{self._found[name]:6} findings")
        print(
            f"{sum(self._counts.values())} executions in {time.monotonic() - self._start:.0f} s, "
            f"{'guided by branches' if atheris else 'random'}, {sum(self._found.values())} "
            f"findings, seed {self._seed}; the longest of usual length took "
            f"{self._slowest[1]:.2f} s ({self._slowest[0]})",
            flush=True,
        )
        return sum(self._found.values())


def instrument(*modules: types.ModuleType) -> None:
    """Has the fuzzer see the branches of these modules, and of no others."""
    for module in modules:
        for each in list(vars(module).values()):
            methods = list(vars(each).values()) if isinstance(each, type) else [each]
            for function in methods:
                if getattr(function, "__module__", "") == module.__name__ and isinstance(
                    function, types.FunctionType
                ):
                    atheris.instrument_func(function)


def random_inputs(seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    while True:
        yield chance.randbytes(chance.randrange(1, MAX_BYTES))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for the bytes of findings")
    parser.add_argument("--again", type=Path, help="one of these files, to be executed alone")
    given = parser.parse_args()
    if given.again:
        print(*execute(given.again.read_bytes()))
        return
    run = Run(60 * given.minutes, given.seed, given.keep)
    if atheris is None:
        for data in random_inputs(given.seed):
            run.one(data)
            if run.over():
                sys.exit(1 if run.told() else 0)

    instrument(citations, folding, replies)

    def guided(data: bytes) -> None:
        run.one(data)
        if run.over():  # the fuzzer itself never returns
            os._exit(1 if run.told() else 0)

    options = [f"-max_len={MAX_BYTES}", f"-seed={given.seed or 1}", "-verbosity=0", "-timeout=300"]
    options += ["-len_control=0", "-rss_limit_mb=0", "-report_slow_units=1000"]
    atheris.Setup([sys.argv[0], *options], guided)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
