"""Which sentences of two texts are counterparts."""

from __future__ import annotations

import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.comparing import compare
from assistant.pairing import Pairing, pair
from tests.assistant.comparing import Shelf

SENTENCES = (
    "The harbour of the town was closed for two weeks in May.",
    "A fire in the engine room of the ferry had damaged the pier.",
    "The mayor thanked the firemen and the sailors for their work.",
    "Fishermen ask for money from the state for their lost catch.",
    "The cannery on the hill sent its workers home without pay.",
    "Divers found the anchor of an old ship below the pier.",
)


def paired(first: list[str], second: list[str], *, twins: bool) -> Pairing:
    texts = {"first": "\n\n".join(["A", *first]), "second": "\n\n".join(["B", *second])}
    shelf = Shelf(texts, twins=twins)
    return pair(shelf.indexed("first"), shelf.indexed("second"), are_twins=twins)


def told(pairing: Pairing) -> set[tuple[str, str]]:
    return {
        (pairing.first.sentences[i].text, pairing.second.sentences[j].text)
        for i, j in pairing.links
        if pairing.first.sentences[i].paragraph > 1
    }


def test_sentences_of_twins_are_paired_in_order_and_others_are_left_out() -> None:
    added = "Nobody had expected the orchestra to play on the roof of the school."
    first, second = list(SENTENCES), [*SENTENCES[:3], added, *SENTENCES[3:]]
    assert told(paired(first, second, twins=True)) == {(s, s) for s in SENTENCES}


def test_one_sentence_may_answer_two() -> None:
    both = f"{SENTENCES[1][:-1]}, and {SENTENCES[2][0].lower()}{SENTENCES[2][1:]}"
    first = [SENTENCES[0], f"{SENTENCES[1]} {SENTENCES[2]}", *SENTENCES[3:]]
    second = [SENTENCES[0], both, *SENTENCES[3:]]
    found = told(paired(first, second, twins=True))
    assert {(SENTENCES[1], both), (SENTENCES[2], both)} <= found


def test_other_sources_may_tell_it_in_any_order() -> None:
    first, second = list(SENTENCES), list(reversed(SENTENCES))
    assert told(paired(first, second, twins=False)) == {(s, s) for s in SENTENCES}


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=8),
    st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=8),
)
def test_of_sources_that_are_no_twins_each_sentence_has_one_counterpart(
    first: list[str], second: list[str]
) -> None:
    links = paired(first, second, twins=False).links
    assert len({i for i, _ in links}) == len({j for _, j in links}) == len(links)


def test_long_articles_are_compared_quickly() -> None:
    lines = [
        f"{SENTENCES[n % 6][:-1]}, said witness number {n} of the street with {n * 7} houses."
        for n in range(400)
    ]
    paragraphs = ["\n".join(lines[n : n + 2]) for n in range(0, 400, 2)]
    text = "\n\n".join(["A title", *paragraphs])
    shelf = Shelf({"first": text, "second": text.replace("said", "says")}, twins=True)
    began = time.process_time()
    comparison = compare(shelf, "first", "second")
    assert time.process_time() - began < 4  # about 1 s; the machine may be busy
    assert len(comparison.aligned) > 190
