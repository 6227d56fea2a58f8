"""Killed at any moment, a list loses nothing, repeats nothing, and comes out whole."""

from __future__ import annotations

from pathlib import Path

from assistant import Assistant
from tests.batch_kills import CONCURRENCY, answered_despite_kills, case

QUESTIONS = 60
KILLS = 10


def test_a_list_survives_kills_at_random_moments(sample: Assistant, tmp_path: Path) -> None:
    outcome = answered_despite_kills(tmp_path, QUESTIONS, KILLS, seed=5, pause=0.8)
    assert outcome.kills == KILLS
    assert [row["row"] for row in outcome.rows] == list(range(1, QUESTIONS + 1))
    assert [row["question"] for row in outcome.rows] == [
        case(number) for number in range(1, QUESTIONS + 1)
    ]
    assert {row["status"] for row in outcome.rows} == {"answered"}
    assert outcome.repeated == ()
    assert set(outcome.requests) == set(range(1, QUESTIONS + 1))
    assert outcome.requests.total() <= QUESTIONS + KILLS * CONCURRENCY
