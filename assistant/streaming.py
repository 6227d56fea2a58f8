"""The events of a stream in other forms."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from assistant.types import Answer, ClaimEvent, Event, QuestionEvent


def replay(answer: Answer) -> Generator[Event]:
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
