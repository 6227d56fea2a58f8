"""Fetches an address: each hop is checked, allowed by robots.txt, and asked for in its turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from index.errors import SourceError
from index.web import answers
from index.web.addresses import Address, parse_address
from index.web.connecting import Network
from index.web.deadline import Deadline
from index.web.exchange import Response, asked
from index.web.robots import Robots
from index.web.turns import Turns
from index.web.types import Fetched, FetchLimits


@dataclass(frozen=True, slots=True)
class _Visit:
    """What holds for all requests for one address."""

    limits: FetchLimits
    deadline: Deadline


class Fetcher:
    """Fetches addresses and remembers whom it asked when, and what they allow."""

    def __init__(self, network: Network | None = None) -> None:
        self._network = network or Network()
        self._robots = Robots()
        self._turns = Turns()

    def fetch(self, text: str, limits: FetchLimits) -> Fetched:
        """See `index.web.fetch`."""
        address = parse_address(text)
        visit = _Visit(limits, Deadline(limits.total_s, address.host))
        with self._followed(address, visit, lambda hop: self._allowed(hop, visit)) as response:
            answers.check_status(response)
            media_type = answers.media_type(response)
            return Fetched(
                data=response.read(limits.max_bytes),
                address=str(response.address),
                media_type=media_type,
                charset=answers.charset(response),
                fetched=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            )

    def _allowed(self, address: Address, visit: _Visit) -> float:
        """The pause that the rules of its server ask for, if they allow to read `address`."""
        return self._robots.crawl_delay(
            address,
            visit.limits.allowed_hosts,
            lambda robots: self._followed(robots, visit, lambda _: 0.0),
        )

    @contextmanager
    def _followed(
        self, address: Address, visit: _Visit, allowed: Callable[[Address], float]
    ) -> Iterator[Response]:
        """The answer at the end of the redirects; `allowed` gives the pause after each hop."""
        limits = visit.limits
        start = address
        for _ in range(limits.max_redirects + 1):
            pause_s = max(allowed(address), limits.pause_s)
            with (
                self._turns.turn(address.host, pause_s, visit.deadline),
                asked(address, self._network, limits, visit.deadline) as response,
            ):
                target = answers.redirect(response)
                if target is None:
                    yield response
                    return
            address = target
        raise SourceError(
            f"{str(start)!r} leads from one address to the next more than {limits.max_redirects} "
            "times: check the address."
        )
