"""What is counted over a whole library: once for each state of it, when it is first asked for."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable
from functools import cached_property

from index import lexical, records, versions
from index.catalog import Catalog

MAX_WORDS = 50_000
"""So many words' frequencies are remembered."""


class Census:
    """The counts of one generation of the catalog; a new generation needs a new census."""

    def __init__(self, catalog: Catalog) -> None:
        """Counts nothing yet."""
        self._catalog = catalog
        self._lock = threading.Lock()
        self._frequencies: dict[str, int] = {}

    @cached_property
    def passages(self) -> int:
        """The number of passages."""
        with self._catalog.reading() as connection:
            return records.count_passages(connection)

    @cached_property
    def mean_length(self) -> float:
        """The mean number of words of a passage."""
        with self._catalog.reading() as connection:
            return lexical.mean_length(connection)

    @cached_property
    def paragraphs(self) -> int:
        """The number of paragraphs."""
        with self._catalog.reading() as connection:
            return records.count_paragraphs(connection)

    @cached_property
    def sources(self) -> int:
        """The number of sources."""
        with self._catalog.reading() as connection:
            return int(connection.execute("SELECT count(*) FROM sources").fetchone()[0])

    @cached_property
    def content(self) -> dict[str, str]:
        """The hash of each source's text, by id."""
        with self._catalog.reading() as connection:
            return versions.contents(connection)

    @cached_property
    def content_digest(self) -> str:
        """A hash over the ids of all sources and the hashes of their texts, in any order."""
        return hashlib.sha256(json.dumps(sorted(self.content.items())).encode()).hexdigest()

    def document_frequency(self, wanted: Iterable[str]) -> dict[str, int]:
        """In how many passages each of these words, as `words()` makes them, occurs."""
        wanted = list(wanted)
        with self._lock:
            unknown = [word for word in wanted if word not in self._frequencies]
            if unknown:
                with self._catalog.reading() as connection:
                    found = lexical.document_frequency(connection, unknown)
                if len(self._frequencies) + len(found) > MAX_WORDS:
                    self._frequencies = {
                        word: self._frequencies[word] for word in wanted if word not in found
                    }
                self._frequencies.update(found)
            return {word: self._frequencies[word] for word in wanted}
