"""An evidence bundle can be checked by anybody, and nothing in it can be altered unseen."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant import (
    Answer,
    AnswerError,
    Assistant,
    Citation,
    Claim,
    LibraryStamp,
    StorageError,
    bundle_check,
)
from assistant.bundle import write_bundle
from assistant.citations import cite
from assistant.drafts import Quote
from assistant.stored_answers import StoredAnswer, read_answers
from assistant.verifying import FileSources, LibrarySources
from index import IndexedSource

VERIFIER = Path(bundle_check.__file__)
VALLEY = "Rain 🌧 in the valley\r\n\r\nIt rained.\r\n \t\r\n  “Nobody was hurt,” she said.\r\n"
HILL = "\n\n\nOn the hill the sun shone.\n\u2028\n\x0cIt was warm – 30°C.\n\n\n"

Indexed = Callable[..., IndexedSource]


@dataclass(frozen=True)
class Texts:
    indexed: tuple[IndexedSource, ...]

    def find(self, source_id: str, sha256: str) -> IndexedSource | None:
        return next((each for each in self.indexed if each.source.sha256 == sha256), None)

    def superseded(self, indexed: IndexedSource) -> None:
        return None


def cited(indexed: IndexedSource, quote: str, paragraph: int) -> Citation:
    found = cite(Quote(indexed.source.id, paragraph, quote), indexed)
    assert found is not None
    return found


def answered(*citations: Citation, place: str = "line 1") -> StoredAnswer:
    numbered = tuple(c.model_copy(update={"number": n}) for n, c in enumerate(citations, 1))
    answer = Answer(
        id="1",
        question="Did it “rain”?\u2028\ud800",
        standalone_question="Did it rain?",
        engine="extractive",
        claims=(Claim(text="It did.", citations=tuple(c.number for c in numbered)),),
        citations=numbered,
        library=LibraryStamp(fingerprint="f", sources=1, paragraphs=3),
    )
    return StoredAnswer(place, answer)


@pytest.fixture(scope="module")
def texts(indexed: Indexed) -> Texts:
    return Texts((indexed(VALLEY, "valley"), indexed(HILL, "hill")))


@pytest.fixture(scope="module")
def answers(texts: Texts) -> list[StoredAnswer]:
    valley, hill = texts.indexed
    return [
        answered(cited(valley, "It rained.", 2), cited(hill, "It was warm – 30°C.", 2)),
        answered(cited(valley, "“Nobody was hurt,” she said.", 3), place="line 2"),
    ]


@pytest.fixture
def bundle(tmp_path: Path, texts: Texts, answers: list[StoredAnswer]) -> Path:
    path = tmp_path / "out.zip"
    write_bundle(path, answers, texts)
    return path


@dataclass(frozen=True)
class Done:
    code: int
    out: str


def verified(*arguments: Path | str, verifier: Path = VERIFIER, cwd: Path | None = None) -> Done:
    """Runs a verifier by itself: no environment, no packages, nothing of Pincite's."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", verifier, *arguments],
        env={},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return Done(done.returncode, done.stdout)


def unpacked(bundle: Path) -> Path:
    folder = bundle.with_suffix("")
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    return folder


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


WHOLE = Done(0, "All files are whole, all 3 citations hold.\n")

# --- what is in it -------------------------------------------------------------------------------


def test_a_bundle_has_the_answers_the_cited_texts_and_the_verifier(
    bundle: Path, answers: list[StoredAnswer]
) -> None:
    with zipfile.ZipFile(bundle) as archive:
        assert archive.namelist() == sorted(archive.namelist())
        files = {name: archive.read(name) for name in archive.namelist()}
    assert sorted(files) == [
        *("README.txt", "answers.jsonl", "manifest.json", "manifest.sha256"),
        *("sources/hill.txt", "sources/valley.txt", "verify.py"),
    ]
    assert files["sources/valley.txt"] == VALLEY.encode()
    assert files["sources/hill.txt"] == HILL.encode()
    assert files["verify.py"] == VERIFIER.read_bytes()
    lines = files["answers.jsonl"].decode().split("\n")
    assert [Answer.from_dict(json.loads(line)) for line in lines[:-1]] == [
        each.answer for each in answers
    ]
    manifest = json.loads(files["manifest.json"])
    assert manifest["schema"] == "pincite.bundle/1"
    assert manifest["files"] == {
        name: hashlib.sha256(data).hexdigest()
        for name, data in files.items()
        if not name.startswith("manifest")
    }


def test_only_cited_texts_are_in_it(tmp_path: Path, texts: Texts) -> None:
    write_bundle(tmp_path / "out.zip", [answered(cited(texts.indexed[1], "It was", 2))], texts)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = [name for name in archive.namelist() if name.startswith("sources/")]
    assert names == ["sources/hill.txt"]


