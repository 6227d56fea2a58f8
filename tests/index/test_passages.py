import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import Passage, source_from_text, split_paragraphs, split_passages, split_sentences
from index.passages import MAX_PASSAGE_TOKENS
from index.tokens import count_tokens


def passages_of(text: str) -> tuple[Passage, ...]:
    source = source_from_text(text, id="s")
    paragraphs = split_paragraphs("s", text)
    sentences = [s for p in paragraphs for s in split_sentences("s", p, text)]
    return split_passages(source, paragraphs, sentences)


def test_a_paragraph_is_a_passage():
    text = "Title\n\nOne is here. Two is there."
    assert [text[p.start : p.end] for p in passages_of(text)] == text.split("\n\n")


def test_a_long_paragraph_becomes_runs_of_whole_sentences():
    text = "The council decided to build another bridge over the river. " * 100
    passages = passages_of(text)
    assert len(passages) > 2
    for passage in passages:
        run = text[passage.start : passage.end]
        assert run.startswith("The council")
        assert run.endswith("river.")
        assert passage.tokens == count_tokens(run) <= MAX_PASSAGE_TOKENS
    assert {passage.paragraph for passage in passages} == {1}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["Short one. ", "word " * 90, "漢字。" * 60, "\n\n"])))
def test_passages_cover_the_text_in_order_without_overlap(pieces: list[str]):
    text = "".join(["start ", *pieces])
    at, rest = 0, ""
    for passage in passages_of(text):
        assert at <= passage.start < passage.end
        rest += text[at : passage.start]
        at = passage.end
    assert not (rest + text[at:]).strip()


def test_ids_differ_between_versions_of_a_source():
    before, after = passages_of("One.\n\nTwo."), passages_of("One.\n\nThree.")
    assert not {p.id for p in before} & {p.id for p in after}
    assert len({p.id for p in before}) == 2


@pytest.mark.parametrize("text", ["a" * 300_000, "漢" * 100_000, " x" * 100_000])
def test_counting_tokens_takes_linear_time(text: str):
    started = time.perf_counter()
    assert count_tokens(text) > 1000
    assert time.perf_counter() - started < 10


def test_special_tokens_in_a_text_are_only_text():
    assert count_tokens("<|endoftext|>") > 1
