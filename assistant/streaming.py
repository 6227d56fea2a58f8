"""The events of a stream in other forms, and streams that are sure to be closed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from assistant.types import Answer, ClaimEvent, Event, QuestionEvent


def replay(answer: Answer) -> Iterator[Event]:
    """The events that a stream of this answer would have had."""
    yield QuestionEvent(standalone_question=answer.standalone_question)
    for claim in answer.claims:
        cited = tuple(c for c in answer.citations if c.number in claim.citations)
        yield ClaimEvent(claim=claim, citations=cited)
    yield answer


def event_dict(event: Event) -> dict[str, Any]:
    """The event as JSON: its kind under "event", then its fields; the answer's own form as last."""
    if isinstance(event, Answer):
        return {"event": "answer", **event.to_dict()}
    kind = "question" if isinstance(event, QuestionEvent) else "claim"
    return {"event": kind, **event.model_dump(mode="json")}


@contextmanager
def closed_at_end(events: Iterator[Event]) -> Iterator[Iterator[Event]]:
    """The events; what isn't read of them when the block is left stops the request to the model."""
    try:
        yield events
    finally:
        if isinstance(events, Generator):
            events.close()
