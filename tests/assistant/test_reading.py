"""Which pieces of the evidence are read, and that what is found stands in the sources."""

import pytest

from assistant.evidence import gather
from assistant.questions import read_question
from assistant.reading import PIECE_CHARS, PIECES, retrieve


@pytest.fixture
def read_evidence(sample):
    def find(question):
        return retrieve(sample.library, question)

    return find


def test_what_is_found_stands_in_its_piece_of_the_source(read_evidence):
    evidence = read_evidence("When did Trump and Putin speak by phone?")
    assert 1 <= len(evidence.readings) <= PIECES
    for found in evidence.readings:
        start, end = found.piece
        assert start <= found.start < found.end <= end
        text = evidence.sources[found.source_id].source.text
        assert end - start <= PIECE_CHARS or text[start:end].strip() == text[start:end]
        assert "\n\n" not in text[start:end]


def test_the_likeliest_answer_comes_first(read_evidence):
    evidence = read_evidence("When did Trump and Putin speak by phone?")
    margins = [found.margin for found in evidence.readings]
    assert margins == sorted(margins, reverse=True)
    best = evidence.readings[0]
    text = evidence.sources[best.source_id].source.text
    assert "February" in text[best.start : best.end]


def test_no_piece_lies_inside_another(read_evidence):
    found = read_evidence("What did Trump say about Zelensky?").readings
    for one in found:
        for other in found:
            inside = one.piece[0] >= other.piece[0] and one.piece[1] <= other.piece[1]
            assert one is other or one.source_id != other.source_id or not inside


def test_a_yes_or_a_no_is_not_read_as_it_stands_nowhere(read_evidence):
    assert read_evidence("Did Trump and Putin speak by phone?").readings == ()


def test_the_sentence_that_has_the_answer_counts_for_more(sample, read_evidence):
    question = "When did Trump and Putin speak by phone?"
    library = sample.library
    unread = gather(library, read_question(question), library.embed_question(question))
    before = {candidate.sentence: candidate.score for candidate in unread.candidates}
    evidence = read_evidence(question)
    best = evidence.readings[0]
    (holds,) = (
        candidate
        for candidate in evidence.candidates
        if candidate.sentence.source_id == best.source_id
        and candidate.sentence.start <= best.start < candidate.sentence.end
    )
    assert holds.score > before[holds.sentence]
    scores = [candidate.score for candidate in evidence.candidates]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    "question", ["Wann telefonierten Trump und Putin?", "Кого обвинил Трамп в войне в Украине?"]
)
def test_a_question_in_another_language_is_not_read(read_evidence, question):
    assert read_evidence(question).readings == ()
