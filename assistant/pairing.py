"""Which sentences and paragraphs of two sources tell of the same thing, over the whole texts.

Sentences are scored by their vectors, set against how near they are to others, and by the words,
names and numbers that they share. Twins tell things in the same order, so the best way through both
texts is looked for, on which one sentence may answer several; of other sources only those pairs are
kept of which each is the other's best. Nothing here depends on which source is named first.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assistant.alignment import CLOSE
from assistant.wording import terms
from index import IndexedSource, ParagraphKind, SettingsError

MAX_SENTENCES = 3_000
"""Of one source; longer texts would take minutes and gigabytes."""
NEIGHBOURS = 4
"""Of a sentence: what is near to many others isn't near to any one of them."""
WORDS_WEIGHT = 0.1
"""Of shared words beside the nearness of vectors."""
WORTH = 0.0125
"""What it is worth on the way through two twins that a sentence has a counterpart: where the order
tells, two sentences may be a little less alike than they are like others.
"""
SEVERAL = 0.02
"""What it costs that a sentence has a further counterpart."""
IN_PARAGRAPH = -0.025
"""From this score a sentence of an aligned paragraph that is left over gets a counterpart there."""
MIN_SCORE = 0.03
MIN_COSINE = 0.87
"""Of two sentences of sources that aren't twins; from `CLOSE` on, nearness alone will do."""
MAX_POSTINGS = 250_000
"""A word that so many pairs of sentences share tells nothing."""

COMPARED: frozenset[ParagraphKind] = frozenset({"title", "heading", "body"})
_APART = -1e3

Scores = NDArray[np.float64]
Link = tuple[int, int]
"""A sentence of the first source and one of the second, by their positions in `sentences`."""


@dataclass(frozen=True, slots=True)
class Row:
    """Paragraphs of two sources that tell of the same thing, by their numbers."""

    first: tuple[int, ...]
    second: tuple[int, ...]


@dataclass(frozen=True)
class Pairing:
    """Two sources and which of their sentences are counterparts."""

    first: IndexedSource
    second: IndexedSource
    are_twins: bool
    links: tuple[Link, ...]
    """In the order of the texts."""

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The aligned paragraphs; those that share a counterpart are in one row."""
        return _rows(self.links, self.first, self.second)

    @cached_property
    def telling(self) -> tuple[Link, ...]:
        """The links of prose that may tell a thing differently.

        What both sources have word for word, somewhere, they don't differ on.
        """
        texts = [{s.text for s in each.sentences} for each in (self.first, self.second)]
        both = texts[0] & texts[1]
        return tuple(
            (i, j)
            for i, j in self.links
            if self.first.paragraph(self.first.sentences[i].paragraph).kind == "body"
            and self.first.sentences[i].text not in both
            and self.second.sentences[j].text not in both
        )

    def mirrored(self) -> Pairing:
        """The same with the sources in the other order."""
        links = tuple(sorted((j, i) for i, j in self.links))
        return Pairing(self.second, self.first, self.are_twins, links)


def pair(first: IndexedSource, second: IndexedSource, *, are_twins: bool) -> Pairing:
    """Align two sources.

    Raises:
        SettingsError: one of them is too long.
    """
    for source in (first, second):
        if len(source.sentences) > MAX_SENTENCES:
            raise SettingsError(
                f"{source.source.id} has {len(source.sentences):,} sentences: texts of up to "
                f"{MAX_SENTENCES:,} can be compared."
            )
    if not first.sentences or not second.sentences:
        return Pairing(first, second, are_twins, ())
    scores = _scores(first, second)
    if are_twins:
        links = _in_order(scores)
        links += _left_over(links, scores, first, second)
    else:
        links = _mutual(scores, first, second)
    return Pairing(first, second, are_twins, tuple(sorted(set(links))))


# --- how well two sentences go together ----------------------------------------------------------


def _scores(first: IndexedSource, second: IndexedSource) -> Scores:
    """For each pair of sentences how well they go together; `_APART` for those that can't."""
    cosines = (first.sentence_vectors @ second.sentence_vectors.T).astype(np.float64)
    rows, columns = _best_mean(cosines), _best_mean(cosines.T)
    scores: Scores = cosines - (rows[:, None] + columns[None, :]) / 2
    scores += WORDS_WEIGHT * _shared_words(first, second)
    ours, theirs = _kinds(first), _kinds(second)
    for kind in {*ours, *theirs}:
        is_ours = np.array([each == kind for each in ours])
        is_theirs = np.array([each == kind for each in theirs])
        if kind in COMPARED:
            scores[np.ix_(is_ours, ~is_theirs)] = _APART
        else:
            scores[is_ours, :] = _APART
            scores[:, is_theirs] = _APART
    return scores


