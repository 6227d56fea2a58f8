"""The fingerprint of a library: a hash of everything that shapes its index."""

from __future__ import annotations

import hashlib
import json

from index.catalog import SCHEMA_VERSION
from index.embeddings import Embedder
from index.passages import MAX_PASSAGE_TOKENS, PASSAGES_VERSION
from index.sentences import MAX_SENTENCE_CHARS, SENTENCES_VERSION
from index.words import WORDS_VERSION

PARAGRAPHS_VERSION = 1
"""Raise it when the same text gives other paragraphs or kinds: libraries must be reindexed."""


def index_parts(embedder: Embedder) -> dict[str, str]:
    """What the index of a library made now depends on, by name."""
    return {
        "embedding": embedder.identity,
        "schema": str(SCHEMA_VERSION),
        "paragraphs": str(PARAGRAPHS_VERSION),
        "sentences": f"{SENTENCES_VERSION}, {MAX_SENTENCE_CHARS} characters",
        "passages": f"{PASSAGES_VERSION}, {MAX_PASSAGE_TOKENS} tokens",
        "words": str(WORDS_VERSION),
    }


def fingerprint(parts: dict[str, str]) -> str:
    """16 hex digits that stand for these parts."""
    canonical = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
