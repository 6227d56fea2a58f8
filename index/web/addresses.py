"""Reads web addresses strictly: what could be taken in two ways isn't taken at all.

An `Address` is parsed once and used as it is, so that no other parser can see another host in it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from typing import Self
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from index.errors import SourceError

MAX_ADDRESS_CHARS = 4000
"""Twice what search engines and browsers' address bars are known to handle."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_NAME_CHARS = 253
_MAX_SHOWN_CHARS = 200

_BEGINNING = re.compile(r"https?://", re.IGNORECASE)
_USER = re.compile(r"[^/?#]*//[^/?#]*@")
# Controls are dropped by some parsers, backslashes are slashes to others; a lone surrogate can't
# be sent.
_AMBIGUOUS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\\\ud800-\udfff]")
_NAME = re.compile(r"(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)*(?!-)[a-z0-9_-]{1,63}(?<!-)")
# What inet_aton reads as a number, as the end of a name: "2130706433", "0x7f.1", "017700000001".
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_DOTS = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_KEPT_IN_PATH = "/%:@!$&'()*+,;=~"
_KEPT_IN_QUERY = _KEPT_IN_PATH + "?"


@dataclass(frozen=True, slots=True)
class Address:
    """A web address, taken apart; `str` puts it together again, without a fragment."""

    scheme: str
    """ "http" or "https"."""
    host: str
    """A name in ASCII and lower case without a final dot, or an IP address without brackets."""
    port: int
    target: str
    """Path and query, percent-encoded ASCII."""

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them: the usual port isn't named."""
        usual = self.port == _DEFAULT_PORTS[self.scheme]
        return _bracketed(self.host) if usual else self.host_and_port

    @property
    def host_and_port(self) -> str:
        """Such as "example.org:443" or "[::1]:8000"."""
        return f"{_bracketed(self.host)}:{self.port}"

    def robots(self) -> Self:
        """The address of the robots.txt that speaks for this one."""
        return replace(self, target="/robots.txt")

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def is_address(text: str) -> bool:
    """Whether this is meant as a web address: it begins with http:// or https://."""
    return _BEGINNING.match(text) is not None


def shown(text: str) -> str:
    """An address as it is shown in a message: on one line, and not longer than a few lines."""
    return repr(text if len(text) <= _MAX_SHOWN_CHARS else text[:_MAX_SHOWN_CHARS] + "…")


def parse_address(text: str) -> Address:
    """The address that `text` is; SourceError when it is none, or one that isn't safe to use."""
    if _USER.match(text):  # not shown: it may hold a password
        raise SourceError(
            "The address holds a user name or a password: leave out what stands before the @, "
            "or save the page and add the file."
        )
    if len(text) > MAX_ADDRESS_CHARS:
        raise SourceError(
            f"The address {shown(text)} is longer than {MAX_ADDRESS_CHARS} characters: "
            "save the page and add the file."
        )
    if _AMBIGUOUS.search(text):
        raise SourceError(
            f"{shown(text)} holds a backslash or a control character: copy the address again."
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _not_an_address(text) from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or port == 0:
        raise _not_an_address(text)
    return Address(
        parts.scheme, _host(parts, text), port or _DEFAULT_PORTS[parts.scheme], _target(parts, text)
    )


def resolve_reference(base: Address, reference: str) -> Address:
    """The address that a reference such as "/news?page=2" means on the page at `base`."""
    try:
        joined = urljoin(str(base), reference)
    except ValueError as error:
        raise _not_an_address(reference) from error
    return parse_address(joined)


def _host(parts: SplitResult, text: str) -> str:
    host = parts.hostname or ""
    if "[" in parts.netloc:
        try:
            address = IPv6Address(host)
        except ValueError as error:
            raise _not_an_address(text) from error
        if address.scope_id is not None:
            raise _not_an_address(text)
        return str(address)
    name = _ascii_name(host).removesuffix(".")
    with suppress(ValueError):
        return str(IPv4Address(name))
    if _NUMBER.fullmatch(name):
        raise SourceError(
            f"{shown(text)} has a number in place of a name: write the name of the server."
        )
    if len(name) > _MAX_NAME_CHARS or not _NAME.fullmatch(name):
        raise _no_name(host)
    return name


def _ascii_name(host: str) -> str:
    if host.isascii():
        return host.lower()
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except UnicodeError as error:
        raise _no_name(host) from error


def _target(parts: SplitResult, text: str) -> str:
    if _DOTS.search(parts.path):
        raise SourceError(
            f'{shown(text)} has "." or ".." as a part of its path: write the path without it.'
        )
    target = quote(parts.path or "/", safe=_KEPT_IN_PATH)
    if parts.query:
        target += "?" + quote(parts.query, safe=_KEPT_IN_QUERY)
    return target


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _not_an_address(text: str) -> SourceError:
    return SourceError(
        f"{shown(text)} isn't a complete web address: it begins with http:// or https:// "
        "and the name of a server."
    )


def _no_name(host: str) -> SourceError:
    return SourceError(f"{shown(host)} can't be the name of a server: check the address.")
