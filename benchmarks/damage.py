"""Damages each file of a library, many times, and says what came of it.

    python -m benchmarks.damage [--times 40] [--seed 0] [--only FILE...] [--folder DIR]

Bytes are changed, cut off or zeroed, or the file is gone. After each, in processes of their own
and within a time: whoever reads gets what was stored, and what is nearest, or a sentence; whoever
writes goes on or gets a sentence; the doctor mends, and says what is lost. All else is a finding.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import index.embeddings
from index import Library, LibraryNotFoundError, PinciteError, examine, mend, source_from_text
from tests.apart import DiedError, apart
from tests.index.conftest import WordEmbedder

SOURCES = 3
PARAGRAPHS = 400
QUESTIONS = ("stuff3 part7 thing2", "thing1", "part11 of stuff12", "about stuff390")
NEAREST = 20
FARTHER = 2
"""So many of the nearest may be farther than before; Chroma's graph is approximate."""
KINDS = ("a byte", "a byte", "a byte", "the first bytes", "cut off", "zeros", "gone")


@dataclass(frozen=True)
class Seen:
    """What a library holds and finds."""

    texts: dict[str, list[str]]
    near: list[dict[str, float]]
    """For each question the nearest passages with their cosines."""
    quotes: dict[str, str]
    """The words of each of these passages."""


@dataclass
class Outcome:
    """What came of the damage."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)


def make(folder: Path) -> None:
    """A library with a graph of Chroma's, and what an interrupted build leaves behind."""

    def interrupt(event: object) -> None:
        if getattr(event, "done", 0) > 16:
            raise KeyboardInterrupt

    def text(name: str) -> str:
        body = (f"The {name} is about stuff{n}. It has part{n}." for n in range(PARAGRAPHS))
        return "\n\n".join(body)

    with Library.create(folder, embedding=WordEmbedder()) as library:
        library.add(source_from_text(text(f"thing{n}"), id=f"thing{n}") for n in range(SOURCES))
        library.add([source_from_text("The thing is new. It is short.", id="thing0")])
        try:
            library.add([source_from_text(text("thing9"), id="thing9")], interrupt)
        except KeyboardInterrupt:
            (folder / "changing").write_text("")


def look(folder: Path) -> Seen | str:
    """What is there, or the sentence that says why not."""
    try:
        with Library.open(folder, embedding=WordEmbedder()) as library:
            texts = {
                source_id: [
                    library.version(source_id, version.number).source.text
                    for version in library.versions(source_id)
                ]
                for source_id in sorted(library.content())
            }
            near, quotes = [], {}
            for question in QUESTIONS:
                found = library.nearest_dense(library.embed_question(question), NEAREST)
                near.append({passage.id: cosine for passage, cosine in found})
                for passage, _ in found:
                    source = library.indexed(passage.source_id).source
                    quotes[passage.id] = source.text[passage.start : passage.end]
            return Seen(texts, near, quotes)
    except PinciteError as error:
        return str(error)


def write(folder: Path) -> str:
    """Nothing, or the sentence that says why nothing can be added."""
    try:
        with Library.open(folder, embedding=WordEmbedder()) as library:
            library.add([source_from_text("A probe of the library.", id="probe")])
            library.remove("probe")
        return ""
    except PinciteError as error:
        return str(error)


def wrong(seen: Seen, whole: Seen) -> list[str]:
    """Where it isn't what it was."""
    found = []
    if seen.texts != whole.texts:
        found.append("other texts")
    if any(whole.quotes.get(each, quote) != quote for each, quote in seen.quotes.items()):
        found.append("other quotes")
    for before, now in zip(whole.near, seen.near, strict=True):
        shared = before.keys() & now.keys()
        order = zip(sorted(before.values()), sorted(now.values()), strict=False)
        farther = sum(one > other + 1e-4 for one, other in order)
        if farther > FARTHER or len(now) != len(before):
            found.append(f"{farther} of the nearest are others, farther away")
        if any(abs(before[each] - now[each]) > 1e-3 for each in shared):
            found.append("other cosines")
    return found


