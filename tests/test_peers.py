"""The comparison with LlamaIndex: how replies are read, and that nothing is asked twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.evaluation.asked import Asked
from assistant.evaluation.gold import Gold
from assistant.models import load_model
from benchmarks import peers
from benchmarks.peers_replies import Passage, Reply, marks, passage_of, standing, without_marks
from benchmarks.peers_table import Pair, table
from index import source_from_text, split_paragraphs
from index.types import IndexedSource
from tests.assistant.evaluating import written
from tests.openai_server import OpenAIServer, Say


def _passage(source_id: str, *paragraphs: int, **fields: Any) -> Passage:
    usual = {"characters": 40, "verbatim": True, "placed": False}
    return Passage(source_id=source_id, paragraphs=paragraphs, **(usual | fields))


def _reply(text: str, *passages: Passage, **fields: Any) -> Reply:
    usual: dict[str, Any] = {
        "set": "set",
        "question": "q",
        "system": "LlamaIndex",
        "refused": None,
        "seconds": 1.0,
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "made": {},
    }
    return Reply(text=text, passages=passages, **(usual | fields))


# --- what a reply cites --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        pytest.param("It closed in 1987 [1].", [1], id="one"),
        pytest.param("It closed [2][1], and then [2].", [2, 1], id="each once, in order"),
        pytest.param("It closed [1, 3] and [4; 5].", [1, 3, 4, 5], id="lists"),
        pytest.param("It closed [1-3].", [1, 2, 3], id="a range"),
        pytest.param("It closed [Source 2].", [2], id="named in brackets"),
        pytest.param("According to Source 2, it closed.", [2], id="named in words"),
        pytest.param("Sources 1, 2 and 4 say so.", [1, 2, 4], id="several named in words"),
        pytest.param("It closed in [1987].", [], id="a year"),
        pytest.param("Of 40 people 12 stayed.", [], id="numbers"),
    ],
)
def test_marks_are_found_in_the_forms_that_models_write(text: str, numbers: list[int]) -> None:
    assert marks(text) == numbers


def test_marks_are_no_words_of_the_answer() -> None:
    assert without_marks("It closed in 1987 [1][2].").split() == ["It", "closed", "in", "1987", "."]


TEXT = "The mill\n\nThe mill of Brod was closed in 1987.\n\nIt had employed 40 people until then."


@pytest.fixture
def mill() -> IndexedSource:
    paragraphs = split_paragraphs("mill", TEXT)
    return IndexedSource(source_from_text(TEXT, id="mill"), paragraphs, (), None, ())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "paragraphs"),
    [
        pytest.param("The mill of Brod was closed in 1987.", (2,), id="a paragraph"),
        pytest.param(TEXT, (1, 2, 3), id="the whole text"),
        pytest.param("closed", (2,), id="a word of a paragraph"),
        pytest.param("of Brod was closed in 1987.\n\nIt had", (2,), id="little of the next"),
    ],
)
def test_a_chunk_cites_the_paragraphs_that_it_shows(
    mill: IndexedSource, words: str, paragraphs: tuple[int, ...]
) -> None:
    found = passage_of(words, mill)
    assert (found.paragraphs, found.characters, found.verbatim) == (paragraphs, len(words), True)


def test_words_that_the_source_does_not_have_are_not_verbatim(mill: IndexedSource) -> None:
    found = passage_of("The mill was closed in 1986.", mill)
    assert (found.paragraphs, found.verbatim) == ((), False)


# --- whether it refuses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Empty Response",
        "The sources do not mention who painted it.",
        "None of the provided sources mention it [1][2].",
        "The provided sources don't contain any information about the ceiling.",
        "No source mentions the painter.",
        "There is no information about that.",
        "I cannot answer this question from the sources.",
        "It is not specified.",
        "The painter is not named or given in the provided sources [1].",
        "I'm unable to provide an answer.",
        "The sources do not say who painted it. They do not mention a painter either [1].",
    ],
)
def test_a_reply_that_says_that_the_sources_do_not_answer_is_a_refusal(text: str) -> None:
    assert standing(_reply(text)) == "refused"


@pytest.mark.parametrize(
    "text",
    [
        "The mill was closed in 1987 [1].",
        "1987",
        "The mayor did not attend the talks [1].",
        "No, Europe was not present [2].",
    ],
)
def test_a_reply_without_such_words_is_an_answer(text: str) -> None:
    assert standing(_reply(text)) == "answered"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "The sources do not mention the painter. However, the opera was built in 1900 [1].",
            id="it goes on",
        ),
        pytest.param(
            "The sources do not say why, but it closed in 1987 [1].", id="it goes on at once"
        ),
        pytest.param("Source 1 does not mention it.", id="one source"),
        pytest.param("It closed in 1987 [1]. The sources do not say why.", id="it ends so"),
        pytest.param("The cause is unknown [1].", id="perhaps the source's words"),
        pytest.param("Die Quellen sagen nicht, wer das gemalt hat.", id="another language"),
    ],
)
def test_a_reply_that_may_be_either_is_unsure(text: str) -> None:
    assert standing(_reply(text)) == "unsure"


def test_what_a_system_says_of_its_reply_counts_more_than_words() -> None:
    assert standing(_reply("The sources do not mention it.", refused=False)) == "answered"
    assert standing(_reply("1987 [1].", refused=True)) == "refused"


# --- the table -----------------------------------------------------------------------------------

CLOSED = Asked(
    id="closed",
    question="When was the mill closed?",
    type="factoid",
    answers=("1987",),
    gold=Gold(((frozenset({("mill", 2)}),),)),
)
PAINTED = Asked(id="painted", question="Who painted the ceiling?", type="unanswerable")


def _shown(*pairs: Pair) -> dict[str, str]:
    """The value of each figure of a table with one system."""
    lines = table({"set": {"system": pairs}}).splitlines()[2:]
    cells = ([cell.strip() for cell in line.split("|")] for line in lines)
    return {title: value for _, _, title, value, _ in cells}


def test_figures_are_of_what_a_reply_cites() -> None:
    chunk = _passage("mill", 1, 2, 3, 4, characters=400)
    found = _shown(
        Pair(CLOSED, _reply("It was closed in 1987 [1][9].", chunk, _passage("port", 1))),
        Pair(PAINTED, _reply("None of the sources mention it [1].", chunk)),
    )
    assert found["facts cited (recall of gold paragraphs)"] == "1.00"
    assert found["cited paragraphs that are gold (precision)"] == ".25"
    assert found["characters cited in an answer, median"] == "400"
    assert found["citations that say where their words stand, rightly"] == ".00"
    assert found["citations whose words stand in the source"] == "1.00"
    assert found["marks that lead nowhere"] == ".33"
    assert found["an accepted string is in the answer's words"] == "1.00"
    assert found["unanswerable: refused"] == "1.00"
    assert found["answerable: refused"] == ".00"


def test_an_answer_without_marks_cites_nothing() -> None:
    found = _shown(Pair(CLOSED, _reply("1987", _passage("mill", 2))))
    assert found["answers without a citation"] == "1.00"
    assert found["facts cited (recall of gold paragraphs)"] == ".00"


# --- asking --------------------------------------------------------------------------------------


@pytest.fixture
def model_server():
    with OpenAIServer() as server:
        server.script(_answers)
        yield server


def _answers(request: dict[str, Any]) -> Say:
    """Cites the first source that has the year, as CitationQueryEngine asks for it."""
    prompt = request["messages"][-1]["content"]
    if "Source 1:" not in prompt:
        return Say(json.dumps({"claims": []}))
    sources = prompt.rpartition("Below are")[2].split("Source ")[1:]
    number = next((each.split(":")[0] for each in sources if "1987" in each), None)
    return Say(f"It was closed in 1987 [{number}]." if number else "No source mentions it.")


@pytest.fixture
def sets(tmp_path: Path) -> Callable[[], list[peers.Opened]]:
    given = peers.arguments().parse_args(
        [str(written(tmp_path / "mills")), "--work", str(tmp_path / "work")]
    )
    return lambda: [peers.opened(path, given) for path in given.sets]


def test_all_systems_are_asked_once_whatever_is_killed(
    sets: Callable[[], list[peers.Opened]], model_server: OpenAIServer, tmp_path: Path
) -> None:
    out = tmp_path / "replies.jsonl"
    model = load_model("openai:scripted", base_url=model_server.base_url)
    peers.run(sets(), model, tmp_path / "work", out)
    rows = out.read_text(encoding="utf-8").splitlines(keepends=True)
    assert len(rows) == 4 * len(peers.SYSTEMS)
    by_key = {(reply.question, reply.system): reply for reply in peers.replies(out)}
    for system in (peers.LLAMAINDEX, peers.LLAMAINDEX_PARAGRAPHS):
        reply = by_key["q-mill", system]
        assert reply.text.startswith("It was closed in 1987 [")
        assert all(each.verbatim and not each.placed for each in reply.passages)
    ours = by_key["q-mill", peers.PINCITE].passages
    assert ours
    assert all(each.placed for each in ours)

    out.write_text("".join(rows[:-2]) + rows[-2][:40], encoding="utf-8")
    before = len(model_server.requests)
    peers.run(sets(), model, tmp_path / "work", out)
    assert len(model_server.requests) - before == 3  # is it ready, and the two that were lost
    again = {(reply.question, reply.system) for reply in peers.replies(out)}
    assert again == set(by_key)
