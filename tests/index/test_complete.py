"""After any changes a library holds what one has that was built of what is left, and no more."""

import hashlib
import random
import sqlite3
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from index import Document, Library, Origin, Source, source_from_text
from index.catalog import FILE_NAME
from index.chroma_folder import folder_store
from index.folder_home import CHANGING_NAME, LOCK_NAME

NAMES = [f"source-{number}" for number in range(6)]
DERIVED = {
    "paragraphs": 'SELECT source_id, number, start, "end", kind FROM paragraphs',
    "sentences": 'SELECT source_id, paragraph, start, "end", vector FROM sentences',
    "passages": 'SELECT id, source_id, paragraph, start, "end", tokens, vector FROM passages',
    "twins": "SELECT source_id, first_id FROM twins",
    "signatures": "SELECT source_id, signature FROM signatures",
    "buckets": "SELECT bucket, id FROM buckets LEFT JOIN sources USING (position)",
    "seals": "SELECT source_id, split, vectors FROM seals",
    "lexical": "SELECT id, words FROM lexical JOIN passages ON position = lexical.rowid",
    "every lexical": "SELECT words FROM lexical",
    "words": "SELECT term, doc, cnt FROM lexical_words",
    "sources": "SELECT id, sha256, uri, published, publisher, lang FROM sources",
}
STORED = {
    "versions": "SELECT source_id, sha256, original, text FROM versions",
    "originals": "SELECT sha256, bytes FROM originals",
}


def held(library: Library, queries: dict[str, str]) -> dict[str, Counter[tuple]]:
    connection = sqlite3.connect(library.path / FILE_NAME)
    found = {name: Counter(connection.execute(query)) for name, query in queries.items()}
    connection.close()
    return found


def rows(library: Library) -> dict[str, int]:
    """The rows of every table but those about the library itself and of the lexical index."""
    connection = sqlite3.connect(library.path / FILE_NAME)
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'meta' "
        "AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'lexical%'"
    ).fetchall()
    found = {
        name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for (name,) in names
    }
    connection.close()
    return found


def in_chroma(library: Library) -> set[str]:
    (folder,) = library.path.glob("chroma-*")
    store = folder_store(folder)
    ids = store.ids()
    store.close()
    return ids


def text(number: int) -> str:
    """One of a few texts of several paragraphs; some render the same original."""
    body = [f"Thing{number % 4} is about stuff{part} and part{part}." for part in range(6)]
    return "\n\n".join([f"Title {number}", *body, f"The end is number {number}."])


def item(name: str, number: int) -> Source | Document:
    source = source_from_text(text(number), id=name, lang=None)
    if number % 3 == 0:
        return source
    original = f"document {number % 3}".encode()
    origin = Origin(hashlib.sha256(original).hexdigest(), "text/html")
    return Document(replace(source, origin=origin), original)


@pytest.mark.parametrize("seed", range(2))
def test_no_row_is_left_of_what_is_gone(tmp_path: Path, embedder, seed: int):
    dice = random.Random(seed)
    expected: dict[str, list[int]] = {}
    with (
        Library.create(tmp_path / "changed", embedding=embedder) as changed,
        Library.create(tmp_path / "fresh", embedding=embedder) as fresh,
    ):
        for number in range(25):
            name = dice.choice(NAMES)
            if name in expected and dice.random() < 0.4:
                changed.remove(name)
                del expected[name]
                continue
            (result,) = changed.add([item(name, number)])
            assert result.source_id == name
            expected.setdefault(name, []).append(number)
        for name, numbers in expected.items():
            fresh.add(item(name, number) for number in numbers)
        assert held(changed, STORED) == held(fresh, STORED)
        assert in_chroma(changed) == in_chroma(fresh)
        assert len(in_chroma(fresh)) == fresh.passage_count
        # What is computed is that of the newest versions, however many there were before.
        newest = Library.create(tmp_path / "newest", embedding=embedder)
        newest.add(item(name, numbers[-1]) for name, numbers in expected.items())
        assert held(changed, DERIVED) == held(newest, DERIVED)
        for name in expected:
            changed.remove(name)
        assert set(map(len, held(changed, DERIVED | STORED).values())) == {0}
        assert set(rows(changed).values()) == {0}
        assert in_chroma(changed) == set()
        left = {path.name for path in changed.path.iterdir() if path.is_file()}
        assert left - {f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"} == {FILE_NAME, LOCK_NAME}
        assert CHANGING_NAME not in left
        newest.close()
