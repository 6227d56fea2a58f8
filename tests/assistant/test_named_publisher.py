"""Whose text is asked for: a question may name the publisher."""

import pytest

from assistant.evidence import find
from assistant.questions import read_question
from index import Library, Stated, source_from_text


@pytest.fixture
def library(tmp_path):
    texts = {
        "The Gazette": "The harbour of Varna was closed in May, as the storm had sunk seven ships.",
        "Evening Post - Business": "The harbour of Varna was closed in May after a heavy storm.",
        "Time": "In May a storm closed the harbour of Varna.",
    }
    with Library.create(tmp_path / "library") as library:
        library.add(
            source_from_text(text, id=f"text-{n}", publisher=Stated(publisher, "front matter"))
            for n, (publisher, text) in enumerate(texts.items())
        )
        yield library


@pytest.mark.parametrize(
    ("question", "preferred"),
    [
        pytest.param("According to The Gazette, why was the harbour closed?", {0}, id="its name"),
        pytest.param(
            "What does the Evening Post say of the harbour?", {1}, id="its name without the section"
        ),
        pytest.param(
            "What do The Gazette and the Evening Post say of the harbour?", {0, 1}, id="two names"
        ),
    ],
)
def test_the_passages_of_a_publisher_that_the_question_names_are_preferred(
    library, question, preferred
):
    vector = library.embed_question(question)
    found = find(library, read_question(question), vector)
    best = {int(hit.passage.source_id[-1]) for hit, _ in found[: len(preferred)]}
    assert best == preferred


def test_a_word_that_is_also_a_publishers_name_prefers_nobody(library):
    vector = library.embed_question("At what time was the harbour closed?")
    written = [
        {hit.passage.source_id: hit.score for hit, _ in find(library, read_question(text), vector)}
        for text in ("At what time was the harbour closed?", "At what hour was the harbour closed?")
    ]
    assert written[0]["text-2"] == pytest.approx(written[1]["text-2"], abs=0.01)
