"""How much and how long: servers that send too much, too little, too slowly, or nothing."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from index import SourceError
from index.web.deadline import Deadline
from index.web.fetching import Fetcher
from index.web.turns import Turns
from tests.index.web.conftest import Fetch
from tests.index.web.site import LIMITS, Internet, Site, page

TOO_LARGE = r"'http://news\.test/' is larger than 0\.2 MB"


def _gzip(body: bytes) -> bytes:
    """Without the time, so that the tests' names are the same in each process."""
    return gzip.compress(body, mtime=0)


def _packed(body: bytes, encoding: str = "gzip") -> bytes:
    return page(body, Content_Encoding=encoding)


def _until_gone(connection: socket.socket, send: Callable[[], None]) -> None:
    """Sends again and again until the client is gone; that raises OSError, which ends it."""
    while True:
        send()


def test_a_body_announced_as_too_large_isnt_read(site: Site, fetch: Fetch) -> None:
    site.pages["/"] = page(b"", Content_Length="200001")  # nothing comes: reading would wait
    with pytest.raises(SourceError, match=TOO_LARGE):
        fetch("http://news.test/")


def test_a_body_without_an_end_is_read_up_to_the_limit(site: Site, fetch: Fetch) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(page(b"", Content_Length=""))
        _until_gone(connection, lambda: connection.sendall(b"x" * 65_536))

    site.pages["/"] = endless
    with pytest.raises(SourceError, match=TOO_LARGE):
        fetch("http://news.test/")


def test_a_body_in_chunks_without_an_end_is_read_up_to_the_limit(site: Site, fetch: Fetch) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(page(b"", Content_Length="", Transfer_Encoding="chunked"))
        _until_gone(connection, lambda: connection.sendall(b"8000\r\n" + b"x" * 0x8000 + b"\r\n"))

    site.pages["/"] = endless
    with pytest.raises(SourceError, match=TOO_LARGE):
        fetch("http://news.test/")


def test_a_body_of_just_the_limit_is_read(site: Site, fetch: Fetch) -> None:
    site.pages["/"] = page(b"x" * LIMITS.max_bytes)
    assert len(fetch("http://news.test/").data) == LIMITS.max_bytes


@pytest.mark.parametrize(
    "body",
    [
        _gzip(b"<p>Text.</p>"),
        _gzip(b"<p>Te") + _gzip(b"xt.</p>"),
        b"",
    ],
)
def test_packed_bodies_are_unpacked(site: Site, fetch: Fetch, body: bytes) -> None:
    site.pages["/"] = _packed(body)
    assert fetch("http://news.test/").data == (b"<p>Text.</p>" if body else b"")
    assert site.asked[-1].headers["accept-encoding"] == "gzip"


def test_a_long_packed_body_comes_out_whole(site: Site, fetch: Fetch) -> None:
    body = b"0123456789" * 20_000
    site.pages["/"] = _packed(_gzip(body))
    assert fetch("http://news.test/").data == body


def test_a_small_body_that_unpacks_to_hundreds_of_times_the_limit_takes_little_memory(
    site: Site, fetch: Fetch
) -> None:
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(100)) + packer.flush()
    site.pages["/"] = _packed(bomb)  # 100 MB in 97 kB
    tracemalloc.start()
    with pytest.raises(SourceError, match=TOO_LARGE):
        fetch("http://news.test/")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


def test_packing_that_makes_a_body_larger_is_refused(site: Site, fetch: Fetch) -> None:
    site.pages["/"] = page(
        _gzip(b"") * 20_000,
        Content_Encoding="gzip",
        Content_Length="",
    )
    with pytest.raises(SourceError, match=TOO_LARGE):
        fetch("http://news.test/")


@pytest.mark.parametrize(
    ("body", "encoding", "message"),
    [
        (_gzip(b"text" * 100)[:-10], "gzip", "came in broken packing"),
        (b"no gzip", "gzip", "came in broken packing"),
        (_gzip(b"text") + b"and more", "x-gzip", "came in broken packing"),
        (b"\x0b\x02\x80text\x03", "br", "packed as 'br', which wasn't asked for"),
        (_gzip(_gzip(b"text")), "gzip, gzip", "which wasn't asked for"),
    ],
)
def test_packing_that_doesnt_hold_is_refused(
    site: Site, fetch: Fetch, body: bytes, encoding: str, message: str
) -> None:
    site.pages["/"] = _packed(body, encoding)
    with pytest.raises(SourceError, match=message):
        fetch("http://news.test/")


