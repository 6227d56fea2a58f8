"""Sets of questions: what is read of them, what never reaches the assistant, and bad lines."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import Assistant
from assistant.evaluation.asked import Asked
from assistant.evaluation.gold import Gold, Span, covered
from assistant.evaluation.sets import QuestionSet, read_file, read_folder
from index import PinciteError, QuestionError, SourceError, Stated
from tests.assistant.evaluating import CLAIMS, CORPUS, MILL, QUESTIONS, changed, written

# --- folders -------------------------------------------------------------------------------------


def test_a_folder_is_read_with_its_gold_counted_as_the_library_counts(tmp_path: Path) -> None:
    found = read_folder(written(tmp_path / "own", [*QUESTIONS, *CLAIMS]))
    assert found.name == "own"
    mill, reopened, ceiling, why, closed, burnt = found.questions
    assert mill.gold == Gold(((frozenset({("mill", 2)}),),))
    assert mill.sources is None
    assert mill.answers == ("1987",)
    assert reopened.sides == (frozenset({("harbour", 2)}), frozenset({("port", 2)}))
    assert reopened.gold == Gold((reopened.sides,))
    assert not ceiling.gold
    assert not ceiling.answerable
    assert why.sources == ("mill",)
    start = MILL.index("The mill of Brod")
    assert closed.evidence == ((Span("mill", start, MILL.index(".", start) + 1),),)
    assert (closed.support, burnt.support) == ("supported", "not")
    assert not closed.answerable
    assert burnt.evidence == ()


def test_only_source_date_address_and_author_of_a_text_are_taken_over(tmp_path: Path) -> None:
    found = read_folder(written(tmp_path / "own"))
    assert found.corpus is not None
    harbour, port, _ = found.corpus
    assert harbour.publisher == Stated("The Gazette", "corpus.jsonl")
    assert harbour.published == Stated("2024-05-04T08:00", "corpus.jsonl")
    assert harbour.author == Stated("Ann Smith", "corpus.jsonl")
    assert harbour.uri == "https://example.org/harbour"
    assert harbour.title == Stated("Harbour reopens", "corpus.jsonl")
    assert "correct" not in repr(harbour)
    assert port.publisher is None


def test_texts_that_a_library_has_once_are_one_source(tmp_path: Path) -> None:
    corpus = [*CORPUS, changed(CORPUS[2], doc_id="mill again")]
    question = changed(
        QUESTIONS[3],
        gold=[{"doc_id": "mill again", "paragraph": 2, "quote": "40 people"}],
        meta={"scope": ["mill again", "port"]},
    )
    found = read_folder(written(tmp_path / "own", [question], corpus))
    assert found.corpus is not None
    assert [source.id for source in found.corpus] == ["harbour", "port", "mill"]
    assert found.questions[0].sources == ("mill", "port")
    assert found.questions[0].gold.places == {("mill", 3)}


def test_an_address_that_two_texts_share_belongs_to_neither(tmp_path: Path) -> None:
    corpus = [each | {"meta": {"url": "https://example.org/all"}} for each in CORPUS]
    found = read_folder(written(tmp_path / "own", corpus=corpus))
    assert found.corpus is not None
    assert [source.uri for source in found.corpus] == [None, None, None]


def test_any_id_becomes_one_that_a_library_can_have(tmp_path: Path) -> None:
    corpus = [changed(each, doc_id=f"Ä {at // 2}") for at, each in enumerate(CORPUS[:2])]
    corpus[1]["doc_id"] = "a.0"
    question = changed(
        QUESTIONS[1],
        gold=[
            {"doc_id": "Ä 0", "paragraph": 1, "quote": "3 May 2024"},
            {"doc_id": "a.0", "paragraph": 1, "quote": "9 May 2024"},
        ],
    )
    found = read_folder(written(tmp_path / "own", [question], corpus))
    assert found.corpus is not None
    assert [source.id for source in found.corpus] == ["a-0", "a-0-2"]
    assert found.questions[0].gold.places == {("a-0", 2), ("a-0-2", 2)}


def test_a_text_that_cannot_be_stored_is_left_out_and_told(tmp_path: Path) -> None:
    corpus = [*CORPUS, changed(CORPUS[1], doc_id="noise", text="\x00\x01\x02 noise")]
    question = changed(QUESTIONS[3], meta={"scope": ["mill", "noise"]})
    found = read_folder(written(tmp_path / "own", [question], corpus))
    assert found.questions[0].sources == ("mill",)
    [note] = found.notes
    assert note.startswith("1 text is left out, the first because 'noise' holds binary data")


def test_paragraphs_are_found_however_blank_lines_are_written(tmp_path: Path) -> None:
    text = "One.\n \nTwo.\n\nThree.\n\n\nFour."  # split at "\n\n": three pieces, one empty-headed
    corpus = [{"doc_id": "d", "text": text}]
    question = {
        "id": "q",
        "question": "What is four?",
        "type": "factoid",
        "gold": [
            {"doc_id": "d", "paragraph": 0, "quote": "Two."},
            {"doc_id": "d", "paragraph": 2, "quote": "Four."},
            {"doc_id": "d", "paragraph": 1},
        ],
    }
    found = read_folder(written(tmp_path / "own", [question], corpus))
    assert found.questions[0].gold.places == {("d", 2), ("d", 3), ("d", 4)}


def test_modes_of_gold(tmp_path: Path) -> None:
    gold = [
        {"doc_id": "harbour", "paragraph": 1, "quote": None},
        {"doc_id": "port", "paragraph": 1, "quote": None},
        {"doc_id": "mill", "paragraph": 1, "quote": None},
    ]
    one, two, three = ("harbour", 2), ("port", 2), ("mill", 2)

    def read(**meta: Any) -> Gold:
        question = changed(QUESTIONS[0], gold=gold, meta={"scope": None, **meta})
        return read_folder(written(tmp_path / "own", [question])).questions[0].gold

    assert read(gold_mode="any") == Gold(((frozenset({one, two, three}),),))
    every = tuple(frozenset({place}) for place in (one, two, three))
    assert read(gold_mode="all") == Gold((every,))
    assert read(gold_mode="sets", gold_sets=[[0, 1], [2]]) == Gold((every[:2], every[2:]))
    whole = [{"doc_id": "mill", "paragraph": None, "quote": None}]
    question = changed(QUESTIONS[0], gold=whole, meta={"gold_mode": "documents"})
    found = read_folder(written(tmp_path / "own", [question])).questions[0].gold
    assert found == Gold(((frozenset({("mill", None)}),),))
    assert found.share([("mill", 3)]) == 1
    assert found.ranks([("port", 1), ("port", 2), ("mill", 3)]) == ((2,),)


# --- files ---------------------------------------------------------------------------------------


def test_a_file_asks_a_library_and_counts_paragraphs_from_one(
    sample: Assistant, tmp_path: Path
) -> None:
    line = {
        "id": 7,
        "type": "followup",
        "question": "And how did he answer?",
        "history": [["user", "What did Trump say?"], {"role": "assistant", "content": "Much."}],
        "answers": ["disinformation"],
        "facts": [
            [
                {"doc": "whats-at-stake", "paragraph": 14, "quote": "bubble of disinformation"},
                {"doc": "why-its-dangerous", "paragraph": 12, "quote": None},
            ]
        ],
        "meta": {"scope": ["whats-at-stake", "why-its-dangerous"]},
    }
    path = tmp_path / "gold.jsonl"
    path.write_text(f"\ufeff\n{json.dumps(line)}\n\n", encoding="utf-8")
    found = read_file(path, sample.library)
    assert found.corpus is None
    [asked] = found.questions
    assert asked.id == "7"
    assert asked.gold.places == {("whats-at-stake", 14), ("why-its-dangerous", 12)}
    assert asked.history == (("user", "What did Trump say?"), ("assistant", "Much."))
    assert asked.sources == ("whats-at-stake", "why-its-dangerous")


# --- bad lines -----------------------------------------------------------------------------------

GOOD = QUESTIONS[0]


def gold(**fields: Any) -> dict[str, Any]:
    return changed(GOOD, gold=[GOOD["gold"][0] | fields])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("nonsense", "it isn't JSON"),
        ("[1, 2]", "it isn't a JSON object"),
        (changed(GOOD, question=None), 'it has no "question"'),
        (changed(GOOD, id=None), 'it has no "id"'),
        (changed(GOOD, type=None), 'it has no "type"'),
        (changed(GOOD, question=" "), 'its "question" is blank'),
        (changed(GOOD, question=5), 'its "question" can\'t be read (input should be a valid str'),
        (changed(GOOD, answers="1987"), 'its "answers" can\'t be read'),
        (changed(GOOD, id="q-why"), "an earlier line has the id 'q-why' too"),
        (gold(doc_id="nowhere"), "there is no document 'nowhere'"),
        (gold(paragraph=3), "its gold names paragraph 3 of 'mill', which has 3, counted from 0"),
        (gold(paragraph=-1), 'its "gold.0.paragraph" can\'t be read'),
        (gold(paragraph="1"), 'its "gold.0.paragraph" can\'t be read'),
        (gold(quote="1988"), "paragraph 1 of 'mill' doesn't have the quote '1988'"),
        (changed(GOOD, gold=[{"doc_id": "mill"}]), 'it has no "gold.0.paragraph"'),
        (changed(GOOD, gold=[], answers=[]), "it has neither gold nor answers"),
        (changed(GOOD, type="unanswerable"), 'it is "unanswerable" but has gold'),
        (
            changed(GOOD, meta={"scope": ["port"]}),
            "its gold is in 'mill', which isn't in its scope",
        ),
        (changed(GOOD, meta={"scope": []}), 'its "meta.scope" can\'t be read'),
        (changed(GOOD, meta={"scope": ["nowhere"]}), "there is no document 'nowhere'"),
        (changed(GOOD, meta={"gold_mode": "some"}), 'its "meta.gold_mode" can\'t be read'),
        (changed(GOOD, meta={"gold_mode": "sets"}), 'its gold_mode needs "meta.gold_sets"'),
        (
            changed(GOOD, meta={"gold_mode": "sets", "gold_sets": [[0], [1]]}),
            'its "meta.gold_sets" has the index 1; its gold has 1 entries',
        ),
        (changed(GOOD, meta={"gold_mode": "each_side"}), 'its gold_mode needs "meta.sides"'),
        (
            changed(GOOD, meta={"gold_mode": "each_side", "sides": [{"gold": []}]}),
            'its "meta.sides" has an empty list',
        ),
        (changed(CLAIMS[0], answers=["maybe"]), "'maybe' is no verdict on a claim"),
        (changed(GOOD, facts=[[{"doc": "mill", "paragraph": 2}]]), "leave one out"),
        (
            changed(GOOD, gold=None, facts=[[{"doc": "mill", "paragraph": 4}]]),
            "one of its facts names paragraph 4 of 'mill', which has 3, counted from 1",
        ),
        (changed(GOOD, gold=None, facts=[[]]), "one of its facts has no place"),
        (changed(GOOD, history=[["system", "x"]]), 'its "history.0'),
    ],
    ids=str,
)
def test_a_bad_question_is_named_with_its_line(line: Any, why: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "own", [QUESTIONS[3]])
    with (folder / "questions.jsonl").open("a", encoding="utf-8") as file:
        file.write(f"\n{line if isinstance(line, str) else json.dumps(line)}\n")
    with pytest.raises(QuestionError) as caught:
        read_folder(folder)
    said = str(caught.value)
    assert said.startswith("Line 3 of 'questions.jsonl' is wrong: ")
    assert why in said
    assert said.endswith(".")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "it isn't JSON"),
        ('{"text": "A text."}', 'it has no "doc_id"'),
        ('{"doc_id": "x"}', 'it has no "text"'),
        ('{"doc_id": "mill", "text": "Another."}', "an earlier line has the doc_id 'mill' too"),
        (
            '{"doc_id": "x", "text": "A.", "meta": {"author": 3}}',
            'its "meta.author" can\'t be read',
        ),
        (b'{"doc_id": "x", "text": "\xff"}', "it isn't UTF-8"),
    ],
    ids=str,
)
def test_a_bad_text_is_named_with_its_line(line: str | bytes, why: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "own")
    with (folder / "corpus.jsonl").open("ab") as file:
        file.write(line if isinstance(line, bytes) else line.encode())
    with pytest.raises(SourceError) as caught:
        read_folder(folder)
    assert str(caught.value).startswith(f"Line 4 of 'corpus.jsonl' is wrong: {why}")


@pytest.mark.parametrize("missing", ["corpus.jsonl", "questions.jsonl"])
def test_a_missing_or_empty_file_is_said_in_a_sentence(missing: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "own")
    (folder / missing).write_text("")
    with pytest.raises(PinciteError, match=r"holds no (text|question)"):
        read_folder(folder)
    (folder / missing).unlink()
    with pytest.raises(PinciteError, match=f"There is no file .*{missing}"):
        read_folder(folder)


# --- parts of a set ------------------------------------------------------------------------------


@given(st.integers(1, 40), st.integers(1, 50))
def test_a_part_of_a_set_is_spread_over_it(total: int, limit: int) -> None:
    questions = tuple(Asked(str(at), "?", "factoid") for at in range(total))
    picked = QuestionSet("", "", questions, None).spread(limit)
    at = [int(each.id) for each in picked]
    assert picked == QuestionSet("", "", questions, None).spread(limit)
    kept = min(limit, total)
    assert len(at) == kept
    for turn, number in enumerate(at):
        assert turn * total // kept <= number < (turn + 1) * total // kept


def test_a_part_of_a_set_that_alternates_has_all_kinds() -> None:
    questions = tuple(Asked(str(at), "?", "abc"[at % 3]) for at in range(300))
    picked = QuestionSet("", "", questions, None).spread(100)
    counts = Counter(each.type for each in picked)
    assert min(counts[kind] for kind in "abc") > 20


# --- gold ----------------------------------------------------------------------------------------

SPOTS = st.tuples(st.sampled_from("ab"), st.integers(1, 3))
PLACES = st.one_of(SPOTS, st.tuples(st.sampled_from("ab"), st.none()))
FACTS = st.lists(st.frozensets(PLACES, min_size=1), min_size=1, max_size=3).map(tuple)
GOLDS = st.lists(FACTS, min_size=1, max_size=3).map(lambda each: Gold(tuple(each)))


@given(GOLDS, st.lists(SPOTS, max_size=6), SPOTS)
def test_more_citations_never_tell_less(gold: Gold, found: list, more: tuple) -> None:
    assert 0 <= gold.share(found) <= gold.share([*found, more]) <= 1
    everything = [(source, number) for source in "ab" for number in (1, 2, 3)]
    assert gold.share(everything) == 1
    assert gold.share([]) == 0


@given(GOLDS, st.lists(SPOTS, max_size=6))
def test_what_has_a_rank_is_told_by_the_ranking_so_far(gold: Gold, ranking: list) -> None:
    different = list(dict.fromkeys(ranking))
    for facts, ranks in zip(gold.alternatives, gold.ranks(ranking), strict=True):
        for fact, rank in zip(facts, ranks, strict=True):
            alone = Gold(((fact,),))
            assert (rank is not None) == bool(alone.share(different))
            if rank is not None and all(number is not None for _, number in fact):
                assert alone.share(different[:rank]) == 1
                assert alone.share(different[: rank - 1]) == 0


def test_sentences_are_covered_by_overlapping_quotes() -> None:
    first, second, third = (Span("a", start, start + 10) for start in (0, 20, 40))
    assert covered([[first, second], [third]], [Span("a", 5, 8)]) == 0.5
    assert covered([[first, second], [third]], [Span("a", 45, 60)]) == 1
    assert covered([[first]], [Span("a", 10, 20), Span("b", 0, 10)]) == 0
