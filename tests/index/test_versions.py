"""What is stored of a source beside its text: its versions, its original, where in it it stands."""

import hashlib
import json
import sqlite3
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from index import (
    Document,
    Library,
    LibraryMismatchError,
    Origin,
    Place,
    SourceError,
    Stated,
    StorageError,
    source_from_text,
)
from index.catalog import FILE_NAME

FIRST = "The bridge\n\nThe old bridge was built in 1901."
SECOND = "The bridge\n\nThe old bridge was built in 1902."
SCAN = b"%PDF-1.7 the bridge"


def document(text: str, original: bytes, **given) -> Document:
    origin = Origin(hashlib.sha256(original).hexdigest(), "application/pdf", "utf-8", "2026-01-02")
    return Document(replace(source_from_text(text, **given), origin=origin), original)


def execute(library: Library, statement: str) -> None:
    connection = sqlite3.connect(library.path / FILE_NAME)
    connection.execute(statement)
    connection.commit()
    connection.close()


def originals(library: Library) -> int:
    connection = sqlite3.connect(library.path / FILE_NAME)
    (count,) = connection.execute("SELECT count(*) FROM originals").fetchone()
    connection.close()
    return count


# --- versions


def test_an_edited_source_is_a_new_version_and_the_old_one_stays(library: Library):
    before = datetime.now(UTC) - timedelta(seconds=2)
    for text in (FIRST, SECOND, FIRST):
        library.add([source_from_text(text, id="bridge", uri="file:///bridge.txt")])
    found = library.versions("bridge")
    assert [version.number for version in found] == [1, 2, 3]
    assert found[0].sha256 == found[2].sha256 != found[1].sha256
    assert all(datetime.fromisoformat(v.added) > before for v in found if v.added)
    assert [library.version("bridge", n).source.text for n in (1, 2, 3)] == [FIRST, SECOND, FIRST]
    summary = library.sources()[0]
    assert (summary.versions, summary.added) == (3, found[2].added)


def test_only_the_newest_version_is_searched(library: Library):
    library.add([source_from_text(FIRST, id="bridge")])
    library.add([source_from_text(SECOND, id="bridge")])
    found = library.nearest_dense(library.embed_question("built in 1901"), 9)
    assert {passage.id.partition(":")[0] for passage, _ in found} == {
        f"bridge@{hashlib.sha256(SECOND.encode()).hexdigest()[:12]}"
    }
    assert library.nearest_lexical("1901", 9) == []
    assert library.indexed("bridge").source.text == SECOND


def test_an_old_version_is_found_by_the_hash_that_a_citation_states(library: Library):
    old, new = source_from_text(FIRST, id="bridge"), source_from_text(SECOND, id="bridge")
    library.add([old])
    library.add([new])
    found = library.cited("bridge", old.sha256)
    assert found is not None
    assert found.source == old
    assert [paragraph.kind for paragraph in found.paragraphs] == ["title", "body"]
    assert [sentence.text for sentence in found.sentences] == FIRST.split("\n\n")
    assert library.cited("bridge", new.sha256) == library.indexed("bridge")
    assert library.cited("renamed", old.sha256) == found
    assert library.cited("bridge", "0" * 64) is None


def test_what_is_no_version_is_told(library: Library):
    library.add([source_from_text(FIRST, id="bridge")])
    for number in (0, 2, -1):
        with pytest.raises(SourceError, match="no version"):
            library.version("bridge", number)
    with pytest.raises(SourceError, match="no source 'soup'"):
        library.versions("soup")
    with pytest.raises(SourceError, match="no source"):
        library.versions("\ud800")


def test_an_old_text_can_become_that_of_another_source(library: Library):
    library.add([source_from_text(FIRST, id="bridge")])
    library.add([source_from_text(SECOND, id="bridge")])
    assert library.add([source_from_text(FIRST, id="other")])[0].outcome == "added"
    found = library.cited("other", hashlib.sha256(FIRST.encode()).hexdigest())
    assert found is not None
    assert found.source.id == "other"


# --- originals and places


def test_a_document_keeps_its_bytes_and_where_its_text_stands_in_it(library: Library):
    given = document(FIRST, SCAN, id="bridge")
    places = (Place(0, 10, page=1), Place(12, len(FIRST), page=2, element="box 3"))
    given = Document(replace(given.source, places=places), given.original)
    assert library.add([given])[0].outcome == "added"
    assert library.original("bridge") == SCAN
    stored = library.indexed("bridge").source
    assert stored == given.source
    assert [stored.place_at(at) for at in (0, 9, 10, 12, len(FIRST))] == [
        places[0], places[0], None, places[1], None,
    ]  # fmt: skip
    assert library.versions("bridge")[0].origin == given.source.origin


def test_a_text_has_no_original(library: Library):
    library.add([source_from_text(FIRST, id="bridge")])
    assert library.original("bridge") is None
    with pytest.raises(SourceError, match="no source"):
        library.original("soup")


def test_sources_of_one_document_share_its_bytes_until_the_last_is_removed(library: Library):
    library.add([document(FIRST, SCAN, id="one"), document(SECOND, SCAN, id="two")])
    library.add([document(FIRST + " More.", b"another", id="one")])
    assert originals(library) == 2
    assert library.original("one", 1) == library.original("two") == SCAN
    library.remove("two")
    assert library.original("one", 1) == SCAN
    library.remove("one")
    assert originals(library) == 0


def test_what_does_not_fit_together_is_refused(library: Library):
    good = document(FIRST, SCAN, id="bridge")
    wrong = [
        Document(good.source, b"other bytes"),
        Document(replace(good.source, origin=None), SCAN),
        replace(good.source, places=(Place(0, 10), Place(5, 20))),
        replace(good.source, places=(Place(0, len(FIRST) + 1),)),
        replace(good.source, places=(Place(3, 3),)),
    ]
    results = library.add(wrong)
    assert [result.outcome for result in results] == ["refused"] * len(wrong)
    assert all(result.reason and result.reason.endswith(".") for result in results)
    assert (library.sources(), originals(library)) == ((), 0)


