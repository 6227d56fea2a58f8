"""The prompts: what is filled in, how they are versioned, and that they hold no facts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Template

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts import Prompt, load_prompt

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "prompts").glob("*.md"))
NAMES = [path.stem for path in FILES]
EACH = pytest.mark.parametrize("name", NAMES)


def variables(prompt: Prompt) -> set[str]:
    return set(Template(prompt.text).get_identifiers())


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    yield from (each for each in ast.walk(node) if isinstance(each, ast.Call))


def _prompt_of(call: ast.expr) -> str | None:
    """The NAME of `anything("NAME")`, where that is a prompt."""
    match call:
        case ast.Call(args=[ast.Constant(value=str(name))]) if name in NAMES:
            return name
    return None


@cache
def used_prompts() -> dict[str, set[str]]:
    """For each prompt that the code names the variables that it fills in."""
    used: dict[str, set[str]] = {}
    for path in sorted((ROOT / "assistant").glob("*.py")):
        for call in _calls(ast.parse(path.read_text(encoding="utf-8"))):
            if name := _prompt_of(call):
                used.setdefault(name, set())
            match call.func:
                case ast.Attribute(value=inner, attr="render") if name := _prompt_of(inner):
                    used.setdefault(name, set()).update(str(each.arg) for each in call.keywords)
    return used


# --- each of them --------------------------------------------------------------------------------


def test_there_are_prompts() -> None:
    assert {"answer", "question", "judge", "rewrite"} <= set(NAMES)


@EACH
def test_a_prompt_is_the_text_of_its_file(name: str) -> None:
    prompt = load_prompt(name)
    assert prompt.name == name
    assert prompt.text == (ROOT / "prompts" / f"{name}.md").read_text(encoding="utf-8")
    assert prompt.text.strip()


@EACH
def test_the_code_fills_in_what_a_prompt_asks_for(name: str) -> None:
    assert used_prompts()[name] == variables(load_prompt(name))


@EACH
def test_a_prompt_is_a_valid_template(name: str) -> None:
    prompt = load_prompt(name)
    assert Template(prompt.text).is_valid()
    filled = prompt.render(**dict.fromkeys(variables(prompt), "X"))
    assert "$" not in filled


@EACH
def test_a_prompt_holds_no_number(name: str) -> None:
    assert re.findall(r"\d", load_prompt(name).text) == []


@EACH
def test_a_prompt_names_nobody(name: str) -> None:
    capitalised = re.findall(r"(?<=[\w,:;(“\"'] )[A-Z]\w+", load_prompt(name).text)
    assert set(capitalised) <= {"JSON"}


@EACH
def test_a_prompt_has_no_words_of_the_sample_articles_in_a_row(name: str) -> None:
    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text.casefold())
        return set(zip(*(words[start:] for start in range(5)), strict=False))

    articles = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "articles").glob("*.txt")
    )
    assert not runs(load_prompt(name).text) & runs(articles)


@pytest.mark.parametrize("name", ["", "nothing", "answer.md"])
def test_an_unknown_prompt_is_an_error(name: str) -> None:
    with pytest.raises(FileNotFoundError):
        load_prompt(name)


# --- filling in ----------------------------------------------------------------------------------

GREETING = Prompt("greeting", "Hello $name, it is ${time}. It costs $$2.\n")


def test_every_variable_is_filled_in() -> None:
    filled = GREETING.render(name="Ann", time="noon")
    assert filled == "Hello Ann, it is noon. It costs $2.\n"


@pytest.mark.parametrize("values", [{}, {"name": "Ann"}, {"time": "noon"}])
def test_a_missing_value_is_an_error(values: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        GREETING.render(**values)


def test_a_value_without_a_place_is_an_error_that_names_it() -> None:
    with pytest.raises(TypeError, match="'greeting' has no place for 'day'"):
        GREETING.render(name="Ann", time="noon", day="Monday")


VALUES = st.text() | st.sampled_from(["$time", "${time}", "$$", "$", "$ 5", "\\1", "{name}", "%s"])


@given(VALUES, VALUES)
def test_a_value_stays_as_it_is(name: str, time: str) -> None:
    filled = GREETING.render(name=name, time=time)
    assert filled == f"Hello {name}, it is {time}. It costs $2.\n"


# --- versions ------------------------------------------------------------------------------------


@EACH
def test_a_version_is_the_name_and_a_hash(name: str) -> None:
    assert re.fullmatch(rf"{name}:[0-9a-f]{{8}}", load_prompt(name).version)


def test_versions_differ() -> None:
    assert len({load_prompt(name).version for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("change", ["{} ", "{}\n", " {}", "{}é"])
def test_another_text_has_another_version(change: str) -> None:
    changed = Prompt(GREETING.name, change.format(GREETING.text))
    assert changed.version != GREETING.version
    assert Prompt(GREETING.name, GREETING.text).version == GREETING.version


def test_the_version_does_not_depend_on_what_is_filled_in() -> None:
    before = GREETING.version
    GREETING.render(name="Ann", time="noon")
    assert GREETING.version == before