def _best_mean(cosines: Scores) -> Scores:
    """The mean of the highest cosines of each row."""
    most = min(NEIGHBOURS, cosines.shape[1])
    best: Scores = np.sort(cosines, axis=1)[:, -most:].mean(axis=1)
    return best


def _kinds(source: IndexedSource) -> list[ParagraphKind]:
    return [source.paragraph(sentence.paragraph).kind for sentence in source.sentences]


def _shared_words(first: IndexedSource, second: IndexedSource) -> Scores:
    """For each pair of sentences the cosine of their words, weighted by rarity in both texts."""
    ours, theirs = _postings(first), _postings(second)
    counts = Counter({word: len(places) for word, places in ours.items()})
    counts.update({word: len(places) for word, places in theirs.items()})
    total = len(first.sentences) + len(second.sentences)
    weight = {word: math.log((total + 1) / count) ** 2 for word, count in counts.items()}
    shared = np.zeros((len(first.sentences), len(second.sentences)))
    for word in sorted(ours.keys() & theirs.keys()):
        if len(ours[word]) * len(theirs[word]) <= MAX_POSTINGS:
            shared[np.ix_(ours[word], theirs[word])] += weight[word]
    lengths = [
        np.sqrt(_sums(postings, weight, len(source.sentences)))
        for postings, source in ((ours, first), (theirs, second))
    ]
    return shared / np.outer(*(np.where(length == 0, 1.0, length) for length in lengths))


def _postings(source: IndexedSource) -> dict[str, list[int]]:
    """For each word, name or number of a source the positions of the sentences that have it."""
    found: dict[str, list[int]] = defaultdict(list)
    for position, sentence in enumerate(source.sentences):
        for word in {w for term in terms(sentence.text) if (w := " ".join(term.name) or term.key)}:
            found[word].append(position)
    return found


def _sums(postings: dict[str, list[int]], weight: dict[str, float], length: int) -> Scores:
    sums = np.zeros(length)
    for word in sorted(postings):
        sums[postings[word]] += weight[word]
    return sums


# --- twins ---------------------------------------------------------------------------------------


def _in_order(scores: Scores) -> list[Link]:
    """The links of the best way through both texts that goes back in neither.

    `ending[i, j]` is the worth of the best way that ends with the link of sentences i and j,
    `best[i, j]` of any way within the first i and j sentences.
    """
    n, m = scores.shape
    best, ending = np.zeros((n + 1, m + 1)), np.full((n + 1, m + 1), _APART)
    further = scores + WORTH - SEVERAL
    for i in range(1, n + 1):
        anew = best[i - 1, :-1] + scores[i - 1] + 2 * WORTH
        begun = np.maximum(anew, ending[i - 1, 1:] + further[i - 1])
        # One sentence of the first goes on with the next of the second: ending[i, j] is the
        # maximum of begun[j] and ending[i, j - 1] + further[j], for all j at once.
        sums = np.cumsum(further[i - 1])
        ending[i, 1:] = np.maximum.accumulate(begun - sums) + sums
        best[i, 1:] = np.maximum.accumulate(np.maximum(best[i - 1, 1:], ending[i, 1:]))
    return _walked_back(scores, further, best, ending)


