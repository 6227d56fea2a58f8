"""What happens to a library when processes are killed, compete, or can't write."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from index import Library, LibraryLockedError, Passage, StorageError, source_from_text
from index.catalog import FILE_NAME
from index.chroma_folder import folder_store
from index.faults import storage_faults
from index.folder_home import writer_lock
from index.store import Store

HERE = Path(__file__).parent
BRIDGE = "The bridge\n\nThe old bridge was built in 1901. It fell.\n\nThe new bridge is long."
SOUP = "The soup\n\nSoup needs salt. It must be hot."

START = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
from pathlib import Path
from conftest import WordEmbedder
from index import Library, source_from_text
library = Library.open(sys.argv[1], embedding=WordEmbedder())
"""


def run(code: str, folder: Path, **options) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START + code, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=HERE.parents[1],
        **options,
    )


def said(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output.strip()


def kill_when_it_says_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)


def chroma(library: Library) -> Store:
    return folder_store(next(library.path.glob("chroma-*")))


def ids_near(library: Library, question: str, k: int = 9) -> list[str]:
    found = library.nearest_dense(library.embed_question(question), k)
    return [passage.id for passage, _ in found]


ADD_AND_HANG = """
import time
def hang(event):
    if event.source_id == "third" and event.done:
        print("ready", flush=True)
        time.sleep(60)
library.add(
    [source_from_text(f"Text of {name} is short. It is.", id=name)
     for name in ("first", "second", "third", "fourth")], hang)
"""


def test_a_killed_build_keeps_what_was_done_and_goes_on_next_time(library: Library):
    kill_when_it_says_ready(run(ADD_AND_HANG, library.path))
    assert [summary.id for summary in library.sources()] == ["first", "second"]
    assert len(ids_near(library, "short text")) == 2
    names = ("first", "second", "third", "fourth")
    results = library.add(
        source_from_text(f"Text of {name} is short. It is.", id=name) for name in names
    )
    assert [r.outcome for r in results] == ["unchanged", "unchanged", "added", "added"]


KILL_BETWEEN = """
import time
from index import versions
def hang(*_):
    print("ready", flush=True)
    time.sleep(60)
versions.insert = hang
library.add([source_from_text("Never committed.", id="lost")])
"""


def test_passages_that_a_killed_process_left_in_chroma_are_never_found(library: Library):
    library.add([source_from_text(BRIDGE, id="bridge")])
    kill_when_it_says_ready(run(KILL_BETWEEN, library.path))
    store = chroma(library)
    assert store.count() == 4
    store.close()
    with Library.open(library.path, embedding=library._embedder) as opened:
        assert all(each.startswith("bridge@") for each in ids_near(opened, "Never committed."))
        assert len(ids_near(opened, "Never committed.", 3)) == 3
    library.add([source_from_text(SOUP, id="soup")])
    store = chroma(library)
    assert store.count() == library.passage_count == 5
    store.close()


KILL_REINDEX = """
import time
from index import rebuilding
def hang(*_):
    print("ready", flush=True)
    time.sleep(60)
rebuilding.write_meta = hang
Library.reindex(sys.argv[1], embedding=WordEmbedder("words 2"))
"""


def test_a_killed_reindex_leaves_the_old_index_in_use(library: Library):
    library.add([source_from_text(BRIDGE, id="bridge")])
    before = ids_near(library, "bridge")
    kill_when_it_says_ready(run(KILL_REINDEX, library.path))
    assert ids_near(library, "bridge") == before
    library.add([source_from_text(SOUP, id="soup")])
    assert len(list(library.path.glob("chroma-*"))) == 1
    assert library.passage_count == 5


def test_many_leftovers_do_not_crowd_out_the_known_passages(library: Library):
    library.add([source_from_text(BRIDGE, id="bridge")])
    vector = library.embed_question("The new bridge is long.")
    store = chroma(library)
    leftovers = [Passage(f"lost@0:{n}.1", "lost", n, 0, 1, 1) for n in range(400)]
    store.add(leftovers, np.tile(vector, (400, 1)), [""] * 400)
    store.close()
    with Library.open(library.path, embedding=library._embedder) as opened:
        found = opened.nearest_dense(vector, 2)
    assert len(found) == 2
    assert found[0][0].paragraph == 3


def test_without_chromas_folder_the_catalog_is_searched_and_a_writer_restores_it(library: Library):
    library.add([source_from_text(BRIDGE, id="bridge"), source_from_text(SOUP, id="soup")])
    vector = library.embed_question("old bridge")
    before = library.nearest_dense(vector, 4)
    shutil.rmtree(next(library.path.glob("chroma-*")))
    with Library.open(library.path, embedding=library._embedder) as opened:
        after = opened.nearest_dense(vector, 4)
        assert [p.id for p, _ in after] == [p.id for p, _ in before]
        np.testing.assert_allclose([c for _, c in after], [c for _, c in before], atol=1e-5)
        only = opened.nearest_dense(vector, 9, ["soup"])
        assert {p.source_id for p, _ in only} == {"soup"}
        opened.remove("soup")
    store = chroma(library)
    assert store.count() == 3
    store.close()


