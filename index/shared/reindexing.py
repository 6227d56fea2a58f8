"""Indexes a shared library anew, beside the record that holds until it is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from index import versions
from index.catalog import create_tables
from index.embeddings import Embedder
from index.manifest import new_chroma_name
from index.shared import replica
from index.shared.epochs import Epoch, Epochs
from index.shared.ledger import ServerLedger
from index.shared.originals import Originals
from index.shared.payload import unpacked_version
from index.shared.record import Record
from index.shared.server import Server, damaged_record
from index.unfinished import Unfinished
from index.writer import Progress, compute_all, store_faults

if TYPE_CHECKING:
    from index.shared.home import ServerHome


def reindex(
    home: ServerHome,
    server: Server,
    old: Epoch,
    embedder: Embedder,
    manifest: Mapping[str, str],
    progress: Progress,
) -> Epoch:
    """Computes everything again from the stored texts, for the epoch that is returned.

    The caller holds the lease. What is embedded is kept when it is killed, on this machine.
    """
    chroma = new_chroma_name()
    manifest = {**manifest, "chroma": chroma, "generation": "0"}
    new = Epoch(old.number + 1, Epochs(server).new_record(), manifest)
    ledger = ServerLedger(Record(server, new.record), Originals(server, server.address.name))
    catalog, store = home.copy_of(new), home.store(manifest)
    unfinished = Unfinished(home.folder, embedder)
    home.folder.mkdir(parents=True, exist_ok=True)
    try:
        with store_faults(home.address), catalog.writing() as connection:
            create_tables(connection, manifest)
            replica.set_applied(connection, 0)
            ledger.watch(connection)
            record = Record(server, old.record)
            for change in record.since(0):
                if change.kind == "remove":
                    versions.remove(connection, change.source)
                    continue
                try:
                    row, source = unpacked_version(record.blobs([change.text])[0])
                except ValueError as error:
                    raise damaged_record(server, str(error)) from error
                versions.set_newest(connection, source, row.number)
                versions.insert_version(connection, source, row.number, row.added)
            for source_id, number in versions.superseded(connection):
                ledger.put_old(connection, source_id, number)
            compute_all(connection, store, unfinished, ledger, progress)
        ledger.settle()
        ledger.end()
        unfinished.discard()
    finally:
        unfinished.close()
        catalog.close()
    return new
