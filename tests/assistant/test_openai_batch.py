"""A list of questions through OpenAI's Batch API: nothing is paid twice, nothing goes unverified.

The real client talks to a real server on this machine, over the sample library.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant import (
    Assistant,
    ListedQuestion,
    ModelError,
    RowResult,
    SettingsError,
    StorageError,
    openai_batch,
    openai_batch_submit,
)
from assistant.batch_requests import can_be_batched, row_key
from assistant.citations import holds
from assistant.model_use import model_use
from assistant.openai_batch import BatchProgress, answer_by_batch, forget
from assistant.settings import load_settings
from index import Library, source_from_text
from tests.model_replies import reply
from tests.openai_batch_server import BatchServer, Break, Plan, no_batch_api
from tests.openai_server import Fail, Hang, RefuseParameter, RefuseSchema, Say

KEY = "sk-test-not-a-key"
CALL = "When did Trump and Putin speak by phone?"
CALL_CLAIM = ("Trump spoke by phone with Putin on February 12.", "On February 12, Trump spoke by")
BENEFIT = "Does the US have an economic benefit from cooperating with Russia?"
BENEFIT_CLAIM = (
    "The US has no economic benefit from cooperating with Russia.",
    "The US has no economic benefit from cooperating with Russia.",
)
DICTATOR = "Who called Zelensky a dictator?"
NOT_TOLD = "Who won the football world cup in Alaska?"
POLL = 0.02


def listed(*questions: str) -> list[ListedQuestion]:
    return [ListedQuestion(number, question) for number, question in enumerate(questions, 1)]


def says_what_holds(body: dict[str, Any]) -> str:
    """A model that answers two of the questions from the sources, and else says nothing."""
    asked = body["messages"][-1]["content"]
    for question, claim in ((CALL, CALL_CLAIM), (BENEFIT, BENEFIT_CLAIM)):
        if question in asked:
            return reply(body, claim)
    return "{}"


def is_asked(question: str) -> Callable[[dict[str, Any]], bool]:
    return lambda body: question in body["messages"][-1]["content"]


def times_asked(server: BatchServer, question: str) -> int:
    return sum(question in asked for asked in server.asked)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchServer]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("PINCITE_TIMEOUT", "2")
    with BatchServer() as running:
        running.reply = says_what_holds
        yield running


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "list.batch"


def with_model(library: Library, server: BatchServer, **options: Any) -> Assistant:
    settings = load_settings().overridden(base_url=server.base_url, **options)
    return Assistant(library, model_use("openai:test", settings))


@pytest.fixture
def assistant(sample: Assistant, server: BatchServer) -> Assistant:
    return with_model(sample.library, server)


def run(
    assistant: Assistant, rows: Sequence[ListedQuestion], state: Path, **options: Any
) -> dict[int, RowResult]:
    """The results by the number of their row, each of which must come once."""
    results = list(answer_by_batch(assistant, rows, state, poll_seconds=POLL, **options))
    by_number = {result.row.number: result for result in results}
    assert len(by_number) == len(results)
    for result in results:
        for citation in result.answer.citations if result.answer else ():
            assert holds(citation, assistant.library.indexed(citation.source_id))
    return by_number


def submit_only(assistant: Assistant, rows: Sequence[ListedQuestion], state: Path) -> None:
    """What a run does that is stopped as soon as it waits."""
    stop = threading.Event()

    def watch(progress: BatchProgress) -> None:
        if progress.step == "waiting":
            stop.set()

    assert run(assistant, rows, state, progress=watch, stop=stop) == {}
    assert state.exists()


# --- the whole way -------------------------------------------------------------------------------


def test_rows_are_answered_by_one_batch_and_verified(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    results = run(assistant, listed(CALL, BENEFIT), state)
    answers = [results[1].answer, results[2].answer]
    assert [answer and answer.status for answer in answers] == ["answered", "answered"]
    assert [answer and answer.engine for answer in answers] == ["model", "model"]
    assert answers[0] is not None
    assert answers[0].model == "openai:test"
    assert answers[0].text == "Trump spoke by phone with Putin on February 12. [1]"
    assert answers[0].usage.prompt_tokens > 100
    assert len(server.batches) == 1
    assert len(server.asked) == 2


def test_an_answer_is_the_one_that_the_model_gives_directly(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    server.script(lambda request: Say(says_what_holds(request)))
    directly = assistant.ask(BENEFIT).to_dict()
    batched = run(assistant, listed(BENEFIT), state)[1].answer
    assert batched is not None
    assert {**batched.to_dict(), "timings_ms": None} == {**directly, "timings_ms": None}


def test_a_request_is_the_one_that_is_sent_directly_but_for_the_stream(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    assistant.ask(CALL)
    directly = server.requests[0].body
    run(assistant, listed(CALL), state)
    line = server.batches[0].requests[0]
    assert (line["method"], line["url"]) == ("POST", "/v1/chat/completions")
    assert line["custom_id"] == row_key(listed(CALL)[0])
    left_out = {"stream": True, "stream_options": {"include_usage": True}}
    assert {**line["body"], **left_out} == directly


def test_a_row_that_needs_no_model_has_its_result_before_anything_is_submitted(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    faulty = ListedQuestion(3, "", fault="The row has no question: write one.")
    rows = [*listed(NOT_TOLD, ""), faulty, ListedQuestion(4, CALL, sources=("nothing-here",))]
    results = run(assistant, rows, state)
    assert results[1].status == "abstained"
    assert results[2].failure == "The question is empty: type a question about the sources."
    assert results[3].failure == faulty.fault
    assert "nothing-here" in (results[4].failure or "")
    assert server.calls == []
    assert not state.exists()


def test_a_question_that_stands_twice_is_paid_once_and_answers_both_rows(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    results = run(assistant, listed(CALL, BENEFIT, CALL), state)
    assert sorted(results) == [1, 2, 3]
    assert results[1].answer is not None
    assert results[3].answer is not None
    assert results[1].answer.text == results[3].answer.text
    assert times_asked(server, CALL) == 1


def test_a_follow_up_is_left_to_the_caller(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    follow_up = ListedQuestion(2, "And who else?", history=(("user", CALL),))
    assert not can_be_batched(follow_up)
    assert sorted(run(assistant, [*listed(CALL), follow_up], state)) == [1]
    assert len(server.asked) == 1


def test_a_long_list_becomes_several_batches(
    assistant: Assistant, server: BatchServer, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_batch_submit, "MAX_REQUESTS", 2)
    results = run(assistant, listed(CALL, BENEFIT, DICTATOR), state)
    assert sorted(results) == [1, 2, 3]
    assert [len(batch.requests) for batch in server.batches] == [2, 1]


def test_a_batch_is_no_larger_than_the_server_takes(
    assistant: Assistant, server: BatchServer, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_batch_submit, "MAX_BYTES", 10_000)
    results = run(assistant, listed(CALL, BENEFIT, DICTATOR), state)
    assert sorted(results) == [1, 2, 3]
    assert len(server.batches) > 1
    uploaded = [server.files[batch.input_file].data for batch in server.batches]
    assert all(len(data) <= 10_000 for data in uploaded)


def test_it_is_told_how_far_it_is(assistant: Assistant, server: BatchServer, state: Path) -> None:
    server.plan(Plan(polls=2))
    told: list[BatchProgress] = []
    run(assistant, listed(CALL, NOT_TOLD, BENEFIT), state, progress=told.append)
    assert [(each.done, each.total) for each in told if each.step == "preparing"] == [
        (1, 3),
        (2, 3),
        (3, 3),
    ]
    waited = [each.done for each in told if each.step == "waiting"]
    assert waited == sorted(waited)
    assert waited[-1] == 2
    assert [(each.done, each.total) for each in told if each.step == "verifying"] == [
        (1, 2),
        (2, 2),
    ]


def test_the_pauses_between_looks_grow(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    server.plan(Plan(polls=5))
    looks: list[float] = []

    def watch(progress: BatchProgress) -> None:
        if progress.step == "waiting":
            looks.append(time.monotonic())

    run(assistant, listed(CALL), state, progress=watch)
    assert len(looks) == 7  # the first before the first look
    assert looks[6] - looks[5] > 2 * (looks[2] - looks[1])


# --- what it costs -------------------------------------------------------------------------------


def test_the_cost_is_half_the_list_price(
    sample: Assistant,
    server: BatchServer,
    state: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('[models."openai:test"]\ninput = 1.0\noutput = 2.0\n')
    monkeypatch.setenv("PINCITE_PRICES", str(prices))
    assistant = with_model(sample.library, server)
    answer = run(assistant, listed(CALL), state)[1].answer
    assert answer is not None
    usage = answer.usage
    listed_price = (usage.prompt_tokens + 2 * usage.completion_tokens) / 1_000_000
    assert usage.cost_usd == pytest.approx(listed_price / 2)


def test_tokens_are_the_server_s_count_or_else_ours(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    server.plan(Plan(usage=True))
    counted = run(assistant, listed(CALL), state)[1].answer
    forget(state, assistant)
    server.plan(Plan(usage=False))
    our_count = run(assistant, listed(CALL), state)[1].answer
    assert counted is not None
    assert our_count is not None
    words = sum(
        len(message["content"].split())
        for message in server.batches[0].requests[0]["body"]["messages"]
    )
    assert counted.usage.prompt_tokens == words
    assert our_count.usage.prompt_tokens > words


def test_what_is_asked_again_to_mend_a_reply_costs_nothing_and_stays_unsaid(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    invented = ("Trump spoke by phone with Putin on March 30.", "On February 12, Trump spoke by")
    server.reply = lambda body: reply(body, invented)
    answer = run(assistant, listed(CALL), state)[1].answer
    assert answer is not None
    assert "March 30" not in answer.text
    assert [each.reason for each in answer.withheld] == ["date"]
    assert len(server.asked) == 1
    assert len(server.requests) == 1  # the one that shows what the server takes
    words = sum(
        len(message["content"].split())
        for message in server.batches[0].requests[0]["body"]["messages"]
    )
    assert answer.usage.prompt_tokens == words


# --- what the server doesn't take ----------------------------------------------------------------


def test_a_parameter_that_the_model_refuses_is_in_no_request(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    refused = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    server.script(RefuseParameter("max_tokens", then=Say("{}"), message=refused))
    assert run(assistant, listed(CALL), state)[1].status == "answered"
    body = server.batches[0].requests[0]["body"]
    assert "max_tokens" not in body
    assert body["max_completion_tokens"] > 16


def test_a_model_without_schemas_is_asked_for_lines_also_when_another_run_collects(
    sample: Assistant, server: BatchServer, state: Path
) -> None:
    server.script(RefuseSchema(then=Say("")))
    server.reply = lambda body: "- Trump spoke by phone with Putin on February 12. [2]"
    submit_only(with_model(sample.library, server), listed(CALL), state)
    assert "response_format" not in server.batches[0].requests[0]["body"]
    answer = run(with_model(sample.library, server), listed(CALL), state)[1].answer
    assert answer is not None
    assert (answer.engine, answer.status) == ("model", "answered")
    assert len(server.batches) == 1


def test_a_server_without_batches_is_told_apart_before_anything_is_uploaded(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    server.trouble("GET /v1/batches", no_batch_api())
    with pytest.raises(ModelError, match=r"has no Batch API: leave --openai-batch out"):
        run(assistant, listed(CALL), state)
    assert server.calls == ["GET /v1/batches?limit=1"]
    assert not state.exists()


@pytest.mark.parametrize("route", ["POST /v1/files", "POST /v1/batches"])
def test_a_server_with_half_of_it_has_none(
    assistant: Assistant, server: BatchServer, state: Path, route: str
) -> None:
    server.trouble(route, no_batch_api())
    with pytest.raises(ModelError, match=r"has no Batch API: leave --openai-batch out"):
        run(assistant, listed(CALL), state)


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"\xff\xfe", b"[]", b'{"data": 3}'])
def test_a_server_that_answers_something_else_is_a_sentence(
    assistant: Assistant, server: BatchServer, state: Path, body: bytes
) -> None:
    class Odd:
        def answer(self, exchange: Any) -> None:
            kind = "text/html" if body.startswith(b"<") else "application/json"
            exchange.send_whole(200, body, kind)

    server.trouble("GET /v1/batches", Odd())
    with pytest.raises(ModelError, match=r"isn't in the OpenAI protocol"):
        run(assistant, listed(CALL), state)


def test_another_kind_of_model_is_refused(
    sample: Assistant, server: BatchServer, state: Path
) -> None:
    with pytest.raises(SettingsError, match=r"leave --openai-batch out"):
        answer_by_batch(sample, listed(CALL), state)
    with pytest.raises(SettingsError, match=r"leave --judge or --openai-batch out"):
        answer_by_batch(with_model(sample.library, server, judge=True), listed(CALL), state)


def test_the_key_stands_in_no_error_and_in_no_file(
    assistant: Assistant, server: BatchServer, state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    refusal = Fail(400, body={"error": {"message": f"bad request with {KEY}"}})
    server.trouble("POST /v1/batches", refusal)
    with pytest.raises(ModelError) as raised:
        run(assistant, listed(CALL), state)
    assert raised.value.__context__ is None
    assert KEY not in "".join(traceback.format_exception(raised.value))
    assert "[key]" in str(raised.value)
    submit_only(assistant, listed(CALL), state)
    assert KEY not in state.read_text()
    assert KEY not in caplog.text
    assert stat.S_IMODE(state.stat().st_mode) & 0o077 == 0


# --- requests that fail --------------------------------------------------------------------------


def test_a_request_that_failed_is_a_failure_and_the_others_are_answered(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    refusal = {"status_code": 400, "body": {"error": {"message": "too \u202elong"}}}
    is_call = is_asked(CALL)
    server.plan(Plan(fail=lambda body: {"response": refusal} if is_call(body) else None))
    results = run(assistant, listed(CALL, BENEFIT), state)
    assert results[1].failure == (
        f"The batch at the server at {server.base_url} ended without a reply to it "
        "(too \N{REPLACEMENT CHARACTER}long): ask it again."
    )
    assert results[2].status == "answered"


def test_an_expired_batch_answers_what_it_has_done(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    error = {"code": "batch_expired", "message": "This request couldn't be executed in time."}
    is_call = is_asked(CALL)
    server.plan(
        Plan(status="expired", fail=lambda body: {"error": error} if is_call(body) else None)
    )
    results = run(assistant, listed(CALL, BENEFIT), state)
    assert "(This request couldn't be executed in time)" in (results[1].failure or "")
    assert results[2].status == "answered"


@pytest.mark.parametrize("status", ["completed", "expired", "cancelled"])
def test_a_request_without_a_line_is_a_failure(
    assistant: Assistant, server: BatchServer, state: Path, status: str
) -> None:
    server.plan(Plan(status=status, lose=is_asked(CALL)))
    results = run(assistant, listed(CALL, BENEFIT), state)
    assert f"({status})" in (results[1].failure or "")
    assert results[2].status == "answered"


def test_a_batch_that_is_refused_as_a_whole_tells_why(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    server.plan(Plan(status="failed", errors=("Enqueued token limit reached.",)))
    results = run(assistant, listed(CALL, BENEFIT), state)
    assert [result.status for result in results.values()] == ["failed", "failed"]
    assert "(Enqueued token limit reached)" in (results[1].failure or "")


def test_what_failed_is_submitted_again_once_it_is_forgotten(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    server.plan(Plan(lose=is_asked(CALL)), Plan())
    rows = listed(CALL, BENEFIT)
    assert run(assistant, rows, state)[1].status == "failed"
    forget(state, assistant)
    assert run(assistant, rows[:1], state)[1].status == "answered"
    assert (times_asked(server, CALL), times_asked(server, BENEFIT)) == (2, 1)


def _garbage(lines: list[bytes]) -> list[bytes]:
    not_sent = json.loads(lines[0]) | {"custom_id": "somebody-else"}
    return [
        b"\n",
        b"not JSON\n",
        b"\xff\xfe\x00\n",
        b"[" * 5000 + b"\n",
        b'{"custom_id": 3}\n',
        b"null\n",
        json.dumps(not_sent).encode() + b"\n",
        *lines,
        lines[0][:40],
    ]


def test_lines_that_are_none_and_of_somebody_else_are_passed_over(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    server.plan(Plan(mangle=_garbage))
    results = run(assistant, listed(CALL, BENEFIT), state)
    assert [result.status for result in results.values()] == ["answered", "answered"]


@pytest.mark.parametrize(
    "body",
    [
        {"choices": []},
        {"choices": None},
        {"choices": [{"message": "Hello"}]},
        {"choices": [{"message": {"content": 3}}]},
        "Hello",
        None,
    ],
)
def test_a_reply_that_is_none_is_a_failure(
    assistant: Assistant, server: BatchServer, state: Path, body: object
) -> None:
    def mangle(lines: list[bytes]) -> list[bytes]:
        line = json.loads(lines[0])
        line["response"]["body"] = body
        return [json.dumps(line).encode() + b"\n", *lines[1:]]

    server.plan(Plan(mangle=mangle))
    results = run(assistant, listed(CALL, BENEFIT), state)
    assert "the reply isn't in the OpenAI protocol" in (results[1].failure or "")
    assert results[2].status == "answered"


def test_of_two_lines_for_a_request_the_first_reply_counts(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    def mangle(lines: list[bytes]) -> list[bytes]:
        line = json.loads(lines[0])
        failed = {**line, "response": None, "error": {"message": "an attempt that failed"}}
        second = json.loads(lines[0])
        second["response"]["body"]["choices"][0]["message"]["content"] = "{}"
        return [json.dumps(each).encode() + b"\n" for each in (failed, line, second)]

    server.plan(Plan(mangle=mangle))
    answer = run(assistant, listed(CALL), state)[1].answer
    assert answer is not None
    assert answer.engine == "model"


def test_line_separators_inside_a_reply_end_no_line(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    server.reply = lambda body: says_what_holds(body).replace(
        '"claims"', '"note": "\u2028\u0085", "claims"'
    )
    assert run(assistant, listed(CALL), state)[1].status == "answered"


def test_counts_that_make_no_sense_lose_no_reply(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    def mangle(lines: list[bytes]) -> list[bytes]:
        line = json.loads(lines[0])
        line["response"]["body"]["usage"] = {"prompt_tokens": "many", "completion_tokens": -1}
        return [json.dumps(line).encode() + b"\n"]

    server.plan(Plan(mangle=mangle))
    answer = run(assistant, listed(CALL), state)[1].answer
    assert answer is not None
    assert answer.engine == "model"
    assert answer.usage.prompt_tokens > 100


def test_an_invented_statement_is_withheld(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    invented = ("Trump and Putin spoke by phone on Mars.", CALL_CLAIM[1])
    server.reply = lambda body: reply(body, CALL_CLAIM, invented)
    answer = run(assistant, listed(CALL), state)[1].answer
    assert answer is not None
    assert [claim.text for claim in answer.claims] == [CALL_CLAIM[0]]
    assert [each.text for each in answer.withheld] == [invented[0]]


def test_a_reply_that_was_cut_is_read_as_far_as_it_goes(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    server.reply = lambda body: reply(body, CALL_CLAIM, ("Then they met", CALL_CLAIM[1]))[:-75]
    answer = run(assistant, listed(CALL), state)[1].answer
    assert answer is not None
    assert [claim.text for claim in answer.claims] == [CALL_CLAIM[0]]


# --- a server in trouble -------------------------------------------------------------------------


def test_failures_while_it_waits_are_borne(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    server.plan(Plan(polls=1))
    no_wait = {"retry-after-ms": "1"}
    server.trouble("GET /v1/batches/", *[Fail(500, no_wait), Fail(429, no_wait)] * 3)
    server.trouble("GET /v1/files/", *[Fail(503, no_wait)] * 3, Break())
    assert run(assistant, listed(CALL), state)[1].status == "answered"


def test_a_server_that_only_fails_is_given_up_and_found_again(
    assistant: Assistant, server: BatchServer, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_batch, "MAX_FAILED_POLLS", 2)
    no_wait = {"retry-after-ms": "1"}
    server.trouble("GET /v1/batches/", *[Fail(500, no_wait)] * 9)  # each look is three requests
    with pytest.raises(ModelError, match=r"failed with status 500"):
        run(assistant, listed(CALL), state)
    assert run(assistant, listed(CALL), state)[1].status == "answered"
    assert len(server.batches) == 1


@pytest.mark.parametrize("behaviour", [Fail(500), Fail(429), Break(), Hang(5)])
def test_a_batch_that_was_started_though_the_server_failed_is_not_started_again(
    assistant: Assistant, server: BatchServer, state: Path, behaviour: Any
) -> None:
    server.trouble("POST /v1/batches", behaviour, after=True)
    server.unlisted = 2  # the check whether there are batches, and the first look for it
    assert run(assistant, listed(CALL), state)[1].status == "answered"
    assert len(server.batches) == 1


def test_a_batch_that_was_not_started_is_started_again(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    server.trouble("POST /v1/batches", Fail(500), Break())
    assert run(assistant, listed(CALL), state)[1].status == "answered"
    assert len(server.batches) == 1


def test_an_upload_that_failed_is_repeated_whole(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    server.trouble("POST /v1/files", Fail(500, {"retry-after-ms": "1"}), after=True)
    results = run(assistant, listed(CALL, BENEFIT), state)
    assert [result.status for result in results.values()] == ["answered", "answered"]
    forget(state, assistant)
    assert server.files == {}


def test_a_refused_batch_is_an_error_and_its_rows_are_free_again(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    refusal = Fail(400, body={"error": {"message": "Billing hard limit reached."}})
    server.trouble("POST /v1/batches", refusal)
    with pytest.raises(ModelError, match=r"Billing hard limit reached"):
        run(assistant, listed(CALL), state)
    assert run(assistant, listed(CALL), state)[1].status == "answered"
    assert len(server.batches) == 1


@pytest.mark.parametrize(("status", "sentence"), [(401, "refused the key"), (404, "no batch")])
def test_a_batch_that_another_key_submitted_is_not_given_up(
    assistant: Assistant, server: BatchServer, state: Path, status: int, sentence: str
) -> None:
    submit_only(assistant, listed(CALL), state)
    server.trouble("GET /v1/batches/", Fail(status))
    with pytest.raises(ModelError, match=sentence):
        run(assistant, listed(CALL), state)
    assert run(assistant, listed(CALL), state)[1].status == "answered"
    assert len(server.batches) == 1


# --- going on ------------------------------------------------------------------------------------


def test_a_stop_while_it_waits_ends_it_at_once_and_the_next_run_collects(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    server.plan(Plan(polls=1))
    stop = threading.Event()
    rows = listed(CALL, NOT_TOLD)
    begun = time.monotonic()

    def watch(progress: BatchProgress) -> None:
        if progress.step == "waiting":
            threading.Timer(0.2, stop.set).start()

    found = list(
        answer_by_batch(assistant, rows, state, poll_seconds=600, progress=watch, stop=stop)
    )
    assert time.monotonic() - begun < 60
    assert [result.row.number for result in found] == [2]
    assert run(assistant, rows, state)[1].status == "answered"
    assert len(server.batches) == 1


def test_a_stop_while_it_prepares_submits_nothing(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    stop = threading.Event()
    rows = listed(CALL, BENEFIT)
    assert run(assistant, rows, state, stop=stop, progress=lambda _: stop.set()) == {}
    assert server.batches == []


def test_rows_that_came_later_are_submitted_beside_what_runs(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    submit_only(assistant, listed(CALL), state)
    results = run(assistant, listed(CALL, BENEFIT), state)
    assert [result.status for result in results.values()] == ["answered", "answered"]
    assert [len(batch.requests) for batch in server.batches] == [1, 1]


def test_a_batch_of_rows_that_nobody_wants_any_more_is_not_waited_for(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    server.plan(Plan(polls=1_000_000), Plan())
    submit_only(assistant, listed(CALL), state)
    assert sorted(run(assistant, [ListedQuestion(7, BENEFIT)], state)) == [7]


def test_forgetting_leaves_nothing_on_the_server_and_no_file(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    run(assistant, listed(CALL, BENEFIT), state)
    mine = server._store("somebody-else.jsonl", "batch", b"{}")
    forget(state, assistant)
    assert list(server.files) == [mine.id]
    assert list(state.parent.iterdir()) == []
    forget(state, assistant)


def test_forgetting_succeeds_though_the_server_fails(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    run(assistant, listed(CALL), state)
    server.trouble("GET /v1/", Fail(403), Fail(403))
    server.trouble("DELETE /v1/files/", Fail(403))
    forget(state, assistant)
    assert not state.exists()


def test_what_another_model_submitted_stays_at_the_server(
    assistant: Assistant, sample: Assistant, server: BatchServer, state: Path
) -> None:
    run(assistant, listed(CALL), state)
    forget(state, sample)
    assert not state.exists()
    assert server.files


def test_a_file_of_an_attempt_that_was_refused_holds_up_no_other_settings(
    assistant: Assistant, sample: Assistant, server: BatchServer, state: Path
) -> None:
    server.trouble("POST /v1/batches", no_batch_api())
    with pytest.raises(ModelError):
        run(assistant, listed(CALL), state)
    assert state.exists()
    other = with_model(sample.library, server, max_tokens=500)
    assert run(other, listed(CALL), state)[1].status == "answered"
    forget(state, other)
    assert server.files == {}


def test_other_settings_than_those_of_the_submission_are_noticed(
    assistant: Assistant, sample: Assistant, server: BatchServer, state: Path
) -> None:
    submit_only(assistant, listed(CALL), state)
    other = with_model(sample.library, server, max_tokens=500)
    with pytest.raises(SettingsError, match=r"submitted with other settings"):
        answer_by_batch(other, listed(CALL), state)


def test_another_library_than_that_of_the_submission_is_noticed(
    server: BatchServer, state: Path, own_library: Callable[..., Library]
) -> None:
    library = own_library({"a": "The mill at Foxwood burned down in 1911."})
    rows = listed("When did the mill at Foxwood burn down?")
    submit_only(with_model(library, server), rows, state)
    list(library.add([source_from_text("The mill at Foxwood was rebuilt.", id="b")]))
    with pytest.raises(SettingsError, match=r"submitted with other settings, prompts or sources"):
        answer_by_batch(with_model(library, server), rows, state)


def test_a_reply_to_other_words_is_not_taken_for_one_to_these(
    assistant: Assistant, server: BatchServer, state: Path
) -> None:
    submit_only(assistant, listed(CALL), state)
    data = json.loads(state.read_text())
    [key] = data["batches"][0]["rows"]
    data["batches"][0]["rows"][key] = "0" * 32
    state.write_text(json.dumps(data))
    failure = run(assistant, listed(CALL), state)[1].failure
    assert failure == "The question was submitted in other words than now: ask it again."


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "\0", '{"schema": "pincite.openai-batch/2", "name": "", "settings": ""}'],
)
def test_a_file_that_is_no_record_of_this_version_is_refused(
    assistant: Assistant, server: BatchServer, state: Path, text: str
) -> None:
    state.write_text(text)
    with pytest.raises(StorageError, match=r"doesn't tell this version of Pincite"):
        answer_by_batch(assistant, listed(CALL), state)
    assert state.read_text() == text


def test_a_folder_that_is_not_there_is_noticed_before_anything_is_submitted(
    assistant: Assistant, server: BatchServer, tmp_path: Path
) -> None:
    with pytest.raises(StorageError, match=r"can't be kept in .*no-folder"):
        run(assistant, listed(CALL), tmp_path / "no-folder" / "list.batch")
    assert server.batches == []


# --- kill -9 -------------------------------------------------------------------------------------

_CHILD = """
import json, os, sys
from pathlib import Path
from assistant import Assistant, ListedQuestion, openai_batch, openai_batch_submit

