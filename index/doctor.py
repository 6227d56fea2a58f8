"""Examines a library, says exactly what is damaged, and mends what the stored texts can mend."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from index import grouping, records, twin_rows, versions
from index.catalog import FILE_NAME, SCHEMA_VERSION, Catalog
from index.embeddings import DEFAULT_EMBEDDING, Embedder, load_embedder
from index.errors import LibraryNotFoundError, PinciteError
from index.folder_home import FolderHome, FolderLedger, writer_lock
from index.manifest import check_readable, manifest_for, new_chroma_name
from index.rebuilding import rebuild, store_again
from index.recovery import damaged_copies, recover
from index.server_address import is_address, parse_address
from index.store import Store, StoreUnavailableError
from index.version_rows import COLUMNS, source_of, unsealed
from index.words import words
from index.writer import Progress

Part = Literal["stored", "computed", "chroma"]
_MAX_TOLD = 20
"""Faults of one kind that are told one by one."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is wrong with a library."""

    part: Part
    """What is stored can be lost; what is computed from it can be computed again, and what Chroma
    has is in the catalog too."""
    what: str
    """A sentence."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of a damaged library."""

    done: tuple[str, ...]
    """What was mended, a sentence each."""
    lost: tuple[str, ...]
    """What is lost for good, a sentence each."""
    left: tuple[Damage, ...]
    """What is still damaged."""


def examine(library: Path | str) -> tuple[Damage, ...]:
    """Everything that is wrong with the library in the folder, or at the address; it isn't changed.

    Raises LibraryNotFoundError where there is none, LibraryLockedError while another process
    writes to it.
    """
    if isinstance(library, str) and is_address(library):
        from index.shared.doctor import examine_shared

        return examine_shared(parse_address(library))
    folder = Path(library).resolve()
    _must_be_there(folder)
    with writer_lock(folder):
        return _examined(folder)


def mend(library: Path | str, progress: Progress = lambda source_id, done, texts: None) -> Mended:
    """Mends what can be mended, and says what is lost.

    Where the catalog itself is damaged, what is whole in it goes into a new one; the damaged file
    is kept beside it. Raises as `examine` does, and StorageError when the disk is full.
    """
    if isinstance(library, str) and is_address(library):
        from index.shared.doctor import mend_shared

        return mend_shared(parse_address(library))
    folder = Path(library).resolve()
    _must_be_there(folder)
    done: list[str] = []
    lost: tuple[str, ...] = ()
    with writer_lock(folder):
        found = _examined(folder)
        embedder = load_embedder(_embedding_of(folder))
        if any(damage.part == "stored" for damage in found):
            meta = {**manifest_for(embedder), "chroma": new_chroma_name()}
            recovered = recover(folder, meta)
            lost = recovered.lost
            done.append(
                f"What is whole was put into a new catalog; {recovered.kept_as} is the old."
            )
        if found and all(damage.part == "chroma" for damage in found):
            _store_again(folder)
            done.append("Chroma's files were made again from the catalog.")
        elif found:
            _compute_again(folder, embedder, progress)
            done.append("What is computed from the texts was computed again where it was damaged.")
        return Mended(tuple(done), lost, _examined(folder) if found else ())


def _must_be_there(folder: Path) -> None:
    if not (folder / FILE_NAME).is_file():
        raise LibraryNotFoundError(
            f"There is no library in {str(folder)!r}: name another with --library DIR."
        )


def _compute_again(folder: Path, embedder: Embedder, progress: Progress) -> None:
    home, manifest = FolderHome(folder), manifest_for(embedder)
    # The vectors that are whole needn't be computed again, wherever they are.
    known = [folder / FILE_NAME, *damaged_copies(folder)[:1]][-1]
    address = f"{known.as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            rebuild(home, FolderLedger(folder), embedder, manifest, progress, connection)
    finally:
        home.close()


def _store_again(folder: Path) -> None:
    home = FolderHome(folder)
    try:
        store_again(home, FolderLedger(folder))
    finally:
        home.close()


