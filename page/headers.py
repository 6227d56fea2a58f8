"""What holds for every request and every response of the page, whatever Gradio does with it.

Each function wraps an ASGI application and passes the responses on as they come, so that nothing
holds up what is streamed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio's own page needs both
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
SAFETY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_ELSEWHERE = re.compile(r"/gradio_api/(proxy=|file[=/]https?:)", re.IGNORECASE)


def with_safety_headers(app: ASGIApp) -> ASGIApp:
    """The application with `SAFETY_HEADERS` on every response."""
    added = [(name.lower().encode(), value.encode()) for name, value in SAFETY_HEADERS.items()]
    replaced = {name for name, _ in added}

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0].lower() not in replaced]
                message = {**message, "headers": [*kept, *added]}
            await send(message)

        await app(scope, receive, send_with_headers)

    return wrapped


def for_own_pages_only(app: ASGIApp) -> ASGIApp:
    """The application, closed to what the pages of other sites send to it.

    A browser names the site in `Origin`; programs that aren't browsers send none.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _from_another_site(headers_of(scope)):
            await refuse(send, 403, "Another site's page can't use this one.")
            return
        await app(scope, receive, send)

    return wrapped


def for_this_machine_only(app: ASGIApp) -> ASGIApp:
    """The application, for requests to `localhost` and its addresses.

    Another site can let its own name point to this machine, and its page would then be allowed
    to read what comes from here. Its name is in the request, so such a request is refused.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_loopback(_host_named_in(headers_of(scope))):
            await refuse(send, 421, "This page answers at http://localhost only.")
            return
        await app(scope, receive, send)

    return wrapped


def fetching_nothing(app: ASGIApp) -> ASGIApp:
    """The application without Gradio's addresses that let the server fetch from elsewhere."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _ELSEWHERE.search(scope["path"]):
            await refuse(send, 404, "Not found.")
            return
        await app(scope, receive, send)

    return wrapped


def is_loopback(host: str) -> bool:
    """Whether a host name or address, without brackets or port, is this machine's own only."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request, their names in lower case."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def refuse(
    send: Send, status: int, sentence: str, headers: Mapping[str, str] | None = None
) -> None:
    """Answer with a status code and one sentence."""
    given = {"content-type": "text/plain; charset=utf-8", **(headers or {})}
    pairs = [(name.encode(), value.encode()) for name, value in given.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": f"{sentence}\n".encode()})


def _from_another_site(headers: Mapping[str, str]) -> bool:
    origin = headers.get("origin")
    if origin is None or headers.get("sec-fetch-site") == "same-origin":
        return False
    _, _, own = origin.partition("://")
    return own.lower() != headers.get("host", "").lower()


def _host_named_in(headers: Mapping[str, str]) -> str:
    """The host that a request is for, without its port; "" where it names none."""
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:  # a bracket without its other
        return ""
