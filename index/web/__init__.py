"""Web addresses: fetches one, within limits, and from public servers only.

What is refused and why stands in SECURITY.md. Importing it is light: the HTTP client is imported
when something is fetched.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from index.web.addresses import is_address
from index.web.types import DEFAULT_LIMITS, Fetched, FetchLimits

if TYPE_CHECKING:
    from index.web.fetching import Fetcher

__all__ = ["DEFAULT_LIMITS", "FetchLimits", "Fetched", "fetch", "is_address"]


def fetch(address: str, limits: FetchLimits = DEFAULT_LIMITS) -> Fetched:
    """What the http or https address `address` holds now.

    It may take `limits.total_s`, and the pauses between requests to one host on top; rules of
    robots.txt are remembered by the process. Safe to call from several threads. Raises SourceError
    when it can't be had, may not be read, or is nothing that Pincite reads.
    """
    return _fetcher().fetch(address, limits)


@cache
def _fetcher() -> Fetcher:
    from index.web.fetching import Fetcher

    return Fetcher()
