"""A library on a Chroma server: several readers, one writer, and nothing lost."""

from __future__ import annotations

import hashlib
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from index import (
    Document,
    Filter,
    Library,
    LibraryLockedError,
    LibraryMismatchError,
    LibraryNotFoundError,
    Origin,
    SettingsError,
    SourceError,
    StorageError,
    embeddings,
    examine,
    has_library,
    mend,
    source_from_text,
)
from index.server_address import parse_address
from index.shared import home as shared_home
from index.shared import lease as leases
from index.shared import record as records
from index.shared import server as servers
from index.shared.rows import Rows
from index.shared.server import Server
from tests.chroma_server import ChromaServer
from tests.index.conftest import WordEmbedder

HERE = Path(__file__).parent
BRIDGE = "The bridge\n\nThe old bridge was built in 1901. It fell.\n\nThe new bridge is long."
SOUP = "The soup\n\nSoup needs salt. It must be hot."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    running = ChromaServer(tmp_path_factory.mktemp("chroma") / "server")
    running.start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What others have written is seen at once, not a quarter of a second later."""
    monkeypatch.setattr(shared_home, "FRESH_SECONDS", 0.0)
    # Opened by its name, a library has the embedding of these tests too.
    monkeypatch.setattr(embeddings, "NanoEmbedder", WordEmbedder)


@pytest.fixture
def address(server: ChromaServer) -> str:
    return server.address(f"library-{secrets.token_hex(4)}")


class Machines:
    """Machines with a cache of their own each, on which libraries are opened."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._patch = patch
        self._opened: list[Library] = []

    def on(self, name: str) -> Path:
        cache = self._folder / name
        cache.mkdir(exist_ok=True)
        self._patch.setenv("XDG_CACHE_HOME", str(cache))
        return cache

    def open(self, name: str, address: str, embedder: WordEmbedder | None = None) -> Library:
        self.on(name)
        opened = Library.open_or_create(address, embedding=embedder or WordEmbedder())
        self._opened.append(opened)
        return opened

    def close(self) -> None:
        for each in self._opened:
            each.close()


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    made = Machines(tmp_path, monkeypatch)
    yield made
    made.close()


def near(library: Library, question: str) -> list[str]:
    found = library.nearest_dense(library.embed_question(question), 9)
    return [passage.id for passage, _ in found]


def state(library: Library) -> dict[str, object]:
    """All that a reader can see of a library."""
    indexed = [library.indexed(each.id) for each in library.sources()]
    return {
        "sources": [(each.id, each.sha256, each.twins) for each in library.sources()],
        "texts": [each.source.text for each in indexed],
        "passages": [each.passages for each in indexed],
        "vectors": [each.sentence_vectors.tobytes() for each in indexed],
        "versions": [
            [(version.number, version.sha256, version.added) for version in library.versions(each)]
            for each in sorted(library.content())
        ],
        "near": near(library, "the old bridge"),
        "words": [(each.id, score) for each, score in library.nearest_lexical("salt bridge", 9)],
    }


def rows_on(address: str) -> dict[str, dict[str, object]]:
    """Every row of every collection of a library, as far as it isn't a lease."""
    parsed = parse_address(address)
    server = Server(parsed)
    found: dict[str, dict[str, object]] = {}
    for name in server.names(parsed.name):
        got = server.client().get_collection(name, embedding_function=None).get()
        for row_id, row in zip(got["ids"], got["metadatas"] or [], strict=True):
            if not row_id.startswith("lease-"):
                found[f"{name} {row_id}"] = dict(row or {})
    return found


# --- reading and writing from several machines


def test_another_machine_sees_the_same_library(address: str, machines: Machines):
    ours = machines.open("ours", address)
    ours.add([source_from_text(BRIDGE, id="bridge"), source_from_text(SOUP, id="soup")])
    theirs = machines.open("theirs", address)
    assert theirs.path != ours.path
    assert state(theirs) == state(ours)
    assert theirs.content_digest == ours.content_digest
    assert theirs.fingerprint == ours.fingerprint


def test_what_one_writes_the_others_see_at_their_next_question(address: str, machines: Machines):
    ours, theirs = machines.open("ours", address), machines.open("theirs", address)
    assert theirs.source_count == 0
    ours.add([source_from_text(BRIDGE, id="bridge")])
    assert near(theirs, "bridge") == near(ours, "bridge") != []
    theirs.add([source_from_text(SOUP, id="soup")])
    ours.remove("bridge")
    assert [each.id for each in theirs.sources()] == ["soup"]
    assert state(theirs) == state(ours) == state(machines.open("third", address))


