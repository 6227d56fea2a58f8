"""What a list of questions would take, found out without asking a model anything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.assistant import Assistant
from assistant.batch_requests import (
    Recorded,
    at_half_the_price,
    can_be_batched,
    record,
    row_key,
)
from assistant.batch_workers import answered, default_width
from assistant.budget import ModelUse
from assistant.openai_batch import model_for_batches
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
    assistant: Assistant,
    questions: QuestionList,
    concurrency: int | None = None,
    *,
    openai_batch: bool = False,
) -> Estimate:
    """Estimate what answering the list would take: each question of a sample is retrieved for,
    and the prompt is packed as it would be sent. Nothing is sent to a model.

    With `openai_batch`, at the price of what can be batched. Raises SettingsError where the model
    can't be asked so, or no source meets the assistant's filter.
    """
    assistant.scope()
    if openai_batch:
        model_for_batches(assistant)
    different = {row_key(row): row for row in questions.rows if row.fault is None}
    faults = tuple((row.number, row.fault) for row in questions.rows if row.fault is not None)
    sample = _spread(list(different.values()))
    share = len(different) / len(sample) if sample else 0.0
    width = concurrency or default_width(assistant)
    use = assistant.model_use
    trial = (
        _with_model(assistant, use, sample, openai_batch) if use else _offline(assistant, sample)
    )
    requests = round(trial.requests * share)
    return Estimate(
        rows=len(questions.rows),
        different=len(different),
        faults=faults,
        tried=len(sample),
        answerable=round(trial.answerable * share),
        requests=requests,
        prompt_tokens=round(trial.prompt_tokens * share),
        reply_tokens=requests * use.limits.max_tokens if use else 0,
        cost_prompts=trial.cost_prompts * share if use and use.price else None,
        cost_most=trial.cost_most * share if use and use.price else None,
        seconds=None if trial.each is None else trial.each * len(different) / width,
    )


@dataclass(frozen=True, slots=True)
class _Trial:
    answerable: int
    requests: int = 0
    prompt_tokens: int = 0
    cost_prompts: float = 0.0
    cost_most: float = 0.0
    """As in `Estimate`; 0 where the price isn't known."""
    each: float | None = None
    """Seconds for a question."""


def _with_model(
    assistant: Assistant, use: ModelUse, sample: Sequence[ListedQuestion], openai_batch: bool
) -> _Trial:
    answerable = requests = tokens = 0
    cost_prompts = cost_most = 0.0
    in_batch = at_half_the_price(use)
    for row in sample:
        asked = in_batch if openai_batch and can_be_batched(row) else use
        outcome = record(assistant, asked, row)
        if isinstance(outcome, Recorded):
            prompt = sum(count_tokens(message.content) for message in outcome.messages)
            cost_prompts += cost(asked.price, prompt, 0) or 0.0
            cost_most += cost(asked.price, prompt, use.limits.max_tokens) or 0.0
            requests += 1
            tokens += prompt
            answerable += 1
        else:
            answerable += outcome.status not in ("failed", "abstained")
    return _Trial(answerable, requests, tokens, cost_prompts, cost_most)


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
