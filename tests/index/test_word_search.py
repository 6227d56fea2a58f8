"""Words are searched in large libraries by the rare ones, with the scores of a small one."""

from __future__ import annotations

import pytest

from index import Library, source_from_text, word_search
from index.words import content_words
from tests.index.conftest import SAMPLES

QUESTIONS = (
    "When did Trump and Putin speak by phone?",
    "the of and",
    "What did Kellogg say about the rare earth deposits?",
    "xylophone",
)


@pytest.fixture
def large(library: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """The samples, as if they were many."""
    library.add(SAMPLES)
    monkeypatch.setattr(word_search, "MANY_MATCHES", 0)
    return library


def test_a_large_library_gives_what_a_small_one_gives(
    library: Library, monkeypatch: pytest.MonkeyPatch
):
    library.add(SAMPLES)
    exact = [dict(library.nearest_lexical(question, 99)) for question in QUESTIONS]
    monkeypatch.setattr(word_search, "MANY_MATCHES", 0)
    for question, wanted in zip(QUESTIONS, exact, strict=True):
        found = dict(library.nearest_lexical(question, 99))
        assert found == pytest.approx(wanted)


def test_however_few_are_looked_at_those_with_a_rare_word_are(
    large: Library, monkeypatch: pytest.MonkeyPatch
):
    question = "Did Trump and Putin speak of Ukraine's rare earth?"
    exact = dict(large.nearest_lexical(question, 99))
    monkeypatch.setattr(word_search, "PROPOSED", 3)
    found = large.nearest_lexical(question, 99)
    assert 0 < len(found) <= 3 < len(exact)
    assert all(score == pytest.approx(exact[passage]) for passage, score in found)
    frequencies = large.document_frequency(content_words(question))
    rarest = min(filter(frequencies.get, frequencies), key=lambda word: frequencies[word])
    assert {passage for passage, _ in large.nearest_lexical(rarest, 9)} <= dict(found).keys()


def test_only_the_named_sources_are_searched(large: Library):
    large.add([source_from_text("Salt\n\nSalt was sent to Trump by Putin.", id="salt")])
    found = large.nearest_lexical("Trump Putin salt", 9, ["salt"])
    assert {passage.source_id for passage, _ in found} == {"salt"}