def _walked_back(scores: Scores, further: Scores, best: Scores, ending: Scores) -> list[Link]:
    links: list[Link] = []
    i, j = scores.shape
    linked = False
    while i > 0 and j > 0:
        if not linked:
            if _equal(best.item(i, j), best.item(i - 1, j)):
                i -= 1
            elif _equal(best.item(i, j), best.item(i, j - 1)):
                j -= 1
            else:
                linked = True
            continue
        links.append((i - 1, j - 1))
        here = ending.item(i, j)
        anew = best.item(i - 1, j - 1) + scores.item(i - 1, j - 1) + 2 * WORTH
        if _equal(here, anew):
            i, j, linked = i - 1, j - 1, False
        elif _equal(here, ending.item(i - 1, j) + further.item(i - 1, j - 1)):
            i -= 1
        else:
            j -= 1
    return links[::-1]


def _equal(one: float, other: float) -> bool:
    return abs(one - other) < 1e-6


def _left_over(
    links: Sequence[Link], scores: Scores, first: IndexedSource, second: IndexedSource
) -> list[Link]:
    """For each sentence without a counterpart the best one in the paragraphs of its row."""
    added: list[Link] = []
    known = {i for i, _ in links}, {j for _, j in links}
    for row in _rows(links, first, second):
        ours, theirs = _within(first, row.first), _within(second, row.second)
        block = scores[np.ix_(ours, theirs)]
        for at, i in enumerate(ours):
            if i not in known[0] and block[at].max() >= IN_PARAGRAPH:
                added.append((i, theirs[int(block[at].argmax())]))
        for at, j in enumerate(theirs):
            if j not in known[1] and block[:, at].max() >= IN_PARAGRAPH:
                added.append((ours[int(block[:, at].argmax())], j))
    return added


def _within(source: IndexedSource, paragraphs: Sequence[int]) -> list[int]:
    """The positions of the sentences of these paragraphs."""
    return [i for i, sentence in enumerate(source.sentences) if sentence.paragraph in paragraphs]


# --- other sources -------------------------------------------------------------------------------


def _mutual(scores: Scores, first: IndexedSource, second: IndexedSource) -> list[Link]:
    """The pairs of which each is the other's best; sentences that are repeated go in order."""
    links = _verbatim(scores, first, second)
    scores = scores.copy()
    for i, j in links:
        scores[i, :] = scores[:, j] = _APART
    rows, columns = scores.argmax(axis=1), scores.argmax(axis=0)
    for i, column in enumerate(rows):
        j = int(column)
        cosine = float(first.sentence_vectors[i] @ second.sentence_vectors[j])
        stands_out = scores[i, j] >= MIN_SCORE and cosine >= MIN_COSINE
        if columns[j] == i and scores[i, j] > _APART / 2 and (stands_out or cosine >= CLOSE):
            links.append((i, j))
    return links


def _verbatim(scores: Scores, first: IndexedSource, second: IndexedSource) -> list[Link]:
    """Sentences that both have word for word: the first with the first, and so on."""
    places: dict[str, list[int]] = defaultdict(list)
    for j, sentence in enumerate(second.sentences):
        places[sentence.text].append(j)
    links: list[Link] = []
    for i, sentence in enumerate(first.sentences):
        for j in places[sentence.text]:
            if scores[i, j] > _APART / 2:
                places[sentence.text].remove(j)
                links.append((i, j))
                break
    return links


# --- paragraphs ----------------------------------------------------------------------------------


def _rows(links: Iterable[Link], first: IndexedSource, second: IndexedSource) -> tuple[Row, ...]:
    """The paragraphs that the links tie together, in the order of the first source."""
    row_of: dict[tuple[int, int], int] = {}
    rows: list[set[tuple[int, int]]] = []
    for i, j in links:
        ends = (0, first.sentences[i].paragraph), (1, second.sentences[j].paragraph)
        known = sorted({row_of[end] for end in ends if end in row_of})
        kept = known[0] if known else len(rows)
        if not known:
            rows.append(set())
        for merged in known[1:]:
            rows[kept] |= rows[merged]
            rows[merged] = set()
        rows[kept] |= set(ends)
        row_of.update(dict.fromkeys(rows[kept], kept))
    found = [
        Row(*(tuple(sorted(number for side, number in row if side == s)) for s in (0, 1)))
        for row in rows
        if row
    ]
    return tuple(sorted(found, key=lambda row: row.first))
