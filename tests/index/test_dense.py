"""The nearest passages are the same whichever way they are searched for."""

import sqlite3

import pytest

from index import dense, exact, source_from_text

TOPICS = ("harbour storm ships", "bread wheat harvest", "orchestra anthem ribbon", "court verdict")


@pytest.fixture
def filled(library):
    texts = {
        f"s{n:02}": "\n\n".join(f"{topic.capitalize()} number {n * 7 + i}." for i in range(5))
        for n, topic in enumerate(TOPICS * 5)
    }
    library.add(source_from_text(text, id=id) for id, text in texts.items())
    return library


def nearest(library, k, scope=None):
    vector = library.embed_question("the wheat harvest")
    found = library.nearest_dense(vector, k, scope)
    with library._catalog.reading() as connection:
        best = exact.nearest(connection, vector, k, scope)
    assert [round(cosine, 5) for _, cosine in found] == [round(cosine, 5) for _, cosine in best]
    return [passage.source_id for passage, _ in found]


def test_all_vectors_compared_give_what_chroma_gives(filled, monkeypatch):
    monkeypatch.setattr(exact, "PART", 7)
    assert len(nearest(filled, 12)) == 12
    assert len(nearest(filled, 1000)) == 100


@pytest.mark.parametrize("exact_passages", [0, 1000], ids=["among the nearest of all", "exactly"])
def test_a_search_in_some_sources_finds_their_nearest(filled, monkeypatch, exact_passages):
    monkeypatch.setattr(dense, "EXACT_PASSAGES", exact_passages)
    scope = {f"s{n:02}" for n in range(0, 20, 2)}
    assert set(nearest(filled, 12, scope)) <= scope
    assert len(nearest(filled, 1000, scope)) == 50
    assert nearest(filled, 12, {"none"}) == []


@pytest.mark.parametrize("blobs", [[b"1234", b"12345678"], [b"123"], [None], ["text"]])
def test_vectors_that_cannot_be_read_are_damage(blobs):
    with pytest.raises(sqlite3.DatabaseError, match="a vector in it can't be read"):
        exact.stacked(blobs)


def test_sources_far_from_the_question_are_found_though_none_is_among_the_nearest(
    filled, monkeypatch
):
    monkeypatch.setattr(dense, "EXACT_PASSAGES", 0)
    far = {f"s{n:02}" for n in range(2, 20, 4)}
    found = nearest(filled, 20, far)
    assert len(found) == 20
    assert set(found) <= far
