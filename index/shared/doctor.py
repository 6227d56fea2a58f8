"""Examines a shared library, and mends what can be mended of the copy and of the server's passages.

What the server has of the sources isn't mended: that is for its own backup.
"""

from __future__ import annotations

from index.doctor import Damage, Mended, examined
from index.errors import LibraryNotFoundError
from index.server_address import ServerAddress
from index.shared.home import ServerHome
from index.writer import reconcile, store_faults


def examine_shared(address: ServerAddress) -> tuple[Damage, ...]:
    """What is wrong with this machine's copy of a library, and with the passages on the server.

    Raises LibraryNotFoundError where there is none, LibraryLockedError while another process
    writes to it, StorageError where the server can't be used or its record is damaged.
    """
    home = _home(address)
    try:
        with home.writing():
            return _examined(home)
    finally:
        home.close()


def mend_shared(address: ServerAddress) -> Mended:
    """Fetches the copy anew, and makes the passages those of the catalog; raises likewise."""
    home = _home(address)
    done: list[str] = []
    try:
        with home.writing() as ledger:
            found = _examined(home)
            if any(damage.part != "chroma" for damage in found):
                home.fetch_anew()
                done.append("This machine's copy of the catalog was fetched anew.")
            if left := _examined(home):
                with store_faults(home.address):
                    ledger.begin()
                    store = home.store(home.catalog.meta())
                    store.clear()
                    reconcile(home, store)
                    ledger.end()
                done.append("The passages on the server were made again from the catalog.")
                left = _examined(home)
            return Mended(tuple(done), (), left)
    finally:
        home.close()


def _home(address: ServerAddress) -> ServerHome:
    home = ServerHome(address)
    if not home.exists():
        raise LibraryNotFoundError(
            f"There is no library in {home.address!r}: name another with --library."
        )
    return home


def _examined(home: ServerHome) -> tuple[Damage, ...]:
    return examined(home.catalog.path, home.address, home.store)
