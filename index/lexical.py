"""The lexical half of retrieval: BM25 over the words of the passages, in SQLite's FTS5."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from index.words import words

MAX_QUESTION_WORDS = 200
"""Further different words of a question are disregarded."""
MANY_SOURCES = 1000
"""From so many sources on, looking among the best of all is faster than listing their passages."""
SPARE = 20
"""How many times as many of all are looked at."""
K1 = 1.2
_B = 0.75
_LEAST_WEIGHT = 1e-6
"""FTS5's BM25 has these, and this for a word that most passages have."""


def add(connection: sqlite3.Connection, position: int, text: str) -> None:
    """Enters the words of the passage at this position of the passages table."""
    connection.execute(
        "INSERT INTO lexical (rowid, words) VALUES (?, ?)", (position, " ".join(words(text)))
    )


def remove(connection: sqlite3.Connection, source_id: str) -> None:
    """Takes out the passages of a source, which must still be in the passages table."""
    connection.execute(
        "DELETE FROM lexical WHERE rowid IN (SELECT position FROM passages WHERE source_id = ?)",
        (source_id,),
    )


def search(
    connection: sqlite3.Connection,
    question_words: Sequence[str],
    k: int,
    source_ids: Collection[str] | None = None,
) -> list[tuple[str, float]]:
    """The ids of up to `k` passages with any of these words, best first, and their BM25 (> 0).

    The words are those that `words()` makes. `source_ids` limits the search to these sources.
    """
    wanted = list(dict.fromkeys(question_words))[:MAX_QUESTION_WORDS]
    if not wanted or k < 1:
        return []
    matched = " OR ".join(_quoted(word) for word in wanted)
    if source_ids is None:
        return [found[1:] for found in _ranked(connection, matched, k)]
    if len(source_ids) >= MANY_SOURCES:
        among = SPARE * k
        best = _ranked(connection, matched, among)
        inside = [found[1:] for found in best if found[0] in source_ids]
        if len(inside) >= k or len(best) < among:
            return inside[:k]
    return [found[1:] for found in _ranked(connection, matched, k, source_ids)]


def _ranked(
    connection: sqlite3.Connection,
    matched: str,
    k: int,
    source_ids: Collection[str] | None = None,
) -> list[tuple[str, str, float]]:
    """Source id, id and BM25 of the best passages that match, best first.

    Ranked before it is joined: a row of the passages table, with its vector, is far larger than
    what FTS5 reads, and a common word has a tenth of them. The plus keeps SQLite from looking the
    positions up one by one in FTS5.
    """
    return connection.execute(
        """
        SELECT passages.source_id, passages.id, -found.score
        FROM (
          SELECT rowid AS position, bm25(lexical) AS score FROM lexical
          WHERE lexical MATCH :words
            AND (:sources IS NULL OR +rowid IN (
              SELECT position FROM passages
              WHERE source_id IN (SELECT value FROM json_each(:sources))
            ))
          ORDER BY score, position
          LIMIT :k
        ) AS found JOIN passages USING (position)
        ORDER BY found.score, position
        """,
        {
            "words": matched,
            "sources": None if source_ids is None else json.dumps(sorted(source_ids)),
            "k": k,
        },
    ).fetchall()


def words_of(connection: sqlite3.Connection, ids: Collection[str]) -> dict[str, str]:
    """The words of these passages, with spaces between, by their ids."""
    return dict(
        connection.execute(
            "SELECT id, words FROM passages JOIN lexical ON lexical.rowid = position "
            "WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
    )


def weights(frequencies: Mapping[str, int], passages: int) -> dict[str, float]:
    """What each word counts in BM25, by in how many of so many passages it occurs."""
    return {
        word: max(math.log((passages - found + 0.5) / (found + 0.5)), _LEAST_WEIGHT)
        for word, found in frequencies.items()
        if found
    }


def ranked(
    connection: sqlite3.Connection,
    ids: Collection[str],
    weights: Mapping[str, float],
    mean_length: float,
    k: int,
) -> list[tuple[str, float]]:
    """Of the passages with these ids what `search` gives: the best and their BM25.

    `mean_length` is the mean number of words of a passage.
    """
    scores: dict[str, float] = {}
    for passage_id, text in words_of(connection, ids).items():
        counts = Counter(text.split(" "))
        length = K1 * (1 - _B + _B * counts.total() / mean_length)
        score = sum(
            weight * counts[word] * (K1 + 1) / (counts[word] + length)
            for word, weight in weights.items()
            if counts[word]
        )
        if score > 0:
            scores[passage_id] = score
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:k]


def mean_length(connection: sqlite3.Connection) -> float:
    """The mean number of words of a passage."""
    row = connection.execute("SELECT sum(cnt) FROM lexical_words").fetchone()
    (total,) = connection.execute("SELECT count(*) FROM passages").fetchone()
    return (row[0] or 1) / (total or 1)


def document_frequency(connection: sqlite3.Connection, wanted: Iterable[str]) -> dict[str, int]:
    """In how many passages each of these words occurs; the words are those of `words()`."""
    found = {}
    for word in wanted:
        row = connection.execute("SELECT doc FROM lexical_words WHERE term = ?", (word,)).fetchone()
        found[word] = row[0] if row else 0
    return found


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
