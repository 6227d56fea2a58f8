"""Chroma's graph is read only while its files are as they were written; else all is compared."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from index import Library, examine, graph_files, mend, source_from_text
from index import embeddings as embeddings_module
from index.chroma_folder import folder_store
from index.store import StoreUnavailableError
from tests.index.conftest import WordEmbedder

PARAGRAPHS = 1100
"""Chroma writes its graph at the thousandth."""
GRAPH = ("data_level0.bin", "header.bin", "index_metadata.pickle", "length.bin", "link_lists.bin")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "library"
    body = (f"Thing {n} is about stuff{n}." for n in range(PARAGRAPHS))
    with Library.create(folder, embedding=WordEmbedder()) as library:
        library.add([source_from_text("\n\n".join(body), id="things")])
    return folder


@pytest.fixture
def whole(made: Path, tmp_path: Path, embedder, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(embeddings_module, "NanoEmbedder", lambda: embedder)
    return shutil.copytree(made, tmp_path / "library")


def chroma(folder: Path) -> Path:
    (found,) = folder.glob("chroma-*")
    return found


def nearest(folder: Path, embedder: WordEmbedder) -> list[float]:
    with Library.open(folder, embedding=embedder) as library:
        found = library.nearest_dense(library.embed_question("about stuff1000"), 9)
        assert len({passage.id for passage, _ in found}) == 9
        return [cosine for _, cosine in found]


def is_read(folder: Path) -> bool:
    store = folder_store(chroma(folder))
    try:
        return store.count() > 0
    except StoreUnavailableError:
        return False
    finally:
        store.close()


def damage(path: Path, kind: str) -> None:
    data = bytearray(path.read_bytes())
    if kind == "gone":
        path.unlink()
    elif kind == "cut off":
        path.write_bytes(data[:-1])
    elif data:
        data[len(data) // 2] ^= 0x55
        path.write_bytes(data)


def test_what_was_written_is_read_also_from_a_copy(whole: Path):
    assert {path.name for path in chroma(whole).glob("*/*")} == set(GRAPH)
    assert is_read(whole)
    assert examine(whole) == ()


@pytest.mark.parametrize("kind", ["a byte", "cut off", "gone"])
@pytest.mark.parametrize("name", [*GRAPH, graph_files.NOTE_NAME])
def test_a_damaged_file_is_told_not_read_and_mended(whole: Path, embedder, name: str, kind: str):
    before = nearest(whole, embedder)
    (path,) = chroma(whole).rglob(name)
    damage(path, kind)
    assert not is_read(whole)
    assert nearest(whole, embedder) == pytest.approx(before, abs=1e-5)
    assert "Chroma's files can't be read" in examine(whole)[0].what
    embedder.embedded.clear()
    assert mend(whole).left == ()
    assert embedder.embedded == []
    assert is_read(whole)


def test_the_next_writer_makes_a_damaged_graph_anew(whole: Path, embedder):
    (path,) = chroma(whole).rglob("data_level0.bin")
    damage(path, "a byte")
    with Library.open(whole, embedding=embedder) as library:
        library.add([source_from_text("The soup needs salt.", id="soup")])
    assert is_read(whole)
    assert examine(whole) == ()


def test_what_another_process_writes_meanwhile_is_left_to_it_to_note(whole: Path, embedder):
    with Library.open(whole, embedding=embedder) as library:
        library.add([source_from_text("The soup needs salt.", id="soup")])
        (path,) = chroma(whole).rglob("data_level0.bin")
        damage(path, "a byte")  # as if it were amid writing
        nearest(whole, embedder)
    assert not is_read(whole)


def test_damage_to_a_library_in_use_ends_no_process(tmp_path: Path):
    """Once for the file that is most fatal; by hand all files, many times."""
    command = [sys.executable, "-m", "benchmarks.damage", "--times", "1", "--seed", "7"]
    done = subprocess.run(
        [*command, "--only", "header.bin", "--folder", tmp_path],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 files damaged 1 times each" in done.stdout
