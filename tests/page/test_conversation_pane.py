"""The conversation pane, without a browser: what a tab keeps, and what it shows of an answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from assistant import Answer, AnswerError, Assistant, Conversation, Library, source_from_text
from assistant.model_use import model_use
from assistant.render import LEFT_OUT
from assistant.settings import load_settings
from page.conversation import UNREADABLE, Shown, Verified, answer_question, turn_html, turns_html
from tests.model_replies import reply, says
from tests.openai_server import Cut, Fail, OpenAIServer, Say

CALL = "When did Trump and Putin speak by phone?"
ACCUSED = "What did Trump accuse Zelensky of?"
FOLLOW_UP = "And how did he answer?"
FAR = "What is the capital of Australia?"
TRUE = ("Trump spoke by phone with Putin on February 12.", "On February 12, Trump spoke")
ALSO_TRUE = ("On February 12, Trump spoke by phone with Putin.", "On February 12, Trump spoke")
INVENTED = ("Trump spoke by phone with Putin on February 13.", "On February 12, Trump spoke")
HOSTILE = "<script>alert(1)</script>\"><img src=x onerror='x()'> {{ 7*7 }} \u202e\x1b[2J ?"

HARBOUR = "Harbour reopens\n\nThe harbour of Varna reopened on 3 May 2024 after two weeks."
REOPENED = "When did the harbour of Varna reopen?"


class Parsed(HTMLParser):
    """The tags and attributes of a fragment, its text, and its claims without their marks."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self.text = ""
        self.claims: list[str] = []
        self._in_claim = self._in_mark = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.append(dict(attrs))
        self._in_mark = ("class", "mark") in attrs
        if ("class", "claim") in attrs:
            self.claims.append("")
            self._in_claim = True

    def handle_endtag(self, tag: str) -> None:
        self._in_claim = self._in_claim and tag != "p"
        self._in_mark = self._in_mark and tag != "a"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_claim and not self._in_mark:
            self.claims[-1] = (self.claims[-1] + data).rstrip()

    @property
    def alerts(self) -> int:
        return sum(each.get("role") == "alert" for each in self.attributes)


@pytest.fixture
def verified(sample: Assistant) -> Verified:
    return Verified(sample)


@pytest.fixture(scope="module")
def talk(sample: Assistant) -> Conversation:
    conversation = Conversation()
    for question in (ACCUSED, FOLLOW_UP, FAR):
        answer = sample.ask(question, history=conversation.history())
        conversation = conversation.with_answer(answer)
    return conversation


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-not-a-key")
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def with_model(sample: Assistant, server: OpenAIServer) -> Assistant:
    """The sample library, its answers worded by the model of `server`."""
    settings = load_settings().overridden(base_url=server.base_url)
    return Assistant(sample.library, model_use("openai:test", settings))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Assistant]:
    """An assistant over a library with one source, which can be changed."""
    with Library.create(tmp_path / "library") as library:
        library.add([source_from_text(HARBOUR, id="harbour")])
        yield Assistant(library)


def asked(assistant: Assistant, question: str, saved: str = "", **options: Any) -> list[Shown]:
    """All that is shown of a question."""
    verified = options.pop("verified", None) or Verified(assistant)
    stop = options.pop("stop", None) or threading.Event()
    sources = options.pop("sources", None)
    chosen = "" if sources is None else json.dumps([*sources])
    return list(answer_question(assistant, verified, question, saved, chosen, stop))


def edited(conversation: Conversation, edit: Callable[[dict[str, Any]], None]) -> str:
    """The saved conversation after `edit` of its first answer."""
    data = json.loads(conversation.to_json())
    edit(data["turns"][0]["answer"])
    return json.dumps(data)


def kept(shown: list[Shown]) -> Conversation:
    """The conversation that the tab has at the end."""
    (saved,) = (each.saved for each in shown if each.saved is not None)
    return Conversation.from_json(saved)


def change_quote(answer: dict[str, Any]) -> None:
    quote = answer["citations"][0]["quote"]
    answer["citations"][0]["quote"] = quote.replace(quote.split()[1], "never", 1)


def change_statement(answer: dict[str, Any]) -> None:
    answer["claims"][0]["text"] = "Trump apologised to Zelensky."


def move_citation(answer: dict[str, Any]) -> None:
    answer["citations"][0]["start"] += 1
    answer["citations"][0]["end"] += 1


# --- what a tab keeps ----------------------------------------------------------------------------


def test_a_conversation_comes_back_as_it_was_saved(verified: Verified, talk: Conversation) -> None:
    assert verified.restore(verified.save(talk)) == (talk, ())


def test_a_tab_that_has_kept_nothing_begins_anew(verified: Verified) -> None:
    assert verified.restore("") == (Conversation(), ())


def test_what_another_server_saved_is_verified_again(sample: Assistant, talk: Conversation) -> None:
    saved = Verified(sample).save(talk)
    assert Verified(sample).restore(saved) == (talk, ())


