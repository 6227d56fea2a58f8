"""The test server with OpenAI's files and batches, as nasty as a test wants it.

    with BatchServer() as server:
        server.reply = lambda body: "{}"
        server.plan(status="expired", lose=lambda body: True)
        ... a client at server.base_url ...
        assert len(server.batches) == 1

A batch is carried out when it is created; `polls` looks later it tells so. Every request but those
for a chat can be made to fail, before or after it had its effect, or be held until its client is
gone.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.openai_server import (
    Behaviour,
    ClientGoneError,
    Exchange,
    Fail,
    OpenAIServer,
    Say,
    _Handler,
)

HELD_SECONDS = 60.0


@dataclass(slots=True)
class StoredFile:
    """A file on the server."""

    id: str
    filename: str
    purpose: str
    data: bytes

    def listed(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "file",
            "filename": self.filename,
            "purpose": self.purpose,
            "bytes": len(self.data),
            "created_at": 1,
            "status": "processed",
        }


@dataclass(slots=True)
class Plan:
    """What becomes of a batch."""

    status: str = "completed"
    """How it ends."""
    errors: tuple[str, ...] = ()
    """What the whole batch is refused for."""
    lose: Callable[[dict[str, Any]], bool] = lambda body: False
    """Which requests have no line in the output."""
    fail: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda body: None
    """The members of a line in the error file that takes a request's place."""
    mangle: Callable[[list[bytes]], list[bytes]] = lambda lines: lines
    """What is done to the lines of the output."""
    polls: int = 0
    """How often it is looked at before it has ended."""
    usage: bool = True


@dataclass(slots=True)
class StoredBatch:
    """A batch on the server."""

    id: str
    input_file: str
    metadata: Any
    plan: Plan
    requests: list[dict[str, Any]]
    """The lines of its input."""
    output: str | None = None
    error: str | None = None
    looks: int = 0

    def shown(self) -> dict[str, Any]:
        ended = self.looks > self.plan.polls
        count = len(self.requests)
        faults = [{"message": each, "code": "scripted", "line": 1} for each in self.plan.errors]
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "created_at": 1,
            "input_file_id": self.input_file,
            "metadata": self.metadata,
            "status": self.plan.status if ended else "in_progress",
            "errors": {"object": "list", "data": faults} if ended and faults else None,
            "output_file_id": self.output if ended else None,
            "error_file_id": self.error if ended else None,
            "request_counts": {
                "total": count,
                "completed": count if ended else min(self.looks, count),
                "failed": 0,
            },
        }


@dataclass(slots=True)
class Trouble:
    """What happens to one request."""

    route: str
    """Such as "POST /v1/batches"; a path that begins so."""
    behaviour: Behaviour
    after: bool
    """Whether the request has its effect all the same."""


@dataclass(slots=True)
class Hold:
    """Holds a request until its client is gone."""

    reached: threading.Event = field(default_factory=threading.Event)

    def answer(self, exchange: Exchange) -> None:
        self.reached.set()
        exchange.pause(HELD_SECONDS)


@dataclass(slots=True)
class Break:
    """Closes the connection without a word."""

    def answer(self, exchange: Exchange) -> None:
        """Nothing is sent."""


