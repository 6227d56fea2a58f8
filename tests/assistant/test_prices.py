"""What an answer costs: from dated list prices or the user's own, and never invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assistant.prices import Price, cost, price_of
from index import SettingsError


@pytest.mark.parametrize(
    ("name", "dollars"),
    [
        ("openai:gpt-4o", (2.5, 10)),
        ("openai:gpt-4o-mini", (0.15, 0.6)),
        ("openai:gpt-4o-mini-2024-07-18", (0.15, 0.6)),
        ("openai:gpt-4o-2024-05-13", (5, 15)),
        ("openai:gpt-4.1-nano", (0.1, 0.4)),
    ],
)
def test_list_prices_are_known_and_dated(name: str, dollars: tuple[float, float]) -> None:
    assert price_of(name) == Price(*dollars, as_of=date(2025, 4, 14))


@pytest.mark.parametrize(
    "name",
    [
        "openai:gpt-4o-audio-preview",
        "openai:gpt-4o-mini-20240718",
        "openai:gpt-5",
        "gpt-4o",
        "OpenAI:gpt-4o",
        "other:gpt-4o",
        "",
    ],
)
def test_an_unknown_model_has_no_price(name: str) -> None:
    assert price_of(name) is None
    assert cost(price_of(name), 1000, 1000) is None


def test_another_server_s_model_is_not_openai_s() -> None:
    assert price_of("openai:gpt-4o", base_url="http://localhost:8080/v1") is None


def test_a_cost_is_the_sum_of_both_directions() -> None:
    assert cost(price_of("openai:gpt-4o"), 2000, 100) == pytest.approx(0.006)
    assert cost(price_of("openai:gpt-4o"), 0, 0) == 0


OWN = """
[models."openai:gpt-4o"]
input = 1
output = 2.5

[models."openai:own"]
input = 0
output = 0
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text(OWN, encoding="utf-8")
    return path


def test_the_user_s_prices_go_first(own: Path) -> None:
    assert price_of("openai:gpt-4o", own) == Price(1, 2.5, as_of=None)
    assert price_of("openai:gpt-4o-2024-05-13", own) == Price(1, 2.5, as_of=None)
    assert price_of("openai:gpt-4o-mini", own) == price_of("openai:gpt-4o-mini")


def test_the_user_s_prices_also_hold_for_a_server_of_their_own(own: Path) -> None:
    server = "http://localhost:8080/v1"
    assert cost(price_of("openai:own", own, base_url=server), 10, 10) == 0
    assert price_of("openai:gpt-4o-mini", own, base_url=server) is None


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"as_of = \xff", "utf-8"),
        (b"models = ", "Invalid value"),
        (b"", "models: Field required"),
        (b"[models.x]\ninput = 1", "models.x.output: Field required"),
        (b"[models.x]\ninput = -1\noutput = 1", "models.x.input: .* greater than or equal to 0"),
        (b"[models.x]\ninput = nan\noutput = 1", "models.x.input: .* finite number"),
        (b"[models.x]\ninput = true\noutput = 1", "models.x.input: .* valid number"),
        (b"[models.x]\ninput = '1'\noutput = 1", "models.x.input: .* valid number"),
        (b"[models.x]\ninput = 1\noutput = 1\ncached = 1", "models.x.cached: Extra inputs"),
        (b"as_of = 'May'\n[models]", "as_of: "),
    ],
)
def test_a_wrong_file_of_prices_is_a_wrong_setting(
    tmp_path: Path, content: bytes, wrong: str
) -> None:
    path = tmp_path / "prices.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=rf"prices\.toml can't be read \(.*{wrong}"):
        price_of("openai:gpt-4o", path)


def test_a_missing_file_of_prices_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"No such file or directory\): correct the file"):
        price_of("openai:gpt-4o", tmp_path / "none.toml")
