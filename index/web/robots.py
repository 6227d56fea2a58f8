"""What the robots.txt of a server allows, as RFC 9309 says; asked for again after an hour."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from protego import Protego

from index.errors import SourceError
from index.web.addresses import Address
from index.web.exchange import PRODUCT, Response

MAX_ROBOTS_BYTES = 500 * 1024
"""What RFC 9309 asks a program to read at least; what comes after is left alone."""
MAX_CRAWL_DELAY_S = 30.0
"""A longer Crawl-delay is meant for programs that read a whole site."""

_KEPT_S = 3600.0
_FAILURE_KEPT_S = 60.0  # long enough for a list of addresses, short enough to try again
_MAX_KEPT = 1000

# The forms in which Protego takes a line for the name of a program.
_PROGRAM = re.compile(r"\s*user(?:-|\s*)agent\s*(?::|\s|$)([^#]*)", re.IGNORECASE)

Ask = Callable[[Address], AbstractContextManager[Response]]
"""Asks for an address and follows redirects."""

_Key = tuple[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rules of one server, or why nothing may be read there."""

    until: float
    rules: Protego | None
    refusal: str = ""


class Robots:
    """Reads and remembers the rules of each server; safe to use from several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, _Rules] = OrderedDict()
        self._lock = threading.Lock()

    def crawl_delay(self, address: Address, allowed: frozenset[str], ask: Ask) -> float:
        """The seconds that the server wants between two requests, if `address` may be read.

        SourceError when it may not, or when the rules can't be had though there may be some. That
        depends on the private servers `allowed` to be asked, so it is remembered for them only.
        """
        known = self._rules((str(address.robots()), allowed), address.robots(), ask)
        if known.rules is None:
            raise SourceError(known.refusal)
        if not known.rules.can_fetch(str(address), PRODUCT):
            raise SourceError(
                f"The robots.txt of {address.host!r} asks programs not to read {str(address)!r}: "
                "save the page and add the file."
            )
        return min(known.rules.crawl_delay(PRODUCT) or 0.0, MAX_CRAWL_DELAY_S)

    def _rules(self, key: _Key, robots: Address, ask: Ask) -> _Rules:
        with self._lock:
            known = self._kept.get(key)
        if known is None or known.until < time.monotonic():
            known = _fetched(robots, ask)
            with self._lock:
                self._kept[key] = known
                if len(self._kept) > _MAX_KEPT:
                    self._kept.popitem(last=False)
        return known


def _fetched(robots: Address, ask: Ask) -> _Rules:
    try:
        with ask(robots) as response:
            rules = Protego.parse(for_this_program(_text(response)))
    except SourceError as error:
        return _Rules(time.monotonic() + _FAILURE_KEPT_S, None, str(error))
    return _Rules(time.monotonic() + _KEPT_S, rules)


def _text(response: Response) -> str:
    """The rules; none where there is no such file (4xx). SourceError when that can't be told."""
    status = response.status
    if 400 <= status < 500 and status != 429:
        return ""
    if not 200 <= status < 300:
        raise SourceError(
            f"Whether programs may read {response.address.host!r} can't be told: "
            f"its robots.txt has status {status}; try again later."
        )
    data = response.read_beginning(MAX_ROBOTS_BYTES)
    if len(data) == MAX_ROBOTS_BYTES:  # half a rule could forbid, or allow, too much
        data = data[: data.rfind(b"\n") + 1]
    return data.decode("utf-8-sig", errors="replace")


def for_this_program(text: str) -> str:
    """The same rules, with all other programs under one name.

    Protego keeps a copy of each rule for each program that it is for: 500 KB of both would take
    gigabytes.
    """
    return "\n".join(map(_with_one_name, text.splitlines()))


def _with_one_name(line: str) -> str:
    found = _PROGRAM.match(line)
    if found is None:
        return line
    name = found[1].strip().lower()
    if name not in ("", "*"):
        name = name.replace("*", "")  # as Protego does
        if not name or not PRODUCT.lower().startswith(name):
            name = "another"
    return f"User-agent: {name}"
