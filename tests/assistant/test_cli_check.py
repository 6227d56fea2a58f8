"""`pincite check`: what it prints, its exit codes, and what it says when it can't."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from assistant import Assistant

pytestmark = pytest.mark.usefixtures("sample")


def pincite(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assistant", *words],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_supported_claim_is_shown_with_its_quote() -> None:
    done = pincite("check", "Trump and Putin spoke by phone on February 12.")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Supported: the sources say so.\n")
    assert "On February 12, Trump spoke by phone with Putin" in done.stdout


def test_a_false_claim_is_shown_with_what_the_sources_say() -> None:
    done = pincite("check", "Trump and Putin spoke by phone on February 13.")
    assert done.returncode == 3
    assert done.stdout.startswith("Not supported: the sources say otherwise.\n")
    assert "the sources say “February 12”, not “February 13” [1]" in done.stdout


def test_json_has_the_whole_check(sample: Assistant) -> None:
    done = pincite("check", "-", "--json", stdin="Trump and Putin spoke by phone on February 12.\n")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert (data["schema"], data["verdict"]) == ("pincite.check/1", "supported")
    for citation in data["citations"]:
        text = sample.library.indexed(citation["source_id"]).source.text
        assert text[citation["start"] : citation["end"]] == citation["quote"]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("",), id="empty"),
        pytest.param(("Did they meet?",), id="question"),
        pytest.param(("They met.", "--source", "nowhere"), id="no such source"),
    ],
)
def test_wrong_usage_is_one_sentence(words: tuple[str, ...]) -> None:
    done = pincite("check", *words)
    assert done.returncode == 2
    assert not done.stdout
    assert len(done.stderr.strip().splitlines()) == 1
