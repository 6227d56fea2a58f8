"""Whatever is asked for, and whatever comes back: a page, or one sentence."""

from __future__ import annotations

from collections.abc import Sequence

import httpcore2
from hypothesis import example, given
from hypothesis import strategies as st

from index import SourceError
from index.web import Fetched
from index.web.connecting import Network
from index.web.fetching import Fetcher
from index.web.guard import is_public
from tests.index.web.site import LIMITS, PUBLIC_IP, page

hosts = st.sampled_from(
    ["example.org", "localhost", "127.0.0.1", "[::1]", "[2606:4700::1]", "8.8.8.8", "bücher.de"]
) | st.text(max_size=12)
addresses = st.text() | st.builds(
    "{}://{}{}/{}".format,
    st.sampled_from(["http", "https", "HTTP", "ftp", ""]),
    hosts,
    st.sampled_from(["", ":80", ":8080", ":22", ":x"]),
    st.text(max_size=12),
)
ips = st.lists(
    st.sampled_from([PUBLIC_IP, "127.0.0.1", "::1", "2606:4700::1", "fe80::1%eth0", "x"]),
    max_size=3,
)

_heads = st.sampled_from(
    [b"HTTP/1.1 200 OK", b"HTTP/1.1 302 Found", b"HTTP/1.0 404 ", b"HTTP/1.1 100 Continue", b"HTTP"]
)
_names = st.sampled_from(
    [
        *(b"Content-Type", b"Content-Encoding", b"Content-Length"),
        *(b"Location", b"Retry-After", b"Transfer-Encoding"),
    ]
)
_values = st.binary(max_size=20) | st.sampled_from(
    [
        *(b"text/html", b"text/html;charset*=x''y", b"gzip"),
        *(b"3", b"chunked", b"/next", b"http://10.0.0.1/"),
    ]
)
answers = st.binary(max_size=200) | st.builds(
    lambda head, headers, body: b"\r\n".join([head, *(b": ".join(h) for h in headers), b"", body]),
    _heads,
    st.lists(st.tuples(_names, _values), max_size=4),
    st.binary(max_size=50),
)


def _fetched(address: str, network: Network) -> Fetched | None:
    try:
        return Fetcher(network).fetch(address, LIMITS)
    except SourceError as refusal:
        message = str(refusal)
    assert message
    assert "\n" not in message
    return None


def _scripted(answer: bytes) -> httpcore2.NetworkStream:
    return httpcore2.MockStream([answer])


@given(addresses, ips)
@example("http://example.org/", [PUBLIC_IP])
@example("http://[2606:4700::1]:8080/ü", [])
def test_any_address_is_fetched_or_refused_and_only_public_servers_are_asked(
    address: str, ips: Sequence[str]
) -> None:
    connected: list[str] = []

    def connect(ip: str, port: int, timeout_s: float) -> httpcore2.NetworkStream:
        connected.append(ip)
        return _scripted(page("Text.", type="text/plain"))

    fetched = _fetched(address, Network(lambda host, port: ips, connect))
    assert fetched is None or fetched.data == b"Text."
    assert all(map(is_public, connected))


@given(answers, answers)
@example(page("", type="text/plain"), page("Text."))
@example(page(status=404), page("Text.", type="text/html; charset*=x''y"))
@example(page(status=404), page("Text.", status=429, Retry_After="Mon, 1 Jan 0001 00:00:00 +2359"))
def test_any_answer_is_a_page_or_refused(robots: bytes, answer: bytes) -> None:
    script = [robots, answer]

    def connect(ip: str, port: int, timeout_s: float) -> httpcore2.NetworkStream:
        return _scripted(script.pop(0) if script else b"")

    fetched = _fetched("http://example.org/", Network(lambda host, port: [PUBLIC_IP], connect))
    assert fetched is None or isinstance(fetched.data, bytes)
