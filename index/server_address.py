"""The address of a library on a server: chroma://host:port/name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from index.errors import SettingsError

PLAIN, SECURE = "chroma", "chroma+https"
DEFAULT_PORT = 8000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,60}[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a Chroma server listens, and the library's name there."""

    host: str
    port: int
    name: str
    secure: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{SECURE if self.secure else PLAIN}://{host}:{self.port}/{self.name}"


def is_address(library: str) -> bool:
    """Whether it names a server and not a folder."""
    return "://" in library


def parse_address(library: str) -> ServerAddress:
    """The address that is written so; raises SettingsError, which says how one is written."""
    try:
        parts = urlsplit(library)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
        parts = urlsplit("")
    name = parts.path.removeprefix("/")
    if parts.scheme not in (PLAIN, SECURE) or not host or parts.query or parts.fragment:
        raise _no_address(library, "write chroma://HOST:PORT/NAME, or chroma+https:// for TLS")
    if parts.username is not None:
        raise _no_address(library, "leave name and password out, a Chroma server takes none")
    if not _NAME.fullmatch(name):
        raise _no_address(library, "its name needs 3 to 62 letters, digits, '-' or '_'")
    secure = parts.scheme == SECURE
    return ServerAddress(host, port or (443 if secure else DEFAULT_PORT), name, secure)


def _no_address(library: str, advice: str) -> SettingsError:
    # A password must not be repeated.
    shown = re.sub(r"//[^/@]*@", "//…@", library[:100])
    return SettingsError(f"{shown!r} is no address of a library: {advice}.")
