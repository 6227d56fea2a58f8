"""Feeds changed documents to the readers, for a given time, and tells what became of them.

    python benchmarks/fuzz_readers.py --minutes 10 --seed 1 --keep findings/

A finding is an exception, a broken promise (a place outside of the text, a reason that isn't one
sentence, a text that can't be stored), or a document that killed its process or ran into a limit:
the last two cost nothing but that document, but are worth a look. Their documents are kept.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from index import Document, Refused, read_documents
from index.readers.sandbox import Limits, Sandbox
from tests.index.readers import making

LIMITS = Limits(cpu_seconds=20, wait_seconds=60)
PACKED = (".docx", ".epub", ".zip")
STRIKING = ("broke off", "too long", "of memory")
MAX_BYTES = 2_000_000
TOKENS = (
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"&#0;",
    b"&#xD800;",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"<p>",
    b"</",
    b"<table>",
    b"<svg>",
    b"<template>",
    b"<!DOCTYPE x [",
    b"<!ENTITY a 'b'>",
    b"%s%n",
    b"-1",
    b"999999999999",
    b"1e999",
    b"\\ud800",
    b"\r\n\r\n",
    b"\nFrom ",
    b"Content-Type: ",
    b"=?utf-8?b?",
    b"boundary=",
    b"charset=utf-7",
    b"charset=hex",
    b"/Kids [2 0 R]",
    b"stream\n",
    b"endobj",
    b'"',
    b",",
    b"[[[[[[",
    b"{",
    b"}",
    b"../",
    b"\xe2\x80\xae",
    b"\xef\xbf\xbe",
)


def changed(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """The document with some bytes flipped, cut, repeated, moved, or taken from another."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 8, 30))):
        change(made, chance, other)
        del made[MAX_BYTES:]
    return bytes(made)


def change(made: bytearray, chance: random.Random, other: bytes) -> None:
    """One change, at one place."""
    at = chance.randrange(len(made) + 1)
    length = chance.choice((1, 2, 8, 64, 500))
    match chance.randrange(7):
        case 0:
            made[at : at + 1] = bytes([chance.randrange(256)])
        case 1:
            del made[at : at + length]
        case 2:
            made[at:at] = chance.choice(TOKENS)
        case 3:
            made[at:at] = made[at : at + length] * chance.choice((2, 50, 500))
        case 4:
            start = chance.randrange(max(1, len(other)))
            made[at : at + length] = other[start : start + length]
        case 5:
            made[at : at + length] = chance.randbytes(length)
        case 6 if chance.random() < 0.3:
            del made[at:]


def repacked(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """An archive with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        names = old.namelist()
        marked = chance.choice(names)
        for name in names:
            part = old.read(name)
            new.writestr(name, changed(part, chance, other) if name == marked else part)
    return out.getvalue()


def fault(read: list[Document | Refused]) -> str | None:
    """What of the promises is broken."""
    if not read:
        return "nothing came back"
    for each in read:
        if isinstance(each, Refused):
            if "\n" in each.reason or not each.reason.endswith("."):
                return f"no sentence: {each.reason!r}"
            continue
        source, end = each.source, 0
        source.text.encode()
        for place in source.places:
            if not end <= place.start < place.end <= len(source.text):
                return f"place {place} of {len(source.text)}"
            end = place.end
    return None


def kind(read: list[Document | Refused]) -> str:
    if refused := [each for each in read if isinstance(each, Refused)]:
        striking = [word for each in refused for word in STRIKING if word in each.reason]
        if striking:
            return striking[0]
        return "all refused" if len(refused) == len(read) else "some refused"
    return "read"


def fuzz(seconds: float, seed: int, keep: Path | None, tell: Callable[[str], None]) -> int:
    """Runs until the time is over; returns the number of findings."""
    chance = random.Random(seed)
    samples = making.samples()
    counts: Counter[tuple[str, str]] = Counter()
    findings = 0
    sandbox = Sandbox(LIMITS)
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        suffix = chance.choice(list(samples))
        other = samples[chance.choice(list(samples))]
        make = repacked if suffix in PACKED and chance.random() < 0.7 else changed
        data = make(samples[suffix], chance, other)
        told = None
        try:
            read = list(read_documents(data, f"a{suffix}", uri="file:///a", sandbox=sandbox))
            told, what = fault(read), kind(read)
        except Exception as error:  # that is what we are looking for
            told, what = f"{type(error).__name__}: {error}", "exception"
        counts[suffix, what] += 1
        if told or what in STRIKING:
            findings += 1
            tell(f"finding {findings}: {suffix} {told or what}")
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{findings}{suffix}").write_bytes(data)
    sandbox.close()
    kinds = sorted({what for _, what in counts})
    tell(f"{'':8}" + "".join(f"{what:>14}" for what in kinds))
    for suffix in samples:
        tell(f"{suffix:8}" + "".join(f"{counts[suffix, what]:14}" for what in kinds))
    took = time.monotonic() - start
    tell(f"{sum(counts.values())} documents in {took:.0f} s, {findings} findings, seed {seed}")
    return findings


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for the documents of findings")
    given = parser.parse_args()
    found = fuzz(60 * given.minutes, given.seed, given.keep, lambda line: print(line, flush=True))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