@pytest.mark.parametrize(
    "answer",
    [
        page(b"Half an", Content_Length="100"),
        page(b"8\r\nHalf an ", Content_Length="", Transfer_Encoding="chunked"),
        page(b"4\r\nHalf\r\n", Content_Length="", Transfer_Encoding="chunked"),
    ],
)
def test_half_an_article_is_an_error(site: Site, fetch: Fetch, answer: bytes) -> None:
    site.pages["/"] = answer
    with pytest.raises(SourceError, match=r"'news\.test' broke off before its end"):
        fetch("http://news.test/")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 200_000,
    ],
)
def test_what_isnt_the_answer_of_a_web_server_is_refused(
    site: Site, fetch: Fetch, answer: bytes
) -> None:
    site.pages["/"] = answer
    with pytest.raises(SourceError, match=r"'news\.test' gave no answer that can be read"):
        fetch("http://news.test/")


def test_a_server_that_drips_is_left_when_the_time_is_up(site: Site) -> None:
    """Each wait is short, so that only the time altogether ends it: in the head, in the body."""
    begin = {"head": b"HTTP/1.1 200 OK\r\nX: ", "body": page(b"", Content_Length="1000")}
    limits = replace(LIMITS, timeout_s=1.0, total_s=1.2)
    for head in begin.values():

        def drip(connection: socket.socket, head: bytes = head) -> None:
            connection.sendall(head)
            _until_gone(connection, lambda: (connection.sendall(b"x"), time.sleep(0.05))[1])

        site.pages["/"] = drip
        began = time.monotonic()
        with pytest.raises(SourceError, match=r"took longer than 1\.2 seconds altogether"):
            Fetcher(Internet(site).network).fetch("http://news.test/", limits)
        assert time.monotonic() - began < 10


def test_a_server_that_falls_silent_is_left_sooner(site: Site) -> None:
    silence = threading.Event()
    site.pages["/"] = lambda connection: silence.wait(10) and None
    limits = replace(LIMITS, timeout_s=1.0)
    try:
        with pytest.raises(SourceError, match=r"'news\.test' sent nothing for 1 seconds"):
            Fetcher(Internet(site).network).fetch("http://news.test/", limits)
    finally:
        silence.set()


def test_a_server_that_isnt_there_is_named(site: Site) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    limits = replace(LIMITS, allowed_hosts=frozenset({f"127.0.0.1:{port}"}))
    with pytest.raises(
        SourceError, match=r"'127\.0\.0\.1' can't be reached \(Connection refused\)"
    ):
        Fetcher().fetch(f"http://127.0.0.1:{port}/", limits)


def test_the_next_ip_address_is_tried_where_one_doesnt_answer(site: Site) -> None:
    import httpcore2

    site.pages["/"] = page()
    internet = Internet(site, ips=[["93.184.215.1", "93.184.215.2"]])
    network = internet.network

    def first_is_dead(ip: str, port: int, timeout_s: float) -> httpcore2.NetworkStream:
        if ip == "93.184.215.1":
            raise httpcore2.ConnectTimeout
        return network.connect(ip, port, timeout_s)

    fetched = Fetcher(replace(network, connect=first_is_dead)).fetch("http://news.test/", LIMITS)
    assert fetched.data == b"<p>Text.</p>"


def test_requests_to_one_host_come_one_at_a_time_with_a_pause(site: Site) -> None:
    site.pages["/"] = page()
    fetcher = Fetcher(Internet(site).network)
    limits = replace(LIMITS, pause_s=0.2)
    threads = [
        threading.Thread(target=fetcher.fetch, args=("http://news.test/", limits)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert site.paths == ["/"] * 3
    times = sorted(asked.time for asked in site.asked)
    assert all(later - earlier >= 0.2 for earlier, later in pairwise(times))


def test_pauses_dont_count_as_time_that_fetching_takes() -> None:
    turns, deadline = Turns(), Deadline(0.2, "news.test")
    for _ in range(2):
        with turns.turn("news.test", 0.3, deadline):
            pass
    assert deadline.at_most(1.0) > 0


def test_other_hosts_dont_wait(site: Site) -> None:
    site.pages["/"] = page()
    fetcher = Fetcher(Internet(site).network)
    fetcher.fetch("http://news.test/", replace(LIMITS, pause_s=0))
    fetcher.fetch("http://news.test/", replace(LIMITS, pause_s=30))
    began = time.monotonic()
    fetcher.fetch("http://other.test/", LIMITS)
    assert time.monotonic() - began < 10
