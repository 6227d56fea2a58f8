"""What a list of questions would take, found out without asking a model anything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.assistant import Assistant
from assistant.batch_requests import Recorded, record, row_key
from assistant.batch_workers import answered, default_width
from assistant.prices import cost
from assistant.question_lists import ListedQuestion, QuestionList
from index.tokens import count_tokens

SAMPLE = 200
"""Questions that are tried; of a longer list, as many evenly spread over it."""
TIMED = 20
"""Of these, how many are timed."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a list would take. Numbers of questions and tokens are scaled up from the sample."""

    rows: int
    different: int
    """Questions that can be asked, each counted once."""
    faults: tuple[tuple[int, str], ...]
    """The rows that can't be asked, by number, and why."""
    tried: int
    answerable: int
    """Questions that the sources would probably answer, a part of them at least."""
    requests: int
    """Questions that would be put to the model."""
    prompt_tokens: int
    """Of one request for each of these; follow-ups and replies that can't be used take more."""
    reply_tokens: int
    """What the model may write to all of these at most."""
    cost_prompts: float | None
    """USD for the prompts; None where the price isn't known, or no model is used."""
    cost_most: float | None
    """USD for the prompts and the longest replies."""
    seconds: float | None
    """About how long it takes; None with a model, whose speed isn't known."""


def estimate(
    assistant: Assistant, questions: QuestionList, concurrency: int | None = None
) -> Estimate:
    """Estimate what answering the list would take: each question of a sample is retrieved for,
    and the prompt is packed as it would be sent. Nothing is sent to a model.
    """
    different = {row_key(row): row for row in questions.rows if row.fault is None}
    faults = tuple((row.number, row.fault) for row in questions.rows if row.fault is not None)
    sample = _spread(list(different.values()))
    share = len(different) / len(sample) if sample else 0.0
    width = concurrency or default_width(assistant)
    trial = _with_model(assistant, sample) if assistant.model else _offline(assistant, sample)
    requests = round(trial.requests * share)
    prompts = round(trial.prompt_tokens * share)
    use = assistant.model_use
    replies = requests * use.limits.max_tokens if use else 0
    return Estimate(
        rows=len(questions.rows),
        different=len(different),
        faults=faults,
        tried=len(sample),
        answerable=round(trial.answerable * share),
        requests=requests,
        prompt_tokens=prompts,
        reply_tokens=replies,
        cost_prompts=cost(use.price, prompts, 0) if use else None,
        cost_most=cost(use.price, prompts, replies) if use else None,
        seconds=None if trial.each is None else trial.each * len(different) / width,
    )


@dataclass(frozen=True, slots=True)
class _Trial:
    answerable: int
    requests: int = 0
    prompt_tokens: int = 0
    each: float | None = None
    """Seconds for a question."""


def _with_model(assistant: Assistant, sample: Sequence[ListedQuestion]) -> _Trial:
    assert assistant.model_use is not None
    answerable = requests = tokens = 0
    for row in sample:
        outcome = record(assistant.library, assistant.model_use, row)
        if isinstance(outcome, Recorded):
            requests += 1
            tokens += sum(count_tokens(message.content) for message in outcome.messages)
            answerable += 1
        else:
            answerable += outcome.status not in ("failed", "abstained")
    return _Trial(answerable, requests, tokens)


def _offline(assistant: Assistant, sample: Sequence[ListedQuestion]) -> _Trial:
    for row in sample[:1]:  # loads what is loaded once
        answered(assistant, row)
    start = time.perf_counter()
    statuses = [answered(assistant, row).status for row in sample[:TIMED]]
    each = (time.perf_counter() - start) / len(statuses) if statuses else None
    statuses += [answered(assistant, row).status for row in sample[TIMED:]]
    return _Trial(sum(each not in ("failed", "abstained") for each in statuses), each=each)


def _spread(rows: Sequence[ListedQuestion]) -> list[ListedQuestion]:
    """Up to `SAMPLE` of the rows, evenly spread."""
    count = min(len(rows), SAMPLE)
    return [rows[n * len(rows) // count] for n in range(count)]
