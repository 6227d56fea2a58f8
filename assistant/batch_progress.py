"""How far a list of questions is, as a value and in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assistant.render import dollars

_ORDER = ("answered", "partial", "disputed", "abstained", "failed")


@dataclass(frozen=True, slots=True)
class BatchState:
    """How far a list is."""

    total: int
    """Rows of the list."""
    counts: tuple[tuple[str, int], ...]
    """How many rows have each status, "failed" among them, the most frequent first."""
    kept: int
    """Rows that were finished before this run."""
    cost_usd: float | None
    """What the list has cost, earlier runs included; None where that isn't known, or no model."""
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    """How long this run has been answering."""
    rate: float | None
    """Questions a second in this run; None before the first is answered."""
    left: int
    """Rows that have no result yet, or a failure that is to be retried."""
    left_to_ask: int
    """Questions that these come to: one that stands in several rows is asked once."""
    failures: tuple[tuple[int, str], ...] = ()
    """The first few failures, each sentence once: the row's number and why."""
    notes: tuple[str, ...] = ()
    """What should be told of what was found, each in one sentence."""
    reason: str | None = None
    """Why it ended before all rows were reached, in one sentence; None where it didn't."""
    step: str = ""
    """What goes on where questions aren't asked one by one: "done at the server: 2 of 9"."""
    waiting: str | None = None
    """What goes on elsewhere after the end of this run, in one sentence."""

    @property
    def failed(self) -> int:
        """Rows that failed."""
        return dict(self.counts).get("failed", 0)

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this rate."""
        return self.left_to_ask / self.rate if self.rate else None


def counts_line(state: BatchState) -> str:
    """Such as "12 answered, 3 abstained, 1 failed"; "" while there are none."""
    counts = dict(state.counts)
    return ", ".join(f"{counts[status]:,} {status}" for status in _ORDER if counts.get(status))


def progress_line(state: BatchState) -> str:
    """Such as "16 of 50 · 31.2 a second · 2 s left · $0.0012 · 12 answered, 4 abstained"."""
    return " · ".join(_parts(state))


def _parts(state: BatchState) -> Iterator[str]:
    yield f"{state.total - state.left:,} of {state.total:,}"
    if state.step:  # the rate of what came before it tells nothing about it
        yield state.step
    else:
        if state.rate:
            yield rate_text(state.rate)
        if state.left and state.seconds_left is not None:
            yield f"{time_text(state.seconds_left)} left"
    if state.cost_usd is not None:
        yield dollars(state.cost_usd)
    if counts := counts_line(state):
        yield counts


def rate_text(a_second: float) -> str:
    """Such as "31.2 a second" or "4.5 a minute"."""
    return f"{a_second:.1f} a second" if a_second >= 1 else f"{60 * a_second:.1f} a minute"


def time_text(seconds: float) -> str:
    """Such as "40 s", "12 min" or "3 h 20 min"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
