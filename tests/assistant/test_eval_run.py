"""`evaluate`: what is asked and kept, that runs are the same, and how two are compared."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assistant import Assistant, Citation
from assistant.evaluation import Evaluation, compare, evaluate, read_evaluation
from assistant.evaluation.corpus import library_of
from assistant.evaluation.running import Step
from assistant.evaluation.sets import read_folder
from index import AddEvent, QuestionError, SettingsError, SourceError, StoppedError
from tests.assistant.evaluating import (
    CLAIMS,
    CORPUS,
    MILL,
    QUESTIONS,
    changed,
    without_times,
    written,
)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The set, and beside it the folder in which its library is built once."""
    return written(tmp_path_factory.mktemp("set") / "own")


@pytest.fixture(scope="module")
def work(own: Path) -> Path:
    return own.parent / "work"


@pytest.fixture(scope="module")
def result(own: Path, work: Path) -> Evaluation:
    return evaluate(own, work=work, by=["topic"])


def values(evaluation: Evaluation) -> dict[str, float]:
    return {figure.name: figure.value for figure in evaluation.all.figures}


# --- a run ---------------------------------------------------------------------------------------


def test_every_question_is_asked_within_its_scope_and_measured(result: Evaluation) -> None:
    assert [row.id for row in result.rows] == [line["id"] for line in QUESTIONS]
    mill, reopened, ceiling, why = result.rows
    assert mill.outcome == "right"
    assert mill.ranks == ((1,),)
    assert {each.source_id for each in why.cited} == {"mill"}
    assert reopened.sides_cited
    assert ceiling.outcome == "left_open"
    assert values(result) | {"exact": 1.0, "refusal_recall": 1.0} == values(result)
    assert result.set.asked == result.set.questions == 4
    assert result.library.sources == 3
    assert result.curve
    assert result.confusion is None
    assert [group.name for group in result.summary] == [
        "all", "factoid", "conflict", "unanswerable", "topic=work",
    ]  # fmt: skip


