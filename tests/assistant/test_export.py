"""The forms in which answers are taken away: each is named once, and all are what Python gives."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from assistant import EXPORT_FORMATS, Answer, Assistant, Conversation, ExportFormat, Library
from assistant.export import find_format

CALL = "When did Trump and Putin speak by phone?"
ACCUSED = "What did Trump accuse Zelensky of?"
FAR = "What is the capital of Australia?"
METHODS: dict[str, Callable[[Answer, Library], str]] = {
    "markdown": lambda answer, _: answer.to_markdown(),
    "html": lambda answer, _: answer.to_html(),
    "json": lambda answer, _: answer.to_json(indent=2),
    "annotations": lambda answer, _: answer.to_web_annotations(),
    "csl-json": lambda answer, library: answer.to_csl_json(library),
    "bibtex": lambda answer, library: answer.to_bibtex(library),
}
every_format = pytest.mark.parametrize("form", EXPORT_FORMATS, ids=lambda form: form.name)


@pytest.fixture(scope="module")
def talk(sample: Assistant) -> Conversation:
    conversation = Conversation()
    for question in (CALL, ACCUSED, FAR):
        conversation = conversation.with_answer(sample.ask(question))
    return conversation


def answers(talk: Conversation) -> list[Answer]:
    return [turn.answer for turn in talk.turns if turn.answer]


def of_conversation(name: str, talk: Conversation, library: Library | None = None) -> str:
    form = find_format(name)
    assert form is not None
    assert form.of_conversation is not None
    return form.of_conversation(talk, library)


def test_no_two_formats_can_be_mixed_up() -> None:
    for what in ("name", "label", "ending", "media_type"):
        values = [getattr(form, what) for form in EXPORT_FORMATS]
        assert len(set(values)) == len(values), what


@every_format
def test_a_format_is_named_as_a_shell_and_a_file_can_have_it(form: ExportFormat) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", form.name)
    assert re.fullmatch(r"(\.[a-z]+)+", form.ending)
    assert re.fullmatch(r'[a-z]+/[a-z.+-]+(;profile="[^"\s]+")?', form.media_type)
    assert find_format(form.name) is form


def test_a_format_that_is_not_there_is_not_found() -> None:
    assert find_format("pdf") is None


@every_format
def test_an_answer_has_the_form_that_its_own_method_gives(
    form: ExportFormat, talk: Conversation, sample: Assistant
) -> None:
    for answer in answers(talk):
        assert form.of_answer(answer, sample.library) == METHODS[form.name](answer, sample.library)


@every_format
def test_a_format_is_whole_where_it_says_that_the_sources_do_not_answer(
    form: ExportFormat, talk: Conversation
) -> None:
    abstention = answers(talk)[-1]
    text = form.of_answer(abstention, None)
    assert form.is_whole == ("The sources don't answer" in text.replace("&#39;", "'"))


def test_where_nothing_is_cited_a_list_of_sources_is_empty(talk: Conversation) -> None:
    abstention = answers(talk)[-1]
    assert abstention.to_bibtex() == ""
    assert json.loads(abstention.to_csl_json()) == []
    assert json.loads(abstention.to_web_annotations())["total"] == 0


# --- conversations -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["csl-json", "bibtex"])
def test_the_sources_of_a_conversation_are_listed_once_in_order_of_appearance(
    name: str, talk: Conversation
) -> None:
    cited = [citation.source_id for answer in answers(talk) for citation in answer.citations]
    assert len(set(cited)) < len(cited)
    text = of_conversation(name, talk)
    pattern = r'"id": "(.*)"' if name == "csl-json" else r"^@misc\{(.*),$"
    assert re.findall(pattern, text, re.M) == list(dict.fromkeys(cited))


@pytest.mark.parametrize("name", ["csl-json", "bibtex"])
def test_the_library_adds_the_authors_to_the_sources_of_a_conversation(
    name: str, talk: Conversation, sample: Assistant
) -> None:
    assert "author" not in of_conversation(name, talk)
    authors = [source.author.value for source in sample.library.sources() if source.author]
    assert authors
    text = of_conversation(name, talk, sample.library)
    assert all(author in text for author in authors)


def test_an_answer_that_was_left_out_adds_no_sources(talk: Conversation) -> None:
    data = talk.to_dict()
    for turn in data["turns"]:
        turn["answer"] = None
    rest = Conversation.from_dict(data)
    assert len(rest.turns) == len(talk.turns)
    assert rest.to_bibtex() == ""
    assert json.loads(rest.to_csl_json()) == []