@pytest.mark.parametrize("edit", [change_quote, change_statement, move_citation])
def test_an_edited_answer_is_left_out_with_a_sentence(
    verified: Verified, talk: Conversation, edit: Callable[[dict[str, Any]], None]
) -> None:
    verified.save(talk)
    conversation, faults = verified.restore(edited(talk, edit))
    assert [turn.answer is None for turn in conversation.turns] == [True, False, False]
    assert [turn.question for turn in conversation.turns] == [ACCUSED, FOLLOW_UP, FAR]
    (fault,) = faults
    assert fault.startswith("The answer of turn 1 is left out: ")


def test_an_edited_answer_does_not_become_verified_by_coming_twice(
    verified: Verified, talk: Conversation
) -> None:
    tampered = edited(talk, change_quote)
    assert verified.restore(tampered)[1]
    assert verified.restore(tampered)[1]


@pytest.mark.parametrize("saved", ["{", "[]", "null", '{"schema": "x"}', "[" * 100_000])
def test_what_is_no_conversation_is_refused_with_what_to_do(verified: Verified, saved: str) -> None:
    with pytest.raises(AnswerError, match=r"^The conversation .* begin a new one\.$"):
        verified.restore(saved)


def test_a_changed_source_has_everything_checked_again(own: Assistant) -> None:
    verified = Verified(own)
    saved = verified.save(Conversation().with_answer(own.ask(REOPENED)))
    assert verified.restore(saved)[1] == ()
    own.library.add([source_from_text(HARBOUR.replace("3 May", "9 June"), id="harbour")])
    conversation, (fault,) = verified.restore(saved)
    assert conversation.turns[0].answer is None
    assert "1 citation no longer holds: [1] harbour ¶2" in fault


def test_another_source_leaves_the_answers_as_they_are(own: Assistant) -> None:
    verified = Verified(own)
    talk = Conversation().with_answer(own.ask(REOPENED))
    saved = verified.save(talk)
    own.library.add([source_from_text("Ferry\n\nThe ferry to Varna sails daily.", id="ferry")])
    assert verified.restore(saved) == (talk, ())


def test_a_source_that_changes_while_a_question_is_answered_is_noticed(own: Assistant) -> None:
    verified = Verified(own)
    saved = verified.save(Conversation().with_answer(own.ask(REOPENED)))
    steps = answer_question(own, verified, FAR, saved, "", threading.Event())
    next(steps)  # what the tab had kept is verified now
    own.library.add([source_from_text(HARBOUR.replace("3 May", "9 June"), id="harbour")])
    written = [shown.saved for shown in steps if shown.saved]
    _, faults = verified.restore(written[-1])
    assert [fault.partition(":")[0] for fault in faults] == ["The answer of turn 1 is left out"]


# --- a question and its answer -------------------------------------------------------------------


def test_a_question_is_shown_at_once_and_then_its_answer(sample: Assistant) -> None:
    shown = asked(sample, CALL)
    first, last = Parsed(shown[0].current or ""), Parsed(shown[-1].current or "")
    assert CALL in first.text
    assert first.claims == []
    answer = kept(shown).turns[0].answer
    assert answer is not None
    assert last.claims == [c.text for c in answer.claims]
    assert all(each.unasked is None for each in shown)


def test_claims_are_added_one_by_one_and_stay(with_model: Assistant, server: OpenAIServer) -> None:
    server.script(lambda request: Say(reply(request, TRUE, INVENTED, ALSO_TRUE), piece=20))
    claims = [Parsed(shown.current or "").claims for shown in asked(with_model, CALL)]
    assert [len(each) for each in claims] == [0, 0, 1, 2, 2]
    assert all(later[: len(former)] == former for former, later in pairwise(claims))


def test_a_follow_up_is_understood_from_the_conversation(sample: Assistant) -> None:
    verified = Verified(sample)
    saved = verified.save(Conversation().with_answer(sample.ask(ACCUSED)))
    shown = asked(sample, FOLLOW_UP, saved, verified=verified)
    assert ACCUSED in (shown[0].earlier or "")
    assert "Understood as: And how did Zelensky answer?" in Parsed(shown[-1].current or "").text
    assert [turn.question for turn in kept(shown).turns] == [ACCUSED, FOLLOW_UP]


def test_with_no_source_chosen_it_says_so_and_keeps_what_was_said(sample: Assistant) -> None:
    verified = Verified(sample)
    saved = verified.save(kept(asked(sample, CALL, verified=verified)))
    shown = asked(sample, ACCUSED, saved, verified=verified, sources=[])
    assert CALL in (shown[0].earlier or "")
    assert "tick at least one" in (shown[-1].current or "")
    assert shown[-1].unasked == ACCUSED
    assert all(each.saved is None for each in shown)


def test_only_the_chosen_sources_are_searched(sample: Assistant) -> None:
    chosen = sorted(sample.library.content())[:1]
    answer = kept(asked(sample, CALL, sources=chosen)).turns[0].answer
    assert answer is not None
    assert {citation.source_id for citation in answer.citations} == set(chosen)