def test_the_same_answers_make_the_same_bundle(
    bundle: Path, texts: Texts, answers: list[StoredAnswer]
) -> None:
    first = bundle.read_bytes()
    write_bundle(bundle, iter(answers), Texts(texts.indexed[::-1]))
    assert bundle.read_bytes() == first


def test_a_bundle_is_itself_something_to_verify(bundle: Path, answers: list[StoredAnswer]) -> None:
    folder = unpacked(bundle)
    assert list(read_answers(folder / "answers.jsonl")) == answers
    assert FileSources([folder / "sources"]).find("valley", "") is not None


@pytest.mark.parametrize(
    "source_id", ["../../etc/passwd", "/x/y", "C:\\x", "a\0b", "", "ä/ö", "\ud800", "x" * 999]
)
def test_file_names_are_tame_whatever_the_ids_are(
    tmp_path: Path, texts: Texts, source_id: str
) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "valley.txt").write_bytes(VALLEY.encode())
    sources = FileSources([tmp_path / "texts"])
    citation = cited(texts.indexed[0], "It rained.", 2)
    answer = answered(citation.model_copy(update={"source_id": source_id}), citation)
    write_bundle(tmp_path / "out.zip", [answer], sources)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert all(bundle_check.OURS.fullmatch(name) for name in archive.namelist())
    assert verified(tmp_path / "out.zip").code == 0


def test_two_texts_under_ids_that_make_one_name_are_both_in_it(
    tmp_path: Path, indexed: Indexed, texts: Texts
) -> None:
    valley, hill = texts.indexed
    first = cited(valley, "It rained.", 2).model_copy(update={"source_id": "A b"})
    second = cited(hill, "It was warm", 2).model_copy(update={"source_id": "a-b"})
    (tmp_path / "texts").mkdir()
    for name, text in {"x.txt": VALLEY, "y.txt": HILL}.items():
        (tmp_path / "texts" / name).write_bytes(text.encode())
    sources = FileSources([tmp_path / "texts"])
    write_bundle(tmp_path / "out.zip", [answered(first, second)], sources)
    assert verified(tmp_path / "out.zip").code == 0


# --- when it is written --------------------------------------------------------------------------


def test_what_does_not_hold_is_not_bundled(
    tmp_path: Path, texts: Texts, answers: list[StoredAnswer]
) -> None:
    bad = answers[1].answer.citations[0].model_copy(update={"quote": "“Two were hurt,” she said."})
    refused = [*answers, answered(bad, place="line 3")]
    with pytest.raises(AnswerError, match=r"No bundle is written, as citation \[1\] of line 3"):
        write_bundle(tmp_path / "out.zip", refused, texts)
    claim = Claim(text="It hailed.", citations=())
    uncited = answers[0].answer.model_copy(update={"claims": (claim,)})
    with pytest.raises(AnswerError, match="a statement of line 9 can't be checked: it has no cit"):
        write_bundle(tmp_path / "out.zip", [StoredAnswer("line 9", uncited)], texts)
    assert not list(tmp_path.iterdir())


