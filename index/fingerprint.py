"""The fingerprint of a library: a hash of everything that shapes its index."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version

from index.build import CONTEXT_VERSION
from index.catalog import SCHEMA_VERSION
from index.embeddings import Embedder
from index.minhash import SIGNATURES_VERSION
from index.passages import MAX_PASSAGE_TOKENS, PASSAGES_VERSION
from index.sentences import SENTENCES_VERSION
from index.words import WORDS_VERSION

PARAGRAPHS_VERSION = 1
"""Raise it when the same text gives other paragraphs or kinds: libraries must be reindexed."""


def index_parts(embedder: Embedder) -> dict[str, str]:
    """What the index of a library made now depends on, by name."""
    return {
        "embedding": embedder.identity,
        "schema": str(SCHEMA_VERSION),
        "paragraphs": str(PARAGRAPHS_VERSION),
        "sentences": f"{SENTENCES_VERSION}, sentencex {version('sentencex')}",
        "context": str(CONTEXT_VERSION),
        "passages": f"{PASSAGES_VERSION}, {MAX_PASSAGE_TOKENS} tokens",
        "signatures": str(SIGNATURES_VERSION),
        "words": f"{WORDS_VERSION}, PyStemmer {version('PyStemmer')}",
    }


def fingerprint(parts: dict[str, str]) -> str:
    """16 hex digits that stand for these parts."""
    canonical = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
