"""A killed build goes on where it was: no text is embedded twice but those of one batch."""

import shutil
import sqlite3
import time

import pytest

from index import Library, SettingsError, source_from_text
from index.catalog import FILE_NAME as CATALOG
from index.folder_home import CHANGING_NAME
from index.unfinished import BATCH_TEXTS, FILE_NAME

LONG = "\n\n".join(f"Paragraph number {n} is about thing{n} and nothing else." for n in range(200))


class Killed(BaseException):
    """What stops a build as a signal would: nothing catches it."""


def killed_after(texts: int):
    def progress(event):
        if event.done >= texts:
            raise Killed

    return progress


def unfinished(library: Library) -> bool:
    return (library.path / FILE_NAME).exists()


def test_a_killed_source_is_not_embedded_again(library: Library, embedder):
    source = source_from_text(LONG, id="long")
    with pytest.raises(Killed):
        library.add([source], killed_after(100))
    first = list(embedder.embedded)
    assert 100 <= len(first) <= 100 + BATCH_TEXTS
    events = []
    library.add([source], events.append)
    assert len(embedder.embedded) == len(set(embedder.embedded)) == 200
    assert (events[0].done, events[-1].done) == (len(first), 200)
    assert not unfinished(library)


def test_a_killed_source_is_found_again_though_others_were_added_meanwhile(library, embedder):
    source = source_from_text(LONG, id="long")
    with pytest.raises(Killed):
        library.add([source], killed_after(100))
    library.add([source_from_text("Something else.", id="other")])
    library.remove("other")
    assert unfinished(library)
    library.add([source])
    assert len(embedder.embedded) == len(set(embedder.embedded)) == 201
    assert not unfinished(library)


def test_a_killed_reindex_is_not_embedded_again(library: Library, embedder):
    texts = {"one": LONG, "two": "The soup\n\nSoup needs salt.", "three": "Rain.\n\nSun."}
    library.add(source_from_text(text, id=name) for name, text in texts.items())
    other = type(embedder)("words 2")
    for texts_done in (100, 180):
        with pytest.raises(Killed):
            Library.reindex(library.path, embedding=other, progress=killed_after(texts_done))
        library.sources()  # the old index is in use as before
    with Library.reindex(library.path, embedding=other) as mended:
        assert len(other.embedded) == len(set(other.embedded)) == 206
        assert mended.passage_count == 204
    assert not unfinished(library)
    assert not (library.path / CHANGING_NAME).exists()
    assert len(list(library.path.glob("chroma-*"))) == 1


def test_vectors_of_another_embedding_are_not_taken(library: Library, embedder):
    library.add([source_from_text("Soup.", id="soup")])
    source = source_from_text(LONG, id="long")
    with pytest.raises(Killed):
        library.add([source], killed_after(100))
    other = type(embedder)("words 2")
    with Library.reindex(library.path, embedding=other) as mended:
        mended.add([source])
        assert len(other.embedded) == 201


@pytest.mark.parametrize("damage", ["file", "row", "gone"])
def test_damaged_vectors_are_computed_again(library: Library, embedder, damage: str):
    source = source_from_text(LONG, id="long")
    with pytest.raises(Killed):
        library.add([source], killed_after(100))
    path = library.path / FILE_NAME
    if damage == "row":
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE vectors SET vector = zeroblob(256) WHERE rowid = 3")
        connection.close()
    else:
        for left in library.path.glob(f"{FILE_NAME}*"):
            left.unlink()
        if damage == "file":
            path.write_bytes(b"junk" * 1000)
    library.add([source])
    assert library.passage_count == 200
    assert not unfinished(library)
    again = len(embedder.embedded) - len(set(embedder.embedded))
    assert again == 1 if damage == "row" else again >= 100
    with Library.create(library.path.parent / "other", embedding=embedder) as other:
        other.add([source])
        assert (
            other.indexed("long").sentence_vectors == library.indexed("long").sentence_vectors
        ).all()


def test_a_failing_embedding_keeps_what_was_embedded(library: Library, embedder, monkeypatch):
    source, good = source_from_text(LONG, id="long"), embedder.embed_passages

    def failing(texts):
        if len(embedder.embedded) >= 64:
            raise SettingsError("The embedding failed: try again.")
        return good(texts)

    monkeypatch.setattr(embedder, "embed_passages", failing)
    with pytest.raises(SettingsError):
        library.add([source])
    monkeypatch.setattr(embedder, "embed_passages", good)
    library.add([source])
    assert len(embedder.embedded) == len(set(embedder.embedded)) == 200


def test_a_writer_after_a_clean_one_does_not_read_the_library(library: Library):
    library.add([source_from_text(LONG, id="long")])
    assert not (library.path / CHANGING_NAME).exists()
    # What a killed writer would have left, but for its mark: the next one doesn't look.
    (folder,) = library.path.glob("chroma-*")
    shutil.copytree(folder, library.path / "chroma-00000000")
    library.add([source_from_text("Soup.", id="soup")])
    assert len(list(library.path.glob("chroma-*"))) == 2
    (library.path / CHANGING_NAME).touch()
    library.add([source_from_text("Salt.", id="salt")])
    assert len(list(library.path.glob("chroma-*"))) == 1
    assert not (library.path / CHANGING_NAME).exists()


def test_the_same_name_many_times_is_told_apart_quickly(library: Library):
    connection = sqlite3.connect(library.path / CATALOG)
    rows = [(f"page-{n}" if n > 1 else "page", str(n), f"file:///{n}") for n in range(1, 5001)]
    connection.executemany(
        "INSERT INTO sources (id, version, sha256, uri) VALUES (?, 1, ?, ?)", rows
    )
    connection.commit()
    connection.close()
    start = time.monotonic()
    (result,) = library.add([source_from_text("Soup.", id="page", uri="file:///new")])
    assert result.source_id == "page-5001"
    assert time.monotonic() - start < 5
