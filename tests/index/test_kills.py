"""The changing of a library, killed at random moments: nothing that was done is lost."""

from __future__ import annotations

from pathlib import Path

from index.unfinished import BATCH_TEXTS
from tests.library_kills import kill_changes


def test_kills_at_random_moments_lose_nothing(tmp_path: Path) -> None:
    """Ten of them; `benchmarks/kills.py` does hundreds."""
    outcome = kill_changes(tmp_path / "library", 10, seed=7)
    assert outcome.findings == []
    assert outcome.kills == 10
    assert outcome.most_repeated <= BATCH_TEXTS
