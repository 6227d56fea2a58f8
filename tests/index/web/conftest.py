"""A server and a fetcher that finds it under every public name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from index.web import Fetched
from index.web.fetching import Fetcher
from tests.index.web.site import LIMITS, Internet, Site

Fetch = Callable[[str], Fetched]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def fetch(site: Site) -> Fetch:
    """Fetches from `site`, whatever the name, as if it were at a public address."""
    fetcher = Fetcher(Internet(site).network)
    return lambda address: fetcher.fetch(address, LIMITS)