def test_meta_reaches_neither_library_nor_question(
    own: Path, work: Path, result: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    [kept] = work.iterdir()
    catalog = (kept / "library" / "catalog.db").read_bytes()
    assert b"The Gazette" in catalog
    assert b"correct" not in catalog
    asked: list[tuple[Any, ...]] = []
    ask = Assistant.ask

    def overheard(self: Assistant, question: str, **given: Any) -> Any:
        asked.append((question, given))
        return ask(self, question, **given)

    monkeypatch.setattr(Assistant, "ask", overheard)
    evaluate(own, work=work, restart=True)
    assert sorted(asked, key=str) == sorted(
        (
            (
                line["question"],
                {"history": (), "sources": tuple(line["meta"]["scope"] or ()) or None},
            )
            for line in QUESTIONS
        ),
        key=str,
    )


def test_two_runs_are_the_same_but_for_times(own: Path, work: Path, result: Evaluation) -> None:
    again = evaluate(own, work=work, by=["topic"], restart=True)
    assert without_times(again) == without_times(result)


def test_a_result_can_be_stored_and_read(result: Evaluation, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(result.to_json(), encoding="utf-8")
    assert read_evaluation(path) == result
    assert json.loads(path.read_text("utf-8"))["schema"] == "pincite.evaluation/1"
    lines = result.rows_as_jsonl().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [row.id for row in result.rows]


def test_what_an_earlier_run_asked_is_not_asked_again(
    own: Path, work: Path, result: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("it was asked again")

    monkeypatch.setattr(Assistant, "ask", never)
    monkeypatch.setattr("assistant.evaluation.running.retrieve", never)
    again = evaluate(own, work=work, by=["topic"])
    assert without_times(again) == without_times(result)
    part = evaluate(own, work=work, limit=2)
    first, second = (row.id for row in part.rows)
    assert first in [row.id for row in result.rows[:2]]
    assert second in [row.id for row in result.rows[2:]]
    assert (part.set.asked, part.set.questions) == (2, 4)


def test_progress_is_told_and_a_run_can_be_stopped(own: Path, work: Path) -> None:
    steps: list[Step] = []
    evaluate(own, work=work, restart=True, progress=steps.append)
    assert {step.doing for step in steps} == {"searching", "asking"}
    assert all(0 <= step.done <= step.total for step in steps)
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        evaluate(own, work=work, stop=stop)


@pytest.mark.parametrize(
    ("given", "error", "why"),
    [
        ({"limit": 0}, SettingsError, "at least 1"),
        ({"by": ["colour"]}, SettingsError, "No question has a field 'colour'"),
        ({"library": "elsewhere"}, SettingsError, "has its own texts"),
        ({"concurrency": 0}, SettingsError, "concurrency is wrong"),
    ],
    ids=str,
)
def test_wrong_arguments_are_told(
    given: dict[str, Any], error: type[Exception], why: str, own: Path, work: Path
) -> None:
    with pytest.raises(error, match=why):
        evaluate(own, work=work, **given)


def test_a_set_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match="There is no folder or file"):
        evaluate(tmp_path / "nothing", work=tmp_path)
    with pytest.raises(SourceError, match=r"There is no file .*corpus\.jsonl"):
        evaluate(tmp_path, work=tmp_path)


def test_a_file_is_asked_of_the_sample_library(sample: Assistant, tmp_path: Path) -> None:
    place = {"doc": "whats-at-stake", "paragraph": 8, "quote": "February 12"}
    other = {"doc": "why-its-dangerous", "paragraph": 9, "quote": "February 12"}
    lines = [
        {
            "id": "date",
            "type": "factoid",
            "question": "On what date did Trump and Putin speak by phone?",
            "answers": ["February 12"],
            "facts": [[place, other]],
        },
        {"id": "none", "type": "unanswerable", "question": "What is the capital of Australia?"},
    ]
    path = tmp_path / "gold.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    found = evaluate(path, work=tmp_path / "work")
    assert [row.outcome for row in found.rows] == ["right", "left_open"]
    assert values(found)["f1"] > 0
    assert found.library.fingerprint == sample.library.fingerprint


# --- the library of a set ------------------------------------------------------------------------


def test_only_what_changed_is_indexed_again(tmp_path: Path) -> None:
    def build(corpus: list[dict[str, Any]]) -> tuple[set[str], dict[str, str | None]]:
        sources = read_folder(written(tmp_path / "own", QUESTIONS[3:], corpus)).corpus
        assert sources is not None
        indexed: set[str] = set()

        def tell(event: AddEvent) -> None:
            indexed.add(event.source_id)

        with library_of(sources, tmp_path / "library", tell) as library:
            return indexed, {
                each.id: each.publisher.value if each.publisher else None
                for each in library.sources()
            }

    first = [CORPUS[2], changed(CORPUS[1], meta={"url": "https://example.org/port"})]
    assert build(first) == ({"mill", "port"}, {"mill": None, "port": None})
    assert build(first) == (set(), {"mill": None, "port": None})
    assert build(first[:1]) == (set(), {"mill": None})
    told = changed(CORPUS[2], meta={"source": "The Herald", "url": "https://example.org/mill"})
    assert build([told]) == ({"mill"}, {"mill": "The Herald"})
    longer = changed(told, text=f"{MILL} Most of them were women.")
    assert build([longer]) == ({"mill"}, {"mill": "The Herald"})


# --- claims --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    verdict: str
    score: float
    citations: tuple[Citation, ...]


def test_claims_are_checked_within_their_scope(
    work: Path, own: Path, result: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[tuple[str, tuple[str, ...] | None]] = []

    def check(self: Assistant, claim: str, *, sources: Iterable[str] | None = None) -> Verdict:
        checked.append((claim, None if sources is None else tuple(sources)))
        if "burnt" in claim:
            return Verdict("not", 0.1, ())
        found = self.cite("mill", 2, "The mill of Brod was closed in 1987")
        assert found is not None
        return Verdict("supported", 0.9, (found,))

    monkeypatch.setattr(Assistant, "check", check, raising=False)
    written(tmp_path / "claims", [*CLAIMS, QUESTIONS[0]])
    found = evaluate(tmp_path / "claims", work=tmp_path / "work")
    assert checked == [(line["question"], ("mill",)) for line in CLAIMS]
    assert [row.outcome for row in found.rows[:2]] == ["verdict_right", "verdict_right"]
    assert found.confusion == {
        "supported": {"supported": 1, "partly": 0, "not": 0},
        "partly": {"supported": 0, "partly": 0, "not": 0},
        "not": {"supported": 0, "partly": 0, "not": 1},
    }
    figures = values(found)
    assert figures["claim_f1"] == figures["evidence"] == figures["verdicts"] == 1.0
    assert figures["coverage"] == 1.0  # of the one question
    again = evaluate(tmp_path / "claims", work=tmp_path / "work")
    assert again.rows == found.rows
    assert len(checked) == 2


# --- two runs ------------------------------------------------------------------------------------


@pytest.fixture
def altered(result: Evaluation) -> Callable[..., Evaluation]:
    """The result with fields of rows changed, by the rows' ids."""

    def alter(**rows: dict[str, Any]) -> Evaluation:
        changed_rows = tuple(
            row.model_copy(update=rows.get(row.id.removeprefix("q-"), {})) for row in result.rows
        )
        return result.model_copy(update={"rows": changed_rows})

    return alter


def test_a_run_does_not_differ_from_itself(result: Evaluation) -> None:
    found = compare(result, result)
    assert (found.better, found.worse, found.otherwise, found.settings) == ((), (), 0, ())
    assert found.questions == 4
    assert {change.difference for change in found.figures} == {0}
    assert not any(change.is_clear for change in found.figures)


def test_changed_questions_are_named_with_both_outcomes(
    result: Evaluation, altered: Callable[..., Evaluation]
) -> None:
    new = altered(
        mill={"outcome": "refused", "worth": 0.0, "facts": 0.0, "answered": False},
        ceiling={"text": "otherwise"},
    )
    found = compare(new, result)
    [worse] = found.worse
    assert (worse.id, worse.gain) == ("q-mill", -1.0)
    assert worse.old == "answered from the right place"
    assert worse.new == "refused although the sources answer"
    assert found.better == ()
    assert found.otherwise == 1
    back = compare(result, new)
    assert [each.id for each in back.better] == ["q-mill"]
    facts = {change.name: change for change in found.figures}["facts"]
    assert facts.difference == pytest.approx(-1 / 3, abs=1e-6)
    assert facts.old - facts.new == pytest.approx(1 / 3, abs=1e-6)


def test_runs_of_different_questions_or_settings(
    result: Evaluation, altered: Callable[..., Evaluation]
) -> None:
    fewer = result.model_copy(
        update={"rows": result.rows[1:], "settings": {**result.settings, "model": "openai:x"}}
    )
    found = compare(fewer, result)
    assert (found.questions, found.only_old, found.only_new) == (3, 1, 0)
    assert "model: extractive, now openai:x" in found.settings
    other = altered(
        **{row.id.removeprefix("q-"): {"question": "Something else?"} for row in result.rows}
    )
    with pytest.raises(SettingsError, match="no question in common"):
        compare(other, result)


def test_what_is_no_result_is_told(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    with pytest.raises(SettingsError, match="There is no file"):
        read_evaluation(path)
    for text in ("", "{}", '{"schema": "pincite.answer/1"}'):
        path.write_text(text)
        with pytest.raises(SettingsError, match="is no result of pincite eval --json"):
            read_evaluation(path)
