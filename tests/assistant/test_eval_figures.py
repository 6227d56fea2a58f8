"""Figures and their intervals: against examples by hand, and against plain definitions."""

from __future__ import annotations

from itertools import permutations
from statistics import mean

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assistant.evaluation.bootstrap import SAMPLES, differences, intervals
from assistant.evaluation.estimators import Auc, Estimator, FScore, Quantile, Ratio, RiskCoverage
from assistant.evaluation.figures import group, grouped
from tests.assistant.evaluating import row


def value(estimator: Estimator, questions: int) -> float:
    return float(estimator(np.ones((1, questions)))[0])


def array(*numbers: float) -> np.ndarray:
    return np.array(numbers, dtype=np.float64)


# --- by hand -------------------------------------------------------------------------------------


def test_a_ratio_is_of_sums() -> None:
    assert value(Ratio(array(1, 2, 0), array(2, 2, 0)), 3) == 0.75
    assert Ratio(array(1, 2, 0), array(2, 2, 0)).questions == 2
    assert np.isnan(value(Ratio(array(0), array(0)), 1))


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    # Said of four; true of three, two of which were said: precision 2/4, recall 2/3.
    said, true = array(1, 1, 1, 1, 0, 0), array(1, 1, 0, 0, 1, 0)
    assert value(FScore(said, true, np.ones(6)), 6) == pytest.approx(
        2 * (0.5 * 2 / 3) / (0.5 + 2 / 3)
    )


def test_auc_counts_the_pairs_in_the_right_order() -> None:
    # Of the four pairs two are right, one is a tie, one is wrong.
    scores, positive = [0.9, 0.4, 0.4, 0.5], [True, True, False, False]
    assert value(Auc(scores, positive), 4) == 2.5 / 4
    assert value(Auc([0.9, None, 0.4], [True, True, False]), 3) == 1.0
    assert np.isnan(value(Auc([0.9], [True]), 1))


def test_risk_grows_as_less_certain_questions_are_answered() -> None:
    # Wrong is the second of four: risks 0, 1/2, 1/3, 1/4.
    estimator = RiskCoverage([0.9, 0.8, 0.7, 0.6], [False, True, False, False])
    assert value(estimator, 4) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert estimator.curve == (
        (0.25, 0.0),
        (0.5, 0.5),
        (0.75, pytest.approx(1 / 3)),
        (1.0, 0.25),
    )


def test_of_equally_certain_questions_any_may_be_answered_first() -> None:
    estimator = RiskCoverage([0.5, 0.5], [True, False])
    assert value(estimator, 2) == 0.5
    assert estimator.curve == ((0.5, 0.5), (1.0, 0.5))


def test_a_quantile_is_the_smallest_value_that_the_share_does_not_exceed() -> None:
    times = [float(each) for each in range(1, 21)]
    assert value(Quantile(times, 0.5), 20) == 10
    assert value(Quantile(times, 0.95), 20) == 19
    assert value(Quantile([3.0, None, 7.0], 0.5), 3) == 3


# --- any sample ----------------------------------------------------------------------------------

COUNTS = st.lists(st.integers(0, 2), min_size=3, max_size=3)
SCORES = st.lists(st.sampled_from([None, 0.1, 0.2, 0.3]), min_size=3, max_size=3)
MARKS = st.lists(st.booleans(), min_size=3, max_size=3)


def expanded(counts: list[int], scores: list, marks: list) -> list[tuple]:
    """The sample with each question as often as it stands in it."""
    return [
        (score, mark)
        for count, score, mark in zip(counts, scores, marks, strict=True)
        for _ in range(count)
        if score is not None
    ]


@given(COUNTS, SCORES, MARKS)
def test_auc_of_a_sample_is_that_of_its_questions(counts, scores, marks) -> None:
    assume(any(score is not None for score in scores))
    sample = expanded(counts, scores, marks)
    pairs = [
        (high > low) + (high == low) / 2
        for high, kind in sample
        if kind
        for low, other in sample
        if not other
    ]
    found = Auc(scores, marks)(array(*counts)[None])[0]
    assert np.isnan(found) if not pairs else found == pytest.approx(mean(pairs))


