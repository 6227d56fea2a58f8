from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import SourceError, find_texts, read_source, slug, source_from_text
from index.sources import MAX_SLUG_CHARS, MAX_SOURCE_BYTES


def write(folder: Path, data: bytes, name: str = "text.txt") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param("Ünïcode\r\n text ".encode(), "Ünïcode\r\n text ", id="utf-8 verbatim"),
        pytest.param(b"\xef\xbb\xbfText", "Text", id="one mark removed"),
        pytest.param(b"\xef\xbb\xbf\xef\xbb\xbfText", "\ufeffText", id="only the first mark"),
        pytest.param("Текст".encode("utf-16"), "Текст", id="utf-16 with mark"),
        pytest.param("Text".encode("utf-16-le"), "Text", id="utf-16 without mark"),
        pytest.param(b"\xfe\xff" + "Текст".encode("utf-16-be"), "Текст", id="utf-16 big endian"),
    ],
)
def test_a_text_is_stored_as_decoded(tmp_path: Path, data: bytes, text: str):
    assert read_source(write(tmp_path, data)).text == text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b" \r\n\t\n", "empty", id="white space only"),
        pytest.param("Größe".encode("latin-1"), "UTF-8", id="latin-1"),
        pytest.param(b"Text\0more", "binary", id="nul"),
        pytest.param(b"\x01\x02\x03\x04abc" * 9, "binary", id="control characters"),
        pytest.param(b"\xff\xfeA", "UTF-8", id="half a utf-16 character"),
        pytest.param(b"\xff\xfe\x00\xd8A\x00", "UTF-8", id="utf-16 surrogate"),
        pytest.param(b"a" * (MAX_SOURCE_BYTES + 1), "20 MB", id="too large"),
    ],
)
def test_what_is_no_text_is_refused_in_one_sentence(tmp_path: Path, data: bytes, said: str):
    with pytest.raises(SourceError, match=said) as caught:
        read_source(write(tmp_path, data))
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_a_missing_file_a_folder_and_another_kind_are_refused(tmp_path: Path):
    with pytest.raises(SourceError, match="no file"):
        read_source(tmp_path / "none.txt")
    with pytest.raises(SourceError, match="folder"):
        read_source(tmp_path)
    with pytest.raises(SourceError, match=r"save it as one of .*\.html"):
        read_source(write(tmp_path, b"\x89PNG", "picture.png"))


def test_the_file_name_gives_id_and_uri(tmp_path: Path):
    path = write(tmp_path, b"Text", "Größe & Мир.txt")
    source = read_source(path)
    assert source.id == "grosse-mir"
    assert source.uri == path.as_uri()


@pytest.mark.parametrize("text", ["", " \n", "half \ud800 character", "a\0b"])
def test_a_given_text_is_checked_like_a_file(text: str):
    with pytest.raises(SourceError):
        source_from_text(text, id="given")


def test_an_id_must_be_a_slug():
    with pytest.raises(SourceError, match="'not-a-slug'"):
        source_from_text("Text", id="Not a slug!")


@given(st.text())
def test_a_slug_is_short_plain_stable_and_never_empty(name: str):
    made = slug(name)
    assert 0 < len(made) <= MAX_SLUG_CHARS
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug(made) == made


def test_folders_give_their_texts_sorted_and_each_once(tmp_path: Path):
    (tmp_path / "deep").mkdir()
    for name in ("b.txt", "a.md", "deep/c.TXT", "picture.png"):
        write(tmp_path, b"Text", name)
    found = find_texts([tmp_path, tmp_path / "a.md"])
    assert [path.name for path in found] == ["a.md", "b.txt", "c.TXT"]


def test_a_folder_without_texts_is_an_error(tmp_path: Path):
    with pytest.raises(SourceError, match="holds no"):
        find_texts([tmp_path])


def test_patterns_find_files_too(tmp_path: Path):
    (tmp_path / "news").mkdir()
    for name in ("b.txt", "news/a.pdf", "news/c.html", "news/picture.png"):
        write(tmp_path, b"Text", name)
    found = find_texts([str(tmp_path / "n*" / "*"), tmp_path / "*.txt"])
    assert [path.name for path in found] == ["a.pdf", "c.html", "b.txt"]
    assert find_texts([tmp_path / "*"]) == find_texts([tmp_path / "b.txt", tmp_path / "news"])
    with pytest.raises(SourceError, match="No file matches"):
        find_texts([tmp_path / "*.docx"])


def test_a_file_whose_name_looks_like_a_pattern_is_itself(tmp_path: Path):
    path = write(tmp_path, b"Text", "[1].txt")
    assert find_texts([path]) == [path]


def test_a_file_of_several_texts_is_no_single_source(tmp_path: Path):
    rows = b"title,text\nA,The bell is old.\nB,The mill is new.\n"
    with pytest.raises(SourceError, match="2 texts"):
        read_source(write(tmp_path, rows, "rows.csv"))