def test_an_edited_source_has_its_versions_on_every_machine(address: str, machines: Machines):
    ours, theirs = machines.open("ours", address), machines.open("theirs", address)
    ours.add([source_from_text(BRIDGE, id="bridge"), source_from_text(SOUP, id="soup")])
    assert theirs.source_count == 2
    [result] = theirs.add([source_from_text(BRIDGE + "\n\nIt is red.", id="bridge")])
    assert result.outcome == "updated"
    late = machines.open("late", address)
    for library in (ours, theirs, late):
        assert [each.number for each in library.versions("bridge")] == [1, 2]
        assert library.version("bridge", 1).source.text == BRIDGE
        assert library.indexed("bridge").source.text.endswith("It is red.")
        cited = library.cited("bridge", library.versions("bridge")[0].sha256)
        assert cited is not None
        assert cited.source.text == BRIDGE
    assert state(ours) == state(theirs) == state(late)


def test_twins_and_stated_metadata_are_the_same_everywhere(address: str, machines: Machines):
    paragraphs = [f"The bridge number {n} was built in 19{n}0 by company {n}." for n in range(9)]
    text = "\n\n".join(["The bridges of the town", *paragraphs])
    one, other = f"---\npublisher: The Post\n---\n\n{text}", f"{text}\n\nThat is all."
    ours = machines.open("ours", address)
    ours.add([source_from_text(one, id="one"), source_from_text(other, id="other")])
    theirs = machines.open("theirs", address)
    assert theirs.twins("one") == ours.twins("one") == {"other"}
    assert theirs.matching(Filter(publisher="the post")) == {"one"}


def test_copies_are_the_same_twins_on_every_machine_when_the_first_of_them_goes(
    address: str, machines: Machines
):
    report = "The bridge of the town was closed on Monday for 14 days, said its mayor, Ida Holm. "
    texts = {name: report * 2 + f"\n\n© {name}" for name in ("one", "two", "three", "four")}
    ours, theirs = machines.open("ours", address), machines.open("theirs", address)
    ours.add(source_from_text(text, id=name) for name, text in texts.items())
    theirs.add([source_from_text(texts["three"] + " of Ourtown", id="three")])
    theirs.remove("one")
    for library in (ours, theirs, machines.open("late", address)):
        assert library.twins("two") == {"three", "four"}
        assert library.twins("four") == {"two", "three"}


@pytest.mark.parametrize("seed", [3, 4])
def test_whoever_comes_when_has_the_same_twins(seed: int, address: str, machines: Machines):
    """Copies of two stories, shortened, continued and edited, come, change and go."""
    chance = random.Random(seed)
    ours, theirs = machines.open("ours", address), machines.open("theirs", address)
    for step in range(25):
        known = sorted(ours.content())
        if step < 6 or chance.random() < 0.4:
            ours.add([source_from_text(retold(chance), id=f"story-{step}")])
        elif chance.random() < 0.6:
            ours.add([source_from_text(retold(chance), id=chance.choice(known))])
        else:
            ours.remove(chance.choice(known))
        assert twins_in(theirs) == twins_in(ours)
    assert any(twins_in(ours).values())
    assert twins_in(machines.open("late", address)) == twins_in(ours)
    assert examine(address) == ()


def retold(chance: random.Random) -> str:
    """A copy of one of two stories, with another title."""
    stories = []
    for number in range(2):
        teller = random.Random(number)
        words = [f"w{each}" for each in range(400)]
        stories.append([" ".join(teller.choices(words, k=14)) + "." for _ in range(10)])
    told = list(chance.choice(stories))
    if chance.random() < 0.4:
        told = told[: chance.randint(3, 9)]
    if chance.random() < 0.3:
        told += chance.choice(stories)[: chance.randint(2, 9)]
    if chance.random() < 0.5:
        told[0] = f"News {chance.random()} of something else altogether."
    return "\n\n".join([f"Title {chance.random()}", *told])


def twins_in(library: Library) -> dict[str, frozenset[str]]:
    return {each: library.twins(each) for each in sorted(library.content())}


