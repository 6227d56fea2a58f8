"""A conversation: what is handed on to a follow-up, and what survives being saved and loaded."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import escape

from assistant import Answer, AnswerError, Assistant, Claim, Side, StorageError
from assistant.citations import holds
from assistant.conversation import MAX_FILE_BYTES, AskedTurn, Conversation
from index import Library, source_from_text

CALL = "When did Trump and Putin speak by phone?"
ACCUSED = "What did Trump accuse Zelensky of?"
FOLLOW_UP = "And how did he answer?"
FAR = "What is the capital of Australia?"
DISPUTED = "Which centre does Max Bergman work for?"


def talk(assistant: Assistant, *questions: str) -> Conversation:
    conversation = Conversation()
    for question in questions:
        answer = assistant.ask(question, history=conversation.history())
        conversation = conversation.with_answer(answer)
    return conversation


@pytest.fixture(scope="module")
def conversation(sample: Assistant) -> Conversation:
    return talk(sample, ACCUSED, FOLLOW_UP, CALL, FAR, DISPUTED)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "talk.json"


# --- what a follow-up is given -------------------------------------------------------------------


def test_a_follow_up_to_a_follow_up_still_knows_who_is_meant(sample: Assistant) -> None:
    said = talk(sample, "Who is Bergman?", "What did he say about Europe?", "And about Russia?")
    assert said.last is not None
    assert "Bergman" in said.last.standalone_question


def test_the_history_has_each_question_with_its_answer(conversation: Conversation) -> None:
    history = conversation.history()
    assert [role for role, _ in history] == ["user", "assistant"] * 5
    assert history[0][1] == ACCUSED
    assert "Zelensky" in history[2][1]
    assert conversation.last is not None
    assert history[-1][1] == conversation.last.text


def test_a_question_whose_answer_was_left_out_is_still_history() -> None:
    left_out = Conversation((AskedTurn(ACCUSED, None),))
    assert left_out.history() == (("user", ACCUSED),)
    assert left_out.last is None


# --- saved and loaded ----------------------------------------------------------------------------


def test_a_saved_conversation_comes_back_as_it_was(
    sample: Assistant, conversation: Conversation, file: Path
) -> None:
    conversation.save(file)
    assert Conversation.load(file, sample.library) == (conversation, ())
    assert json.loads(file.read_text("utf-8"))["schema"] == "pincite.conversation/1"


def test_an_empty_conversation_comes_back(sample: Assistant, file: Path) -> None:
    Conversation().save(file)
    assert Conversation.load(file, sample.library) == (Conversation(), ())


TEXTS = st.text(max_size=8)
NUMBERS = st.lists(st.integers(), max_size=3)
CITATIONS = st.fixed_dictionaries(
    {
        "number": st.integers(),
        "source_id": TEXTS,
        "source_title": st.none() | TEXTS,
        "source_uri": st.none() | TEXTS,
        "source_sha256": TEXTS,
        "paragraph": st.integers(),
        "start": st.integers(),
        "end": st.integers(),
        "quote": TEXTS,
        "prefix": TEXTS,
        "suffix": TEXTS,
        "match": st.sampled_from(["exact", "folded"]),
    }
)
ANSWERS = st.fixed_dictionaries(
    {
        "id": TEXTS,
        "question": TEXTS,
        "standalone_question": TEXTS,
        "engine": TEXTS,
        "claims": st.lists(st.fixed_dictionaries({"text": TEXTS, "citations": NUMBERS})),
        "citations": st.lists(CITATIONS, max_size=2),
        "withheld": st.lists(
            st.fixed_dictionaries({"text": TEXTS, "reason": st.just("unsupported")}), max_size=2
        ),
        "unanswered": st.lists(TEXTS, max_size=2),
        "library": st.fixed_dictionaries(
            {"fingerprint": TEXTS, "sources": st.integers(), "paragraphs": st.integers()}
        ),
    }
).map(Answer.model_validate)


@given(st.lists(ANSWERS, max_size=3), st.lists(TEXTS, max_size=2))
def test_any_conversation_comes_back_from_its_json(
    answers: list[Answer], left_out: list[str]
) -> None:
    conversation = Conversation(tuple(AskedTurn(question, None) for question in left_out))
    for answer in answers:
        conversation = conversation.with_answer(answer)
    data = json.loads(json.dumps(conversation.to_dict()))
    assert Conversation.from_dict(data) == conversation


def test_what_cannot_be_written_in_utf_8_is_saved_all_the_same(
    sample: Assistant, file: Path
) -> None:
    odd = Conversation((AskedTurn("half a \ud83d character", None),))
    odd.save(file)
    assert Conversation.load(file, sample.library) == (odd, ())


# --- handed on -----------------------------------------------------------------------------------


def test_a_conversation_comes_back_from_its_text(conversation: Conversation) -> None:
    for indent in (None, 2):
        assert Conversation.from_json(conversation.to_json(indent)) == conversation


def test_a_conversation_can_be_verified_again_without_a_file(
    sample: Assistant, conversation: Conversation
) -> None:
    assert conversation.rechecked(sample.library) == (conversation, ())
    data = conversation.to_dict()
    invent_a_quote(data["turns"][2]["answer"])
    checked, faults = Conversation.from_json(json.dumps(data)).rechecked(sample.library)
    assert checked.turns[2] == AskedTurn(CALL, None)
    assert len(checked.turns) == len(conversation.turns)
    assert [fault[:35] for fault in faults] == ["The answer of turn 3 is left out: 1"]


def test_the_footnotes_of_a_conversation_are_unique(conversation: Conversation) -> None:
    text = conversation.to_markdown()
    defined = re.findall(r"^\[\^([\d-]+)\]: ", text, re.MULTILINE)
    citations = [len(turn.answer.citations) for turn in conversation.turns if turn.answer]
    numbers = [f"{t}-{n}" for t, count in enumerate(citations, 1) for n in range(1, count + 1)]
    assert defined == numbers
    assert set(re.findall(r"\[\^([\d-]+)\](?!: )", text)) == set(numbers)


def test_a_conversation_as_markdown_has_every_question_and_names_what_was_left_out(
    conversation: Conversation,
) -> None:
    left_out = Conversation((*conversation.turns, AskedTurn("*Why?*", None)))
    parts = left_out.to_markdown().split("\n---\n\n")
    asked = [turn.question for turn in conversation.turns]
    assert [part.splitlines()[0] for part in parts[:-1]] == [f"**{each}**" for each in asked]
    assert parts[-1] == ("**\\*Why?\\***\n\nThis answer no longer holds, so it is left out.\n")


def test_a_conversation_as_html_has_every_quote_with_the_hash_of_its_source(
    conversation: Conversation,
) -> None:
    html = conversation.to_html()
    assert html.startswith("<!DOCTYPE html>")
    for turn in conversation.turns:
        assert turn.answer is not None
        for citation in turn.answer.citations:
            assert f"<mark>{escape(citation.quote)}</mark>" in html
            assert citation.source_sha256 in html


# --- what doesn't hold any more ------------------------------------------------------------------

Change = Callable[[dict[str, Any]], None]


def change(*path: str | int, to: Any) -> Change:
    """Puts `to` in a place of the answer; a function gets what stands there."""

    def changing(answer: dict[str, Any]) -> None:
        place: Any = answer
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to(place[path[-1]]) if callable(to) else to

    return changing


def invent_a_quote(answer: dict[str, Any]) -> None:
    quote = "They spoke on March 3."
    answer["citations"][0] |= {"quote": quote, "end": answer["citations"][0]["start"] + len(quote)}
    answer["claims"][0]["text"] = quote


def cut_a_number(answer: dict[str, Any]) -> None:
    citation = next(each for each in answer["citations"] if "February 12" in each["quote"])
    citation["quote"] = citation["quote"].partition("2")[0]
    citation["end"] = citation["start"] + len(citation["quote"])
    citation["highlight"] = None
    answer["claims"][0] |= {"text": citation["quote"], "citations": [citation["number"]]}


FORGERIES = [
    pytest.param(cut_a_number, "1 citation no longer holds: ", id="quote that cuts a number"),
    pytest.param(invent_a_quote, "1 citation no longer holds: [1] ", id="invented quote"),
    pytest.param(
        change("citations", 0, "quote", to=lambda quote: quote.replace("12", "13")),
        "1 citation no longer holds",
        id="changed number",
    ),
    pytest.param(change("citations", 0, "start", to=-5), "holds", id="negative offset"),
    pytest.param(change("citations", 0, "end", to=10**30), "holds", id="offset behind the text"),
    pytest.param(change("citations", 0, "start", to=0), "holds", id="other offset"),
    pytest.param(change("citations", 0, "paragraph", to=3), "holds", id="another paragraph"),
    pytest.param(change("citations", 0, "paragraph", to=-1), "holds", id="negative paragraph"),
    pytest.param(change("citations", 0, "source_sha256", to="0" * 64), "holds", id="another text"),
    pytest.param(change("citations", 0, "source_id", to="nowhere"), "holds", id="no such source"),
    pytest.param(change("citations", 0, "source_id", to="\ud800"), "holds", id="no source id"),
    pytest.param(
        change("citations", 0, "highlight", "text", to="March 3"), "holds", id="other highlight"
    ),
    pytest.param(
        change("citations", to=lambda all: [{**each, "quote": ""} for each in all]),
        "2 citations no longer hold: [1] ",
        id="empty quotes",
    ),
    pytest.param(
        change("citations", 1, "number", to=1), "aren't numbered in order", id="number given twice"
    ),
    pytest.param(change("citations", 0, "number", to=0), "in order", id="number zero"),
    pytest.param(change("claims", 0, "citations", to=[3]), "isn't there", id="missing citation"),
    pytest.param(change("claims", 0, "citations", to=[-1]), "isn't there", id="negative mark"),
    pytest.param(change("claims", 0, "citations", to=[]), "has no citation", id="no citation"),
    pytest.param(
        change("claims", 0, "text", to=lambda text: text.replace("12", "13")),
        "a statement in it isn't supported by its quotes",
        id="claim with another number",
    ),
    pytest.param(
        change("claims", 0, "text", to="Trump and Putin have never spoken by phone."),
        "isn't supported",
        id="claim of the contrary",
    ),
    pytest.param(
        change("claims", 0, "text", to=lambda text: f"Ann Lee: “{text}”"),
        "isn't supported",
        id="claim in another mouth",
    ),
    pytest.param(change("claims", 0, "text", to="x " * 500_000), "isn't", id="endless claim"),
    pytest.param(
        change(
            "disagreements",
            to=[{"kind": "date", "about": "", "sides": [{"text": "Never.", "citations": [1]}]}],
        ),
        "isn't supported",
        id="invented side",
    ),
    pytest.param(
        change(
            "nearest",
            to=[{"source_id": "whats-at-stake", "paragraph": 8, "text": "Never.", "score": 1}],
        ),
        "whats-at-stake ¶8 doesn't have the passage",
        id="invented passage",
    ),
]


@pytest.mark.parametrize(("forge", "says"), FORGERIES)
def test_an_answer_that_was_forged_is_left_out_and_told_of(
    sample: Assistant, conversation: Conversation, file: Path, forge: Change, says: str
) -> None:
    data = conversation.to_dict()
    forge(data["turns"][2]["answer"])
    file.write_text(json.dumps(data), encoding="utf-8")
    loaded, faults = Conversation.load(file, sample.library)
    assert loaded.turns[2] == AskedTurn(CALL, None)
    others = (0, 1, 3, 4)
    assert [loaded.turns[n] for n in others] == [conversation.turns[n] for n in others]
    assert len(faults) == 1
    assert faults[0].startswith("The answer of turn 3 is left out: ")
    assert says in faults[0]
    assert len(faults[0]) < 300


def test_a_part_of_a_sentence_does_not_support_what_the_sentence_denies(
    own_library: Callable[[dict[str, str]], Library], file: Path
) -> None:
    text = "Nobody can show that the old bridge was built in 1871 by Ann Lee."
    library = own_library({"bridge": text})
    saved = talk(Assistant(library), "When was the old bridge built?").to_dict()
    answer = saved["turns"][0]["answer"]
    start, end = text.index("the old"), len(text)
    answer["citations"][0] |= {"quote": text[start:], "start": start, "end": end}
    answer["claims"][0]["text"] = text[start:]
    file.write_text(json.dumps(saved), encoding="utf-8")
    loaded, faults = Conversation.load(file, library)
    assert loaded.last is None
    assert faults[0].endswith("a statement in it isn't supported by its quotes.")


def test_titles_and_addresses_are_the_library_s_own_whatever_the_file_says(
    sample: Assistant, conversation: Conversation, file: Path
) -> None:
    data = conversation.to_dict()
    for turn in data["turns"]:
        for citation in turn["answer"]["citations"]:
            for name in ("source_title", "source_uri", "prefix", "suffix"):
                citation[name] = "forged"
    file.write_text(json.dumps(data), encoding="utf-8")
    assert Conversation.load(file, sample.library) == (conversation, ())


def statements(turn: AskedTurn) -> list[Claim | Side]:
    if turn.answer is None:
        return []
    sides = [side for each in turn.answer.disagreements for side in each.sides]
    return [*turn.answer.claims, *sides]


def _places(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    steps = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for step in steps:
        yield from _places(data[step], (*path, step))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["turns", "question"]), inner)
    ),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_changed_in_a_file_nothing_unverified_gets_through(
    sample: Assistant, conversation: Conversation, file: Path, data: st.DataObject
) -> None:
    saved = copy.deepcopy(conversation.to_dict())
    path = data.draw(st.sampled_from(list(_places(saved))))
    change(*path, to=data.draw(JSON))(saved)
    file.write_text(json.dumps(saved), encoding="utf-8")
    try:
        loaded, _ = Conversation.load(file, sample.library)
    except AnswerError:
        return
    stated = {each.text for turn in conversation.turns for each in statements(turn)}
    for turn in loaded.turns:
        for citation in turn.answer.citations if turn.answer else ():
            assert holds(citation, sample.library.indexed(citation.source_id))
        for statement in statements(turn):
            assert statement.text in stated
            assert statement.citations
            assert all(turn.answer and turn.answer.citation(n) for n in statement.citations)


def test_an_answer_from_a_text_that_has_changed_is_left_out(
    own_library: Callable[[dict[str, str]], Library], file: Path
) -> None:
    library = own_library({"bridge": "The old bridge was built in 1871 by Ann Lee."})
    talk(Assistant(library), "When was the old bridge built?").save(file)
    assert Conversation.load(file, library)[1] == ()
    library.add([source_from_text("The old bridge was built in 1872 by Ann Lee.", id="bridge")])
    loaded, faults = Conversation.load(file, library)
    assert [turn.answer for turn in loaded.turns] == [None]
    assert faults == (
        "The answer of turn 1 is left out: 1 citation no longer holds: [1] bridge ¶1.",
    )


# --- files that are no conversation --------------------------------------------------------------


def one_turn(**turn: Any) -> bytes:
    return json.dumps({"schema": "pincite.conversation/1", "turns": [turn]}).encode()


NO_CONVERSATIONS = [
    pytest.param(b"", id="empty"),
    pytest.param(b"Dear diary", id="no JSON"),
    pytest.param(b"null", id="null"),
    pytest.param(b"[]", id="list"),
    pytest.param(b"{}", id="no schema"),
    pytest.param(b'{"schema": "pincite.conversation/2", "turns": []}', id="other schema"),
    pytest.param(b'{"schema": "pincite.conversation/1"}', id="no turns"),
    pytest.param(b'{"schema": "pincite.conversation/1", "turns": {}}', id="no list"),
    pytest.param(b'{"schema": "pincite.conversation/1", "turns": [NaN]}', id="NaN"),
    pytest.param(b'{"schema": "pincite.conversation/1", "turns": [' + b"9" * 9999, id="digits"),
    pytest.param(b"[" * 200_000, id="nested deeply"),
    pytest.param(one_turn(), id="no question"),
    pytest.param(one_turn(question=1, answer=None), id="question that is no text"),
    pytest.param(one_turn(question="a", answer=[]), id="answer that is none"),
    pytest.param(
        one_turn(question="a", answer={"schema": "pincite.answer/1", "\x1b[2J": 1}),
        id="answer without its parts",
    ),
]


@pytest.mark.parametrize("content", [*NO_CONVERSATIONS, pytest.param(b"\xff\xfe{}", id="no UTF-8")])
def test_a_file_that_is_no_conversation_is_refused_in_one_sentence(
    sample: Assistant, file: Path, content: bytes
) -> None:
    file.write_bytes(content)
    with pytest.raises(AnswerError) as caught:
        Conversation.load(file, sample.library)
    said = str(caught.value)
    assert len(said) < 500
    assert said.isprintable()


@pytest.mark.parametrize("content", NO_CONVERSATIONS)
def test_a_text_that_is_no_conversation_is_refused_in_one_sentence(content: bytes) -> None:
    with pytest.raises(AnswerError) as caught:
        Conversation.from_json(content.decode())
    said = str(caught.value)
    assert len(said) < 500
    assert said.isprintable()


def test_an_answer_to_another_question_is_refused(
    sample: Assistant, conversation: Conversation, file: Path
) -> None:
    data = conversation.to_dict()
    data["turns"][1]["question"] = "Did they ever speak?"
    file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(AnswerError, match=r"Turn 2 .* its answer is to another question"):
        Conversation.load(file, sample.library)


def test_a_huge_file_is_refused_unread(sample: Assistant, file: Path) -> None:
    with file.open("wb") as sparse:
        sparse.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(AnswerError, match="larger than 50 MB"):
        Conversation.load(file, sample.library)


@pytest.mark.parametrize("name", ["missing.json", ".", "a\0b", "~nobody-here/x", "x" * 300])
def test_a_file_that_cannot_be_read_is_refused(
    sample: Assistant, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AnswerError):
        Conversation.load(Path(name), sample.library)


# --- saving --------------------------------------------------------------------------------------


def test_a_conversation_is_saved_over_an_earlier_one(sample: Assistant, file: Path) -> None:
    Conversation((AskedTurn("One?", None),)).save(file)
    later = Conversation((AskedTurn("Two?", None),))
    later.save(file)
    assert Conversation.load(file, sample.library)[0] == later
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_nothing_else_is_ever_overwritten(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Dear diary")
    for path in (notes, tmp_path):
        with pytest.raises(StorageError, match="is there already and is no conversation"):
            Conversation().save(path)
    assert notes.read_text() == "Dear diary"


@pytest.mark.parametrize("name", ["nowhere/talk.json", "a\0b", "~nobody-here/x", "x" * 300])
def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(StorageError, match="can't be written"):
        Conversation().save(tmp_path / name if "~" not in name else Path(name))
    assert not list(tmp_path.iterdir())


def test_a_save_that_fails_leaves_the_earlier_file_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Conversation((AskedTurn("One?", None),)).save(file)
    before = file.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left on device"):
        Conversation((AskedTurn("Two?", None),)).save(file)
    assert file.read_bytes() == before
    assert [each.name for each in file.parent.iterdir()] == [file.name]