@given(COUNTS, SCORES, MARKS)
def test_aurc_of_a_sample_is_the_mean_over_all_orders_of_its_ties(counts, scores, marks) -> None:
    assume(any(score is not None for score in scores))
    sample = expanded(counts, scores, marks)
    found = RiskCoverage(scores, marks)(array(*counts)[None])[0]
    if not sample:
        assert np.isnan(found)
        return
    areas = []
    for order in permutations(sample):
        ranked = [wrong for _, wrong in sorted(order, key=lambda each: -each[0])]
        areas.append(mean(mean(ranked[:size]) for size in range(1, len(ranked) + 1)))
    assert found == pytest.approx(mean(areas))


@given(COUNTS, SCORES, st.sampled_from([0.25, 0.5, 0.95, 1.0]))
def test_a_quantile_of_a_sample_is_by_nearest_rank(counts, scores, share) -> None:
    assume(any(score is not None for score in scores))
    sample = sorted(score for score, _ in expanded(counts, scores, [True] * 3))
    found = Quantile(scores, share)(array(*counts)[None])[0]
    if not sample:
        assert np.isnan(found)
        return
    smallest = min(
        each for each in sample if sum(other <= each for other in sample) >= share * len(sample)
    )
    assert found == smallest


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.data())
def test_an_interval_is_within_what_is_possible(hits, data) -> None:
    counts = [data.draw(st.booleans()) for _ in hits]
    estimator = Ratio(array(*(h and c for h, c in zip(hits, counts, strict=True))), array(*counts))
    [found] = intervals([estimator], len(hits))
    if not any(counts):
        assert found is None
        return
    assert found is not None
    assert 0 <= found.value <= 1
    if found.low is not None:
        assert 0 <= found.low <= found.high <= 1


# --- intervals -----------------------------------------------------------------------------------


def test_the_interval_of_a_share_is_about_what_the_normal_one_is() -> None:
    hits = array(*([1.0] * 80 + [0.0] * 20))
    [found] = intervals([Ratio(hits, np.ones(100))], 100)
    assert found is not None
    assert found.value == 0.8
    assert found.low == pytest.approx(0.8 - 1.96 * 0.04, abs=0.015)
    assert found.high == pytest.approx(0.8 + 1.96 * 0.04, abs=0.015)


def test_intervals_are_the_same_each_time() -> None:
    hits = array(*(at % 3 == 0 for at in range(50)))
    estimators = [Ratio(hits, np.ones(50)), Auc(list(range(50)), [at % 2 == 0 for at in range(50)])]
    assert intervals(estimators, 50) == intervals(estimators, 50)


def test_many_questions_are_drawn_in_pieces() -> None:
    questions = 30_000
    hits = array(*(at % 2 for at in range(questions)))
    [found] = intervals([Ratio(hits, np.ones(questions))], questions)
    assert found is not None
    assert found.low == pytest.approx(0.5 - 1.96 * 0.5 / questions**0.5, abs=0.001)
    assert questions * SAMPLES > 1_000_000


def test_a_difference_is_paired() -> None:
    # Each run is right on half of the questions, and always on the same: no doubt about that.
    hits = array(*(at % 2 for at in range(40)))
    [same] = differences([Ratio(hits, np.ones(40))], [Ratio(hits, np.ones(40))], 40)
    assert same is not None
    assert (same.value, same.low, same.high) == (0, 0, 0)
    better = np.maximum(hits, array(*([1.0] * 20 + [0.0] * 20)))
    [gain] = differences([Ratio(better, np.ones(40))], [Ratio(hits, np.ones(40))], 40)
    assert gain is not None
    assert gain.value == 0.25
    assert 0 < gain.low < gain.high


# --- figures of rows -----------------------------------------------------------------------------


def figures(*rows) -> dict[str, float]:
    return {figure.name: figure.value for figure in group("all", rows).figures}