def test_only_a_bundle_is_written_over(
    tmp_path: Path, texts: Texts, answers: list[StoredAnswer]
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Dear diary")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("photo.jpg", b"")
    for path in (notes, tmp_path, tmp_path / "photos.zip"):
        with pytest.raises(StorageError, match="is there already and is no bundle"):
            write_bundle(path, answers, texts)
    assert notes.read_text() == "Dear diary"


@pytest.mark.parametrize("name", ["nowhere/out.zip", "a\0b", "~nobody-here/x", "x" * 300])
def test_a_bundle_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, name: str, texts: Texts, answers: list[StoredAnswer]
) -> None:
    with pytest.raises(StorageError, match="can't be written"):
        write_bundle(tmp_path / name if "~" not in name else Path(name), answers, texts)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_the_earlier_bundle_as_it_was(
    bundle: Path, texts: Texts, answers: list[StoredAnswer], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bundle.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        write_bundle(bundle, answers[:1], texts)
    assert bundle.read_bytes() == before
    assert [each.name for each in bundle.parent.iterdir()] == [bundle.name]


def test_a_bundle_that_the_verifier_would_not_read_is_not_written(
    tmp_path: Path, texts: Texts, answers: list[StoredAnswer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.bundle.MAX_BUNDLE_BYTES", 3000)
    with pytest.raises(StorageError, match="larger than"):
        write_bundle(tmp_path / "out.zip", answers, texts)
    assert not list(tmp_path.iterdir())


# --- the verifier --------------------------------------------------------------------------------


def test_the_verifier_is_short_and_needs_only_the_standard_library() -> None:
    text = VERIFIER.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    tree = ast.parse(text, feature_version=(3, 8))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names


def test_a_bundle_is_checked_packed_and_unpacked(bundle: Path) -> None:
    assert verified(bundle) == WHOLE
    folder = unpacked(bundle)
    assert verified(folder) == WHOLE
    assert verified(verifier=folder / "verify.py") == WHOLE
    assert verified(verifier=Path("verify.py"), cwd=folder) == WHOLE
    assert verified(".", verifier=Path("verify.py"), cwd=folder) == WHOLE
    assert verified(bundle, verifier=folder / "verify.py") == WHOLE


def test_checking_leaves_the_folder_as_it_was(bundle: Path) -> None:
    folder = unpacked(bundle)
    before = {path: path.read_bytes() for path in files_of(folder)}
    verified(verifier=folder / "verify.py")
    assert {path: path.read_bytes() for path in files_of(folder)} == before


def test_what_others_put_beside_it_does_not_matter(bundle: Path) -> None:
    folder = unpacked(bundle)
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / "my notes.txt").write_text("Dear diary")
    (folder / "__MACOSX").mkdir()
    assert verified(folder) == WHOLE


def test_answers_on_the_sample_articles_can_be_checked(sample: Assistant, tmp_path: Path) -> None:
    questions = [
        "When did Trump and Putin speak by phone?",
        "Which centre does Max Bergman work for?",
        "What is the capital of Australia?",
    ]
    asked = [StoredAnswer(f"line {n}", sample.ask(q)) for n, q in enumerate(questions, 1)]
    write_bundle(tmp_path / "out.zip", asked, LibrarySources(sample.library))
    count = sum(len(each.answer.citations) for each in asked)
    assert count > 2
    assert verified(tmp_path / "out.zip") == Done(
        0, f"All files are whole, all {count} citations hold.\n"
    )


def faults(bundle: Path) -> list[str]:
    """What the verifier finds, in this process."""
    return faults_in(lambda: bundle_check.check(bundle_check.load(bundle)))


def faults_in(check: Callable[[], tuple[list[str], int]]) -> list[str]:
    """What is found; what can't be read is a fault too, as it is when the verifier is run."""
    try:
        return check()[0]
    except Exception as error:
        return [repr(error)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(data=st.data())
def test_a_changed_byte_anywhere_is_found(bundle: Path, data: st.DataObject) -> None:
    folder = bundle.with_suffix("") if bundle.with_suffix("").exists() else unpacked(bundle)
    assert faults(folder) == []
    path = data.draw(st.sampled_from(files_of(folder)))
    before = path.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    flipped = before[place] ^ data.draw(st.integers(1, 255))
    try:
        path.write_bytes(before[:place] + bytes([flipped]) + before[place + 1 :])
        assert faults(folder)
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize("name", ["answers.jsonl", "manifest.json", "sources/hill.txt"])
def test_a_missing_or_shortened_file_is_found(bundle: Path, name: str) -> None:
    folder = unpacked(bundle)
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    assert verified(folder).code == 5
    (folder / name).unlink()
    done = verified(folder)
    assert done.code == 5
    assert "Don't rely on it." in done.out
    (folder / name).mkdir()
    assert verified(folder).code == 5


def test_an_added_text_is_found(bundle: Path) -> None:
    folder = unpacked(bundle)
    (folder / "sources" / "more.txt").write_text("More.")
    done = verified(folder)
    assert done.code == 5
    assert "'sources/more.txt' is missing or isn't as the manifest states" in done.out


def sealed(folder: Path, change: Callable[[list[dict[str, Any]]], None]) -> Path:
    """Changes the answers and makes the hashes right again, as a forger would."""
    path = folder / "answers.jsonl"
    answers = [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]
    change(answers)
    path.write_text("".join(f"{json.dumps(each)}\n" for each in answers), "utf-8")
    return reseal(folder)


def reseal(folder: Path) -> Path:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    data = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(data)
    seal = f"{hashlib.sha256(data).hexdigest()}  manifest.json\n"
    (folder / "manifest.sha256").write_bytes(seal.encode())
    return folder


@pytest.mark.parametrize(
    "change",
    [
        {"quote": "It snowed."},
        {"quote": ""},
        {"quote": "", "start": 3, "end": 3},
        {"start": 0},
        {"start": -12, "end": -2},
        {"end": 10**6},
        {"paragraph": 3},
        {"paragraph": 0},
        {"source_sha256": "0" * 64},
        {"start": "25"},
        {"start": 25.0},
        {"start": None},
        {"quote": None},
        {"quote": ["It rained."]},
        {"source_sha256": []},
        {"paragraph": {}},
        {"start": 10**4000, "end": 10**4000 + 10},
    ],
)
def test_a_forged_citation_is_found_though_the_hashes_are_right(
    bundle: Path, change: dict[str, Any]
) -> None:
    folder = unpacked(bundle)
    assert verified(sealed(folder, lambda answers: None)) == WHOLE
    done = verified(sealed(folder, lambda answers: answers[0]["citations"][0].update(change)))
    assert done.code == 5
    assert done.out.endswith("Don't rely on it.\n")


def test_a_forged_text_is_found_though_the_hashes_are_right(bundle: Path) -> None:
    folder = unpacked(bundle)
    valley = folder / "sources" / "valley.txt"
    valley.write_bytes(valley.read_bytes().replace(b"Rain ", b"Snow "))
    done = verified(reseal(folder))
    assert done.code == 5
    assert "answers.jsonl, line 1: a citation doesn't hold" in done.out


# --- hostile bundles -----------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
NAMES = st.sampled_from(
    ["answers.jsonl", "manifest.json", "manifest.sha256", "sources/x.txt", "../x", "/x", "a\nb"]
)


@given(files=st.dictionaries(NAMES, JSON.map(lambda data: json.dumps(data).encode())))
def test_files_of_any_form_end_in_a_fault(files: dict[str, bytes]) -> None:
    assert faults_in(lambda: bundle_check.check(files))


def zipped(path: Path, files: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return path


DEEP = b"[" * 100_000
MANIFEST = b'{"files": {}}'
SEAL = f"{hashlib.sha256(MANIFEST).hexdigest()}  manifest.json\n".encode()
EMPTY = [("manifest.json", MANIFEST), ("manifest.sha256", SEAL)]


def hostile(answers: bytes, manifest: bytes = MANIFEST) -> list[tuple[str, bytes]]:
    return [("manifest.json", manifest), ("manifest.sha256", SEAL), ("answers.jsonl", answers)]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "files",
    [
        pytest.param([], id="empty"),
        pytest.param(EMPTY, id="no answers"),
        pytest.param([*EMPTY, ("../../evil.txt", b"x"), ("/evil.txt", b"x")], id="absurd paths"),
        pytest.param(hostile(DEEP), id="nested deeply"),
        pytest.param(hostile(b"9" * 100_000), id="a huge number"),
        pytest.param(hostile(b'{"citations": [{"start": 1e999}]}'), id="infinity"),
        pytest.param(hostile(b'{"citations": 3}'), id="no list"),
        pytest.param(hostile(b"\xff"), id="no text"),
        pytest.param(hostile(b"", b"null"), id="no manifest"),
        pytest.param(hostile(b"", b'{"files": {"\\u001b[2J\\ud800": 1}}'), id="hostile names"),
        pytest.param([*EMPTY, *EMPTY], id="two files of one name"),
        pytest.param([*EMPTY, *[("sources/a.txt", b"\xff")]], id="a text that is none"),
    ],
)
def test_a_hostile_bundle_ends_in_a_line(tmp_path: Path, files: list[tuple[str, bytes]]) -> None:
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    done = verified(zipped(folder / "in.zip", files), cwd=folder)
    assert done.code == 5
    assert done.out.endswith("Don't rely on it.\n")
    assert done.out.replace("\n", "").isprintable()
    assert files_of(tmp_path) == [folder / "in.zip"]


def test_a_zip_bomb_is_refused_unread(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("sources/a.txt", "w") as file,
    ):
        for _ in range(101):
            file.write(bytes(10_000_000))
    done = verified(bomb)
    assert (done.code, "ValueError" in done.out) == (5, True)


@pytest.mark.parametrize("data", [b"", b"PK", b"Dear diary", b"PK\x03\x04" + bytes(99)])
def test_a_file_that_is_no_bundle_ends_in_a_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "in.zip"
    path.write_bytes(data)
    done = verified(path)
    assert (done.code, done.out.count("\n")) == (5, 2)


def test_a_bundle_that_is_not_there_exits_with_2(tmp_path: Path) -> None:
    assert verified(tmp_path / "none.zip").code == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(data=st.data())
def test_a_changed_byte_in_the_zip_never_makes_another_bundle_of_it(
    bundle: Path, data: st.DataObject
) -> None:
    before = bundle.read_bytes()
    whole = bundle_check.load(bundle)
    place = data.draw(st.integers(0, len(before) - 1))
    path = bundle.with_name("changed.zip")
    flipped = bytes([before[place] ^ data.draw(st.integers(1, 255))])
    path.write_bytes(before[:place] + flipped + before[place + 1 :])
    if not faults(path):  # a byte that says nothing, such as one of a date
        assert bundle_check.load(path) == whole


def test_the_verifier_also_runs_without_isolation(bundle: Path) -> None:
    folder = unpacked(bundle)
    done = subprocess.run(
        [sys.executable, "verify.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert Done(done.returncode, done.stdout) == WHOLE


def test_a_copied_verifier_needs_nothing_beside_it(bundle: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone" / "check.py"
    alone.parent.mkdir()
    shutil.copy(VERIFIER, alone)
    assert verified(bundle, verifier=alone) == WHOLE
