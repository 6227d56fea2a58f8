"""A Chroma server: opening it, and telling in one sentence what is wrong with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from index.chroma import opened
from index.errors import PinciteError, StorageError
from index.server_address import ServerAddress
from index.store import ServerUnavailableError

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

FIRST_SECONDS = 10.0
ANSWER_SECONDS = 120.0
"""After that a server that says nothing is given up; at first sooner."""


class CollectionGoneError(Exception):
    """The server has no such collection, or not any more."""


class Server:
    """The collections of one library on a Chroma server; safe to use from several threads."""

    def __init__(self, address: ServerAddress) -> None:
        """Nothing is opened yet."""
        self.address = address
        self._lock = threading.Lock()
        self._client: ClientAPI | None = None
        self._known: dict[str, Collection] = {}

    def client(self) -> ClientAPI:
        """The client, opened once."""
        with self._lock:
            if self._client is None:
                with server_faults(self.address):
                    self._client = _open(self.address)
            return self._client

    def collection(self, name: str) -> Collection:
        """The collection of this name; raises CollectionGoneError."""
        known = self._known.get(name)
        if known is None:
            client = self.client()
            with server_faults(self.address):
                known = client.get_collection(name, embedding_function=None)
            self._known[name] = known
        return known

    def made(self, name: str) -> Collection:
        """The collection of this name, made where it isn't there."""
        client = self.client()
        with server_faults(self.address):
            self._known[name] = client.get_or_create_collection(name, embedding_function=None)
        return self._known[name]

    def passages(self, name: str) -> Collection:
        """The collection of passages of this name, made where it isn't there."""
        if name not in self._known:
            client = self.client()
            with server_faults(self.address):
                self._known[name] = opened(client, name, write=True)
        return self._known[name]

    def names(self, prefix: str) -> list[str]:
        """The names of all collections that begin so."""
        client = self.client()
        found: list[str] = []
        with server_faults(self.address):
            while page := client.list_collections(limit=200, offset=len(found)):
                found += [each.name for each in page]
        return [name for name in found if name.startswith(prefix)]

    def drop(self, name: str) -> None:
        """Deletes the collection of this name, if it is there."""
        client = self.client()
        self._known.pop(name, None)
        try:
            with server_faults(self.address):
                client.delete_collection(name)
        except CollectionGoneError:
            pass


class ServerChroma:
    """A collection of passages on a server."""

    def __init__(self, server: Server, collection: str) -> None:
        """Nothing is opened yet."""
        self._name = collection
        self._server = server

    def collection(self, *, write: bool) -> Collection:
        """Opens the collection; only for writing is one made that isn't there."""
        try:
            return (
                self._server.passages(self._name) if write else self._server.collection(self._name)
            )
        except (StorageError, CollectionGoneError) as error:
            raise ServerUnavailableError(str(error)) from error

    def max_batch(self) -> int:
        """How many passages the server takes at once."""
        return self._server.client().get_max_batch_size()

    def close(self) -> None:
        """The server sees to what others have written."""


@contextmanager
def server_faults(address: ServerAddress) -> Iterator[None]:
    """Raises StorageError for whatever goes wrong, and CollectionGoneError."""
    from chromadb.errors import NotFoundError

    try:
        yield
    except NotFoundError as error:
        raise CollectionGoneError(str(error)) from error
    except (PinciteError, CollectionGoneError):
        raise
    except Exception as error:  # the client raises plain ones, ValueErrors and httpx's
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise StorageError(
            f"The Chroma server of the library in {str(address)!r} can't be used ({reason}): check "
            "that it runs there and can be reached, then try again."
        ) from error


def _open(address: ServerAddress) -> ClientAPI:
    import httpx

    scheme, host = "https" if address.secure else "http", address.host
    host = f"[{host}]" if ":" in host else host
    # Chroma's client would wait for ever for a server that doesn't answer.
    beat = httpx.get(f"{scheme}://{host}:{address.port}/api/v2/heartbeat", timeout=FIRST_SECONDS)
    if not beat.is_success:
        raise OSError(f"what answers there is no Chroma server: {beat.status_code}")
    import chromadb
    from chromadb.config import Settings

    client = chromadb.HttpClient(
        address.host,
        address.port,
        ssl=address.secure,
        settings=Settings(anonymized_telemetry=False),
    )
    session = getattr(getattr(client, "_server", None), "_session", None)
    if session is not None:
        session.timeout = ANSWER_SECONDS
    return client


def damaged_record(server: Server, detail: str) -> StorageError:
    """The error for what no version of this program has written."""
    return StorageError(
        f"The library in {str(server.address)!r} is damaged ({detail}): restore the server's "
        "backup, or make the library anew under another name."
    )