def test_only_figures_that_apply_are_there() -> None:
    assert figures(row()) == {}
    assert figures(row(facts=0.5)) == {"facts": 0.5}
    # Nothing is supported and nothing is said to be: F1 and AUC are of nothing.
    claim = row(type="claim", support="not", status="not", support_score=0.1)
    assert figures(claim) == {"verdicts": 1.0}


def test_retrieval_is_read_off_the_ranks() -> None:
    found = figures(
        row(ranks=((1,),)),
        row(ranks=((4, None),)),  # two facts are needed, one is found late
        row(ranks=((None, None), (2, 3))),  # the second way to support it is found
    )
    assert found["recall_at_1"] == pytest.approx(1 / 3)
    assert found["recall_at_3"] == pytest.approx(2 / 3)
    assert found["recall_at_5"] == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert found["mrr"] == pytest.approx((1 + 1 / 4 + 1 / 2) / 3)


def test_abstention_by_hand() -> None:
    asked = [
        row(answerable=True, answered=True, probability=0.9, wrong=False),
        row(answerable=True, answered=True, probability=0.8, wrong=True),
        row(answerable=True, status="abstained", probability=0.2, wrong=False),
        row(answerable=False, answered=True, probability=0.6, wrong=True),
        row(answerable=False, status="abstained", probability=0.1, wrong=True),
        row(answerable=True, status="failed", outcome="failed"),
    ]
    found = figures(*asked)
    assert found["coverage"] == 0.5
    assert found["answerable_answered"] == 0.5
    assert found["refusal_precision"] == 0.5
    assert found["refusal_recall"] == 0.5
    assert found["auc"] == pytest.approx(5 / 6)
    assert found["risk"] == pytest.approx(2 / 3)
    # In the order of probability: right, wrong, wrong, right, wrong.
    assert found["aurc"] == pytest.approx((0 + 1 / 2 + 2 / 3 + 2 / 4 + 3 / 5) / 5)


def test_refusal_precision_needs_both_kinds_of_questions() -> None:
    found = figures(row(answerable=True, status="abstained", probability=0.1, wrong=False))
    assert not {"refusal_precision", "refusal_recall", "auc"} & set(found)
    assert found["coverage"] == 0


def test_disagreement_by_hand() -> None:
    found = figures(
        row(type="conflict", sides_cited=True, reported=True),
        row(type="conflict", sides_cited=True, reported=False),
        row(type="conflict", sides_cited=False, reported=True),
        row(false_alarm=True),
        row(false_alarm=False),
    )
    assert found == {
        "sides_cited": pytest.approx(2 / 3, abs=1e-6),
        "reported": pytest.approx(2 / 3, abs=1e-6),
        "cited_and_reported": pytest.approx(1 / 3, abs=1e-6),
        "false_alarms": 0.5,
    }


def test_claims_by_hand() -> None:
    def claim(true: str, said: str, score: float) -> object:
        return row(type="claim", support=true, status=said, support_score=score)

    found = figures(
        claim("supported", "supported", 0.9),
        claim("supported", "partly", 0.6),
        claim("partly", "supported", 0.7),
        claim("partly", "partly", 0.5),
        claim("not", "not", 0.1),
    )
    assert found["claim_precision"] == 0.5
    assert found["claim_recall"] == 0.5
    assert found["claim_f1"] == 0.5
    assert found["verdicts"] == pytest.approx(3 / 5)
    assert found["claim_auc"] == pytest.approx(5 / 6, abs=1e-6)


def test_groups_are_all_then_types_then_those_asked_for() -> None:
    rows = [
        row(type="factoid", facts=1.0, groups={"topic": "sea"}),
        row(type="multi", facts=0.0, groups={"topic": "land"}),
        row(type="factoid", facts=0.5),
    ]
    groups = list(grouped(rows))
    assert [(each.name, each.questions) for each in groups] == [
        ("all", 3),
        ("factoid", 2),
        ("multi", 1),
        ("topic=land", 1),
        ("topic=sea", 1),
    ]
    facts = groups[1].figure("facts")
    assert facts is not None
    assert facts.value == 0.75
    assert groups[1].figure("auc") is None
    assert [each.name for each in grouped(rows[:1])] == ["all", "topic=sea"]
