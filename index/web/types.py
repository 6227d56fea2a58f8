"""What fetching takes and gives."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_BYTES = 50_000_000
"""A book as a PDF with its pictures; what is larger is rarely one text."""
TIMEOUT_S = 15.0
"""A server that is up answers within seconds, also from another continent."""
TOTAL_S = 90.0
"""The largest answer at 5 Mbit/s; a server that drips bytes holds nobody up for longer."""
MAX_REDIRECTS = 5
"""To https, to "www.", over a short link, and some; RFC 9309 asks for five as well."""
PAUSE_S = 0.5
"""Nobody who reads a page by hand asks more often."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address held when it was fetched."""

    data: bytes = field(repr=False)
    """Unpacked, else as the server sent it."""
    address: str
    """After redirects, without a fragment."""
    media_type: str
    """Lower case, without parameters; from the address's ending where the server doesn't say."""
    charset: str | None
    """Lower case, as the server said; not necessarily the name of an encoding."""
    fetched: str
    """When, in UTC: `2025-02-25T17:06:09Z`."""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much and how long may be fetched, and from where."""

    max_bytes: int = MAX_BYTES
    """Of the unpacked answer."""
    timeout_s: float = TIMEOUT_S
    """For a connection, and for each wait for more of an answer."""
    total_s: float = TOTAL_S
    """For everything together, with robots.txt and redirects, but without pauses."""
    max_redirects: int = MAX_REDIRECTS
    pause_s: float = PAUSE_S
    """Between two requests to one host; a longer Crawl-delay of its robots.txt is kept to."""
    allowed_hosts: frozenset[str] = frozenset()
    """Each "host:port" that may be asked although its address isn't public or its port unusual."""


DEFAULT_LIMITS = FetchLimits()
