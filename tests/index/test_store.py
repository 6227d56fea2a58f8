import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from index import Passage
from index.chroma_folder import DATABASE_NAME, folder_store
from index.store import Store, StoreUnavailableError

VECTORS = np.eye(4, dtype=np.float32)


def passage(name: str, source: str = "s") -> Passage:
    return Passage(name, source, 1, 0, 1, 1)


@pytest.fixture
def store(tmp_path: Path):
    made = folder_store(tmp_path / "chroma")
    made.add([passage("a"), passage("b", "t")], VECTORS[:2], ["", ""])
    yield made
    made.close()


def test_the_nearest_come_first_with_their_cosines(store: Store):
    found = store.nearest(np.array([0.6, 0.8, 0, 0], dtype=np.float32), 5)
    assert [each for each, _ in found] == ["b", "a"]
    assert [cosine for _, cosine in found] == pytest.approx([0.8, 0.6], abs=1e-5)


def test_the_nearest_sources_of_several_vectors_are_found_at_once(store: Store, monkeypatch):
    monkeypatch.setattr("index.chroma.QUERIES_AT_ONCE", 2)
    found = store.nearest_sources(VECTORS[[0, 1, 0]], 1)
    assert [[source for source, _ in row] for row in found] == [["s"], ["t"], ["s"]]
    assert found[0][0][1] == pytest.approx(1)
    assert store.nearest_sources(VECTORS[:0], 1) == []


def test_removed_passages_are_gone_and_removing_them_again_is_no_failure(store: Store):
    store.remove(["a", "never there"])
    store.remove(["a"])
    assert store.ids() == {"b"}
    assert store.count() == 1


def test_reading_makes_no_files(tmp_path: Path):
    with pytest.raises(StoreUnavailableError):
        folder_store(tmp_path / "none").count()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_is_unavailable(tmp_path: Path):
    folder = tmp_path / "chroma"
    folder.mkdir()
    (folder / DATABASE_NAME).write_bytes(b"junk" * 1000)
    store = folder_store(folder)
    with pytest.raises(StoreUnavailableError):
        store.count()
    store.close()


WRITE = """
import sys, numpy as np
from pathlib import Path
from index import Passage
from index.chroma_folder import folder_store
store = folder_store(Path(sys.argv[1]))
store.add([Passage("c", "u", 1, 0, 1, 1)], np.eye(4, dtype=np.float32)[2:3], [""])
store.remove(["a"])
store.close()
"""


def test_what_another_process_writes_is_seen_after_reopening(store: Store, tmp_path):
    # A second store here must not keep the old index alive.
    other = folder_store(tmp_path / "chroma")
    assert len(other.nearest(VECTORS[2], 5)) == len(store.nearest(VECTORS[2], 5)) == 2
    subprocess.run([sys.executable, "-c", WRITE, str(tmp_path / "chroma")], check=True, timeout=60)
    store.close()
    assert [each for each, _ in store.nearest(VECTORS[2], 5)] == ["c", "b"]
    other.close()
