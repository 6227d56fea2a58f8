import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index import lexical, words
from index.catalog import create_tables

TEXTS = {"a": "The bridge costs 1,000 euros.", "b": "A bridge, a BRIDGE!", "c": "Мост и don't."}


@pytest.fixture
def connection():
    made = sqlite3.connect(":memory:", isolation_level=None)
    create_tables(made, {})
    for position, (name, text) in enumerate(TEXTS.items(), start=1):
        made.execute(
            "INSERT INTO passages VALUES (?, ?, ?, 1, 0, 1, 1, x'')", (position, name, name)
        )
        lexical.add(made, position, text)
    yield made
    made.close()


def found(connection, question: str, k: int = 9, sources=None) -> list[str]:
    hits = lexical.search(connection, words(question), k, sources)
    assert all(score > 0 for _, score in hits)
    return [passage_id for passage_id, _ in hits]


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ("bridges", ["b", "a"]),
        ("1,000", ["a"]),
        ("1", []),
        ("DON’T мосты", ["c"]),
        ("", []),
        ("!?", []),
        ('" OR words:', []),
    ],
)
def test_passages_with_words_of_the_question(connection, question: str, ids: list[str]):
    assert found(connection, question) == ids


def test_k_and_sources_limit_the_search(connection):
    assert found(connection, "bridge", k=1) == ["b"]
    assert found(connection, "bridge", k=0) == []
    assert found(connection, "bridge", sources=["a"]) == ["a"]
    assert found(connection, "bridge", sources=[]) == []


@pytest.mark.parametrize("spare", [1, 20], ids=["not among the best of all", "among them"])
def test_many_sources_are_found_among_the_best_of_all(connection, monkeypatch, spare: int):
    monkeypatch.setattr(lexical, "MANY_SOURCES", 1)
    monkeypatch.setattr(lexical, "SPARE", spare)
    assert found(connection, "bridge", k=1, sources=["a", "c"]) == ["a"]
    assert found(connection, "bridge мост", k=2, sources=["a", "c"]) == ["c", "a"]


def test_document_frequency_counts_passages(connection):
    wanted = words("bridge 1,000 unknown don't")
    assert lexical.document_frequency(connection, wanted) == {
        "bridg": 2,
        "1,000": 1,
        "unknown": 0,
        "don't": 1,
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_no_question_breaks_the_query(connection, question: str):
    found(connection, question)


def test_a_question_of_thousands_of_words_is_answered(connection):
    assert found(connection, "bridge " + " ".join(f"word{n}" for n in range(5000))) == ["b", "a"]


def test_a_removed_source_leaves_no_words(connection):
    lexical.remove(connection, "b")
    assert found(connection, "bridge") == ["a"]
    assert lexical.document_frequency(connection, ["bridg"]) == {"bridg": 1}
