"""Answers as files: what is in them, and that nothing unverified gets into one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant import EXPORT_FORMATS, Answer, AnswerError, Assistant, Conversation
from assistant.render import LEFT_OUT
from page.conversation import UNREADABLE, Verified
from page.export import exported, exporter

ACCUSED = "What did Trump accuse Zelensky of?"
FOLLOW_UP = "And how did he answer?"
FAR = "What is the capital of Australia?"
FORMS = [form.name for form in EXPORT_FORMATS]
WHOLE = [form.name for form in EXPORT_FORMATS if form.is_whole]
CITED = [form.name for form in EXPORT_FORMATS if not form.is_whole]
MEDIA_TYPES = {form.name: form.media_type for form in EXPORT_FORMATS}
NAMES = {
    "markdown": "pincite-answer-2.md",
    "html": "pincite-answer-2.html",
    "json": "pincite-answer-2.json",
    "annotations": "pincite-answer-2.jsonld",
    "csl-json": "pincite-answer-2.csl.json",
    "bibtex": "pincite-answer-2.bib",
}
CONVERSATION_NAMES = {
    "markdown": "pincite-conversation.md",
    "html": "pincite-conversation.html",
    "json": "pincite-conversation.json",
    "csl-json": "pincite-conversation.csl.json",
    "bibtex": "pincite-conversation.bib",
}


@pytest.fixture(scope="module")
def talk(sample: Assistant) -> Conversation:
    conversation = Conversation()
    for question in (ACCUSED, FOLLOW_UP, FAR):
        answer = sample.ask(question, history=conversation.history())
        conversation = conversation.with_answer(answer)
    return conversation


@pytest.fixture
def verified(sample: Assistant) -> Verified:
    return Verified(sample)


def tampered(talk: Conversation) -> str:
    data = json.loads(talk.to_json())
    data["turns"][1]["answer"]["claims"][0]["text"] = "Zelensky apologised."
    return json.dumps(data)


@pytest.mark.parametrize("form", FORMS)
def test_a_file_has_a_name_and_a_type_that_fit_its_form(
    verified: Verified, talk: Conversation, form: str
) -> None:
    file = exported(verified, {"saved": talk.to_json(), "form": form, "turn": 2})
    assert file["name"] == NAMES[form]
    assert file["type"] == f"{MEDIA_TYPES[form]};charset=utf-8"


@pytest.mark.parametrize("form", CONVERSATION_NAMES)
def test_a_file_with_a_conversation_is_named_as_such(
    verified: Verified, talk: Conversation, form: str
) -> None:
    file = exported(verified, {"saved": talk.to_json(), "form": form})
    assert file["name"] == CONVERSATION_NAMES[form]
    assert file["type"] == f"{MEDIA_TYPES[form]};charset=utf-8"


def test_a_conversation_has_no_form_that_only_answers_have(
    verified: Verified, talk: Conversation
) -> None:
    with pytest.raises(AnswerError, match="reload the page"):
        exported(verified, {"saved": talk.to_json(), "form": "annotations"})


@pytest.mark.parametrize("form", WHOLE)
def test_a_conversation_has_all_its_questions_and_quotes(
    verified: Verified, talk: Conversation, form: str
) -> None:
    text = exported(verified, {"saved": talk.to_json(), "form": form})["text"]
    for turn in talk.turns:
        assert turn.question in text
    for source_id in {c.source_id for turn in talk.turns if turn.answer
                      for c in turn.answer.citations}:  # fmt: skip
        assert source_id in text


@pytest.mark.parametrize("form", WHOLE)
def test_an_answer_has_its_own_question_only(
    verified: Verified, talk: Conversation, form: str
) -> None:
    text = exported(verified, {"saved": talk.to_json(), "form": form, "turn": 3})["text"]
    assert FAR in text
    assert ACCUSED not in text


def test_each_form_is_the_one_that_python_gives(
    verified: Verified, talk: Conversation, sample: Assistant
) -> None:
    saved, answer = talk.to_json(), talk.turns[0].answer
    assert answer is not None

    def text(**asked: Any) -> str:
        return exported(verified, {"saved": saved, **asked})["text"]

    assert text(form="markdown") == talk.to_markdown()
    assert text(form="html") == talk.to_html()
    assert text(form="markdown", turn=1) == answer.to_markdown()
    assert text(form="html", turn=1) == answer.to_html()
    assert Answer.from_dict(json.loads(text(form="json", turn=1))) == answer
    assert text(form="annotations", turn=1) == answer.to_web_annotations()
    assert text(form="csl-json", turn=1) == answer.to_csl_json(sample.library)
    assert text(form="bibtex", turn=1) == answer.to_bibtex(sample.library)
    assert text(form="csl-json") == talk.to_csl_json(sample.library)
    assert text(form="bibtex") == talk.to_bibtex(sample.library)


@pytest.mark.parametrize("form", CITED)
def test_an_answer_that_cites_nothing_is_no_empty_file(
    verified: Verified, talk: Conversation, form: str
) -> None:
    with pytest.raises(AnswerError, match="No source is cited there: there is nothing to export"):
        exported(verified, {"saved": talk.to_json(), "form": form, "turn": 3})


@pytest.mark.parametrize("form", ["csl-json", "bibtex"])
def test_a_conversation_that_cites_nothing_is_no_empty_file(
    verified: Verified, talk: Conversation, form: str
) -> None:
    saved = Conversation(talk.turns[-1:]).to_json()
    with pytest.raises(AnswerError, match="No source is cited there: there is nothing to export"):
        exported(verified, {"saved": saved, "form": form})


def test_a_conversation_as_json_can_be_gone_on_with_in_a_shell(
    verified: Verified, talk: Conversation, sample: Assistant, tmp_path: Path
) -> None:
    """What `pincite chat --resume FILE` does with the file."""
    file = exported(verified, {"saved": talk.to_json(), "form": "json"})
    path = tmp_path / file["name"]
    path.write_text(file["text"], encoding="utf-8")
    assert Conversation.load(path, sample.library) == (talk, ())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("turn", [None, 1, 2])
def test_nothing_of_a_conversation_is_exported_in_which_something_does_not_hold(
    verified: Verified, talk: Conversation, form: str, turn: int | None
) -> None:
    with pytest.raises(AnswerError, match="The answer of turn 2 is left out"):
        exported(verified, {"saved": tampered(talk), "form": form, "turn": turn})


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_an_answer_that_was_left_out_is_named_as_such(
    verified: Verified, talk: Conversation, form: str
) -> None:
    rest, _ = verified.restore(tampered(talk))
    text = exported(verified, {"saved": verified.save(rest), "form": form})["text"]
    assert FOLLOW_UP in text
    assert LEFT_OUT in text
    assert "apologised" not in text


def test_an_answer_that_was_left_out_cannot_be_exported_itself(
    verified: Verified, talk: Conversation
) -> None:
    rest, _ = verified.restore(tampered(talk))
    with pytest.raises(AnswerError, match="There is no answer 2 in this conversation"):
        exported(verified, {"saved": verified.save(rest), "form": "json", "turn": 2})


@pytest.mark.parametrize("turn", [0, -1, 4, 10**30])
def test_a_turn_that_is_not_there_is_named(
    verified: Verified, talk: Conversation, turn: int
) -> None:
    with pytest.raises(AnswerError, match=f"There is no answer {turn} in this conversation"):
        exported(verified, {"saved": talk.to_json(), "form": "html", "turn": turn})


@pytest.mark.parametrize("saved", ["", Conversation().to_json()])
def test_an_empty_conversation_says_what_to_do_first(verified: Verified, saved: str) -> None:
    with pytest.raises(AnswerError, match="nothing to export yet: ask a question"):
        exported(verified, {"saved": saved, "form": "html"})


@pytest.mark.parametrize(
    "asked",
    [
        None,
        [],
        "html",
        {},
        {"saved": ""},
        {"saved": "", "form": "pdf"},
        {"saved": 1, "form": "html"},
        {"saved": "", "form": "html", "turn": "1"},
        {"saved": "", "form": "html", "turn": True},
        {"saved": "", "form": "html", "path": "/etc/passwd"},
    ],
)
def test_a_request_of_another_form_is_refused(verified: Verified, asked: object) -> None:
    with pytest.raises(AnswerError, match="reload the page"):
        exported(verified, asked)


def test_the_page_is_given_the_sentence_in_place_of_the_file(
    sample: Assistant, verified: Verified
) -> None:
    export = exporter(sample, verified)
    assert export({"saved": "{", "form": "json"}) == {"error": UNREADABLE}