def test_an_edited_conversation_is_shown_without_the_answer_that_does_not_hold(
    sample: Assistant, talk: Conversation
) -> None:
    shown = asked(sample, CALL, edited(talk, change_statement))
    earlier = Parsed(shown[0].earlier or "")
    assert "The answer of turn 1 is left out" in earlier.text
    assert "apologised" not in earlier.text
    assert [turn.answer is None for turn in kept(shown).turns] == [True, False, False, False]


# --- what doesn't come to an end -----------------------------------------------------------------


def test_a_question_that_is_stopped_already_asks_no_model(
    with_model: Assistant, server: OpenAIServer
) -> None:
    server.script(says(TRUE))
    stop = threading.Event()
    stop.set()
    shown = asked(with_model, CALL, stop=stop)
    assert server.requests == []
    assert all(each.saved is None for each in shown)
    assert shown[-1].unasked == CALL
    assert "stopped" in Parsed(shown[-1].current or "").text


def test_stopping_keeps_the_verified_claims_in_view_but_not_in_the_conversation(
    with_model: Assistant, server: OpenAIServer
) -> None:
    server.script(lambda request: Say(reply(request, TRUE, ALSO_TRUE) + " " * 4000, delay=0.01))
    stop = threading.Event()
    shown: list[Shown] = []
    for each in answer_question(with_model, Verified(with_model), CALL, "", "", stop):
        shown.append(each)
        if Parsed(each.current or "").claims:
            stop.set()
    assert server.wait_for_disconnects(1)
    assert all(each.saved is None for each in shown)
    last = Parsed(shown[-1].current or "")
    assert last.claims == [TRUE[0]]
    assert last.alerts == 1


def test_leaving_stops_the_request(with_model: Assistant, server: OpenAIServer) -> None:
    server.script(lambda request: Say(reply(request, TRUE, ALSO_TRUE) + " " * 4000, delay=0.01))
    verified = Verified(with_model)
    steps = answer_question(with_model, verified, CALL, "", "", threading.Event())
    while not Parsed(next(steps).current or "").claims:
        pass
    steps.close()  # type: ignore[attr-defined]
    assert server.wait_for_disconnects(1)


def test_a_model_that_fails_gives_one_sentence_and_the_question_back(
    with_model: Assistant, server: OpenAIServer
) -> None:
    server.script(Fail(401))
    shown = asked(with_model, CALL)
    last = Parsed(shown[-1].current or "")
    assert last.alerts == 1
    assert "OPENAI_API_KEY" in last.text
    assert shown[-1].unasked == CALL
    assert all(each.saved is None for each in shown)


def test_a_stream_that_is_cut_takes_no_claim_back(
    with_model: Assistant, server: OpenAIServer
) -> None:
    server.script(lambda request: Cut(reply(request, TRUE, ALSO_TRUE), after=160))
    shown = asked(with_model, CALL)
    last = Parsed(shown[-1].current or "")
    assert last.claims == [TRUE[0]]
    assert last.alerts == 1
    assert shown[-1].unasked == CALL


@pytest.mark.parametrize("question", ["???", "   ", "x" * 20_000])
def test_a_question_that_is_none_gives_one_sentence(sample: Assistant, question: str) -> None:
    shown = asked(sample, question)
    assert Parsed(shown[-1].current or "").alerts == 1
    assert shown[-1].unasked == question


def test_a_conversation_that_cannot_be_read_back_answers_nothing(sample: Assistant) -> None:
    (shown,) = asked(sample, CALL, "{")
    assert UNREADABLE in Parsed(shown.current or "").text
    assert (shown.saved, shown.earlier, shown.unasked) == (None, None, CALL)


# --- how a turn looks ----------------------------------------------------------------------------


def test_the_turns_of_a_conversation_have_their_numbers(talk: Conversation) -> None:
    shown = Parsed(turns_html(talk))
    assert [each["data-number"] for each in shown.attributes if "data-number" in each] == [
        "1",
        "2",
        "3",
    ]
    ids = [each["id"] for each in shown.attributes if "id" in each]
    assert len(ids) == len(set(ids)) > 0


def test_a_left_out_answer_leaves_its_question_and_a_sentence(talk: Conversation) -> None:
    first, *others = talk.turns
    shown = Parsed(turns_html(Conversation((replace(first, answer=None), *others)), ("A fault.",)))
    assert ACCUSED in shown.text
    assert LEFT_OUT in shown.text
    assert "A fault." in shown.text


def test_hostile_text_is_shown_as_text(sample: Assistant) -> None:
    answer = sample.ask(CALL)
    citation = answer.citations[0].model_copy(update={"source_id": HOSTILE, "quote": HOSTILE})
    claim = answer.claims[0].model_copy(update={"text": HOSTILE})
    hostile = Answer(
        **{**dict(answer), "question": HOSTILE, "claims": (claim,), "citations": (citation,)}
    )
    for html in (
        turns_html(Conversation().with_answer(hostile), (HOSTILE,)),
        turn_html(HOSTILE, HOSTILE + "?", waiting=HOSTILE),
        turn_html(HOSTILE, failure=HOSTILE),
    ):
        shown = Parsed(html)
        assert not {"script", "img"} & set(shown.tags)
        assert not any(name.startswith("on") for each in shown.attributes for name in each)
        assert "{{ 7*7 }}" in shown.text
