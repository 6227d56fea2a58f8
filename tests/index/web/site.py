"""A web server on this machine that answers byte by byte what a test tells it to.

    with Site() as site:
        site.pages["/"] = page("<p>Hello.</p>")
        ... Fetcher(Internet(site).network).fetch("http://news.test/", LIMITS) ...

An answer is either bytes, sent as they are, or a function that is given the socket.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Self

import httpcore2

from index.web import FetchLimits
from index.web.connecting import Network, connect, trusted

PUBLIC_IP = "93.184.215.14"
LIMITS = FetchLimits(max_bytes=200_000, timeout_s=5.0, total_s=10.0, pause_s=0.0)

Answer = bytes | Callable[[socket.socket], None]


def page(
    body: bytes | str = "<p>Text.</p>",
    *,
    status: int = 200,
    type: str = "text/html",
    **headers: str,
) -> bytes:
    """A whole answer; `Content_Length=""` and the like leave a header out."""
    if isinstance(body, str):
        body = body.encode()
    lines = {"Content-Type": type, "Content-Length": str(len(body))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body


def leads_to(location: str, status: int = 302) -> bytes:
    return page("", status=status, Location=location)


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    time: float


class Site:
    """Answers with `pages`, by path; what isn't there has status 404."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, Answer] = {}
        self.asked: list[Asked] = []
        self._tls = tls
        site = self

        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError):  # the client may go away, or not like the certificate
                    site._answer(self.request)

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port: int = self._server.server_address[1]
        self.host_and_port = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host_and_port}"

    @property
    def paths(self) -> list[str]:
        """What was asked for, without robots.txt."""
        return [asked.path for asked in self.asked if asked.path != "/robots.txt"]

    def _answer(self, connection: socket.socket) -> None:
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True)
        with connection:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                received = connection.recv(65_536)
                if not received:
                    return
                head += received
                if not head[:1].isalpha():  # encryption, where none is expected
                    connection.sendall(page(status=400))
                    return
            first, *lines = head.decode().strip().split("\r\n")
            path = first.split(" ")[1]
            headers = dict(line.lower().split(": ", 1) for line in lines)
            self.asked.append(Asked(path, headers, time.monotonic()))
            answer = self.pages.get(path, page(status=404))
            if isinstance(answer, bytes):
                connection.sendall(answer)
            else:
                answer(connection)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):  # closing at once could reset what is still on its way
                pass

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Internet:
    """A network of one server, at every IP address, and of the names that a test gives it.

    `ips` has the answers to the first, second, ... look-up; the last one repeats.
    """

    site: Site
    ips: Sequence[Sequence[str]] = ((PUBLIC_IP,),)
    tls: Callable[[], ssl.SSLContext] = trusted
    looked_up: list[tuple[str, int]] = field(default_factory=list)
    connected: list[tuple[str, int]] = field(default_factory=list)

    @property
    def network(self) -> Network:
        return Network(self._look_up, self._connect, self.tls)

    def _look_up(self, host: str, port: int) -> Sequence[str]:
        self.looked_up.append((host, port))
        return self.ips[min(len(self.looked_up), len(self.ips)) - 1]

    def _connect(self, ip: str, port: int, timeout_s: float) -> httpcore2.NetworkStream:
        self.connected.append((ip, port))
        return connect("127.0.0.1", self.site.port, timeout_s)
