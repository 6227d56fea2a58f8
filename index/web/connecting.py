"""Connections to checked IP addresses only, each step of them within the deadline.

All traffic goes through `GuardedBackend`, so that there is no way around the checks. The HTTP
client above it knows the server by its name: the Host header, SNI and the certificate are about the
name, and the connection goes to an IP address that was checked. Proxies named in the environment
aren't used: they would look the name up by themselves.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore2

from index.errors import SourceError
from index.web.addresses import Address
from index.web.deadline import Deadline
from index.web.guard import Resolver, check_port, checked_ips
from index.web.types import FetchLimits

_MAX_TRIED_IPS = 4
"""Of one name: both families, twice; a name with hundreds of dead ones holds nobody up."""

Connector = Callable[[str, int, float], httpcore2.NetworkStream]
"""Connects to an IP address and port within some seconds; httpcore2's errors when it fails."""


def look_up(host: str, port: int) -> Sequence[str]:
    """The IP addresses that the system knows for a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def connect(ip: str, port: int, timeout_s: float) -> httpcore2.NetworkStream:
    """A TCP connection."""
    return httpcore2.SyncBackend().connect_tcp(ip, port, timeout_s)


@cache  # it takes 0.1 s
def trusted() -> ssl.SSLContext:
    """Checks certificates against those that the system, or SSL_CERT_FILE, trusts."""
    try:
        return httpcore2.default_ssl_context()
    except OSError as error:
        raise SourceError(
            "The certificates to trust can't be loaded: correct SSL_CERT_FILE or SSL_CERT_DIR."
        ) from error


@dataclass(frozen=True, slots=True)
class Network:
    """What reaches the outside; a test puts its own in place of it."""

    look_up: Resolver = look_up
    connect: Connector = connect
    tls: Callable[[], ssl.SSLContext] = trusted


class GuardedBackend(httpcore2.NetworkBackend):
    """Connects the HTTP client to the server of one address."""

    def __init__(
        self, address: Address, network: Network, limits: FetchLimits, deadline: Deadline
    ) -> None:
        self._address = address
        self._network = network
        self._limits = limits
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the first checked IP address that answers."""
        address = self._address
        assert (host, port) == (address.host, address.port)
        check_port(address, self._limits.allowed_hosts)
        ips = checked_ips(address, self._network.look_up, self._limits.allowed_hosts)
        failure: Exception | None = None
        for ip in ips[:_MAX_TRIED_IPS]:
            seconds = self._deadline.at_most(self._limits.timeout_s)
            try:
                return _TimedStream(self._network.connect(ip, port, seconds), self._deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure


class _TimedStream(httpcore2.NetworkStream):
    """A connection whose every step ends by the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        within = self._within(timeout)
        return _TimedStream(
            self._stream.start_tls(ssl_context, server_hostname, within), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _within(self, timeout: float | None) -> float:
        assert timeout is not None
        return self._deadline.at_most(timeout)