def damage(path: Path, dice: random.Random) -> str:
    """Damages the file; returns how."""
    data, kind = bytearray(path.read_bytes()), dice.choice(KINDS)
    if kind == "gone" or not data:
        path.unlink() if kind == "gone" else path.write_bytes(dice.randbytes(9))
        return kind
    at = dice.randrange(min(len(data), 100) if kind == "the first bytes" else len(data))
    match kind:
        case "cut off":
            del data[at:]
        case "zeros":
            data[at : at + 4096] = bytes(len(data[at : at + 4096]))
        case _:
            data[at] ^= dice.randrange(1, 256)
    path.write_bytes(data)
    return kind


def try_file(
    made: Path, name: Path, whole: Seen, work: Path, dice: random.Random, outcome: Outcome
) -> None:
    """Damages this file of a copy of the library, once."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(made, work)
    label = name.name
    kind = damage(work / name, dice)
    try:
        seen = apart(lambda: look(work))
        said = apart(lambda: write(work))
        again = apart(lambda: look(work))
        lost = apart(lambda: _mended(work))
        after = apart(lambda: look(work))
    except DiedError as died:
        outcome.findings.append(f"{label}, {kind}: {died}")
        return
    gone = label == "catalog.db" and kind == "gone"
    for each in (seen, again):
        if isinstance(each, str):
            outcome.said[f"{label}: {each.replace(str(work), 'FOLDER')}"] += 1
        elif faults := wrong(each, whole):
            outcome.findings.append(f"{label}, {kind}: {', '.join(faults)}")
    outcome.counts[label, "told" if isinstance(seen, str) or said else "as before"] += 1
    if lost is None or gone:
        return  # there is no library any more, and that was said
    if isinstance(after, str):
        outcome.findings.append(f"{label}, {kind}: not mended: {after}")
    elif not lost and (faults := wrong(after, whole)):
        outcome.findings.append(f"{label}, {kind}: after mending {', '.join(faults)}")
    outcome.counts[label, "lost something" if lost else "mended"] += 1


def _mended(folder: Path) -> tuple[str, ...] | None:
    """What the doctor couldn't save; None where there is no library."""
    index.embeddings.NanoEmbedder = WordEmbedder
    try:
        mended = mend(folder)
    except LibraryNotFoundError:
        return None
    if mended.left or examine(folder):
        raise AssertionError(f"left: {mended.left}, {examine(folder)}")
    return mended.lost


def try_all(
    top: Path,
    times: int,
    seed: int,
    only: Sequence[str] = (),
    told: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Damages each file, or those of these names, so many times."""
    made, work, outcome = top / "made", top / "work", Outcome()
    make_in_process(made)
    whole = apart(lambda: look(made))
    if isinstance(whole, str):
        raise SystemExit(whole)
    dice = random.Random(seed)
    names = sorted(each.relative_to(made) for each in made.rglob("*") if each.is_file())
    for name in names:
        if name.name.endswith(("-shm", "-wal")) or (only and name.name not in only):
            continue
        for _ in range(times):
            try_file(made, name, whole, work, dice, outcome)
        counted = ", ".join(
            f"{count} {what}" for (label, what), count in outcome.counts.items()
            if label == name.name
        )  # fmt: skip
        told(f"{name.name}: {counted}")
    return outcome


def make_in_process(made: Path) -> None:
    """In a process of its own, so that this one has no threads when it is forked."""
    apart(lambda: make(made))
    import chromadb.api.client
    import chromadb.api.rust
    import chromadb.config
    import chromadb.errors  # noqa: F401 -- once, not in each process


def main() -> None:
    parser = argparse.ArgumentParser(description="Damages each file of a library.")
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=(), help="names of files")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        outcome = try_all(
            Path(folder),
            given.times,
            given.seed,
            given.only,
            lambda line: print(line, flush=True),
        )
    for said, count in outcome.said.most_common(12):
        print(f"  {count} x {said[:200]}")
    files = {label for label, _ in outcome.counts}
    print(
        f"{len(files)} files damaged {given.times} times each in {time.monotonic() - start:.0f} s: "
        f"{len(outcome.findings)} findings{':' if outcome.findings else '.'}"
    )
    for finding in outcome.findings:
        print(f"- {finding}")
    sys.exit(1 if outcome.findings else 0)


if __name__ == "__main__":
    main()