def _embedding_of(folder: Path) -> str:
    """The name of the embedding that the library was made with, as far as it can be read."""
    catalog = Catalog(folder)
    try:
        with closing(sqlite3.connect(f"{catalog.path.as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = 'embedding'").fetchone()
        load_embedder(row[0])
        return str(row[0])
    except Exception:  # whatever a damaged file leads to
        return DEFAULT_EMBEDDING


# --- what is wrong -------------------------------------------------------------------------------


def _examined(folder: Path) -> tuple[Damage, ...]:
    return examined(folder / FILE_NAME, folder, FolderHome(folder).store)


def examined(
    catalog: Path, library: Path | str, store_of: Callable[[Mapping[str, str]], Store]
) -> tuple[Damage, ...]:
    """What is wrong with a catalog's file, and with the collection of passages that it names.

    `library` is its folder or address.
    """
    address = f"{catalog.as_uri()}?mode=rw"
    try:
        with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
            found = list(_of_file(connection))
            if not found:
                meta = dict(connection.execute("SELECT key, value FROM meta"))
                found += _of_meta(library, meta)
                found += [Damage("stored", what) for what in _of_versions(connection)]
            if not found:
                found += [Damage("computed", what) for what in _of_computed(connection)]
            if not found:
                found += [Damage("chroma", what) for what in _of_store(connection, store_of(meta))]
            return tuple(found)
    except (sqlite3.Error, PinciteError, TypeError, ValueError, KeyError) as error:
        return (Damage("stored", f"The catalog can't be read ({error})."),)


def _of_file(connection: sqlite3.Connection) -> Iterator[Damage]:
    rows = connection.execute(f"PRAGMA integrity_check ({_MAX_TOLD})").fetchall()
    for (said,) in rows:
        if said != "ok":
            yield Damage("stored", f"The catalog's file is damaged: {said}.")


def _of_meta(library: Path | str, meta: dict[str, str]) -> Iterator[Damage]:
    check_readable(library, meta)
    if meta["schema"] != str(SCHEMA_VERSION):
        yield Damage("computed", "The library was made by another version of Pincite.")
    elif manifest_for(load_embedder(meta["embedding"]))["fingerprint"] != meta["fingerprint"]:
        yield Damage("computed", "The index was made with other settings or by another version.")


def _of_versions(connection: sqlite3.Connection) -> Iterator[str]:
    rowids = connection.execute("SELECT rowid FROM versions").fetchall()
    known: set[tuple[str, int]] = set()
    for (rowid,) in rowids:
        row = connection.execute(
            f"SELECT {COLUMNS}, text FROM versions WHERE rowid = ?", (rowid,)
        ).fetchone()
        try:
            stored = unsealed(row[:-1])
            source = source_of(stored, row[-1])
        except sqlite3.Error as error:
            yield f"{str(error)[:1].upper()}{str(error)[1:]}."
            continue
        known.add((stored.source_id, stored.number))
        newest = connection.execute(
            "SELECT id, version, sha256, uri, published, publisher, lang FROM sources "
            "WHERE id = ? AND version = ?",
            (stored.source_id, stored.number),
        ).fetchone()
        if newest and newest != versions.newest_row(source, stored.number):
            yield f"The entry of {stored.source_id!r} in the list of sources is damaged."
    for source_id, number in connection.execute("SELECT id, version FROM sources"):
        if (source_id, number) not in known:
            yield f"The newest version of {source_id!r} is missing."
    for (rowid,) in connection.execute("SELECT rowid FROM originals").fetchall():
        sha256, original = connection.execute(
            "SELECT sha256, bytes FROM originals WHERE rowid = ?", (rowid,)
        ).fetchone()
        if not versions.is_original(sha256, original):
            yield f"The original with the hash {sha256[:12]}… has changed."


def _of_computed(connection: sqlite3.Connection) -> Iterator[str]:
    passages = 0
    for source in versions.each_newest(connection):
        try:
            indexed = records.indexed(connection, source)
            records.sealed_passage_vectors(connection, source.id)
            grouping.check_signature(connection, indexed)
        except sqlite3.Error as error:
            yield f"{str(error)[:1].upper()}{str(error)[1:]}."
            continue
        passages += len(indexed.passages)
        stored = dict(
            connection.execute(
                "SELECT id, words FROM passages LEFT JOIN lexical ON lexical.rowid = position "
                "WHERE source_id = ?",
                (source.id,),
            )
        )
        if any(
            stored.get(each.id) != " ".join(words(source.text[each.start : each.end]))
            for each in indexed.passages
        ):
            yield f"The words of {source.id!r} have changed."
    yield from _of_counts(connection, passages)


def _of_counts(connection: sqlite3.Connection, passages: int) -> Iterator[str]:
    for table in ("passages", "lexical"):
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        if count != passages:
            yield f"There are {count} rows of {table}, and should be {passages}."
    yield from twin_rows.faults(connection)
    connection.execute("BEGIN")
    try:
        connection.execute("INSERT INTO lexical (lexical) VALUES ('integrity-check')")
    except sqlite3.DatabaseError as error:
        if "readonly" not in str(error):
            yield f"The index of words is damaged ({error})."
    finally:
        connection.rollback()


def _of_store(connection: sqlite3.Connection, store: Store) -> Iterator[str]:
    try:
        wanted = set(records.passage_ids(connection))
        if not wanted and not store.exists():
            return
        if store.count() not in (len(wanted), None) or store.ids() != wanted:
            yield "Chroma doesn't have the passages that the catalog has."
            return
        for part in records.batched(sorted(wanted), records.PART):
            ids, _, vectors = records.passage_vectors(connection, part)
            if not np.allclose(store.vectors(ids), vectors, atol=1e-5):
                yield "Chroma has other vectors than the catalog."
                return
    except StoreUnavailableError as error:
        yield f"Chroma's files can't be read ({error})."
    finally:
        store.close()
