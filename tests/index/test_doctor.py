"""A damaged library says exactly what is damaged; what its stored texts can mend is mended."""

import hashlib
import shutil
import sqlite3
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from index import (
    Document,
    Library,
    LibraryNotFoundError,
    Origin,
    PinciteError,
    examine,
    mend,
    source_from_text,
)
from index import embeddings as embeddings_module
from index.catalog import FILE_NAME
from tests.index.conftest import WordEmbedder

BRIDGE = "The bridge\n\nThe old bridge was built in 1901. It fell.\n\nThe new bridge is long."
SOUP = "The soup\n\nSoup needs salt. It must be hot."
SCAN = b"%PDF-1.7 the bridge" * 50


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library with versions and an original."""
    origin = Origin(hashlib.sha256(SCAN).hexdigest(), "application/pdf")
    scanned = replace(source_from_text(BRIDGE, id="bridge"), origin=origin)
    folder = tmp_path_factory.mktemp("made") / "library"
    with Library.create(folder, embedding=WordEmbedder()) as library:
        library.add([Document(scanned, SCAN), source_from_text(SOUP, id="soup")])
        library.add([source_from_text(SOUP + " Or not.", id="soup")])
    return folder


@pytest.fixture
def whole(made: Path, tmp_path: Path, embedder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which a test may damage."""
    monkeypatch.setattr(embeddings_module, "NanoEmbedder", lambda: embedder)
    return shutil.copytree(made, tmp_path / "library")


def execute(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / FILE_NAME)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def said(folder: Path) -> str:
    return " ".join(damage.what for damage in examine(folder))


def texts(folder: Path, embedder) -> dict[str, list[str]]:
    """The versions of each source, after everything was read once."""
    with Library.open(folder, embedding=embedder) as library:
        for source_id in library.content():
            library.indexed(source_id)
        found = library.nearest_dense(library.embed_question("old bridge"), 99)
        assert len(found) == library.passage_count
        return {
            source_id: [
                library.version(source_id, version.number).source.text
                for version in library.versions(source_id)
            ]
            for source_id in library.content()
        }


ALL = {"bridge": [BRIDGE], "soup": [SOUP, SOUP + " Or not."]}


def test_a_whole_library_is_told_to_be_whole_and_left_alone(whole: Path, embedder):
    before = (whole / FILE_NAME).read_bytes()
    assert examine(whole) == ()
    mended = mend(whole)
    assert (mended.done, mended.lost, mended.left) == ((), (), ())
    assert (whole / FILE_NAME).read_bytes() == before


def test_where_there_is_no_library_that_is_told(tmp_path: Path):
    with pytest.raises(LibraryNotFoundError):
        examine(tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE sentences SET vector = zeroblob(256) WHERE position = 2", "computed from"),
        ("UPDATE passages SET vector = zeroblob(256) WHERE position = 2", "vectors of"),
        ("UPDATE paragraphs SET number = 9 WHERE number = 3", "computed from 'bridge'"),
        ("UPDATE lexical SET words = 'wrong' WHERE rowid = 1", "words of 'bridge'"),
        ("DELETE FROM lexical_data WHERE id > 10", "index of words"),
        ("INSERT INTO twins VALUES ('a', 'b')", "Twins"),
        ("DELETE FROM twins WHERE source_id = 'soup'", "noted of twins"),
        ("UPDATE twins SET first_id = 'soup' WHERE source_id = 'bridge'", "noted of twins"),
        ("UPDATE signatures SET signature = zeroblob(576)", "signature of 'bridge'"),
        ("DELETE FROM signatures", "signature of 'bridge'"),
        ("UPDATE signatures SET signature = x'00'", "signature of 'bridge'"),
        ("DELETE FROM buckets WHERE position = 1", "index of copies"),
        ("INSERT INTO buckets VALUES (1, 99)", "index of copies"),
    ],
)
def test_what_is_computed_is_computed_again(whole: Path, embedder, change: str, told: str):
    execute(whole, change)
    assert told in said(whole)
    embedder.embedded.clear()
    mended = mend(whole)
    assert (len(mended.done), mended.lost, mended.left) == (1, (), ())
    assert texts(whole, embedder) == ALL
    assert len(embedder.embedded) <= 9  # those of one source at most
    assert not list(whole.glob("*.damaged-*"))