openai_batch_submit.MAX_REQUESTS = 2
journal, state, base_url, *questions = sys.argv[1:]
assistant = Assistant.open(model="openai:test", base_url=base_url)
done = {json.loads(line)["row"] for line in Path(journal).read_text().splitlines()}
rows = [ListedQuestion(n, q) for n, q in enumerate(questions) if n not in done]
with open(journal, "a") as file:
    for result in openai_batch.answer_by_batch(assistant, rows, Path(state), poll_seconds=0.05):
        file.write(json.dumps({"row": result.row.number, "status": result.status}) + "\\n")
        file.flush()
        os.fsync(file.fileno())
openai_batch.forget(Path(state), assistant)
"""

KILLED_AT = [
    ("GET /v1/batches?limit=1", False),
    ("POST /v1/files", False),
    ("POST /v1/files", True),  # uploaded, and nobody knows
    ("POST /v1/batches", False),
    ("POST /v1/batches", True),  # started, and nobody knows
    ("POST /v1/files", True),  # of the second batch
    ("POST /v1/batches", True),
    ("GET /v1/batches/batch-2", False),
    ("GET /v1/files/", False),
    ("DELETE /v1/files/", False),
    ("DELETE /v1/files/", True),
]


def test_killed_between_any_two_steps_nothing_is_paid_twice_and_nothing_is_lost(
    sample: Assistant, server: BatchServer, state: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    journal.touch()
    questions = (CALL, NOT_TOLD, BENEFIT, DICTATOR)
    command = [sys.executable, "-c", _CHILD, str(journal), str(state), server.base_url, *questions]
    root = Path(__file__).parents[2]
    for route, after in KILLED_AT:
        reached = server.hold(route, after=after)
        child = subprocess.Popen(command, cwd=root, env=os.environ | {"PINCITE_TIMEOUT": "30"})
        try:
            while not reached.wait(0.05):
                assert child.poll() is None, f"it ended before {route}"
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
    subprocess.run(command, cwd=root, check=True)
    found = [json.loads(line) for line in journal.read_text().splitlines()]
    assert sorted(each["row"] for each in found) == [0, 1, 2, 3]
    statuses = {each["row"]: each["status"] for each in found}
    assert (statuses[0], statuses[1], statuses[2]) == ("answered", "abstained", "answered")
    assert [len(batch.requests) for batch in server.batches] == [2, 1]
    assert [times_asked(server, each) for each in (CALL, BENEFIT, DICTATOR)] == [1, 1, 1]
    assert server.files == {}
    assert not state.exists()
