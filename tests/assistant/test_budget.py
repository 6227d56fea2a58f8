"""What a question may cost is kept to, and what it did cost is added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant.budget import (
    DEFAULT_CONTEXT_TOKENS,
    DEFAULT_MAX_TOKENS,
    MIN_REPLY_TOKENS,
    Budget,
    Limits,
    ModelUse,
)
from assistant.model_use import model_use
from assistant.models import Message, Piece, Reply
from assistant.prices import Price
from assistant.settings import Settings
from assistant.types import Usage
from index import ModelError, SettingsError
from index.tokens import count_tokens

DOLLAR_A_TOKEN = Price(1_000_000, 1_000_000, None)
SHORT = [Message("user", "Hello.")]


class Fake:
    """Replies with these pieces, one list a request; the last repeats. It keeps what is asked."""

    def __init__(self, *replies: Iterable[str | Piece], name: str = "fake") -> None:
        self.name = name
        self.takes_schema = True
        self._replies = list(replies) or [[""]]
        self.rooms: list[int] = []
        self.schemas: list[Mapping[str, Any] | None] = []

    def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | None = None,
    ) -> Reply:
        self.rooms.append(max_tokens)
        self.schemas.append(schema)
        pieces = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        return Reply(pieces, messages)


def counted(prompt: int, completion: int) -> list[str | Piece]:
    """A reply of which the server says how many tokens it took."""
    return [Piece("Yes.", prompt_tokens=prompt, completion_tokens=completion)]


def heard(budget: Budget, messages: Sequence[Message] = SHORT, **options: Any) -> str:
    with budget.ask(messages, **options) as reply:
        return "".join(reply)


def tokens(messages: Sequence[Message]) -> int:
    return sum(count_tokens(message.content) for message in messages)


# --- what it took --------------------------------------------------------------------------------


def test_before_anything_is_asked_nothing_is_used() -> None:
    assert Budget(Fake(), Limits(), None).usage() == Usage()
    assert Budget(Fake(), Limits(), DOLLAR_A_TOKEN).usage() == Usage(cost_usd=0.0)


def test_tokens_add_up_over_all_replies() -> None:
    budget = Budget(Fake(counted(10, 4), counted(20, 5)), Limits(), None)
    heard(budget)
    assert budget.usage() == Usage(prompt_tokens=10, completion_tokens=4)
    heard(budget)
    assert budget.usage() == Usage(prompt_tokens=30, completion_tokens=9)


def test_tokens_that_the_server_does_not_count_are_counted_here() -> None:
    messages = [Message("system", "Be brief."), Message("user", "How long is the bridge?")]
    budget = Budget(Fake(["It is ", "120 metres long."]), Limits(), None)
    assert heard(budget, messages) == "It is 120 metres long."
    assert budget.usage() == Usage(
        prompt_tokens=tokens(messages), completion_tokens=count_tokens("It is 120 metres long.")
    )


def test_a_reply_that_is_stopped_early_counts_as_far_as_it_came() -> None:
    budget = Budget(Fake(["one ", "two ", "three"]), Limits(), None)
    with budget.ask(SHORT) as reply:
        next(reply)
    assert budget.usage().completion_tokens == count_tokens("one ")


def test_a_known_price_gives_the_cost() -> None:
    budget = Budget(Fake(counted(1000, 500)), Limits(), Price(2.0, 8.0, None))
    heard(budget)
    assert budget.usage().cost_usd == pytest.approx(0.002 + 0.004)


def test_an_unknown_price_gives_no_cost() -> None:
    budget = Budget(Fake(counted(1000, 500)), Limits(), None)
    heard(budget)
    assert budget.usage().cost_usd is None


def test_what_is_free_costs_nothing_and_is_not_limited() -> None:
    model = Fake(counted(1000, 500))
    budget = Budget(model, Limits(max_cost=0.01), Price(0.0, 0.0, None))
    heard(budget)
    assert budget.usage().cost_usd == 0.0
    assert model.rooms == [DEFAULT_MAX_TOKENS]


def test_each_question_has_a_budget_of_its_own() -> None:
    use = ModelUse(Fake(counted(10, 4)), Limits(), None)
    heard(use.budget())
    assert use.budget().usage() == Usage()


def test_a_request_that_fails_at_once_counts_for_nothing() -> None:
    class Failing(Fake):
        def reply(self, *_: Any, **__: Any) -> Reply:
            raise ModelError("The server is down.")

    budget = Budget(Failing(), Limits(), DOLLAR_A_TOKEN)
    with pytest.raises(ModelError, match="down"):
        budget.ask(SHORT)
    assert budget.usage() == Usage(cost_usd=0.0)


def test_a_schema_is_passed_on() -> None:
    model = Fake()
    budget = Budget(model, Limits(), None)
    heard(budget, schema={"type": "object"})
    heard(budget)
    assert model.schemas == [{"type": "object"}, None]


# --- how much room there is ----------------------------------------------------------------------


def test_all_replies_to_a_question_share_the_tokens() -> None:
    model = Fake(counted(9, 100), counted(9, 50), counted(9, 0))
    budget = Budget(model, Limits(max_tokens=300), None)
    for _ in range(3):
        heard(budget)
    assert model.rooms == [300, 200, 150]


def test_prompt_and_reply_fit_into_the_window() -> None:
    messages = [Message("system", "So. " * 40), Message("user", "Why? " * 40)]
    model = Fake()
    heard(Budget(model, Limits(max_tokens=1000, context_tokens=500), None), messages)
    assert model.rooms == [500 - tokens(messages)]


@pytest.mark.parametrize(
    ("price", "max_cost", "room"),
    [
        pytest.param(Price(1_000_000, 1_000_000, None), 100.0, 98, id="prompt and reply"),
        pytest.param(Price(0.0, 1_000_000, None), 100.0, 100, id="the prompt is free"),
        pytest.param(Price(10_000_000, 0.0, None), 100.0, 200, id="the reply is free"),
        pytest.param(Price(1_000_000, 500_000, None), 100.0, 196, id="the reply is cheaper"),
        pytest.param(Price(1_000_000, 1_000_000, None), 1000.0, 200, id="more than is needed"),
        pytest.param(None, 1.0, 200, id="unknown price"),
        pytest.param(Price(1_000_000, 1_000_000, None), None, 200, id="no limit"),
    ],
)
def test_a_cost_limit_leaves_room_for_what_it_can_pay(
    price: Price | None, max_cost: float | None, room: int
) -> None:
    assert tokens(SHORT) == 2
    model = Fake()
    heard(Budget(model, Limits(max_tokens=200, max_cost=max_cost), price))
    assert model.rooms == [room]


def test_what_was_spent_lowers_the_room() -> None:
    model = Fake(counted(2, 60), counted(2, 0))
    budget = Budget(model, Limits(max_tokens=500, max_cost=200.0), DOLLAR_A_TOKEN)
    heard(budget)
    heard(budget)
    assert model.rooms == [198, 200 - 62 - 2]


@pytest.mark.parametrize(
    ("limits", "price"),
    [
        pytest.param(Limits(context_tokens=MIN_REPLY_TOKENS + 1), None, id="window"),
        pytest.param(Limits(max_cost=1.0), DOLLAR_A_TOKEN, id="cost of the prompt"),
        pytest.param(Limits(max_cost=MIN_REPLY_TOKENS + 1), DOLLAR_A_TOKEN, id="cost of the reply"),
    ],
)
def test_without_room_the_model_is_not_asked(limits: Limits, price: Price | None) -> None:
    model = Fake()
    budget = Budget(model, limits, price)
    assert not budget.allows(SHORT)
    with pytest.raises(ModelError):
        budget.ask(SHORT)
    assert model.rooms == []


def test_a_spent_budget_allows_no_further_request() -> None:
    model = Fake(counted(2, 300 - MIN_REPLY_TOKENS), counted(2, 1))
    budget = Budget(model, Limits(max_tokens=300), None)
    assert budget.allows(SHORT)
    heard(budget)
    assert budget.allows(SHORT)
    heard(budget)
    assert not budget.allows(SHORT)
    with pytest.raises(ModelError):
        budget.ask(SHORT)
    assert model.rooms == [300, MIN_REPLY_TOKENS]


def test_a_limit_below_the_smallest_reply_is_kept_to() -> None:
    model = Fake()
    heard(Budget(model, Limits(max_tokens=10), None))
    assert model.rooms == [10]


def test_the_refusal_is_a_sentence_that_names_the_limits() -> None:
    messages = [Message("user", "Why? " * 1000)]
    budget = Budget(Fake(), Limits(context_tokens=1024), None)
    with pytest.raises(ModelError) as caught:
        budget.ask(messages)
    said = str(caught.value)
    assert f"a prompt of {tokens(messages):,} tokens" in said
    assert "," in f"{tokens(messages):,}"
    for name in ("PINCITE_MAX_COST", "PINCITE_MAX_TOKENS", "PINCITE_CONTEXT_TOKENS"):
        assert name in said
    assert said.endswith(".")
    assert "\n" not in said


# --- from settings -------------------------------------------------------------------------------


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text("[models.fake]\ninput = 1.0\noutput = 2.0\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("model", [None, "extractive"])
def test_no_model_is_used_by_default(model: str | None) -> None:
    assert model_use(model, Settings()) is None


def test_a_model_is_used_within_the_limits_of_the_settings(prices: Path) -> None:
    settings = Settings(
        max_tokens=200, max_cost=0.5, context_tokens=4096, prices=prices, judge=True
    )
    model = Fake()
    use = model_use(model, settings)
    assert use == ModelUse(model, Limits(200, 0.5, 4096), Price(1.0, 2.0, None), judges=True)


def test_the_usual_limits_leave_the_cost_open_and_the_judge_out() -> None:
    use = model_use(Fake(), Settings())
    assert use is not None
    assert use.limits == Limits(DEFAULT_MAX_TOKENS, None, DEFAULT_CONTEXT_TOKENS)
    assert use.price is None
    assert not use.judges


def test_a_model_of_a_known_name_has_its_list_price() -> None:
    use = model_use(Fake(name="openai:gpt-4o-mini"), Settings())
    assert use is not None
    assert use.price is not None


def test_a_model_that_is_served_elsewhere_has_no_list_price() -> None:
    model = Fake(name="openai:gpt-4o-mini")
    model.base_url = "http://127.0.0.1:1/v1"  # type: ignore[attr-defined]
    use = model_use(model, Settings())
    assert use is not None
    assert use.price is None


def test_a_cost_can_only_be_limited_where_the_price_is_known(prices: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        model_use(Fake(name="other"), Settings(max_cost=0.5, prices=prices))
    assert "'other'" in str(caught.value)
    assert "PINCITE_PRICES" in str(caught.value)


def test_an_unknown_model_is_an_error() -> None:
    with pytest.raises(ModelError):
        model_use("nonsense", Settings())