def test_a_second_writer_is_told_to_wait(library: Library):
    hold = "from index.folder_home import writer_lock\nimport time\n"
    hold += "with writer_lock(library.path):\n    print('ready', flush=True)\n    time.sleep(60)"
    process = run(hold, library.path)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    with pytest.raises(LibraryLockedError, match="try again"):
        library.add([source_from_text(SOUP, id="soup")])
    with pytest.raises(LibraryLockedError):
        library.remove("soup")
    assert library.sources() == ()
    process.kill()
    process.communicate()
    library.add([source_from_text(SOUP, id="soup")])


def test_the_lock_also_holds_between_threads_of_one_process(library: Library):
    with writer_lock(library.path), pytest.raises(LibraryLockedError):
        library.add([source_from_text(SOUP, id="soup")])


def test_readers_see_what_another_process_has_written(library: Library):
    library.add([source_from_text(BRIDGE, id="bridge")])
    assert len(ids_near(library, "soup")) == 3
    code = f"library.add([source_from_text({SOUP!r}, id='soup')]); library.remove('bridge')"
    said(run(code, library.path))
    assert {each.partition("@")[0] for each in ids_near(library, "soup")} == {"soup"}
    assert [summary.id for summary in library.sources()] == ["soup"]


READ_ONLY = """
print(library.sources()[0].id)
vector = library.embed_question("The old one was built in 1901.")
print(library.nearest_dense(vector, 1)[0][0].paragraph)
print(library.nearest_lexical("old", 1)[0][0].paragraph)
try:
    library.add([source_from_text("Another text.", id="another")])
except Exception as error:
    print(type(error).__name__)
"""


@pytest.mark.skipif(
    shutil.which("setpriv") is None, reason="needs setpriv to give up root's rights"
)
def test_a_read_only_library_can_be_searched_but_not_written(library: Library):
    library.add([source_from_text(BRIDGE, id="bridge")])
    library.close()
    for left in library.path.glob(f"{FILE_NAME}-*"):
        left.unlink()
    paths = [library.path, *library.path.rglob("*")]
    for path in paths:
        path.chmod(path.stat().st_mode & ~0o222)
    command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
    try:
        done = subprocess.run(
            [*command, sys.executable, "-c", START + READ_ONLY, str(library.path)],
            capture_output=True,
            text=True,
            cwd=HERE.parents[1],
            check=False,
            timeout=60,
        )
    finally:
        for path in paths:
            path.chmod(path.stat().st_mode | 0o200)
    if "setpriv:" in done.stderr:
        pytest.skip(f"can't give up root's rights here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["bridge", "2", "2", "StorageError"]


@pytest.mark.parametrize(
    ("error", "expected", "said"),
    [
        (sqlite3.OperationalError("database or disk is full"), StorageError, "full"),
        (sqlite3.OperationalError("attempt to write a readonly database"), StorageError, "rights"),
        (sqlite3.OperationalError("database is locked"), LibraryLockedError, "try again"),
        (sqlite3.DatabaseError("file is not a database"), StorageError, "damaged"),
        (OSError(28, "No space left on device"), StorageError, "full"),
        (OSError(30, "Read-only file system"), StorageError, "rights"),
        (OSError(13, "Permission denied"), StorageError, "rights"),
        (OSError(5, "Input/output error"), StorageError, "Input/output"),
    ],
)
def test_each_failure_of_the_disk_is_one_sentence(error, expected, said: str, tmp_path: Path):
    with pytest.raises(expected, match=said) as caught, storage_faults(tmp_path):
        raise error
    assert str(caught.value).endswith(".")
    assert str(tmp_path) in str(caught.value)


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path, embedder):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        Library.create(tmp_path / "file", embedding=embedder)
    with pytest.raises(StorageError):
        Library.create(tmp_path / "file" / "below", embedding=embedder)


def test_an_interrupted_build_is_no_failure_of_the_storage(library: Library):
    def interrupt(event):
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        library.add([source_from_text(SOUP, id="soup")], interrupt)
    assert time.monotonic() - started < 20
    assert library.sources() == ()
    library.add([source_from_text(SOUP, id="soup")])


def test_a_stored_text_that_was_changed_is_reported_as_damage(library: Library):
    library.add([source_from_text("The bridge is 312 metres long.", id="bridge")])
    library.close()
    with sqlite3.connect(library.path / FILE_NAME) as connection:
        connection.execute("UPDATE versions SET text = replace(text, '312', '313')")
    connection.close()
    with pytest.raises(StorageError, match="stored text of 'bridge' has changed"):
        library.indexed("bridge")


def test_vectors_that_cannot_be_read_are_reported_as_damage(library: Library):
    library.add([source_from_text("The bridge is 312 metres long.", id="bridge")])
    library.close()
    with sqlite3.connect(library.path / FILE_NAME) as connection:
        connection.execute("UPDATE sentences SET vector = x'0102'")
    connection.close()
    with pytest.raises(StorageError, match="damaged"):
        library.indexed("bridge")