def test_a_document_is_kept_once_and_comes_from_the_server(address: str, machines: Machines):
    ours = machines.open("ours", address)
    original = secrets.token_bytes(1_200_000)
    origin = Origin(sha256=_sha256(original), media_type="application/pdf")
    sources = [
        replace(source_from_text(text, id=name), origin=origin)
        for name, text in (("bridge", BRIDGE), ("soup", SOUP))
    ]
    ours.add([Document(each, original) for each in sources])
    theirs = machines.open("theirs", address)
    assert theirs.original("soup") == original
    theirs.remove("bridge")
    assert machines.open("third", address).original("soup") == original
    theirs.remove("soup")
    assert not any(row.get("original") for row in rows_on(address).values())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_nothing_of_a_removed_source_is_left_on_the_server(address: str, machines: Machines):
    ours = machines.open("ours", address)
    ours.add([source_from_text(SOUP, id="soup")])
    before = rows_on(address)
    ours.add([source_from_text(BRIDGE, id="bridge")])
    ours.add([source_from_text(BRIDGE + "\n\nIt is red.", id="bridge")])
    ours.remove("bridge")
    left = {row_id: row for row_id, row in rows_on(address).items() if row_id not in before}
    [tombstone] = left.values()
    assert (tombstone["kind"], tombstone["source"]) == ("remove", "bridge")
    with pytest.raises(SourceError):
        ours.indexed("bridge")


WRITE = """
for number in range(8):
    text = f"Report {number}\\n\\nThe bridge number {number} is {number} metres long."
    library.add([source_from_text(text, id=f"report-{number}")])
    if number in (3, 6):
        library.remove(f"report-{number - 2}")
print("done")
"""
READ = """
import time
end = time.monotonic() + 60
asked = 0
while time.monotonic() < end:
    seen = [each.id for each in library.sources()]
    for passage, _ in library.nearest_dense(library.embed_question("long bridge"), 5):
        try:
            text = library.indexed(passage.source_id).source.text
        except Exception as error:
            assert "no source" in str(error), error  # removed between the two questions
            continue
        assert text[passage.start : passage.end].strip()
    asked += 1
    if seen == [f"report-{each}" for each in (0, 2, 3, 5, 6, 7)]:
        break
assert seen == [f"report-{each}" for each in (0, 2, 3, 5, 6, 7)], seen
print("asked", asked > 1)
"""
START = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
from conftest import WordEmbedder
from index import Library, source_from_text
from index.shared import lease, home
lease.LOST_SECONDS = 1.0
lease.BEAT_SECONDS = 0.2
library = Library.open_or_create(sys.argv[1], embedding=WordEmbedder())
"""


def started(code: str, address: str, cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START + code, address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=HERE.parents[1],
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
    )


def said(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output.strip()


def test_readers_never_fail_while_a_writer_is_at_work(address: str, machines: Machines):
    machines.open("ours", address)
    caches = [machines.on(name) for name in ("writer", "one", "two", "two")]
    readers = [started(READ, address, cache) for cache in caches[1:]]
    writer = started(WRITE, address, caches[0])
    assert said(writer) == "done"
    assert [said(each) for each in readers] == ["asked True"] * 3


# --- two writers, and killed ones


def test_a_second_writer_is_told_to_wait(address: str, machines: Machines):
    ours, theirs = machines.open("ours", address), machines.open("theirs", address)
    with ours._writer(), pytest.raises(LibraryLockedError, match="try again when it is done"):
        theirs.add([source_from_text(SOUP, id="soup")])
    assert theirs.add([source_from_text(SOUP, id="soup")])[0].outcome == "added"


def test_a_writer_that_lost_its_lease_can_publish_nothing_over_anothers_change(
    address: str, machines: Machines, monkeypatch: pytest.MonkeyPatch
):
    ours, theirs = machines.open("ours", address), machines.open("theirs", address)
    monkeypatch.setattr(leases, "LOST_SECONDS", 0.0)
    monkeypatch.setattr(leases, "BEAT_SECONDS", 60.0)
    bridge, soup = source_from_text(BRIDGE, id="bridge"), source_from_text(SOUP, id="soup")
    with pytest.raises(LibraryLockedError, match="do it again"):
        ours.add([bridge], progress=lambda event: event.done or theirs.add([soup]))
    assert [each.id for each in ours.sources()] == ["soup"]
    assert ours.add([source_from_text(BRIDGE, id="bridge")])[0].outcome == "added"
    assert state(ours) == state(theirs) == state(machines.open("third", address))
    assert ours.passage_count == len([row for row in rows_on(address) if ".chroma-" in row])


KILLED = """
texts = [f"Report {n}\\n\\n" + "\\n\\n".join(f"Bridge {n} {p} is long." for p in range(9))
         for n in range(30)]
print("ready", flush=True)
for number, text in enumerate(texts):
    library.add([source_from_text(text, id=f"report-{number}")])
    library.add([source_from_text(text + "\\n\\nIt fell.", id=f"report-{number}")])
    if number % 3 == 2:
        library.remove(f"report-{number - 1}")
