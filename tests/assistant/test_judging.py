"""A model may be asked if the quotes support a claim; it may deny a claim, never save one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

import pytest

from assistant import Answer, Assistant, ClaimEvent, ModelError
from assistant.model_use import model_use
from assistant.models import Message, Piece, Reply
from assistant.settings import load_settings
from tests.model_replies import label

CALL = "When did Trump and Putin speak by phone?"
CALL_SENTENCE = "On February 12, Trump spoke by phone with Putin"
GOOD = "Trump spoke by phone with Putin on February 12."
REWORDED = "On February 12, Trump spoke by telephone with Putin."
BAD = "Trump spoke by phone with Putin on February 13."

Verdict = str | Iterable[str | Piece]


class Fake:
    """Makes claims about the sentence on the phone call, and judges as `verdict` says.

    `verdict` is a reply, or a function of the prompt that gives one.
    """

    name = "fake"
    takes_schema = True

    def __init__(self, *claims: str, verdict: Verdict | Callable[[str], Verdict] = "yes") -> None:
        self._claims = claims
        self._verdict = verdict
        self.asked: list[str] = []
        """The prompts that ask for a verdict."""
        self.replies: list[Reply] = []

    def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        prompt = messages[-1].content
        pieces: Verdict
        if prompt.startswith("You check a statement"):
            self.asked.append(prompt)
            pieces = self._verdict(prompt) if callable(self._verdict) else self._verdict
        else:
            pieces = self._stated(messages)
        self.replies.append(Reply([pieces] if isinstance(pieces, str) else pieces, messages))
        return self.replies[-1]

    def _stated(self, messages: Sequence[Message]) -> str:
        request = {"messages": [{"content": message.content} for message in messages]}
        number = label(request, CALL_SENTENCE)
        claims = [{"sentences": [number], "text": text} for text in self._claims]
        return json.dumps({"claims": claims, "unanswered": [], "disagreements": []})


Asking = Callable[..., Answer]


@pytest.fixture
def asking(sample: Assistant) -> Asking:
    """Asks the sample articles about the phone call, with a model that also judges."""

    def ask(model: Fake, judge: bool | None = True, **options: Any) -> Answer:
        assistant = Assistant(
            sample.library, model_use(model, load_settings().overridden(judge=judge, **options))
        )
        return assistant.ask(CALL)

    return ask


def texts(answer: Answer) -> list[str]:
    return [claim.text for claim in answer.claims]


# --- what a verdict does -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "verdict",
    [
        pytest.param("no", id="no"),
        pytest.param("No.", id="capital and stop"),
        pytest.param(' "NO"', id="in quotation marks"),
        pytest.param("“no”", id="in typographic marks"),
        pytest.param("**No**", id="bold"),
        pytest.param("\n\n no\n", id="white space"),
        pytest.param("No, the quotes say nothing about that.", id="with a reason"),
        pytest.param(["N", "o"], id="in pieces"),
    ],
)
def test_a_claim_that_the_model_denies_is_withheld(asking: Asking, verdict: Verdict) -> None:
    answer = asking(Fake(GOOD, verdict=verdict))
    assert GOOD not in texts(answer)
    assert [(withheld.text, withheld.reason) for withheld in answer.withheld] == [
        (GOOD, "unsupported")
    ]


@pytest.mark.parametrize(
    "verdict",
    [
        pytest.param("yes", id="yes"),
        pytest.param("Yes, there is no doubt.", id="yes with a no in it"),
        pytest.param("", id="nothing"),
        pytest.param(" \n ", id="blank"),
        pytest.param("I can't tell, no.", id="prose"),
        pytest.param('{"supported": false}', id="another form"),
        pytest.param("�\x00", id="signs"),
    ],
)
def test_a_claim_stands_where_the_model_does_not_deny_it(asking: Asking, verdict: Verdict) -> None:
    answer = asking(Fake(GOOD, verdict=verdict))
    assert answer.engine == "model"
    assert texts(answer) == [GOOD]
    assert answer.withheld == ()


def test_a_yes_lifts_no_claim_that_failed_the_checks(asking: Asking) -> None:
    model = Fake(BAD, verdict="yes")
    answer = asking(model)
    assert BAD not in texts(answer)
    assert [withheld.reason for withheld in answer.withheld] == ["date"]
    assert model.asked == []


def test_each_claim_is_judged_by_itself(asking: Asking) -> None:
    model = Fake(GOOD, REWORDED, verdict=lambda prompt: "no" if REWORDED in prompt else "yes")
    answer = asking(model)
    assert texts(answer) == [GOOD]
    assert [(each.text, each.reason) for each in answer.withheld] == [(REWORDED, "unsupported")]
    assert len(model.asked) == 2


def test_when_all_is_denied_the_sources_own_sentences_answer_unjudged(asking: Asking) -> None:
    model = Fake(GOOD, verdict="no")
    answer = asking(model)
    assert answer.engine == "extractive"
    assert "February 12" in answer.text
    assert len(model.asked) == 1


def test_a_claim_that_is_denied_is_never_streamed(sample: Assistant) -> None:
    model = Fake(GOOD, REWORDED, verdict=lambda prompt: "no" if GOOD in prompt else "yes")
    assistant = Assistant(sample.library, model_use(model, load_settings().overridden(judge=True)))
    streamed = [event for event in assistant.stream(CALL) if isinstance(event, ClaimEvent)]
    assert [event.claim.text for event in streamed] == [REWORDED]


# --- what the model is asked ---------------------------------------------------------------------


def test_the_model_is_shown_the_statement_and_its_quotes(asking: Asking) -> None:
    model = Fake(GOOD)
    answer = asking(model)
    (prompt,) = model.asked
    assert f"\nStatement: {GOOD}\n" in prompt
    for citation in answer.citations:
        assert f"\n- {citation.quote}\n" in prompt


def test_the_judge_is_off_by_default(asking: Asking) -> None:
    model = Fake(GOOD, verdict="no")
    answer = asking(model, judge=None)
    assert texts(answer) == [GOOD]
    assert len(model.replies) == 1
    assert model.asked == []


def test_the_judge_may_be_set_for_every_command(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_JUDGE", "true")
    assert len(asked_for(asking, judge=None)) == 1
    assert asked_for(asking, judge=False) == []


def asked_for(asking: Asking, **options: Any) -> list[str]:
    model = Fake(GOOD)
    asking(model, **options)
    return model.asked


def test_the_model_is_not_asked_of_withheld_claims(asking: Asking) -> None:
    model = Fake(BAD, GOOD, "Trump never spoke by phone with Putin.")
    answer = asking(model)
    assert len(answer.withheld) == 2
    (prompt,) = model.asked
    assert GOOD in prompt


def test_the_model_is_not_asked_where_it_states_nothing(asking: Asking) -> None:
    model = Fake()
    answer = asking(model)
    assert answer.engine == "extractive"
    assert model.asked == []


def test_the_model_is_not_asked_of_what_it_was_not_asked_to_word(sample: Assistant) -> None:
    model = Fake(GOOD, verdict="no")
    assistant = Assistant(sample.library, model_use(model, load_settings().overridden(judge=True)))
    answer = assistant.ask("Who wrote the article on why the rapprochement is dangerous?")
    assert answer.claims
    assert model.replies == []


def test_a_verdict_of_many_words_is_not_read_to_its_end(asking: Asking) -> None:
    endless: Iterator[str] = repeat("no ")
    model = Fake(GOOD, verdict=endless)
    assert GOOD not in texts(asking(model))
    assert next(model.replies[-1], None) is None  # it was closed


# --- what it takes -------------------------------------------------------------------------------


def test_the_usage_counts_the_judging(asking: Asking) -> None:
    with_judge, without = Fake(GOOD), Fake(GOOD)
    usage = asking(with_judge).usage
    assert len(with_judge.replies) == 2
    assert usage.prompt_tokens == sum(reply.prompt_tokens for reply in with_judge.replies)
    assert usage.completion_tokens == sum(reply.completion_tokens for reply in with_judge.replies)
    assert usage.prompt_tokens > asking(without, judge=False).usage.prompt_tokens


def test_a_claim_that_the_limits_leave_no_room_to_judge_stands(asking: Asking) -> None:
    model = Fake(GOOD, verdict="no")
    answer = asking(model, max_tokens=64)
    assert texts(answer) == [GOOD]
    assert model.asked == []


def test_a_model_that_fails_at_judging_is_an_error(asking: Asking) -> None:
    def breaking() -> Iterator[str]:
        yield ""
        raise ModelError("The connection broke off.")

    with pytest.raises(ModelError, match="broke off"):
        asking(Fake(GOOD, verdict=breaking()))
