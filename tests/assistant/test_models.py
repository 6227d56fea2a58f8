"""The seam to language models: the real SDK against a server on this machine that misbehaves."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant import models
from assistant.models import (
    MAX_REPLY_CHARACTERS,
    ChatModel,
    Message,
    Piece,
    Reply,
    SchemaRefusedError,
    load_model,
)
from index.errors import ModelError
from index.tokens import count_tokens
from tests.openai_server import (
    Cut,
    Fail,
    Flood,
    Hang,
    OpenAIServer,
    Raw,
    RefuseParameter,
    RefuseSchema,
    Say,
    SayWhole,
    Scripted,
    Stall,
)

KEY = "sk-scripted-0123456789abcdef"
QUESTION = [Message("system", "Be brief."), Message("user", "How long is the bridge?")]
SENTENCE = "The bridge is 120 metres long."
SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
AT_ONCE = {"retry-after-ms": "1"}


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OPENAI_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


def load(server: OpenAIServer, **options: Any) -> ChatModel:
    given = {"base_url": server.base_url, "api_key": KEY, "timeout": 5.0, "retries": 0}
    return load_model("openai:small", **given | options)


def ask(model: ChatModel, **options: Any) -> str:
    return "".join(model.reply(QUESTION, **{"max_tokens": 50} | options))


def failure(model: ChatModel, **options: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        ask(model, **options)
    return caught.value


# --- a reply -------------------------------------------------------------------------------------


def test_a_reply_streams_in_pieces(server: OpenAIServer) -> None:
    server.script(Say(SENTENCE))
    pieces = list(load(server).reply(QUESTION, max_tokens=50))
    assert pieces == ["The bri", "dge is ", "120 met", "res lon", "g."]


def test_a_request_asks_for_the_same_answer_each_time(server: OpenAIServer) -> None:
    server.script(Say(SENTENCE))
    ask(load(server))
    (request,) = server.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == {
        "model": "small",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "How long is the bridge?"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 50,
        "temperature": 0,
        "seed": 42,
    }


def test_an_answer_can_be_computed_from_the_prompt(server: OpenAIServer) -> None:
    server.script(lambda request: Say(request["messages"][-1]["content"].upper()))
    assert ask(load(server)) == "HOW LONG IS THE BRIDGE?"
    assert server.requests[0].prompt == "Be brief.\n\nHow long is the bridge?"


def test_tokens_are_counted_by_the_server(server: OpenAIServer) -> None:
    server.script(Say(SENTENCE))
    reply = load(server).reply(QUESTION, max_tokens=50)
    list(reply)
    assert (reply.prompt_tokens, reply.completion_tokens, reply.cut) == (7, 6, False)


def own_count() -> int:
    return sum(count_tokens(message.content) for message in QUESTION)


def test_tokens_are_counted_here_when_the_server_does_not(server: OpenAIServer) -> None:
    server.script(Say(SENTENCE, usage=False))
    reply = load(server).reply(QUESTION, max_tokens=50)
    list(reply)
    assert reply.prompt_tokens == own_count()
    assert reply.completion_tokens == count_tokens(SENTENCE)


def test_a_reply_that_reached_max_tokens_is_cut(server: OpenAIServer) -> None:
    server.script(Say(SENTENCE, finish="length"))
    reply = load(server).reply(QUESTION, max_tokens=50)
    assert "".join(reply) == SENTENCE
    assert reply.cut


def test_closing_a_reply_stops_the_request(server: OpenAIServer) -> None:
    server.script(Say("word " * 1000, delay=0.01))
    reply = load(server).reply(QUESTION, max_tokens=50)
    begun = next(reply) + next(reply)
    reply.close()
    reply.close()
    assert server.wait_for_disconnects(1)
    assert list(reply) == []
    assert reply.prompt_tokens == own_count()
    assert reply.completion_tokens == count_tokens(begun)
    assert not reply.cut


def test_leaving_the_context_stops_the_request(server: OpenAIServer) -> None:
    server.script(Say("word " * 1000, delay=0.01))
    with load(server).reply(QUESTION, max_tokens=50) as reply:
        next(reply)
    assert server.wait_for_disconnects(1)


def test_a_reply_that_was_read_leaves_nothing_open(server: OpenAIServer) -> None:
    server.script(Say(SENTENCE))
    model = load(server)
    with model.reply(QUESTION, max_tokens=50) as reply:
        assert "".join(reply) == SENTENCE
    assert ask(model) == SENTENCE
    assert server.disconnects == 0


def test_a_reply_without_end_is_cut(server: OpenAIServer) -> None:
    server.script(Flood(megabytes=10))
    reply = load(server).reply(QUESTION, max_tokens=50)
    assert sum(map(len, reply)) == MAX_REPLY_CHARACTERS
    assert reply.cut
    assert server.wait_for_disconnects(1)


def test_a_reply_without_text_or_end_is_cut(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "MAX_REPLY_CHARACTERS", 100)
    server.script(Raw(b'data: {"choices": [{"delta": {"reasoning": "hm"}}]}\n\n' * 101))
    reply = load(server).reply(QUESTION, max_tokens=50)
    assert list(reply) == []
    assert reply.cut


def test_a_server_that_does_not_stream_is_read_whole(server: OpenAIServer) -> None:
    server.script(SayWhole(SENTENCE))
    reply = load(server).reply(QUESTION, max_tokens=50)
    assert list(reply) == [SENTENCE]
    assert (reply.prompt_tokens, reply.completion_tokens) == (7, 6)


def test_text_that_cannot_be_encoded_is_replaced(server: OpenAIServer) -> None:
    server.script(Raw(event("a\ud800b", finish="stop")))
    reply = load(server).reply([Message("user", "half \udc00")], max_tokens=5)
    assert list(reply) == ["a\N{REPLACEMENT CHARACTER}b"]
    assert server.requests[0].prompt == "half ?"


def event(content: object, finish: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    return b"data: %s\n\n" % json.dumps({"choices": [choice], **more}).encode()


DONE = b"data: [DONE]\n\n"
END = event(None, finish="stop") + DONE
UTF8 = 'data: {"choices": [{"delta": {"content": "Brücke"}, "finish_reason": "stop"}]}\r\n\r\n'


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'data: {"choices": []}\n\n' + DONE, ""),
        (event("") + END, ""),
        (event("ok") + b'data: {"choices": null, "usage": null}\n\n' + END, "ok"),
        (event("ok", usage={"prompt_tokens": None}) + END, "ok"),
        (event(None) + event("ok") + END, "ok"),
        (b": keep-alive\n\nevent: message\nid: 1\n" + event("ok") + END, "ok"),
        (b'data: {"choices": [{"delta": null}]}\n\n' + event("ok") + END, "ok"),
        (event("ok", finish="stop"), "ok"),
        (event("ok", finish="stop") + b"data: {broken", "ok"),
        (event("ok", finish="stop", usage={"prompt_tokens": -1}) + END, "ok"),
        (UTF8.encode() + DONE, "Brücke"),
        (event("line\u2028separator") + END, "line\u2028separator"),
    ],
)
def test_a_server_s_small_oddities_are_borne(server: OpenAIServer, data: bytes, text: str) -> None:
    server.script(Raw(data))
    assert ask(load(server)) == text


# --- failures ------------------------------------------------------------------------------------


def says(message: object, **more: object) -> dict[str, object]:
    return {"error": {"message": message, "type": "invalid_request_error", **more}}


TOO_LONG = "The prompt is longer than the model 'small' takes"
LOWER = "lower PINCITE_CONTEXT_TOKENS."
REFUSALS: list[tuple[Fail, str, bool]] = [
    (
        Fail(401),
        "The server at <url> refused the key for the model 'small': correct OPENAI_API_KEY.",
        False,
    ),
    (
        Fail(403, body=says("Country not supported.")),
        "The server at <url> refused access to the model 'small' (Country not supported): "
        "check the key in OPENAI_API_KEY and what it may be used for.",
        False,
    ),
    (
        Fail(404, body=says("not found")),
        "There is no model 'small' at the server at <url> (not found): "
        "correct its name or the base URL.",
        False,
    ),
    (
        Fail(400, body=says("no such file", code="model_not_found")),
        "There is no model 'small' at the server at <url> (no such file): "
        "correct its name or the base URL.",
        False,
    ),
    (
        Fail(429, body=says("You exceeded your current quota.")),
        "The server at <url> refused the request for its rate limit or quota "
        "(You exceeded your current quota): try again later.",
        True,
    ),
    (
        Fail(500),
        "The server at <url> failed with status 500 (scripted failure 500): try again later.",
        True,
    ),
    (
        Fail(502, body="<html><title>Bad Gateway</title></html>"),
        "The server at <url> failed with status 502: try again later.",
        True,
    ),
    (
        Fail(503, body={"detail": "Loading model"}),
        "The server at <url> failed with status 503 (Loading model): try again later.",
        True,
    ),
    (
        Fail(418, body=[["short", "and stout"]]),
        "The server at <url> refused the request with status 418 (short and stout): "
        "check the name of the model and the settings of the server.",
        False,
    ),
    (
        Fail(400, body=says("This model's maximum context length is 4096 tokens.")),
        f"{TOO_LONG} (This model's maximum context length is 4096 tokens): {LOWER}",
        False,
    ),
    (
        # This one names max_completion_tokens as well, which isn't what is wrong.
        Fail(400, body=says("'max_tokens' or 'max_completion_tokens' exceeds the context length")),
        f"{TOO_LONG} ('max_tokens' or 'max_completion_tokens' exceeds the context length): {LOWER}",
        False,
    ),
    (
        Fail(400, body=says("too many", type="exceed_context_size_error", code="context_length_")),
        f"{TOO_LONG} (too many): {LOWER}",
        False,
    ),
    *(
        (
            Fail(400, body=body),
            "The server at <url> refused the request with status 400: "
            "check the name of the model and the settings of the server.",
            False,
        )
        for body in ({"error": None}, {"error": {"message": [[[["deep"]]]]}}, "", {"a": 1})
    ),
    (Fail(413, body="too large"), f"{TOO_LONG} (too large): {LOWER}", False),
    (
        Fail(422, body={"detail": [{"loc": ["body", "messages"], "msg": "Field required"}]}),
        "The server at <url> refused the request with status 422 (Field required): "
        "check the name of the model and the settings of the server.",
        False,
    ),
]


@pytest.mark.parametrize(("behaviour", "sentence", "retryable"), REFUSALS)
def test_a_refusal_says_what_is_wrong_and_what_to_do(
    server: OpenAIServer, behaviour: Fail, sentence: str, retryable: bool
) -> None:
    server.script(behaviour)
    error = failure(load(server))
    assert str(error) == sentence.replace("<url>", server.base_url)
    assert error.retryable is retryable


ERROR_EVENT = b'data: {"error": %s}\n\n'
STREAMS: list[tuple[Scripted, str, bool]] = [
    (Cut("The bridge is", after=4), "<url> broke the connection: try again later.", True),
    (
        Cut("The bridge is", after=4, politely=True),
        "<url> broke off in the middle of its reply: try again.",
        True,
    ),
    (
        Stall("The bridge is", after=4),
        "<url> sent nothing for 0.3 seconds: try again later, or allow a longer time-out.",
        True,
    ),
    *(
        (Raw(event("The ") + data), "<url> sent a reply that isn't in the OpenAI protocol: ", True)
        for data in (
            b'data: {"choices": [{"delta": {"content": "half\n\n',
            b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n',
            b'data: {"choices": "none"}\n\n',
            b'data: {"choices": [{"delta": {"content": 7}}]}\n\n',
            b"data: " + b"[" * 100_000 + b"\n\n",
            b"data: 7\n\n",
        )
    ),
    (
        Raw(event("The ") + ERROR_EVENT % b'{"message": "out of memory"}'),
        "<url> broke off with an error (out of memory): try again.",
        True,
    ),
    (
        Raw(event("The ") + ERROR_EVENT % b'"out of memory"'),
        "<url> broke off with an error (out of memory): try again.",
        True,
    ),
]


@pytest.mark.parametrize(("behaviour", "sentence", "retryable"), STREAMS)
def test_a_stream_that_breaks_off_is_a_failure_after_what_came(
    server: OpenAIServer, behaviour: Scripted, sentence: str, retryable: bool
) -> None:
    server.script(behaviour)
    reply = load(server, timeout=0.3, retries=2).reply(QUESTION, max_tokens=50)
    assert next(reply) == "The "
    with pytest.raises(ModelError) as caught:
        next(reply)
    assert str(caught.value).startswith(
        "The server at " + sentence.replace("<url>", server.base_url)
    )
    assert caught.value.retryable is retryable
    assert list(reply) == []
    assert reply.completion_tokens == count_tokens("The ")
    assert len(server.requests) == 1, "what was shown already can't be asked for again"


def test_a_prompt_that_proves_too_long_while_streaming_is_told_as_such(
    server: OpenAIServer,
) -> None:
    server.script(Raw(ERROR_EVENT % b'{"message": "the context size is exceeded"}'))
    assert str(failure(load(server))) == f"{TOO_LONG} (the context size is exceeded): {LOWER}"


def test_a_web_page_is_no_model(server: OpenAIServer) -> None:
    server.script(Fail(200, body="<html>\n<p>A page.</p>\n</html>\n"))
    error = failure(load(server))
    assert str(error).endswith(
        "doesn't answer in the OpenAI protocol: correct the base URL, which usually ends in /v1."
    )
    assert not error.retryable


@pytest.mark.parametrize("data", [b"", DONE])
def test_a_stream_without_a_reply_may_come_from_a_prompt_too_long(
    server: OpenAIServer, data: bytes
) -> None:
    server.script(Raw(data))
    error = failure(load(server))
    assert f"ended its reply before the first word: {LOWER[:-1]}" in str(error)
    assert not error.retryable


@pytest.mark.parametrize("body", [{"error": "none"}, {"choices": []}, [1], "text"])
def test_json_that_is_no_reply_is_recognised(server: OpenAIServer, body: object) -> None:
    server.script(Fail(200, body={"choices": body} if body == "text" else body))
    assert "isn't in the OpenAI protocol" in str(failure(load(server)))


def test_a_wrong_path_is_a_wrong_base_url(server: OpenAIServer) -> None:
    error = failure(load(server, base_url=server.base_url + "/api"))
    assert f"at the server at {server.base_url}/api (no /v1/api/chat/completions here)" in str(
        error
    )


def test_a_server_that_is_silent_is_given_up(server: OpenAIServer) -> None:
    server.script(Hang())
    error = failure(load(server, timeout=0.2))
    assert "sent nothing for 0.2 seconds" in str(error)
    assert error.retryable
    assert server.wait_for_disconnects(1)


def test_a_server_that_is_not_there_is_named() -> None:
    with OpenAIServer() as server:
        model = load(server)
    error = failure(model)
    assert str(error).startswith(f"No server answers at {server.base_url} (")
    assert str(error).endswith("): start it, or correct the base URL.")
    assert error.retryable


def test_openai_is_called_by_its_name(server: OpenAIServer, no_network: list[str]) -> None:
    model = load_model("openai:small", api_key=KEY, retries=0)
    error = failure(model)
    assert str(error).startswith("No server answers at OpenAI (")
    assert no_network, "the guard must have stopped the connection"
    no_network.clear()


def test_a_server_s_words_are_short_and_harmless(server: OpenAIServer) -> None:
    server.script(Fail(500, body=says("\x1b[31mred\nline \u202eturned. " + "long " * 500)))
    sentence = str(failure(load(server)))
    assert sentence.isprintable()
    assert "\ufffd[31mred line \ufffdturned. long" in sentence
    assert len(sentence) < 300
    assert sentence.endswith("…): try again later.")


# --- repeated requests ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
def test_a_failed_request_is_repeated(server: OpenAIServer, status: int) -> None:
    server.script(Fail(status, AT_ONCE), Fail(status, AT_ONCE), Say(SENTENCE))
    assert ask(load(server, retries=2)) == SENTENCE
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refused_request_is_not_repeated(server: OpenAIServer, status: int) -> None:
    server.script(Fail(status, AT_ONCE), Say(SENTENCE))
    failure(load(server, retries=2))
    assert len(server.requests) == 1


def test_a_request_is_given_up_after_its_retries(server: OpenAIServer) -> None:
    server.script(Fail(503, AT_ONCE))
    assert failure(load(server, retries=2)).retryable
    assert len(server.requests) == 3


def test_a_lost_connection_is_tried_again(server: OpenAIServer) -> None:
    server.script(Hang(0), Say(SENTENCE))
    assert ask(load(server, retries=1)) == SENTENCE


def test_the_pause_that_the_server_asks_for_is_kept(server: OpenAIServer) -> None:
    server.script(Fail(429, {"Retry-After": "1"}), Say(SENTENCE))
    assert ask(load(server, retries=1)) == SENTENCE
    first, second = server.requests
    assert 1 <= second.time - first.time < 3


# --- the key -------------------------------------------------------------------------------------

ECHO = f"Incorrect API key provided: {KEY}."


@pytest.mark.parametrize(
    "behaviour",
    [
        *(Fail(status, body=says(ECHO)) for status in (400, 401, 403, 404, 413, 429, 500)),
        Fail(500, body=f"{ECHO} {'x' * 300}"),
        Fail(500, body=says("x" * 190 + KEY)),
        Fail(400, body=says(f"context length {ECHO}")),
        Raw(ERROR_EVENT % json.dumps({"message": ECHO}).encode()),
        Raw(b"data: " + ECHO.encode() + b"\n\n"),
        Cut("The", after=3),
        Hang(0),
    ],
)
def test_the_key_is_never_shown(
    server: OpenAIServer, behaviour: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    server.script(behaviour)
    with caplog.at_level(logging.DEBUG):
        model = load(server)
        error = failure(model)
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(model) + caplog.text
    assert KEY[:12] not in shown
    assert error.__cause__ is None
    assert error.__context__ is None, "the SDK's error holds the request's headers"
    assert server.requests[0].headers["authorization"].endswith(KEY), "the case proves nothing"


def test_the_key_comes_from_the_environment(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")
    ask(load(server, api_key=None))
    ask(load(server, api_key="another"))
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == [f"Bearer {KEY}", "Bearer another"]


def test_a_server_of_one_s_own_needs_no_key(server: OpenAIServer) -> None:
    server.script(Say(SENTENCE))
    assert ask(load(server, api_key=None)) == SENTENCE


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_wants_a_key_says_which_variable(server: OpenAIServer, status: int) -> None:
    server.script(Fail(status))
    assert str(failure(load(server, api_key=None))).endswith(
        "wants a key for the model 'small': set OPENAI_API_KEY."
    )


def test_openai_itself_needs_a_key() -> None:
    with pytest.raises(ModelError, match=r"'openai:small' needs a key: set OPENAI_API_KEY"):
        load_model("openai:small")


@pytest.mark.parametrize("key", ["sk ab", "sk-\nab", "sk-ключ", "sk-\x7f"])
def test_what_cannot_be_a_key_is_not_sent_or_shown(key: str) -> None:
    with pytest.raises(ModelError, match="has characters that no key has") as caught:
        load_model("openai:small", api_key=key)
    assert key not in str(caught.value)


# --- the base URL --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8080/v1",
        "ftp://host/v1",
        "http://",
        "/v1",
        "http://h:port",
        "http://[::1",
        "http://h\n",
        "x",
    ],
)
def test_what_is_no_base_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ModelError, match=r"should look like http://localhost:8080/v1"):
        load_model("openai:small", base_url=url)


@pytest.mark.parametrize("host", ["a..b", "☃.example", "①", "." + "a" * 70])
def test_a_host_that_cannot_exist_is_named(host: str) -> None:
    model = load_model("openai:small", base_url=f"http://{host}/v1")
    assert str(failure(model)) == (
        f"The server at http://{host}/v1 can't exist under such a name: correct the base URL."
    )


def test_the_base_url_may_come_from_the_environment(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script(Say(SENTENCE))
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    model = load_model("openai:small", api_key=KEY, retries=0)
    assert ask(model) == SENTENCE
    assert getattr(model, "base_url", None) == server.base_url


def test_a_password_in_the_base_url_is_not_shown() -> None:
    with OpenAIServer() as server:
        url = server.base_url.replace("//", "//user:secret@")
        model = load(server, base_url=url)
    assert str(failure(model)).startswith(f"No server answers at {server.base_url} (")


def test_proxy_settings_that_cannot_be_used_are_named(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://user:secret@host")
    sentence = str(failure(load(server)))
    assert "correct the proxy settings in the environment" in sentence
    assert "secret" not in sentence


# --- schemas -------------------------------------------------------------------------------------

WRAPPED = {
    "type": "json_schema",
    "json_schema": {"name": "reply", "strict": True, "schema": SCHEMA},
}
PLAIN = {"type": "json_object", "schema": SCHEMA}
BOTH = ("json_schema", "json_object")


def forms(server: OpenAIServer) -> list[object]:
    return [request.body.get("response_format") for request in server.requests]


@pytest.mark.parametrize(
    ("refused", "asked"),
    [((), [WRAPPED, WRAPPED]), (("json_schema",), [WRAPPED, PLAIN, PLAIN])],
)
@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_schema_is_asked_for_in_the_form_that_the_server_takes(
    server: OpenAIServer, refused: Sequence[str], asked: list[object], status: int
) -> None:
    server.script(RefuseSchema(refused, then=Say('{"n": 1}'), status=status))
    model = load(server, retries=2)
    assert [ask(model, schema=SCHEMA), ask(model, schema=SCHEMA)] == ['{"n": 1}'] * 2
    assert forms(server) == asked
    assert model.takes_schema


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_server_without_schemas_is_asked_once(server: OpenAIServer, status: int) -> None:
    server.script(RefuseSchema(BOTH, then=Say(SENTENCE), status=status))
    model = load(server, retries=2)
    assert model.takes_schema
    for _ in range(2):
        with pytest.raises(SchemaRefusedError, match="'openai:small' can't hold its replies"):
            model.reply(QUESTION, max_tokens=50, schema=SCHEMA)
    assert not model.takes_schema
    assert forms(server) == [WRAPPED, PLAIN]
    assert ask(model) == SENTENCE


@pytest.mark.parametrize(
    "body",
    [
        says("Invalid parameter: 'response_format' of type 'json_schema' is not supported"),
        says("This response_format type is unavailable now"),
        says("Invalid schema for 'reply': 'n' is not required"),
        says([{"loc": ["body", "response_format", "type"], "msg": "Input should be 'text'"}]),
        {"detail": [{"loc": ["body", "response_format"], "msg": "Extra inputs"}]},
        {"message": "JSON mode is not supported"},
        "response_format: unknown field",
    ],
)
def test_a_refused_schema_is_recognised_by_the_server_s_words(
    server: OpenAIServer, body: object
) -> None:
    server.script(Fail(400, body=body))
    with pytest.raises(SchemaRefusedError):
        ask(load(server), schema=SCHEMA)


@pytest.mark.parametrize(
    "behaviour",
    [
        Fail(400, body=says("messages must alternate")),
        Fail(400, body=says("maximum context length is 10, the schema takes 5")),
        Fail(401, body=says("no response_format without a key")),
        Fail(500, body=says("could not write JSON")),
    ],
)
def test_another_refusal_leaves_the_schema_alone(server: OpenAIServer, behaviour: Scripted) -> None:
    server.script(behaviour)
    model = load(server)
    error = failure(model, schema=SCHEMA)
    assert not isinstance(error, SchemaRefusedError)
    assert model.takes_schema
    assert len(server.requests) == 1


def test_threads_learn_together(server: OpenAIServer) -> None:
    server.script(RefuseSchema(("json_schema",), then=Say('{"n": 1}', delay=0.01)))
    model = load(server)
    replies: list[str] = []
    threads = [
        threading.Thread(target=lambda: replies.append(ask(model, schema=SCHEMA))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == ['{"n": 1}'] * 8
    assert model.takes_schema


# --- parameters ----------------------------------------------------------------------------------

RENAMED = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."


@pytest.mark.parametrize(
    ("refused", "message", "status", "left_out"),
    [
        ("max_tokens", RENAMED, 400, "max_tokens"),
        ("temperature", "Unsupported value: 'temperature' does not support 0.", 400, "temperature"),
        ("seed", "Unrecognized request argument supplied: seed", 400, "seed"),
        (
            "stream_options",
            "body.stream_options: Extra inputs are not permitted",
            422,
            "stream_options",
        ),
        (
            "stream_options",
            "'include_usage' inside 'stream_options' is unknown",
            400,
            "stream_options",
        ),
    ],
)
def test_a_parameter_that_the_server_refuses_is_left_out_from_then_on(
    server: OpenAIServer, refused: str, message: str, status: int, left_out: str
) -> None:
    server.script(RefuseParameter(refused, Say(SENTENCE), status, message))
    model = load(server)
    assert [ask(model), ask(model)] == [SENTENCE, SENTENCE]
    first, *others = [request.body for request in server.requests]
    renamed = {"max_completion_tokens": 50} if left_out == "max_tokens" else {}
    expected = {name: value for name, value in first.items() if name != left_out} | renamed
    assert others == [expected, expected]


def test_several_refusals_are_learned_from_one_after_another(server: OpenAIServer) -> None:
    picky: Scripted = RefuseSchema(("json_schema",), then=Say("{}"))
    for name in ("stream_options", "temperature", "seed"):
        picky = RefuseParameter(name, picky)
    server.script(RefuseParameter("max_tokens", picky, message=RENAMED))
    assert ask(load(server), schema=SCHEMA) == "{}"
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "message", ["We proceed no further", "max_tokens is too large: the most is 16", ""]
)
def test_another_complaint_about_a_request_is_a_failure(server: OpenAIServer, message: str) -> None:
    server.script(Fail(400, body=says(message)))
    assert "refused the request with status 400" in str(failure(load(server)))
    assert len(server.requests) == 1


# --- loading -------------------------------------------------------------------------------------


class Own:
    """A model that `load_model` doesn't know."""

    name = "own:echo"
    takes_schema = False

    def reply(self, messages: Sequence[Message], *, max_tokens: int, schema: Any = None) -> Reply:
        return Reply([messages[-1].content, Piece(cut=True)], messages)


def test_a_model_of_one_s_own_is_taken_as_it_is() -> None:
    model = Own()
    assert load_model(model) is model
    reply = model.reply(QUESTION, max_tokens=5)
    assert list(reply) == ["How long is the bridge?"]
    assert reply.cut


def test_loading_a_model_imports_no_sdk() -> None:
    code = (
        "import sys; from assistant.models import load_model;"
        "model = load_model('openai:small', base_url='http://localhost:1/v1');"
        "print(model.takes_schema, [m for m in ('openai', 'llama_index') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "True []", done.stderr


@pytest.mark.parametrize("name", ["", "small", "openai", "openai:", ":small", "../x:small"])
def test_an_unknown_name_is_no_model(name: str) -> None:
    with pytest.raises(ModelError, match=re.escape(f"There is no language model {name!r}")):
        load_model(name)


def test_a_missing_integration_names_its_package() -> None:
    with pytest.raises(ModelError, match="run `pip install llama-index-llms-some-provider`"):
        load_model("some_provider:small")


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(ModelError, match="A dict is no language model"):
        load_model({})  # type: ignore[arg-type]
