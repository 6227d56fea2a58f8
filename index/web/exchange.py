"""One request and its answer. Failures of the network become one sentence each here."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

import httpcore2

from index.errors import SourceError
from index.web.addresses import Address
from index.web.connecting import GuardedBackend, Network
from index.web.deadline import Deadline
from index.web.types import FetchLimits
from index.web.unpacking import unpacked

PRODUCT = "Pincite"
"""What a robots.txt calls this program."""
USER_AGENT = f"{PRODUCT}/{version('pincite')}"

_ACCEPT = "text/html, application/xhtml+xml, text/*;q=0.9, */*;q=0.8"


@dataclass(frozen=True, slots=True)
class Response:
    """The head of an answer, and its body while the connection is open."""

    address: Address
    status: int
    headers: Mapping[str, str]
    """By name in lower case; the first of several with one name."""
    pieces: Iterator[bytes]
    """The body as it comes in, still packed."""

    def read(self, max_bytes: int) -> bytes:
        """The whole body, unpacked; SourceError when it is larger, or not all there."""
        if int(self.headers.get("content-length", "0")) > max_bytes:
            raise self._too_large(max_bytes)
        body = bytearray()
        for piece in self._unpacked(max_bytes):
            body += piece
            if len(body) > max_bytes:
                raise self._too_large(max_bytes)
        return bytes(body)

    def read_beginning(self, max_bytes: int) -> bytes:
        """The first `max_bytes` of the body, unpacked; the rest is left alone."""
        body = bytearray()
        for piece in self._unpacked(max_bytes):
            body += piece
            if len(body) >= max_bytes:
                break
        return bytes(body[:max_bytes])

    def _unpacked(self, max_bytes: int) -> Iterator[bytes]:
        encoding = self.headers.get("content-encoding", "").strip().lower()
        if not encoding:
            return self.pieces
        return unpacked(self._counted(max_bytes), encoding, repr(str(self.address)))

    def _counted(self, max_bytes: int) -> Iterator[bytes]:
        """The pieces as long as they're within the limit: packing can also make a body larger."""
        count = 0
        for piece in self.pieces:
            count += len(piece)
            if count > max_bytes:
                raise self._too_large(max_bytes)
            yield piece

    def _too_large(self, max_bytes: int) -> SourceError:
        return SourceError(
            f"{str(self.address)!r} is larger than {max_bytes / 1_000_000:g} MB: "
            "save it and add the parts that you need."
        )


@contextmanager
def asked(
    address: Address, network: Network, limits: FetchLimits, deadline: Deadline
) -> Iterator[Response]:
    """The answer to a request for `address`; redirects are not followed.

    SourceError, also while the body is read, when the server can't or mustn't be reached, isn't
    who it says, takes too long, or breaks off.
    """
    backend = GuardedBackend(address, network, limits, deadline)
    begun = False
    try:
        with (
            httpcore2.HTTPConnection(
                httpcore2.Origin(address.scheme.encode(), address.host.encode(), address.port),
                ssl_context=network.tls() if address.scheme == "https" else None,
                network_backend=backend,
            ) as connection,
            connection.stream(
                "GET",
                httpcore2.URL(
                    scheme=address.scheme,
                    host=address.host,
                    port=address.port,
                    target=address.target,
                ),
                headers={
                    "Host": address.authority,
                    "User-Agent": USER_AGENT,
                    "Accept": _ACCEPT,
                    "Accept-Encoding": "gzip",
                    "Connection": "close",
                },
                extensions={
                    "timeout": dict.fromkeys(("connect", "read", "write"), limits.timeout_s)
                },
            ) as response,
        ):
            begun = True
            yield Response(
                address, response.status, _by_name(response.headers), response.iter_stream()
            )
    except httpcore2.TimeoutException as error:
        deadline.at_most(limits.timeout_s)  # says so if it was the time altogether
        raise SourceError(
            f"The server {address.host!r} sent nothing for {limits.timeout_s:g} seconds: "
            "try again later."
        ) from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise SourceError(_what_failed(address, error, begun)) from error


def _by_name(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers[::-1]
    }


def _what_failed(address: Address, error: Exception, begun: bool) -> str:
    host = repr(address.host)
    if begun:
        return f"The answer of the server {host} broke off before its end: try again later."
    match error.__cause__:
        case ssl.SSLCertVerificationError() as cause:
            return (
                f"The server {host} can't prove that it is the one named so "
                f"({cause.verify_message}): check the address."
            )
        case ssl.SSLError():
            return f"No safe connection with the server {host} came about: try again later."
        case OSError() as cause if isinstance(error, httpcore2.ConnectError):
            reason = f" ({cause.strerror})" if cause.strerror else ""
            return f"The server {host} can't be reached{reason}: check the address, or try later."
    return f"The server {host} gave no answer that can be read: check the address, or try later."
