"""Pincite answers questions from your own texts; every statement carries a verified citation.

from assistant import ask
print(ask("What happened first?"))
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from assistant.assistant import Assistant
from assistant.batch import answer_file, answer_list
from assistant.batch_progress import BatchState
from assistant.batch_run import BatchOptions
from assistant.bundle import write_bundle
from assistant.chat import Turn
from assistant.check import Check, CheckedPart, SaidInstead
from assistant.comparison import AlignedParagraphs, ComparedSource, Comparison, OnlyIn
from assistant.conversation import AskedTurn, Conversation
from assistant.export import EXPORT_FORMATS, ExportFormat
from assistant.hypertext import Place, answer_html
from assistant.list_writers import write_results
from assistant.question_lists import (
    ListedQuestion,
    QuestionList,
    RowResult,
    answer_rows,
    read_questions,
)
from assistant.stored_answers import StoredAnswer, read_answers
from assistant.suggestions import suggested_questions
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
from assistant.verifying import CitationCheck, FileSources, LibrarySources, verify_answers
from index import (
    EVERYTHING,
    AddEvent,
    AddResult,
    Document,
    Filter,
    IndexedSource,
    Library,
    Listing,
    Origin,
    Paragraph,
    Refused,
    Source,
    SourceSummary,
    SourceVersion,
    read_documents,
    read_path,
    read_source,
    slug,
    source_from_text,
)
from index.errors import (
    AnswerError,
    ClusterError,
    LibraryLockedError,
    LibraryMismatchError,
    LibraryNotFoundError,
    ModelError,
    PinciteError,
    QuestionError,
    SettingsError,
    SourceError,
    StoppedError,
    StorageError,
)

if TYPE_CHECKING:
    from assistant.evaluation import Evaluation, evaluate

__all__ = [
    "EVERYTHING",
    "EXPORT_FORMATS",
    "AddEvent",
    "AddResult",
    "AlignedParagraphs",
    "Answer",
    "AnswerError",
    "AskedTurn",
    "Assistant",
    "BatchOptions",
    "BatchState",
    "Check",
    "CheckedPart",
    "Citation",
    "CitationCheck",
    "Claim",
    "ClaimEvent",
    "ClusterError",
    "ComparedSource",
    "Comparison",
    "Conversation",
    "Disagreement",
    "Document",
    "Evaluation",
    "ExportFormat",
    "FileSources",
    "Filter",
    "Highlight",
    "IndexedSource",
    "Library",
    "LibraryLockedError",
    "LibraryMismatchError",
    "LibraryNotFoundError",
    "LibrarySources",
    "LibraryStamp",
    "ListedQuestion",
    "Listing",
    "ModelError",
    "Nearest",
    "OnlyIn",
    "Origin",
    "Paragraph",
    "PinciteError",
    "Place",
    "QuestionError",
    "QuestionEvent",
    "QuestionList",
    "Refused",
    "RowResult",
    "SaidInstead",
    "SettingsError",
    "Side",
    "Source",
    "SourceError",
    "SourceSummary",
    "SourceVersion",
    "StoppedError",
    "StorageError",
    "StoredAnswer",
    "Timings",
    "Usage",
    "Withheld",
    "answer_file",
    "answer_html",
    "answer_list",
    "answer_rows",
    "ask",
    "evaluate",
    "read_answers",
    "read_documents",
    "read_path",
    "read_questions",
    "read_source",
    "slug",
    "source_from_text",
    "suggested_questions",
    "verify_answers",
    "write_bundle",
    "write_results",
]

if not TYPE_CHECKING:

    def __getattr__(name):
        # Only who measures answers needs it; loading it takes a tenth of all.
        if name in ("Evaluation", "evaluate"):
            from assistant import evaluation

            return getattr(evaluation, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
