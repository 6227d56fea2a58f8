"""Documents of many formats in, sources out; whatever is in a document, nothing is raised.

Each format has a module that runs in a process with limits (`sandbox`, `worker`); plain text, which
needs no parser, is read in this one. Importing it is light.
"""

from index.readers.documents import MAX_DOCUMENT_BYTES, Refused, read_documents, read_path
from index.readers.formats import SUPPORTED_SUFFIXES
from index.types import Document

__all__ = [
    "MAX_DOCUMENT_BYTES",
    "SUPPORTED_SUFFIXES",
    "Document",
    "Refused",
    "read_documents",
    "read_path",
]
