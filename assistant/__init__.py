"""Pincite answers questions from your own texts; every statement carries a verified citation.

from assistant import ask
print(ask("What happened first?"))
"""

from collections.abc import Iterable, Sequence
from functools import cache

from assistant.assistant import Assistant
from assistant.chat import Turn
from assistant.types import (
    Answer,
    Citation,
    Claim,
    ClaimEvent,
    Disagreement,
    Highlight,
    LibraryStamp,
    Nearest,
    QuestionEvent,
    Side,
    Timings,
    Usage,
    Withheld,
)
from index.errors import (
    AnswerError,
    LibraryLockedError,
    LibraryMismatchError,
    LibraryNotFoundError,
    ModelError,
    PinciteError,
    QuestionError,
    SettingsError,
    SourceError,
    StorageError,
)

__all__ = [
    "Answer",
    "AnswerError",
    "Assistant",
    "Citation",
    "Claim",
    "ClaimEvent",
    "Disagreement",
    "Highlight",
    "LibraryLockedError",
    "LibraryMismatchError",
    "LibraryNotFoundError",
    "LibraryStamp",
    "ModelError",
    "Nearest",
    "PinciteError",
    "QuestionError",
    "QuestionEvent",
    "SettingsError",
    "Side",
    "SourceError",
    "StorageError",
    "Timings",
    "Usage",
    "Withheld",
    "ask",
]


def ask(
    question: str, *, history: Sequence[Turn] = (), sources: Iterable[str] | None = None
) -> Answer:
    """Answer `question` from the default library: `PINCITE_LIBRARY`, or the sample articles.

    The library is opened (the sample built) on the first call. See `Assistant.ask`.
    """
    return _default().ask(question, history=history, sources=sources)


@cache
def _default() -> Assistant:
    return Assistant.open()
