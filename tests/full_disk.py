"""A disk that is full at any moment: what a command says then, what is left, and how it goes on.

The library is on a small tmpfs that a ballast fills up. Each command runs in a process of its own,
forked so that nothing is imported twice, with a stand-in for the embedding.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import index.embeddings
from assistant import cli
from index import Library, examine
from tests.apart import DiedError, apart
from tests.index.conftest import WordEmbedder

DISK_BYTES = 24_000_000
BLOCK = 4096
TEXTS = 3


@dataclass(frozen=True)
class Change:
    """A command that changes the library, and what must be so before."""

    name: str
    arguments: tuple[str, ...]
    before: Callable[[Path], None]


@dataclass(slots=True)
class Outcome:
    """What came of commands on a disk that was full."""

    runs: int = 0
    full: int = 0
    """Runs that couldn't be finished."""
    said: set[str] = field(default_factory=set)
    findings: list[str] = field(default_factory=list)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of its own at the folder."""
    options = f"size={DISK_BYTES}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def may_mount() -> list[str]:
    """What a command must begin with so that it may mount a disk; [] where any may."""
    for prefix in (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"]):
        tried = [*prefix, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        if shutil.which("unshare") and subprocess.run(tried, capture_output=True).returncode == 0:
            return prefix
    return []


# --- the commands --------------------------------------------------------------------------------


def article(name: str, paragraphs: int) -> str:
    body = (f"The {name} is about stuff{n}. It has part{n} and {name}." for n in range(paragraphs))
    return "\n\n".join([f"The {name}", *body])


def make_texts(folder: Path) -> None:
    """Files to be added: one long, so that there is a while to fail in."""
    folder.mkdir()
    for name, paragraphs in (("bridge", 4), ("harbour", 150), ("soup", 3)):
        (folder / f"{name}.txt").write_text(article(name, paragraphs))


def make_library(folder: Path, texts: Path) -> None:
    """A library with more passages than Chroma keeps outside of its graph."""
    texts.mkdir()
    with Library.create(folder, embedding=WordEmbedder()) as library:
        for n, paragraphs in enumerate((350, 350, 350, 40)):
            path = texts / f"thing{n % TEXTS}.txt"
            path.write_text(article(path.stem, paragraphs))
            library.add([path])
    path.write_text(article("thing anew", 120))


def changes(new: Path, old: Path) -> tuple[Change, ...]:
    return (
        Change("add", ("add", str(new)), as_it_is),
        Change("update", ("add", str(old / "thing0.txt")), as_it_is),
        Change("remove", ("remove", "thing0"), as_it_is),
        Change("reindex", ("reindex",), as_it_is),
        Change("mend Chroma", ("doctor", "--mend"), without_chroma),
        Change("mend the index", ("doctor", "--mend"), with_other_sentences),
        Change("mend the catalog", ("doctor", "--mend"), with_a_lost_original),
    )


def as_it_is(folder: Path) -> None:
    """The library is whole."""


def without_chroma(folder: Path) -> None:
    for each in folder.glob("chroma-*"):
        shutil.rmtree(each)


def with_other_sentences(folder: Path) -> None:
    _execute(folder, "UPDATE paragraphs SET number = 999 WHERE number = 3 AND source_id = 'thing1'")


def with_a_lost_original(folder: Path) -> None:
    _execute(folder, "INSERT INTO originals VALUES ('junk', x'00')")


def _execute(folder: Path, statement: str) -> None:
    import sqlite3

    connection = sqlite3.connect(folder / "catalog.db")
    connection.execute(statement)
    connection.commit()
    connection.close()


def run(arguments: Sequence[str], folder: Path) -> tuple[int, str]:
    """The exit code of a command on the library, and what it said of its failure."""

    def work() -> tuple[int, str]:
        index.embeddings.NanoEmbedder = WordEmbedder  # type: ignore[misc,assignment]
        sys.argv = ["pincite", *arguments, "--library", str(folder)]
        for stream in (cli.err, cli.out):
            stream.file = io.StringIO()
        try:
            cli.main()
        except SystemExit as end:
            return int(end.code or 0), cli.err.file.getvalue()

    return apart(work)


# --- what is there -------------------------------------------------------------------------------

State = dict[str, Any]


def look(folder: Path) -> State:
    """All that the library holds and finds."""
    with Library.open(folder, embedding=WordEmbedder()) as library:
        texts = {
            source_id: [
                library.version(source_id, version.number).source.text
                for version in library.versions(source_id)
            ]
            for source_id in sorted(library.content())
        }
        indexed = sum(len(library.indexed(each).passages) for each in texts)
        vector = library.embed_question("stuff3 part7 thing2")
        near = [passage.id for passage, _ in library.nearest_dense(vector, 9)]
        words = [passage.id for passage, _ in library.nearest_lexical("stuff3 part7", 9)]
        return {"texts": texts, "passages": indexed, "near": near, "words": words}


def fill(disk: Path, free: int) -> Path:
    """Takes up the disk but for so many bytes."""
    ballast = disk / "ballast"
    ballast.unlink(missing_ok=True)
    room = shutil.disk_usage(disk).free - free
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(room // BLOCK, 1) * BLOCK)
    return ballast


def needed(change: Change, made: Path, disk: Path) -> tuple[int, State]:
    """How many bytes the command needs at its most, and what there is after it."""
    folder = fresh(change, made, disk)
    least = shutil.disk_usage(disk).free
    before = least
    process = os.fork()
    if process == 0:
        code, _ = run(change.arguments, folder)
        os._exit(code)
    while os.waitpid(process, os.WNOHANG) == (0, 0):
        least = min(least, shutil.disk_usage(disk).free)
        time.sleep(0.001)
    return before - least, apart(lambda: look(folder))


def fresh(change: Change, made: Path, disk: Path) -> Path:
    for each in disk.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    folder = shutil.copytree(made, disk / "library")
    change.before(folder)
    return folder


def try_change(
    change: Change, made: Path, disk: Path, points: int, outcome: Outcome,
    told: Callable[[str], None] = lambda line: None,
) -> None:  # fmt: skip
    """Runs the command with less and less room, and with more again."""
    most, after = needed(change, made, disk)
    told(f"{change.name} needs {most / 1e6:.2f} MB")
    for point in range(points):
        room = most * point // points
        folder = fresh(change, made, disk)
        outcome.runs += 1
        try:
            wrong = _of_run(change, folder, room, after, outcome)
        except DiedError as error:
            wrong = [str(error)]
        outcome.findings += [f"{change.name}, {room} bytes free: {each}" for each in wrong]
    told(f"{change.name}: {points} runs, {len(outcome.findings)} findings so far")


def _of_run(change: Change, folder: Path, room: int, after: State, outcome: Outcome) -> list[str]:
    """What is wrong when the command has only so much room."""
    wrong = []
    whole = change.before is as_it_is
    before = apart(lambda: look(folder)) if whole else after
    ballast = fill(folder.parent, room)
    code, said = run(change.arguments, folder)
    if code:
        outcome.full += 1
        outcome.said.add(f"{change.name}: {said}".replace(str(folder), "FOLDER"))
        wrong += of_failure(code, said)
    if whole and not _is_between(before, apart(lambda: look(folder)), after):
        wrong.append("what was there doesn't answer on the full disk")
    ballast.unlink()
    if code:
        code, said = run(change.arguments, folder)
        if code:
            wrong.append(f"it doesn't go on: {code} {said}")
    if apart(lambda: look(folder)) != after:
        wrong.append("it isn't finished as it would have been")
    if damage := apart(lambda: _examined(folder)):
        wrong.append(f"left damaged: {damage}")
    return wrong


def _examined(folder: Path) -> list[str]:
    index.embeddings.NanoEmbedder = WordEmbedder  # type: ignore[misc,assignment]
    return [each.what for each in examine(folder)]


def _is_between(before: State, there: State, after: State) -> bool:
    """Whether it is the one or the other; or some texts are added already, and some aren't."""
    if there in (before, after):
        return True
    texts = there["texts"]
    return before["texts"].keys() & after["texts"].keys() <= texts.keys() and all(
        each in (before["texts"].get(source_id), after["texts"].get(source_id))
        for source_id, each in texts.items()
    )


def of_failure(code: int, said: str) -> list[str]:
    """What is wrong with how a failure was told."""
    sentence = " ".join(said.split())
    wrong = []
    if code != 1:
        wrong.append(f"exit code {code}")
    if not sentence.startswith("pincite: ") or sentence.count("pincite: ") != 1:
        wrong.append(f"not one sentence: {said!r}")
    elif "full" not in sentence or not sentence.endswith("."):
        wrong.append(f"it doesn't say that the disk is full: {sentence!r}")
    return wrong


def try_all(
    top: Path,
    points: int,
    only: Sequence[str] = (),
    told: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Every change, at so many points each; `top` is a folder for all that is needed."""
    # Imported once, not in each process.
    import chromadb.api.client
    import chromadb.api.rust
    import chromadb.config
    import chromadb.errors  # noqa: F401

    import index.readers  # noqa: F401

    new, old, made, disk = (top / each for each in ("new", "old", "made", "disk"))
    make_texts(new)
    apart(lambda: make_library(made, old))
    disk.mkdir()
    outcome = Outcome()
    with small_disk(disk):
        for change in changes(new, old):
            if not only or change.name in only:
                try_change(change, made, disk, points, outcome, told)
    return outcome
