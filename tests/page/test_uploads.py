"""Texts that are given through the page become sources, and each bad one is told."""

from __future__ import annotations

import html
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from assistant import Assistant
from index import Library
from page import uploads
from page.uploads import Upload, add_uploads

BELL = "The bell of Rila weighs nine tons."
MILL = "The mill of Osk was built in 1911."
BELLS = " ".join(f"The bell number {n} weighs {n} tons." for n in range(40))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Assistant]:
    with Library.create(tmp_path / "library") as library:
        yield Assistant(library)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the server keeps uploaded files; its name is awkward on purpose."""
    folder = tmp_path / "it's kept here" / "0a1b"
    folder.mkdir(parents=True)
    return folder


def given(folder: Path, name: str, content: bytes | str) -> Upload:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Upload(name, path)


def lines(shown: str) -> list[str]:
    """What became of each text, as it is read."""
    items = re.findall(r"<li.*?</li>", shown, re.DOTALL)
    return [" ".join(html.unescape(re.sub("<[^>]*>", "", item)).split()) for item in items]


def added(assistant: Assistant, *given: Upload) -> list[str]:
    return lines(list(add_uploads(assistant, given))[-1].html())


# --- what becomes of a text ----------------------------------------------------------------------


def test_a_file_and_a_pasted_text_go_in_as_they_are(own: Assistant, folder: Path) -> None:
    text = f"# <b>Bells</b>\r\n\r\n{BELL}\r\n"
    file = given(folder, "On Bells.md", text)
    assert added(own, file, Upload("The mill", text=MILL)) == [
        "added On Bells.md as on-bells",
        "added The mill as the-mill",
    ]
    assert own.library.indexed("on-bells").source.text == text
    assert own.library.indexed("the-mill").source.text == MILL
    assert own.ask("When was the mill of Osk built?").citations[0].source_id == "the-mill"


def test_a_file_of_several_texts_gives_a_source_each(own: Assistant, folder: Path) -> None:
    rows = f"title,text\nBell,{BELL}\nNone,\nMill,{MILL}\n"
    assert added(own, given(folder, "news.csv", rows)) == [
        "added news.csv as bell",
        "refused news.csv, row 3: Its 'text' holds no text: fill it in or leave it out.",
        "added news.csv as mill",
    ]


def test_where_the_server_keeps_a_file_is_stored_nowhere(own: Assistant, folder: Path) -> None:
    added(own, given(folder, "bell.txt", BELL))
    assert own.library.indexed("bell").source.uri is None


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("paper.pdf", b"%PDF-", "It can't be read as a PDF: it is damaged, or isn't one."),
        ("none", BELL, "It has no ending, and isn't what can be read: save it as one of .atom"),
        ("empty.txt", b" \n", "'empty' is empty: leave it out."),
        ("wide.txt", b"The bell\0of Rila", "It holds binary data, not text"),
        ("latin.txt", "Brücke".encode("latin-1"), "can't be told safely: save it as UTF-8."),
        ("large.txt", b"word " * 4_000_001, "is larger than 20 MB: split it"),
    ],
)
def test_a_bad_file_is_told_and_the_others_go_in(
    own: Assistant, folder: Path, name: str, content: bytes | str, told: str
) -> None:
    bad = given(folder, name, content)
    first, second, third = added(own, Upload("a", text=BELL), bad, Upload("b", text=MILL))
    assert (first, third) == ("added a as a", "added b as b")
    assert second.startswith(f"refused {name}: ")
    assert told in second
    assert folder.parent.name not in second
    assert list(own.library.content()) == ["a", "b"]


def test_a_file_that_has_gone_is_told_without_its_folder(own: Assistant, folder: Path) -> None:
    (line,) = added(own, Upload("gone.txt", folder / "gone.txt"))
    assert line.startswith("refused gone.txt: There is no file")
    assert folder.parent.name not in line


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "<img src=x onerror=alert(1)>", "\u202etxt.exe", "\x00\x1b[2J", "", "…"],
)
def test_a_hostile_name_is_shown_as_text_and_becomes_an_id(own: Assistant, name: str) -> None:
    shown = [each.html() for each in add_uploads(own, [Upload(name, text=BELL)])]
    assert not set("\x00\x1b\u202e") & set("".join(shown))
    assert "<img" not in "".join(shown)
    (source_id,) = own.library.content()
    assert re.fullmatch("[a-z0-9-]+", source_id)
    assert lines(shown[-1])[0].endswith(f"as {source_id}")


def test_it_is_told_how_far_a_text_is(own: Assistant) -> None:
    telling = add_uploads(own, [Upload("bells", text=BELLS), Upload("mill", text=MILL)])
    shown = [each.html() for each in telling]
    assert "bells: reading …" in shown[0]
    percent = [int(each) for each in re.findall(r"bells: indexed (\d+) %", "".join(shown))]
    assert percent == sorted(percent)
    assert percent
    assert percent[0] < 100
    assert all("waiting" in each for each in shown[:-1])
    assert "waiting" not in shown[-1]


# --- names and contents that are there already ---------------------------------------------------


def test_another_text_of_the_same_name_gets_a_free_id(own: Assistant, folder: Path) -> None:
    long = "n" * 80
    for name in ("bell", long):
        texts = [Upload(name, text=f"{BELL} {name} {n}") for n in range(3)]
        assert [line.split()[-1] for line in added(own, *texts)] == [
            name,
            f"{name[:70]}-2",
            f"{name[:70]}-3",
        ]
    assert own.library.indexed("bell").source.text == f"{BELL} bell 0"
    assert added(own, given(folder, "bell.txt", MILL)) == ["added bell.txt as bell-4"]


def test_the_same_content_goes_in_once(own: Assistant) -> None:
    added(own, Upload("bell", text=BELL), Upload("bell", text=MILL))
    already = "the library has this text already."
    assert added(own, Upload("bell", text=BELL)) == [f"unchanged bell as bell: {already}"]
    assert added(own, Upload("bell", text=MILL)) == [f"unchanged bell as bell-2: {already}"]
    assert added(own, Upload("other", text=BELL)) == [
        "refused other: It has the same content as 'bell': leave it out."
    ]
    assert list(own.library.content()) == ["bell", "bell-2"]


def test_texts_of_one_name_that_are_added_at_once_all_go_in(own: Assistant) -> None:
    texts = [f"The bell number {n} weighs {n} tons." for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda text: added(own, Upload("bell", text=text)), texts))
    assert all(line.startswith("added bell as bell") for (line,) in told)
    stored = {own.library.indexed(id).source.text for id in own.library.content()}
    assert stored == set(texts)


# --- a library that can't be written just now ----------------------------------------------------


def writer(assistant: Assistant) -> FileLock:
    """The lock that another process holds while it writes to the library."""
    return FileLock(assistant.library.path / "writer.lock", thread_local=False)


def test_a_text_waits_for_another_process_that_is_writing(own: Assistant) -> None:
    lock = writer(own)
    lock.acquire()
    release = threading.Timer(1, lock.release)
    release.start()
    assert added(own, Upload("bell", text=BELL)) == ["added bell as bell"]
    release.join()


def test_a_process_that_goes_on_writing_is_told_without_the_folder(
    own: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LOCKED_SECONDS", 0.5)
    with writer(own):
        (line,) = added(own, Upload("bell", text=BELL))
    assert line == (
        "refused bell: Another process is writing to the library: try again when it is done."
    )
    assert added(own, Upload("bell", text=BELL)) == ["added bell as bell"]


def test_a_text_goes_in_although_nobody_listens_any_more(own: Assistant) -> None:
    telling = add_uploads(own, [Upload("bells", text=BELLS)])
    next(telling)
    assert "indexed" in next(telling).doing
    telling.close()
    give_up = time.monotonic() + 60
    while not own.library.content() and time.monotonic() < give_up:
        time.sleep(0.05)
    assert list(own.library.content()) == ["bells"]
