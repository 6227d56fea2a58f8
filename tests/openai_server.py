"""A server that speaks the OpenAI protocol on this machine and behaves as a test tells it to.

    with OpenAIServer() as server:
        server.script(Fail(500), Say("Hello."))
        ... a client at server.base_url ...
        assert len(server.requests) == 2

Each request takes the next behaviour of the script; the last one repeats. A function in place of
a behaviour gets the request's JSON and returns the behaviour, so that a test can answer with what
stands in the prompt.
"""

from __future__ import annotations

import json
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, Self

_STEP_SECONDS = 0.01
_SILENCE = 3600.0


class Behaviour(Protocol):
    """What the server does with one request."""

    def answer(self, exchange: Exchange) -> None: ...


Scripted = Behaviour | Callable[[dict[str, Any]], Behaviour]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came in."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    """The names are in lower case."""
    time: float
    """On the monotonic clock, in seconds."""

    @property
    def prompt(self) -> str:
        """All messages in one text."""
        return "\n\n".join(message["content"] for message in self.body["messages"])


class ClientGoneError(Exception):
    """The client closed the connection before it had the whole answer."""


class Exchange:
    """One request and the means to answer it."""

    def __init__(self, handler: _Handler, request: dict[str, Any]) -> None:
        self._handler = handler
        self._socket: socket.socket = handler.connection
        self._chunked = False
        self.request = request

    def send_json(self, status: int, body: object, headers: Mapping[str, str] = {}) -> None:
        """A whole answer; a body that is no str is written as JSON."""
        self.send_whole(status, json.dumps(body).encode(), "application/json", headers)

    def send_whole(
        self, status: int, body: bytes, content_type: str, headers: Mapping[str, str] = {}
    ) -> None:
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", content_type)
        self._handler.send_header("Content-Length", str(len(body)))
        self._handler.send_header("Connection", "close")
        for name, value in headers.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()
        self._write(body)

    def begin_stream(self) -> None:
        """The head of a stream of events."""
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "text/event-stream")
        self._handler.send_header("Transfer-Encoding", "chunked")
        self._handler.send_header("Connection", "close")
        self._handler.end_headers()
        self._chunked = True

    def send(self, data: bytes) -> None:
        """Bytes of the stream."""
        if data:
            self._write(b"%x\r\n%s\r\n" % (len(data), data))

    def send_event(self, data: object) -> None:
        self.send(b"data: " + json.dumps(data).encode() + b"\n\n")

    def send_text(self, text: str) -> None:
        self.send_event(_chunk({"delta": {"content": text}, "finish_reason": None}))

    def end_stream(self, *, done: bool = True) -> None:
        """The proper end of the stream, after "[DONE]" or without."""
        if done:
            self.send(b"data: [DONE]\n\n")
        self._write(b"0\r\n\r\n")

    def pause(self, seconds: float = 0.0) -> None:
        """Wait, and notice at once if the client or the server goes away meanwhile."""
        end = time.monotonic() + seconds
        while True:
            if self._client_is_gone() or self._handler.server.closing.is_set():
                raise ClientGoneError
            left = end - time.monotonic()
            if left <= 0:
                return
            self._handler.server.closing.wait(min(_STEP_SECONDS, left))

    def _client_is_gone(self) -> bool:
        with selectors.DefaultSelector() as selector:  # select() takes no descriptor above 1023
            selector.register(self._socket, selectors.EVENT_READ)
            readable = selector.select(timeout=0)
        try:
            return bool(readable) and not self._socket.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def _write(self, data: bytes) -> None:
        try:
            self._handler.wfile.write(data)
        except OSError as error:
            raise ClientGoneError from error


def _chunk(choice: dict[str, Any] | None, **more: object) -> dict[str, Any]:
    choices = [] if choice is None else [{"index": 0, **choice}]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "scripted",
        "choices": choices,
        **more,
    }


def count_words(text: str) -> int:
    """The server's count of "tokens": unlike any real one."""
    return len(text.split())