"""


def wait_for_the_last_request(address: str) -> None:
    """The server may still be at what a killed process has asked for."""
    before: object = None
    while (now := (rows_on(address), time.sleep(0.6))) != before:
        before = now


@pytest.mark.parametrize("after", [0.05, 0.4, 0.9, 1.7])
def test_a_killed_writer_leaves_a_whole_library_and_the_next_one_clears_up(
    after: float, address: str, machines: Machines, monkeypatch: pytest.MonkeyPatch
):
    theirs = machines.open("theirs", address)
    process = started(KILLED, address, machines.on("killed"))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(after)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    monkeypatch.setattr(leases, "LOST_SECONDS", 0.5)
    wait_for_the_last_request(address)
    before = state(theirs)
    assert before == state(machines.open("killed", address))
    theirs.add([source_from_text(SOUP, id="soup")])
    assert examine(address) == ()
    rows = rows_on(address)
    assert len([row for row in rows if ".chroma-" in row]) == theirs.passage_count
    changes = {row_id: row for row_id, row in rows.items() if "change-" in row_id}
    puts = [row["source"] for row in changes.values() if row["kind"] == "put"]
    assert sorted(puts) == sorted(theirs.content())
    removed = {row["source"] for row in changes.values() if row["kind"] == "remove"}
    assert not removed & set(theirs.content())
    parts = {row_id.split()[1] for row_id, row in rows.items() if row.get("is_part")}
    keys = [str(row[name]) for row in changes.values() for name in ("text", "vectors")]
    assert {part.partition(".")[0] for part in parts} == {
        key.partition(".")[0] for key in keys if key
    }


# --- indexing anew


def test_reindexing_replaces_the_record_and_keeps_every_version(address: str, machines: Machines):
    ours, theirs = machines.open("ours", address), machines.open("theirs", address)
    ours.add([source_from_text(BRIDGE, id="bridge"), source_from_text(SOUP, id="soup")])
    ours.add([source_from_text(BRIDGE + "\n\nIt is red.", id="bridge")])
    before = state(theirs)
    collections = {each.partition(" ")[0] for each in rows_on(address)}
    machines.on("third")
    Library.reindex(address, embedding=WordEmbedder()).close()
    assert state(theirs) == before
    assert state(machines.open("late", address)) == before
    assert len({each.partition(" ")[0] for each in rows_on(address)} - collections) == 2
    assert len({each.partition(" ")[0] for each in rows_on(address)}) == 3
    assert not [each for each in rows_on(address) if each.endswith(" changing")]
    assert theirs.add([source_from_text(SOUP + "\n\nEat it.", id="soup")])[0].outcome == "updated"
    assert ours.indexed("soup").source.text.endswith("Eat it.")


def test_copies_of_earlier_records_go_after_a_day(address: str, machines: Machines):
    ours = machines.open("ours", address)
    ours.add([source_from_text(BRIDGE, id="bridge")])
    [copy] = ours.path.glob("catalog-*.db")
    Library.reindex(address, embedding=WordEmbedder()).close()
    assert ours.source_count == 1
    assert copy.exists()
    os.utime(copy, (0, 0))
    assert machines.open("ours", address).source_count == 1
    assert len(list(ours.path.glob("catalog-*.db"))) == 1
    assert not copy.exists()


def test_another_embedding_is_a_mismatch_that_names_the_mending_command(
    address: str, machines: Machines
):
    ours = machines.open("ours", address)
    ours.add([source_from_text(BRIDGE, id="bridge")])
    other = WordEmbedder("words 2")
    with pytest.raises(LibraryMismatchError, match=f"pincite reindex --library {address}"):
        Library.open(address, embedding=other)
    Library.reindex(address, embedding=other).close()
    with pytest.raises(LibraryMismatchError, match="open it again"):
        ours.sources()
    assert Library.open(address, embedding=other).source_count == 1


# --- what goes wrong


def test_a_server_that_is_down_is_told_and_used_again_when_it_is_back(
    tmp_path: Path, machines: Machines
):
    running = ChromaServer(tmp_path / "server")
    address = running.address("news")
    with pytest.raises(StorageError, match=r"can't be used .*: check that it runs"):
        has_library(address)
    running.start()
    try:
        with pytest.raises(LibraryNotFoundError, match=f"pincite add --library {address}"):
            Library.open(address)
        ours = machines.open("ours", address)
        ours.add([source_from_text(BRIDGE, id="bridge")])
        running.stop()
        with pytest.raises(StorageError, match="check that it runs"):
            ours.sources()
        with pytest.raises(StorageError, match="check that it runs"):
            ours.add([source_from_text(SOUP, id="soup")])
        running.start()
        assert ours.add([source_from_text(SOUP, id="soup")])[0].outcome == "added"
        assert near(ours, "bridge")
    finally:
        running.stop()


def test_a_server_that_says_nothing_or_is_no_chroma_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(servers, "FIRST_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"chroma://127.0.0.1:{silent.getsockname()[1]}/news"
        with pytest.raises(StorageError, match=r"can't be used \(timed out\)"):
            Library.open(address)
    other = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    threading.Thread(target=other.handle_request, daemon=True).start()
    with pytest.raises(StorageError, match="what answers there is no Chroma server: 501"):
        Library.open(f"chroma://127.0.0.1:{other.server_port}/news")
    other.server_close()


def test_there_is_one_library_of_a_name(address: str, machines: Machines):
    machines.open("ours", address)
    with pytest.raises(StorageError, match="already"):
        Library.create(address, embedding=WordEmbedder())
    assert has_library(address)


def test_a_closed_library_opens_again_when_it_is_used(address: str, machines: Machines):
    ours, theirs = machines.open("ours", address), machines.open("theirs", address)
    ours.add([source_from_text(BRIDGE, id="bridge")])
    before = state(ours)
    ours.close()
    assert state(theirs) == before
    theirs.close()
    assert state(ours) == before
    assert ours.add([source_from_text(SOUP, id="soup")])[0].outcome == "added"


def test_a_lost_or_damaged_copy_is_fetched_anew(address: str, machines: Machines):
    ours = machines.open("ours", address)
    ours.add([source_from_text(BRIDGE, id="bridge")])
    before = state(ours)
    ours.close()
    [copy] = ours.path.glob("catalog-*.db")
    copy.write_bytes(b"junk" * 1000)
    assert state(machines.open("ours", address)) == before
    shutil.rmtree(ours.path)
    assert state(machines.open("ours", address)) == before


def test_the_doctor_mends_the_copy_and_the_passages(address: str, machines: Machines):
    ours = machines.open("ours", address)
    ours.add([source_from_text(BRIDGE, id="bridge"), source_from_text(SOUP, id="soup")])
    assert examine(address) == ()
    before = state(ours)
    store = ours._current().store
    store.remove(sorted(store.ids())[:1])
    with ours._catalog.writing() as connection:
        connection.execute("UPDATE sentences SET start = start + 1")
    assert [each.part for each in examine(address)][:1] == ["computed"]
    mended = mend(address)
    assert len(mended.done) == 2
    assert mended.left == ()
    assert examine(address) == ()
    assert state(machines.open("ours", address)) == before


def test_a_text_that_was_changed_on_the_server_is_told_and_never_read(
    address: str, machines: Machines
):
    ours = machines.open("ours", address)
    ours.add([source_from_text(BRIDGE, id="bridge")])
    record = records.Record(Server(parse_address(address)), ours._home._epoch.record)  # type: ignore[attr-defined]
    [change] = record.since(0)
    row = json.loads(zlib.decompress(record.blobs([change.text])[0]))
    row[-1] = row[-1].replace("1901", "1902")
    rows = Rows(Server(parse_address(address)), ours._home._epoch.record)  # type: ignore[attr-defined]
    rows.write_bytes([change.text.replace(".1", ".0")], zlib.compress(json.dumps(row).encode()), {})
    with pytest.raises(StorageError, match=r"damaged .*has changed"):
        machines.open("theirs", address).sources()


# --- addresses


@pytest.mark.parametrize(
    ("written", "host", "port", "name"),
    [
        ("chroma://server:8123/news", "server", 8123, "news"),
        ("chroma://server/news_2-b", "server", 8000, "news_2-b"),
        ("chroma+https://server/news", "server", 443, "news"),
        ("chroma://[::1]:9000/news", "::1", 9000, "news"),
    ],
)
def test_an_address_says_where_the_server_and_what_the_library_is(written, host, port, name):
    parsed = parse_address(written)
    assert (parsed.host, parsed.port, parsed.name) == (host, port, name)
    assert parse_address(str(parsed)) == parsed


@pytest.mark.parametrize(
    "wrong",
    [
        "chroma://", "chroma://server", "chroma://server/", "chroma://server/a", "chroma:///news",
        "chroma://server:port/news", "chroma://server:99999/news", "chroma://server/news/more",
        "chroma://server/news?x=1", "chroma://server/news#1", "chroma://me:secret@server/news",
        "http://server/news", "qdrant://server/news", "chroma://server/new s", "://", "chroma://[/x",
    ],
)  # fmt: skip
def test_what_is_no_address_is_told_without_repeating_a_password(wrong: str):
    with pytest.raises(SettingsError, match="is no address of a library") as caught:
        Library.open(wrong)
    assert "secret" not in str(caught.value)
