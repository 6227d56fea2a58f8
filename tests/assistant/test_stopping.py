"""An answer is stopped from another thread: no more is asked of the model, and none is read."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from assistant import Answer, Assistant, ClaimEvent, QuestionEvent, StoppedError
from assistant.model_use import model_use
from assistant.settings import load_settings
from assistant.types import Event
from tests.model_replies import reply, says
from tests.openai_server import Behaviour, OpenAIServer, Say

CALL = "When did Trump and Putin speak by phone?"
FOLLOW_UP = "And how long did it last?"
SENTENCE = "On February 12, Trump spoke by phone with Putin"
CLAIM = ("Trump spoke by phone with Putin on February 12.", SENTENCE)
SECOND = ("On February 12, Trump spoke by phone with Putin.", SENTENCE)
SOON_SECONDS = 2.0


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-not-a-key")
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def with_model(sample: Assistant, server: OpenAIServer) -> Assistant:
    settings = load_settings().overridden(base_url=server.base_url)
    return Assistant(sample.library, model_use("openai:test", settings))


def never_ending(request: dict[str, Any]) -> Behaviour:
    """Two claims, and then white space for minutes."""
    return Say(reply(request, CLAIM, SECOND) + " " * 40_000, piece=8, delay=0.01)


def endless(request: dict[str, Any]) -> Behaviour:
    """A claim that takes minutes to say."""
    return Say(reply(request, (f"Trump {'and so on ' * 4_000}", SENTENCE)), piece=8, delay=0.01)


class Reading(threading.Thread):
    """Reads a stream in a thread of its own, as a page does."""

    def __init__(self, events: Iterator[Event]) -> None:
        super().__init__(daemon=True)
        self._stream = events
        self.events: list[Event] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for event in self._stream:
                self.events.append(event)
        except BaseException as error:
            self.error = error


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)


def test_the_request_ends_with_the_models_next_word(
    with_model: Assistant, server: OpenAIServer
) -> None:
    server.script(endless)
    stop = threading.Event()
    reading = Reading(with_model.stream(CALL, stop=stop))
    reading.start()
    wait_until(lambda: server.requests)
    stop.set()
    assert server.wait_for_disconnects(1, timeout=SOON_SECONDS)
    reading.join(SOON_SECONDS)
    assert isinstance(reading.error, StoppedError)
    assert [type(event) for event in reading.events] == [QuestionEvent]


def test_a_question_that_was_stopped_before_is_not_put_to_the_model(
    with_model: Assistant, server: OpenAIServer
) -> None:
    server.script(says(CLAIM))
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError) as caught:
        list(with_model.stream(CALL, stop=stop))
    assert str(caught.value) == "The answer was stopped: ask again."
    assert server.requests == []


def test_a_follow_up_that_was_stopped_before_is_not_reworded_by_the_model(
    with_model: Assistant, server: OpenAIServer
) -> None:
    server.script(says(CLAIM))
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        list(with_model.stream(FOLLOW_UP, history=[("user", CALL)], stop=stop))
    assert server.requests == []


def test_after_a_claim_nothing_more_is_given_and_nothing_asked_again(
    with_model: Assistant, server: OpenAIServer
) -> None:
    server.script(never_ending)
    stop = threading.Event()
    events = with_model.stream(CALL, stop=stop)
    assert isinstance(next(events), QuestionEvent)
    assert isinstance(next(events), ClaimEvent)
    stop.set()
    with pytest.raises(StoppedError):
        next(events)
    assert list(events) == []
    assert server.wait_for_disconnects(1, timeout=SOON_SECONDS)
    assert len(server.requests) == 1


def test_stopping_one_question_leaves_the_others_alone(
    with_model: Assistant, server: OpenAIServer
) -> None:
    server.script(never_ending, says(CLAIM))
    stop = threading.Event()
    stopped = Reading(with_model.stream(CALL, stop=stop))
    stopped.start()
    wait_until(lambda: server.requests)
    other = with_model.stream(CALL, stop=threading.Event())
    stop.set()
    *_, answer = other
    assert isinstance(answer, Answer)
    assert answer.engine == "model"
    stopped.join(SOON_SECONDS)
    assert isinstance(stopped.error, StoppedError)


def test_an_offline_answer_is_given_all_the_same(sample: Assistant) -> None:
    stop = threading.Event()
    stop.set()
    *_, answer = sample.stream(CALL, stop=stop)
    assert isinstance(answer, Answer)
    assert answer.claims == sample.ask(CALL).claims
