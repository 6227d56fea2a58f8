"""Vector stores that LlamaIndex has integrations for, by name: "provider:address"."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from index.errors import SettingsError
from index.store import StoreUnavailableError

if TYPE_CHECKING:
    from index.embeddings import Embedder
    from index.store import Store

CHROMA, POSTGRES = "chroma", "postgres"
KEY = "vector_store"
"""The entry of the manifest with the name; where it is missing or empty, it is Chroma."""
_PACKAGE = "llama_index.vector_stores.postgres"


def named_store(manifest: Mapping[str, str]) -> Store | None:
    """The store that a library's manifest names, if it names one."""
    name = manifest.get(KEY)
    if not name:
        return None
    check_name(name)
    from index.postgres_store import PostgresStore

    # The part that is another one for each library, and each time it is indexed.
    table = "pincite_" + manifest["chroma"].rpartition("-")[2]
    return PostgresStore(name.partition(":")[2], table, int(manifest["dimensions"]))


def stated(vector_store: str, embedder: Embedder) -> dict[str, str]:
    """What the manifest says of a library whose vectors are in this store.

    Raises SettingsError for a name that isn't one, or whose package isn't installed.
    """
    if vector_store == CHROMA:
        return {KEY: ""}
    check_name(vector_store)
    return {KEY: vector_store, "dimensions": str(embedder.dimensions)}


def check_name(name: str) -> None:
    """Raises SettingsError unless it names a store that can be used."""
    provider, _, address = name.partition(":")
    try:
        parts = urlsplit(address)
        password = parts.password
    except ValueError:
        parts, password = urlsplit(""), None
    if provider != POSTGRES or parts.scheme != "postgresql":
        raise SettingsError(
            f"There is no vector store {provider[:40]!r}: use 'chroma', or "
            "'postgres:postgresql://USER@HOST:PORT/DATABASE'."
        )
    if password is not None:
        raise SettingsError(
            "The library would store the password of the vector store: leave it out of the "
            "address, and set PGPASSWORD or write a ~/.pgpass file."
        )
    try:
        is_installed = importlib.util.find_spec(_PACKAGE) is not None
    except ModuleNotFoundError:
        is_installed = False
    if not is_installed:
        raise SettingsError(
            "Vectors in Postgres need a package: run `pip install 'pincite[postgres]'`."
        )


def forget(store: Store | None) -> None:
    """Empties the named store of a library that has another now, if it can be reached."""
    if store is not None:
        with suppress(StoreUnavailableError):
            store.clear()
        store.close()
