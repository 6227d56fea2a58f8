"""Documents that are broken or made to do harm: each is refused in one sentence, the rest go in."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import sys
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import Document, Refused, read_documents, read_path
from index.intake import documents
from index.readers.article import Article, Job, Problem
from index.readers.sandbox import Limits, Sandbox
from tests.index.readers import making
from tests.index.readers.making import BRIDGE, TOLL

SUFFIXES = sorted(making.samples())


def outcomes(data: bytes, name: str, sandbox: Sandbox | None = None) -> list[Document | Refused]:
    read = list(read_documents(data, name, uri="file:///a", sandbox=sandbox))
    assert read
    for each in read:
        if isinstance(each, Refused):
            assert each.reason.endswith(".")
            assert "\n" not in each.reason
            assert "Traceback" not in each.reason
            assert len(each.reason) < 1000
            continue
        source, end = each.source, 0
        for place in source.places:
            assert end <= place.start < place.end <= len(source.text)
            end = place.end
    return read


def reasons(data: bytes, name: str) -> list[str]:
    return [each.reason for each in outcomes(data, name) if isinstance(each, Refused)]


# --- archives ------------------------------------------------------------------------------------


def test_a_zip_bomb_is_refused() -> None:
    bomb = making.zipped({"a.txt": b"0" * 20_000_000})
    assert len(bomb) < 50_000
    assert "200 times" in reasons(bomb, "a.zip")[0]
    assert "200 times" in reasons(making.zipped({"in.zip": bomb}), "a.zip")[0]
    assert (
        "200 times" in reasons(making.zipped({"word/document.xml": b"0" * 20_000_000}), "a.docx")[0]
    )


def test_an_archive_that_lies_about_its_size_gives_no_more_than_it_says() -> None:
    data = bytearray(making.zipped({"a.txt": b"0123456789" * 1000}))
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    assert "damaged" in reasons(bytes(data), "a.zip")[0]


def test_archives_in_archives_have_an_end() -> None:
    data = making.zipped({"a.txt": BRIDGE})
    for _ in range(3):
        data = making.zipped({"in.zip": data, "b.txt": TOLL})
    read = outcomes(data, "out.zip")
    refused = [each for each in read if isinstance(each, Refused)]
    assert [each.name for each in refused] == ["out.zip/in.zip/in.zip/in.zip/a.txt"]
    assert "too deeply" in refused[0].reason
    assert sum(isinstance(each, Document) for each in read) == 3


@pytest.mark.parametrize(
    "name", ["../a.txt", "b/../../a.txt", "/etc/a.txt", "C:\\a.txt", "..\\a.txt"]
)
def test_a_name_that_leads_out_of_the_archive_is_refused(name: str) -> None:
    read = outcomes(making.zipped({name: BRIDGE, "b.txt": TOLL}), "a.zip")
    assert [isinstance(each, Refused) for each in read] == [True, False]


def test_too_many_files_and_encrypted_ones_are_refused() -> None:
    many = making.zipped({f"{n}.txt": b"" for n in range(10_001)})
    assert "10,000 files" in reasons(many, "a.zip")[0]
    data = bytearray(making.zipped({"a.txt": BRIDGE}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    assert "encrypted" in reasons(bytes(data), "a.zip")[0]


def test_an_empty_archive_is_refused() -> None:
    assert "no files" in reasons(making.zipped({}), "a.zip")[0]


# --- XML -----------------------------------------------------------------------------------------

LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {after} "{f"&{before};" * 10}">' for before, after in pairwise("abcdefghij")
)
LAUGHS += "]>"
QUADRATIC = f'<!DOCTYPE x [<!ENTITY a "{"ha" * 20_000}">]>'
OTHER_FILE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("start", [LAUGHS, QUADRATIC, OTHER_FILE], ids=["laughs", "long", "file"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_with_entities_of_its_own_is_refused(start: str, encoding: str) -> None:
    item = making.rss_item(text="&j;" * 100 + "&a;" * 1000)
    feed = making.rss(item, start=start).decode().replace('"utf-8"', f'"{encoding}"')
    assert "entities" in reasons(feed.encode(encoding), "a.rss")[0]
    book = making.epub(f"<p>{BRIDGE}</p>", package_start=start)
    assert "entities" in reasons(book, "a.epub")[0]


def test_a_word_document_with_entities_is_refused() -> None:
    parts = zipfile.ZipFile(io.BytesIO(making.docx(BRIDGE)))
    entries = {name: parts.read(name) for name in parts.namelist()}
    body = entries["word/document.xml"].replace(b"<w:document", LAUGHS.encode() + b"<w:document", 1)
    assert "entities" in reasons(making.zipped(entries | {"word/document.xml": body}), "a.docx")[0]


def test_html_knows_no_entities_but_those_of_html() -> None:
    page = f"{LAUGHS}<html><body><p>&j; {BRIDGE}</p></body></html>".encode()
    for each in outcomes(page, "a.html"):
        assert isinstance(each, Refused) or len(each.source.text) < 2000


# --- depth and size ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "name"),
    [
        pytest.param(b"<div>" * 2_000_000, "a.html", id="tags"),
        pytest.param(b"<table><tr><td>" * 600_000, "a.html", id="tables"),
        pytest.param(b"[" * 1_000_000, "a.json", id="brackets"),
        pytest.param(b'{"a":' * 100_000, "a.jsonl", id="objects"),
        pytest.param(b"<rss><channel><item>" + b"<b>" * 500_000, "a.rss", id="feed"),
    ],
)
def test_deep_nesting_is_refused(data: bytes, name: str) -> None:
    assert reasons(data, name)


def test_a_mail_of_parts_in_parts_has_an_end() -> None:
    parts = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(2000)
    )
    assert reasons(b"Subject: x\r\n" + parts + b"Content-Type: text/plain\r\n\r\nx", "a.eml")


def test_a_pdf_whose_pages_are_their_own_parents_is_refused() -> None:
    loop = making.pdf_with_pages(1).replace(b"/Kids [3 0 R ]", b"/Kids [2 0 R ]")
    assert reasons(loop, "a.pdf")


def test_scripts_in_a_pdf_are_neither_run_nor_text() -> None:
    action = b'<< /S /JavaScript /JS (app.alert\\("bridge fell"\\)) >>'
    page = b"/Type /Page\n/AA << /O " + action + b" >>"
    data = making.pdf([BRIDGE]).replace(b"/Type /Page\n", page + b"\n")
    data = data.replace(b"/Type /Catalog", b"/Type /Catalog /OpenAction " + action)
    assert data.count(b"JavaScript") >= 2
    (document,) = outcomes(data, "a.pdf")
    assert isinstance(document, Document)
    assert document.source.text == BRIDGE


@pytest.mark.parametrize("suffix", [".txt", ".pdf", ".zip", ".html", ".jsonl"])
def test_ten_gigabytes_of_nothing_are_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    with path.open("wb") as file:
        file.truncate(10_000_000_000)
    (refused,) = read_path(path)
    assert isinstance(refused, Refused)
    assert "larger than 100 MB" in refused.reason


def test_nothing_without_end_by_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/zero", "rb") as endless, monkeypatch.context() as patched:  # noqa: PTH123
        patched.setattr(sys, "stdin", SimpleNamespace(buffer=endless))
        (refused,) = documents(["-"], stdin_name="a.txt")
    assert isinstance(refused, Refused)
    assert "larger than 100 MB" in refused.reason


def test_a_number_of_many_digits_is_no_trap() -> None:
    data = b'{"text": "One is here.", "id": ' + b"9" * 100_000 + b"}"
    assert outcomes(data, "a.json")


# --- the process that reads ----------------------------------------------------------------------


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox(Limits(memory_bytes=400 << 20, cpu_seconds=20, wait_seconds=30))
    yield made
    made.close()


ROWS = making.lines([{"text": f"Row {n} is here. " * 2000} for n in range(40)])


def test_a_process_reads_one_document_after_the_other(sandbox: Sandbox) -> None:
    for _ in range(3):
        assert isinstance(next(iter(sandbox.read(Job("json", "a"), b'{"text": "x"}'))), Article)
    assert len(sandbox.pids()) <= 1
    list(sandbox.read(Job("jsonl", "a"), ROWS))
    first = sandbox.pids()
    list(sandbox.read(Job("jsonl", "a"), ROWS))
    assert sandbox.pids() == first


def test_a_process_that_is_killed_costs_one_document(sandbox: Sandbox) -> None:
    list(sandbox.read(Job("jsonl", "a"), ROWS))
    (pid,) = sandbox.pids()
    reading = sandbox.read(Job("jsonl", "a"), ROWS)
    assert isinstance(next(reading), Article)
    os.kill(pid, signal.SIGKILL)
    last = list(reading)[-1]
    assert isinstance(last, Problem)
    assert "broke off" in last.reason
    assert all(isinstance(each, Article) for each in sandbox.read(Job("jsonl", "a"), ROWS))
    assert sandbox.pids() != [pid]


def test_a_process_that_hangs_is_ended(sandbox: Sandbox) -> None:
    reading = sandbox.read(Job("jsonl", "a"), ROWS * 20)
    assert isinstance(next(reading), Article)
    worker = reading.gi_frame.f_locals["worker"]  # type: ignore[attr-defined]
    worker.limits = Limits(wait_seconds=0.5)
    os.kill(worker.process.pid, signal.SIGSTOP)
    last = list(reading)[-1]
    assert isinstance(last, Problem)
    assert "too long" in last.reason


def test_a_process_that_computes_too_long_is_ended() -> None:
    slow = Sandbox(Limits(cpu_seconds=1))
    page = making.page(f"<p>{BRIDGE}</p>" * 40_000)
    last = list(slow.read(Job("html", "a.html"), page))[-1]
    slow.close()
    assert isinstance(last, Problem)
    assert "too long" in last.reason


def test_a_document_that_needs_too_much_memory_is_refused() -> None:
    small = Sandbox(Limits(memory_bytes=100 << 20))
    data = json.dumps([{"text": "x", "more": [[[[]]]] * 20} for _ in range(60_000)]).encode()
    last = list(small.read(Job("json", "a.json"), data))[-1]
    assert isinstance(last, Problem)
    assert isinstance(next(iter(small.read(Job("json", "a"), b'{"text": "x"}'))), Article)
    small.close()


def test_what_comes_out_is_limited(sandbox: Sandbox) -> None:
    sandbox.limits = Limits(output_bytes=100_000)
    *articles, last = sandbox.read(Job("jsonl", "a"), ROWS)
    assert isinstance(last, Problem)
    assert len(articles) < 5


def test_whoever_stops_listening_leaves_no_process_behind(sandbox: Sandbox) -> None:
    reading = sandbox.read(Job("jsonl", "a"), ROWS)
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert sandbox.pids() == []


def test_the_process_has_no_keys_and_loads_nothing_it_does_not_need(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    list(sandbox.read(Job("json", "a"), b'{"text": "x"}'))
    list(sandbox.read(Job("json", "a"), b'{"text": "x"}'))
    for pid in sandbox.pids():
        process = Path(f"/proc/{pid}")
        assert b"secret" not in (process / "environ").read_bytes()
        loaded = (process / "maps").read_text()
        assert not any(name in loaded for name in ("numpy", "sqlite", "chromadb"))


# --- anything ------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_document_that_is_cut_off_is_read_as_far_or_refused(suffix: str) -> None:
    data = making.samples()[suffix]
    for share in (0.1, 0.5, 0.9, 0.99):
        outcomes(data[: int(len(data) * share)], f"a{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_random_bytes_are_refused(suffix: str) -> None:
    chance = random.Random(suffix)
    for size in (100, 3000):
        assert all(
            isinstance(each, Refused) for each in outcomes(chance.randbytes(size), f"a{suffix}")
        )


@settings(max_examples=60)
@given(st.data())
def test_a_changed_document_gives_sources_or_sentences(data: st.DataObject) -> None:
    suffix = data.draw(st.sampled_from(SUFFIXES))
    document = bytearray(making.samples()[suffix])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(document) - 1))
        change = data.draw(st.binary(max_size=6))
        document[at : at + data.draw(st.integers(0, 20))] = change
    outcomes(bytes(document), f"a{suffix}")


@settings(max_examples=30)
@given(st.text(max_size=300), st.sampled_from(["json", "html", "eml", "rss", "docx"]))
def test_any_text_comes_out_storable(text: str, kind: str) -> None:
    made = {
        "json": lambda: json.dumps({"text": text}).encode(),
        "html": lambda: making.page(f"<p>{text}</p>".encode("utf-8", "replace").decode()),
        "eml": lambda: making.mail(text.encode("utf-8", "replace").decode()),
        "rss": lambda: making.rss(making.rss_item(text=text.encode("utf-8", "replace").decode())),
        "docx": lambda: making.docx("".join(sign for sign in text if sign.isprintable())),
    }[kind]()
    outcomes(made, f"a.{kind}")


def test_a_sound_entry_of_an_archive_outlives_a_harmful_one() -> None:
    data = making.zipped({"a.html": b"<div>" * 2_000_000 + os.urandom(80_000), "b.txt": TOLL})
    read = outcomes(data, "a.zip")
    assert [isinstance(each, Document) for each in read] == [False, True]
