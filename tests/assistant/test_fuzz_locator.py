"""The quote locator and the reader of replies keep their promises whatever they are asked."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

import pytest

from assistant import citations, folding

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import fuzz_locator

EXECUTIONS = 700


def broken() -> list[str]:
    """What a run of fixed choices finds; by hand many more, guided by the branches reached."""
    inputs = islice(fuzz_locator.random_inputs(seed=5), EXECUTIONS)
    return [found for _, found in map(fuzz_locator.execute, inputs) if found]


def test_no_promise_is_broken() -> None:
    assert broken() == []


def test_a_locator_that_cuts_words_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(citations, "_whole_words", lambda *_: True)
    assert any("cut out of a word" in each for each in broken())


def test_a_locator_that_folds_too_much_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_ones(cluster: str) -> str:
        return fold_cluster(cluster).replace("1", "")

    fold_cluster = folding._fold_cluster
    monkeypatch.setattr(folding, "_fold_cluster", without_ones)
    citations._remembered.cache_clear()
    try:
        assert broken()
    finally:
        citations._remembered.cache_clear()