# --- behaviours ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Say:
    """Replies with `text`, `piece` characters at a time, `delay` seconds before each."""

    text: str
    piece: int = 7
    finish: str = "stop"
    usage: bool = True
    """Whether tokens are counted: all words of the messages, and those of the text."""
    delay: float = 0.0

    def answer(self, exchange: Exchange) -> None:
        if not exchange.request.get("stream"):
            exchange.send_json(200, self.whole(exchange.request))
            return
        exchange.begin_stream()
        exchange.send_event(_chunk({"delta": {"role": "assistant"}, "finish_reason": None}))
        for start in range(0, len(self.text), self.piece):
            exchange.pause(self.delay)
            exchange.send_text(self.text[start : start + self.piece])
        exchange.send_event(_chunk({"delta": {}, "finish_reason": self.finish}))
        options = exchange.request.get("stream_options") or {}
        if self.usage and options.get("include_usage"):
            exchange.send_event(_chunk(None, usage=self._count(exchange.request)))
        exchange.end_stream()

    def whole(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply as one JSON object."""
        message = {"role": "assistant", "content": self.text}
        body = {
            **_chunk({"message": message, "finish_reason": self.finish}),
            "object": "chat.completion",
        }
        return body | ({"usage": self._count(request)} if self.usage else {})

    def _count(self, request: dict[str, Any]) -> dict[str, int]:
        prompt = sum(count_words(message["content"]) for message in request["messages"])
        completion = count_words(self.text)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }


@dataclass(frozen=True, slots=True)
class SayWhole:
    """Replies with one JSON object, even when asked to stream."""

    text: str

    def answer(self, exchange: Exchange) -> None:
        exchange.send_json(200, Say(self.text).whole(exchange.request))


@dataclass(frozen=True, slots=True)
class Fail:
    """Refuses with a status; a `body` of None is the usual form with a message of its own."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None

    def answer(self, exchange: Exchange) -> None:
        body = self.body
        if body is None:
            body = {"error": {"message": f"scripted failure {self.status}", "type": "scripted"}}
        if isinstance(body, str):
            exchange.send_whole(self.status, body.encode(), "text/html", self.headers)
        else:
            exchange.send_json(self.status, body, self.headers)


@dataclass(frozen=True, slots=True)
class Hang:
    """Takes the request and sends nothing for `seconds`, then closes the connection."""

    seconds: float = _SILENCE

    def answer(self, exchange: Exchange) -> None:
        exchange.pause(self.seconds)


@dataclass(frozen=True, slots=True)
class Stall:
    """Sends the first `after` characters of `text`, then goes silent."""

    text: str
    after: int

    def answer(self, exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send_text(self.text[: self.after])
        exchange.pause(_SILENCE)


@dataclass(frozen=True, slots=True)
class Cut:
    """Sends the first `after` characters of `text`, then closes the connection.

    With `politely` the stream is ended by the rules of HTTP, though not by those of the protocol.
    """

    text: str
    after: int
    politely: bool = False

    def answer(self, exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send_text(self.text[: self.after])
        if self.politely:
            exchange.end_stream(done=False)


@dataclass(frozen=True, slots=True)
class Raw:
    """Sends these bytes as the stream of events."""

    data: bytes

    def answer(self, exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send(self.data)
        exchange.end_stream(done=False)


@dataclass(frozen=True, slots=True)
class Flood:
    """Sends that many megabytes of text."""

    megabytes: int

    def answer(self, exchange: Exchange) -> None:
        exchange.begin_stream()
        for _ in range(self.megabytes * 1024):
            exchange.pause()
            exchange.send_text("word " * 200 + "x" * 24)
        exchange.end_stream()


@dataclass(frozen=True, slots=True)
class RefuseSchema:
    """Refuses a `response_format` of one of these types, and else does as `then`."""

    types: Sequence[str] = ("json_schema", "json_object")
    then: Scripted = field(default_factory=lambda: Say("{}"))
    status: int = 422

    def answer(self, exchange: Exchange) -> None:
        given = exchange.request.get("response_format", {}).get("type")
        if given not in self.types:
            _behaviour(self.then, exchange.request).answer(exchange)
            return
        message = (
            f"[{{'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), "
            f"'msg': \"Input should be 'text'\", 'input': '{given}'}}]"
        )
        Fail(self.status, body={"error": {"message": message}}).answer(exchange)


@dataclass(frozen=True, slots=True)
class RefuseParameter:
    """Refuses a request with the parameter `name`, and else does as `then`."""

    name: str
    then: Scripted
    status: int = 400
    message: str = "Unsupported parameter: {name!r} is not supported with this model."

    def answer(self, exchange: Exchange) -> None:
        if self.name not in exchange.request:
            _behaviour(self.then, exchange.request).answer(exchange)
            return
        error = {"message": self.message.format(name=self.name), "param": self.name}
        Fail(self.status, body={"error": error}).answer(exchange)


def _behaviour(scripted: Scripted, request: dict[str, Any]) -> Behaviour:
    # A class of behaviour has `answer` too, but as what it is: not called yet.
    return scripted if hasattr(scripted, "answer") else scripted(request)


# --- the server ----------------------------------------------------------------------------------


class OpenAIServer:
    """The server; it runs from construction to `close()`, best as a context manager."""

    def __init__(self) -> None:
        self._server = _Server(self)
        self._changed = threading.Condition()
        self._script: Iterator[Scripted] = iter(())
        self._last: Scripted = Say("")
        self.requests: list[Request] = []
        """The chat requests so far, in the order in which they came."""
        self.disconnects = 0
        """How many clients left before they had the whole answer."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": _STEP_SECONDS}
        )
        self._thread.start()

    @property
    def base_url(self) -> str:
        """Where a client finds it."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def script(self, *behaviours: Scripted) -> None:
        """What the coming requests get, one after another; the last one repeats."""
        with self._changed:
            self._script = iter(behaviours)
            self._last = behaviours[-1]

    def wait_for_disconnects(self, count: int = 1, timeout: float = 5.0) -> bool:
        """Whether that many clients have left, soon."""
        with self._changed:
            return self._changed.wait_for(lambda: self.disconnects >= count, timeout)

    def close(self) -> None:
        """Stop listening, drop what still runs and wait for its threads."""
        self._server.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def next_behaviour(self, request: Request) -> Behaviour:
        with self._changed:
            self.requests.append(request)
            scripted = next(self._script, self._last)
        return _behaviour(scripted, request.body)

    def client_left(self) -> None:
        with self._changed:
            self.disconnects += 1
            self._changed.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close() waits for them
    request_queue_size = 64  # with a full queue, the client's kernel waits for a second

    def __init__(self, owner: OpenAIServer) -> None:
        self.owner = owner
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not self.closing.is_set():
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each small write waits for the client's kernel
    server: _Server

    def do_GET(self) -> None:
        self.close_connection = True
        exchange = Exchange(self, {})
        if self.path == "/v1/models":
            models = [{"id": "scripted", "object": "model", "created": 1, "owned_by": "tests"}]
            exchange.send_json(200, {"object": "list", "data": models})
        else:
            exchange.send_json(404, {"error": {"message": f"no {self.path} here"}})

    def do_POST(self) -> None:
        self.close_connection = True  # a thread that waits for a further request would linger
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        exchange = Exchange(self, body)
        if self.path != "/v1/chat/completions":
            exchange.send_json(404, {"error": {"message": f"no {self.path} here"}})
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        behaviour = self.server.owner.next_behaviour(Request(body, headers, time.monotonic()))
        try:
            behaviour.answer(exchange)
        except ClientGoneError:
            if not self.server.closing.is_set():
                self.server.owner.client_left()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests look at the requests."""