# --- damage


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE versions SET text = replace(text, '1901', '1991')", "stored text of 'bridge'"),
        ("UPDATE versions SET metadata = replace(metadata, 'The', 'Tho')", "stored about 'bridge'"),
        ("UPDATE versions SET metadata = x'00'", "stored about 'bridge'"),
        ("UPDATE versions SET places = '[[0, 5, 7, null]]'", "stored about 'bridge'"),
        ("UPDATE versions SET added = '1999-01-01'", "stored about 'bridge'"),
        ("UPDATE paragraphs SET number = 7 WHERE number = 2", "computed from 'bridge'"),
        ("UPDATE sentences SET start = start + 1", "computed from 'bridge'"),
        ("UPDATE sentences SET vector = zeroblob(256)", "computed from 'bridge'"),
        ("DELETE FROM seals", "computed from 'bridge'"),
    ],
)
def test_a_change_of_what_is_stored_is_told(library: Library, change: str, said: str):
    library.add([source_from_text(FIRST, id="bridge")])
    library.close()
    execute(library, change)
    with pytest.raises(StorageError, match=said):
        library.indexed("bridge")


def test_a_changed_original_is_told(library: Library):
    library.add([document(FIRST, SCAN, id="bridge")])
    library.close()
    execute(library, "UPDATE originals SET bytes = x'00'")
    with pytest.raises(StorageError, match="original of 'bridge' has changed"):
        library.original("bridge")


# --- libraries of the schemas before


def as_schema_1(library: Library) -> None:
    """Makes the catalog what the version before this one would have made of the same sources."""
    connection = sqlite3.connect(library.path / FILE_NAME)
    rows = connection.execute("SELECT source_id, sha256, uri, metadata, text FROM versions")
    stored = rows.fetchall()
    for table in ("sources", "versions", "originals", "seals"):
        connection.execute(f"DROP TABLE {table}")
    connection.execute(
        "CREATE TABLE sources (position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL "
        "UNIQUE, sha256 TEXT NOT NULL UNIQUE, uri TEXT, metadata TEXT NOT NULL, text TEXT NOT NULL)"
    )
    connection.executemany("INSERT INTO sources VALUES (NULL, ?, ?, ?, ?, ?)", stored)
    parts = json.loads(
        connection.execute("SELECT value FROM meta WHERE key = 'parts'").fetchone()[0]
    )
    meta = {"schema": "1", "fingerprint": "0" * 16, "parts": json.dumps(parts | {"schema": "1"})}
    connection.executemany("REPLACE INTO meta VALUES (?, ?)", meta.items())
    connection.commit()
    connection.close()


def test_a_library_of_schema_1_names_the_command_that_brings_it_up_to_date(
    tmp_path: Path, embedder
):
    stated = Stated("The Daily", "front matter")
    given = source_from_text(FIRST, id="bridge", uri="https://example.org/", publisher=stated)
    with Library.create(tmp_path / "l", embedding=embedder) as library:
        library.add([given, source_from_text(SECOND, id="other")])
    as_schema_1(library)
    with pytest.raises(LibraryMismatchError, match=r"schema.*pincite reindex --library"):
        Library.open(library.path, embedding=embedder)
    with Library.reindex(library.path, embedding=embedder) as mended:
        assert mended.indexed("bridge").source == given
        assert [asdict(version) for version in mended.versions("bridge")] == [
            {"number": 1, "sha256": given.sha256, "added": None, "origin": None}
        ]
        mended.add([source_from_text(SECOND + " More.", id="other")])
        assert [summary.versions for summary in mended.sources()] == [1, 2]


def as_schema_2(library: Library) -> None:
    """Makes the catalog what the version of schema 2 would have made of the same sources."""
    connection = sqlite3.connect(library.path / FILE_NAME)
    for table in ("signatures", "buckets", "twins"):
        connection.execute(f"DROP TABLE {table}")
    connection.execute(
        "CREATE TABLE twins (source_id TEXT NOT NULL, twin_id TEXT NOT NULL, "
        "PRIMARY KEY (source_id, twin_id)) WITHOUT ROWID"
    )
    parts = json.loads(
        connection.execute("SELECT value FROM meta WHERE key = 'parts'").fetchone()[0]
    )
    del parts["signatures"]
    meta = {"schema": "2", "fingerprint": "0" * 16, "parts": json.dumps(parts | {"schema": "2"})}
    connection.executemany("REPLACE INTO meta VALUES (?, ?)", meta.items())
    connection.commit()
    connection.close()


def test_a_library_of_schema_2_keeps_its_versions_and_finds_its_copies(tmp_path: Path, embedder):
    copied = FIRST + " A second one of steel was to follow, but it never came for want of money."
    with Library.create(tmp_path / "l", embedding=embedder) as library:
        library.add([document(SECOND, SCAN, id="bridge"), source_from_text(FIRST, id="bridge")])
        library.add([source_from_text(copied, id="bridge")])
        library.add([source_from_text(copied + "\n\n© The Paper", id="other")])
        before = library.versions("bridge")
    as_schema_2(library)
    with pytest.raises(LibraryMismatchError, match=r"schema.*signatures.*pincite reindex"):
        Library.open(library.path, embedding=embedder)
    with Library.reindex(library.path, embedding=embedder) as mended:
        assert mended.versions("bridge") == before
        assert mended.original("bridge", 1) == SCAN
        assert mended.twins("bridge") == {"other"}
