"""Keeps up to date which sources are twins: copies of one text, or renderings of one original.

In the order of adding, a source that copies or renders an earlier first one is its twin, any other
is a first one. So what is noted is the same in whatever way a library came to hold its sources, but
for what only a search for near passages finds: none is made when a source is removed.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from index import copies, exact, twin_rows, versions
from index.build import Split
from index.copies import Wording
from index.minhash import signature
from index.twins import Nearest, near_sources, renderings
from index.types import IndexedSource, Vectors


@dataclass(frozen=True, slots=True)
class _Compared:
    """A source as it is compared with others."""

    id: str
    position: int
    wording: Wording


@dataclass(frozen=True, slots=True)
class _Relation:
    """How one source is related to another."""

    follows: bool
    """It copies or renders the other, or a part of it."""
    leads: bool
    """The other copies or renders it, or a part of it."""


_Related = Callable[[str], _Relation]


def enter(connection: sqlite3.Connection, split: Split, nearest: Nearest) -> None:
    """Notes whose twin a source is of which all else is stored; `nearest` searches passages."""
    source_id = split.source.id
    sign(connection, split)
    own = _Compared(source_id, twin_rows.position(connection, source_id), _wording(split))
    related = _related_to(connection, own)
    near = near_sources(
        _body_vectors(connection, source_id),
        nearest,
        lambda ids: twin_rows.firsts(connection, ids),
        source_id,
    )
    candidates = _with_firsts(connection, [*twin_rows.alike(connection, source_id), *near])
    firsts = twin_rows.those_first(connection, candidates)
    for first in firsts:
        if related(first).follows:
            twin_rows.note(connection, source_id, first)
    if not twin_rows.has_earlier_first(connection, source_id):
        for first in firsts:
            if related(first).follows or related(first).leads:
                candidates |= twin_rows.members(connection, first)
        _settle(connection, _lead(connection, own, related, candidates))


def sign(connection: sqlite3.Connection, split: Split) -> None:
    """Stores what the copies of a source are found by, in place of what there is."""
    source_id = split.source.id
    twin_rows.remove_signature(connection, source_id)
    twin_rows.insert_signature(connection, source_id, signature(_wording(split).all_words()))


def leave(connection: sqlite3.Connection, source_id: str) -> None:
    """Forgets whose twin a source is, if it is there, before it is removed or gets another text."""
    if not twin_rows.is_there(connection, source_id):
        return
    pending = twin_rows.later_members(connection, source_id)
    twin_rows.forget(connection, source_id)
    twin_rows.remove_signature(connection, source_id)
    _settle(connection, pending)


def check_signature(connection: sqlite3.Connection, indexed: IndexedSource) -> None:
    """Raises sqlite3.DatabaseError where the signature that is stored isn't that of the text."""
    wanted = signature(_wording(indexed).all_words())
    stored = twin_rows.stored_signature(connection, indexed.source.id)
    if stored is None or wanted is None:
        is_same = stored is wanted
    else:
        is_same = np.array_equal(stored, wanted)
    if not is_same:
        raise sqlite3.DatabaseError(f"the signature of {indexed.source.id!r} has changed")


def _wording(source: Split | IndexedSource) -> Wording:
    """What is compared of a source's words: the sentences of its body."""
    body = {paragraph.number for paragraph in source.paragraphs if paragraph.kind == "body"}
    return Wording(each.text for each in source.sentences if each.paragraph in body)


def _settle(connection: sqlite3.Connection, pending: Collection[str]) -> None:
    """Decides again of these sources, in the order of adding, and of all on which that bears."""
    concerned = set(pending)
    heap = [(twin_rows.position(connection, each), each) for each in concerned]
    heapq.heapify(heap)
    while heap:
        _, source_id = heapq.heappop(heap)
        is_first = bool(twin_rows.those_first(connection, [source_id]))
        more: set[str] = set()
        if twin_rows.has_earlier_first(connection, source_id):
            if is_first:
                more = twin_rows.later_members(connection, source_id)
                twin_rows.disband(connection, source_id)
        elif not is_first:
            own = _compared(connection, source_id)
            # Nothing may be noted of those that wait to be decided of.
            candidates = concerned | _with_firsts(
                connection, twin_rows.alike(connection, source_id)
            )
            for first in twin_rows.firsts(connection, [source_id]).get(source_id, ()):
                candidates |= twin_rows.members(connection, first)
            more = _lead(connection, own, _related_to(connection, own), candidates)
        concerned |= more
        for each in more:
            heapq.heappush(heap, (twin_rows.position(connection, each), each))


def _lead(
    connection: sqlite3.Connection, own: _Compared, related: _Related, candidates: Iterable[str]
) -> set[str]:
    """Makes a source a first one, and those that follow it its twins.

    Returns the later ones that have been first ones and can't be any more.
    """
    twin_rows.note(connection, own.id, own.id)
    following = [each for each in sorted(set(candidates) - {own.id}) if related(each).leads]
    for each in following:
        twin_rows.note(connection, each, own.id)
    return {
        each
        for each in twin_rows.those_first(connection, following)
        if twin_rows.position(connection, each) > own.position
    }


def _with_firsts(connection: sqlite3.Connection, source_ids: Collection[str]) -> set[str]:
    """These sources and the firsts whose twins they are, as far as they are noted."""
    found = twin_rows.firsts(connection, source_ids)
    return set(found).union(*found.values())


# --- how two sources are related -----------------------------------------------------------------


def _related_to(connection: sqlite3.Connection, own: _Compared) -> _Related:
    """What tells how a source is related to any other; each is compared once."""
    return cache(lambda other: _relation(connection, own, _compared(connection, other)))


def _relation(connection: sqlite3.Connection, own: _Compared, other: _Compared) -> _Relation:
    ours = copies.shares(own.wording, other.wording)
    theirs = copies.shares(other.wording, own.wording)
    if ours.is_copy and theirs.is_copy:
        return _Relation(follows=True, leads=True)
    follows, leads = renderings(
        _body_vectors(connection, own.id), _body_vectors(connection, other.id)
    )
    # Vectors of reports from one template are near each other too.
    may_render = not (ours.is_of_one_template or theirs.is_of_one_template)
    return _Relation(
        follows=ours.is_copy or (follows and may_render),
        leads=theirs.is_copy or (leads and may_render),
    )


def _compared(connection: sqlite3.Connection, source_id: str) -> _Compared:
    source = versions.find(connection, source_id)
    text = source.text if source else ""
    spans = connection.execute(
        'SELECT sentences.start, sentences."end" FROM sentences JOIN paragraphs '
        "ON paragraphs.source_id = sentences.source_id AND number = paragraph "
        "WHERE sentences.source_id = ? AND kind = 'body' ORDER BY position",
        (source_id,),
    )
    wording = Wording(text[start:end] for start, end in spans)
    return _Compared(source_id, twin_rows.position(connection, source_id), wording)


def _body_vectors(connection: sqlite3.Connection, source_id: str) -> Vectors:
    """The vectors of the passages of a source's body paragraphs, in the order of the text."""
    rows = connection.execute(
        """
        SELECT vector FROM passages JOIN paragraphs
          ON paragraphs.source_id = passages.source_id AND number = paragraph
        WHERE passages.source_id = ? AND kind = 'body' ORDER BY position
        """,
        (source_id,),
    ).fetchall()
    return exact.stacked([row[0] for row in rows]) if rows else np.zeros((0, 0), np.float32)