@pytest.mark.parametrize("damage", ["gone", "junk", "rows", "vectors"])
def test_chromas_files_are_made_again_without_embedding(whole: Path, embedder, damage: str):
    (folder,) = whole.glob("chroma-*")
    if damage == "gone":
        shutil.rmtree(folder)
    elif damage == "junk":
        (folder / "chroma.sqlite3").write_bytes(b"junk" * 500)
    else:
        with Library.open(whole, embedding=embedder) as library:
            store = library._current().store
            ids = sorted(store.ids())
            if damage == "rows":
                store.remove(ids[:1])
            else:
                passages = library.nearest_dense(library.embed_question("bridge"), 99)
                store.add([passages[0][0]], library.embed_question("other")[None], [""])
    assert "Chroma" in said(whole)
    embedder.embedded.clear()
    assert mend(whole).left == ()
    assert embedder.embedded == []
    assert texts(whole, embedder) == ALL


def test_a_changed_text_is_lost_and_all_else_is_kept(whole: Path, embedder):
    execute(whole, "UPDATE versions SET text = replace(text, '1901', '1991')")
    assert "The stored text of 'bridge' has changed." in said(whole)
    embedder.embedded.clear()
    mended = mend(whole)
    assert mended.left == ()
    assert any("'bridge' is lost" in sentence for sentence in mended.lost)
    assert texts(whole, embedder) == {"soup": ALL["soup"]}
    assert embedder.embedded == []
    (kept,) = whole.glob("*.damaged-*Z")
    assert kept.name in mended.done[0]


def test_an_earlier_version_takes_the_place_of_a_lost_one(whole: Path, embedder):
    execute(whole, "UPDATE versions SET metadata = '{}' WHERE source_id = 'soup' AND number = 2")
    assert mend(whole).left == ()
    assert texts(whole, embedder) == {"bridge": [BRIDGE], "soup": [SOUP]}


def test_a_changed_original_is_lost_and_the_text_is_kept(whole: Path, embedder):
    execute(whole, "UPDATE originals SET bytes = x'00'")
    assert "original" in said(whole)
    assert len(mend(whole).lost) == 1
    assert texts(whole, embedder) == ALL


@pytest.mark.parametrize("key", ["schema", "chroma", "embedding", "generation", "parts"])
def test_what_the_library_says_of_itself_is_mended(whole: Path, embedder, key: str):
    execute(whole, f"UPDATE meta SET value = x'ff00' WHERE key = '{key}'")
    with pytest.raises(PinciteError):
        Library.open(whole, embedding=embedder)
    assert said(whole)
    assert mend(whole).left == ()
    assert texts(whole, embedder) == ALL


@pytest.mark.parametrize("position", [3, 17, 30, 101, 2000])
def test_a_damaged_first_page_is_no_end(whole: Path, embedder, position: int):
    flip(whole / FILE_NAME, position)
    check_flipped(whole, embedder)


@pytest.mark.parametrize("share", [0.07, 0.13, 0.31, 0.57, 0.83, 0.99])
@pytest.mark.parametrize("name", [FILE_NAME, "chroma.sqlite3"])
def test_a_changed_byte_anywhere_is_told_or_harmless(
    whole: Path, embedder, name: str, share: float
):
    (path,) = whole.rglob(name)
    flip(path, int(path.stat().st_size * share))
    check_flipped(whole, embedder)


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 0x55
    path.write_bytes(bytes(data))


def check_flipped(folder: Path, embedder) -> None:
    """Reading gives what was stored, or a sentence; the doctor mends, or says what is lost."""
    with suppress(PinciteError):
        assert texts(folder, embedder) == ALL
    mended = mend(folder)
    assert mended.left == ()
    there = texts(folder, embedder)
    for source_id, versions in ALL.items():
        lost = [text for text in versions if text not in there.get(source_id, [])]
        assert len(lost) <= len(mended.lost)
    assert examine(folder) == ()
