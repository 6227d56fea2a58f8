"""`pincite compare`: what it prints, what it writes, and what it says when it can't."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assistant import Assistant, Library, source_from_text

ARTICLES = ("whats-at-stake", "why-its-dangerous")


def pincite(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assistant", *words], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def printed(sample: Assistant, tmp_path_factory) -> tuple[subprocess.CompletedProcess[str], Path]:
    page = tmp_path_factory.mktemp("compare") / "page.html"
    return pincite("compare", *ARTICLES, "--html", str(page)), page


def test_differences_are_printed_by_kind_with_both_quotes(printed) -> None:
    done, _ = printed
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    first = lines.index("What came first")
    assert lines[first + 2].startswith("whats-at-stake ¶9  The phone call was followed by")
    assert lines[first + 3].startswith("why-its-dangerous ¶9  The conversation was preceded by")
    assert "They render the same original: two texts, but one witness." in done.stdout
    assert lines.index("Only in whats-at-stake") > first


def test_the_page_is_written(printed) -> None:
    done, page = printed
    assert str(page) in done.stderr
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [path.name for path in page.parent.iterdir()] == ["page.html"]


def test_json_has_the_whole_comparison(sample: Assistant) -> None:
    done = pincite("compare", *ARTICLES, "--json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert data["schema"] == "pincite.comparison/1"
    assert [source["id"] for source in data["sources"]] == list(ARTICLES)
    assert {"first": [8, 9], "second": [9]} in data["aligned"]
    texts = {source.id: source.text for source in map(_source, (sample,) * 2, ARTICLES)}
    numbers = {c["number"] for c in data["citations"]}
    for citation in data["citations"]:
        text = texts[citation["source_id"]]
        assert text[citation["start"] : citation["end"]] == citation["quote"]
    for difference in data["differences"]:
        assert set(difference) == {"kind", "about", "sides"}
        assert all(set(side["citations"]) <= numbers for side in difference["sides"])
    assert {each["source_id"] for each in data["only_in"]} == set(ARTICLES)


def _source(assistant: Assistant, id: str):
    return assistant.library.indexed(id).source


def test_sources_without_a_difference_are_no_failure(tmp_path: Path) -> None:
    text = "The fair opened on {} May and the mayor thanked the engineers."
    with Library.create(tmp_path / "library") as library:
        library.add(source_from_text(text.format(3), id=id) for id in ("one",))
        library.add([source_from_text(f"{text.format(3)} Many came.", id="two")])
    done = pincite("compare", "one", "two", "--library", str(tmp_path / "library"))
    assert done.returncode == 0
    assert "No differences were found" in done.stdout
    assert "Many came." in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["whats-at-stake"], 2, "name two"),
        ([], 2, "name two"),
        ([*ARTICLES, "third"], 2, "name two"),
        (["whats-at-stake", "whats-at-stake"], 2, "the same source twice"),
        (["whats-at-stake", "nothing"], 2, "There is no source 'nothing'"),
        ([*ARTICLES, "--html", "page.txt"], 2, "end with .html"),
        ([*ARTICLES, "--html", "no/such/folder/page.html"], 1, "can't be written"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(
    sample: Assistant, words: list[str], code: int, said: str
) -> None:
    done = pincite("compare", *words)
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.startswith("pincite: ")
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