class BatchServer(OpenAIServer):
    """The server; see the head of this file."""

    def __init__(self) -> None:
        self.files: dict[str, StoredFile] = {}
        self.batches: list[StoredBatch] = []
        self.reply: Callable[[dict[str, Any]], str] = lambda body: "{}"
        """What the model says to a request in a batch."""
        self.calls: list[str] = []
        """The requests but those for a chat, such as "GET /v1/batches/batch-1"."""
        self.unlisted = 0
        """How many lists of batches are empty yet: they lag behind."""
        self._plans: list[Plan] = [Plan()]
        self._troubles: list[Trouble] = []
        self._counter = 0
        self._lock = threading.Lock()
        super().__init__()
        self._server.RequestHandlerClass = _BatchHandler

    def plan(self, *plans: Plan) -> None:
        """What becomes of the coming batches, one after another; the last one repeats."""
        self._plans = list(plans)

    def trouble(self, route: str, *behaviours: Behaviour, after: bool = False) -> None:
        """What happens to the coming requests on a route, one after another, and then no more."""
        self._troubles += [Trouble(route, behaviour, after) for behaviour in behaviours]

    def hold(self, route: str, *, after: bool = False) -> threading.Event:
        """Hold the next request on a route; the event is set when it has come."""
        hold = Hold()
        self.trouble(route, hold, after=after)
        return hold.reached

    @property
    def asked(self) -> list[str]:
        """The question of every request in every batch, as often as it was submitted."""
        return [
            line["body"]["messages"][-1]["content"]
            for batch in self.batches
            for line in batch.requests
        ]

    def serve(self, call: str, exchange: Exchange, body: bytes, content_type: str) -> None:
        """Answer a request that isn't for a chat."""
        with self._lock:
            self.calls.append(call)
            trouble = next((each for each in self._troubles if call.startswith(each.route)), None)
            if trouble:
                self._troubles.remove(trouble)
            if trouble is None or trouble.after:
                done = self._done(call, body, content_type)
        if trouble:
            trouble.behaviour.answer(exchange)
        elif isinstance(done, bytes):
            exchange.send_whole(200, done, "application/octet-stream")
        elif done is None:
            exchange.send_json(404, {"error": {"message": f"no {call} here"}})
        else:
            exchange.send_json(200, done)

    def _done(self, call: str, body: bytes, content_type: str) -> Any:
        method, _, target = call.partition(" ")
        url = urlsplit(target)
        match method, *url.path.removeprefix("/v1/").split("/"):
            case "POST", "files":
                return self._store(*_form(body, content_type)).listed()
            case "GET", "files":
                return _page([each.listed() for each in self.files.values()])
            case "GET", "files", id, "content":
                return self.files[id].data if id in self.files else None
            case "DELETE", "files", id:
                found = self.files.pop(id, None)
                return found and {"id": id, "object": "file", "deleted": True}
            case "POST", "batches":
                return self._create(json.loads(body))
            case "GET", "batches":
                return self._list(parse_qs(url.query))
            case "GET", "batches", id:
                return self._look(id)
        return None

    def _store(self, filename: str, purpose: str, data: bytes) -> StoredFile:
        self._counter += 1
        stored = StoredFile(f"file-{self._counter}", filename, purpose, data)
        self.files[stored.id] = stored
        return stored

    def _create(self, asked: dict[str, Any]) -> dict[str, Any]:
        plan = self._plans.pop(0) if len(self._plans) > 1 else self._plans[0]
        data = self.files[asked["input_file_id"]].data
        requests = [json.loads(line) for line in data.splitlines()]
        batch = StoredBatch(
            f"batch-{len(self.batches) + 1}",
            asked["input_file_id"],
            asked.get("metadata"),
            plan,
            requests,
        )
        output: list[bytes] = []
        errors: list[bytes] = []
        for request in [] if plan.errors else requests:
            if plan.lose(request["body"]):
                continue
            if failed := plan.fail(request["body"]):
                errors.append(_line(request, **failed))
                continue
            said = Say(self.reply(request["body"]), usage=plan.usage).whole(request["body"])
            output.append(_line(request, response={"status_code": 200, "body": said}))
        if output:
            lines = b"".join(plan.mangle(output))
            batch.output = self._store("output.jsonl", "batch_output", lines).id
        if errors:
            batch.error = self._store("errors.jsonl", "batch_output", b"".join(errors)).id
        self.batches.append(batch)
        return batch.shown()

    def _list(self, query: dict[str, list[str]]) -> dict[str, Any]:
        if self.unlisted:
            self.unlisted -= 1
            return _page([])
        limit = int(query.get("limit", ["20"])[0])
        shown = [each.shown() for each in reversed(self.batches)]
        after = query.get("after", [""])[0]
        start = next((i for i, each in enumerate(shown, 1) if each["id"] == after), 0)
        return _page(shown[start : start + limit], more=start + limit < len(shown))

    def _look(self, id: str) -> dict[str, Any] | None:
        for batch in self.batches:
            if batch.id == id:
                batch.looks += 1
                return batch.shown()
        return None


def _page(listed: list[dict[str, Any]], *, more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": listed, "has_more": more}


def _line(request: dict[str, Any], **members: Any) -> bytes:
    members = {"response": None, "error": None, **members}
    line = {"id": "batch_req_1", "custom_id": request["custom_id"], **members}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _form(body: bytes, content_type: str) -> tuple[str, str, bytes]:
    """The name of the file in a form, what it is for, and its content."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    parts = message_from_bytes(head + body, policy=policy.HTTP).iter_parts()
    named = {part.get_param("name", header="content-disposition"): part for part in parts}
    file = named["file"]
    data = file.get_payload(decode=True)
    assert isinstance(data, bytes)
    return file.get_filename() or "", str(named["purpose"].get_content()).strip(), data


class _BatchHandler(_Handler):
    server: Any

    def do_GET(self) -> None:
        self._serve("GET", b"")

    def do_DELETE(self) -> None:
        self._serve("DELETE", b"")

    def do_POST(self) -> None:
        if self.path == "/v1/chat/completions":
            super().do_POST()
            return
        self._serve("POST", self._body())

    def _body(self) -> bytes:
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""  # a file of unknown length comes in chunks
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        return body

    def _serve(self, method: str, body: bytes) -> None:
        self.close_connection = True
        exchange = Exchange(self, {})
        try:
            self.server.owner.serve(
                f"{method} {self.path}", exchange, body, self.headers.get("Content-Type", "")
            )
        except ClientGoneError:
            if not self.server.closing.is_set():
                self.server.owner.client_left()


def no_batch_api() -> Fail:
    """What a server without files and batches answers."""
    return Fail(404, body={"error": {"message": "File Not Found", "type": "not_found_error"}})
