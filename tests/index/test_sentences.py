import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import Paragraph, Sentence, split_sentences
from index.sentences import MAX_SENTENCE_CHARS

CHARACTERS = st.sampled_from(
    [
        *"aA1.!?…\"'“”„«»()。」 \n\r\t\0",
        "\u2028",
        "\u200b",
        "\u200f",
        "א",
        "😀",
        "e\u0301",
        "ﬁ",
        "Я",
    ]
)
TEXTS = st.lists(CHARACTERS | st.characters(exclude_categories=["Cs"]), max_size=80).map("".join)
KINDS = st.sampled_from(["title", "heading", "byline", "caption", "boilerplate", "body"])


def split(text: str, kind: str = "body", lang: str = "en") -> list[Sentence]:
    start = len(text) - len(text.lstrip())
    paragraph = Paragraph("s", 1, start, max(start, len(text.rstrip())), kind)
    return split_sentences("s", paragraph, text, lang)


def texts(*arguments: str) -> list[str]:
    return [sentence.text for sentence in split(*arguments)]


@given(TEXTS, KINDS)
def test_sentences_are_exact_ordered_stripped_and_leave_only_white_space(text: str, kind: str):
    at, rest = 0, ""
    for sentence in split(text, kind):
        assert sentence.text == text[sentence.start : sentence.end]
        assert sentence.text == sentence.text.strip() != ""
        assert sentence.utterance_start <= sentence.start < sentence.end <= sentence.utterance_end
        assert at <= sentence.start
        rest += text[at : sentence.start]
        at = sentence.end
    assert not (rest + text[at:]).strip()


def test_offsets_count_characters_not_bytes():
    text = "  😀 Это первое. Вот второе 😀 предложение."
    assert texts(text) == ["😀 Это первое.", "Вот второе 😀 предложение."]


def test_a_quotation_of_several_sentences_is_one_utterance():
    text = (
        '"The bridge is far too old for us. We must build a new one here. '
        'Nobody will wait for it any longer," she said. The rain fell.'
    )
    sentences = split(text)
    assert [s.text for s in sentences] == [
        '"The bridge is far too old for us.',
        "We must build a new one here.",
        'Nobody will wait for it any longer," she said.',
        "The rain fell.",
    ]
    assert {text[s.utterance_start : s.utterance_end] for s in sentences[:3]} == {
        text.removesuffix(" The rain fell.")
    }
    assert (sentences[3].utterance_start, sentences[3].utterance_end) == (
        sentences[3].start,
        sentences[3].end,
    )


def test_opening_quotation_marks_belong_to_the_sentence_they_open():
    first = "“The bridge is far too old for us,” he said."
    second, third = "“We must build a new one here.", "Nobody will wait for it any longer.”"
    assert texts(f"{first} {second} {third}") == [first, second, third]


def test_a_few_uttered_words_stay_with_what_they_follow():
    text = "“What will they do with all of Japan? Or Taiwan?” she asks."
    assert texts(text) == [text]


def test_abbreviations_end_no_sentence():
    assert texts("Mr. Smith of the U.S. Army came. He left.") == [
        "Mr. Smith of the U.S. Army came.",
        "He left.",
    ]


def test_outside_the_body_each_line_stands_for_itself():
    assert texts("12 views\n Photo: AP \nBe careful. It is hot.", "boilerplate") == [
        "12 views",
        "Photo: AP",
        "Be careful.",
        "It is hot.",
    ]


def test_a_monster_is_cut_at_white_space_or_where_it_must_be():
    for text in ("word " * 2000, "x" * 5000):
        sentences = split(text)
        assert len(sentences) > 1
        assert all(len(s.text) <= MAX_SENTENCE_CHARS for s in sentences)
    assert all(s.text.endswith("word") for s in split("word " * 2000))


def test_a_sentence_at_the_edge_of_a_window_stays_whole():
    text = "This is a sentence of some length. " * 400
    assert set(texts(text)) == {"This is a sentence of some length."}


@pytest.mark.parametrize("lang", ["", "zz", "a" * 1000, "\0", "de-AT"])
def test_an_unknown_language_is_no_failure(lang: str):
    assert len(texts("One came. Two left.", "body", lang)) == 2


@pytest.mark.parametrize(
    "piece", ["“", "。」", "“This is. ", '"A b. C d" ', "a", "\0", "x\n"], ids=repr
)
def test_hostile_texts_take_linear_time(piece: str):
    started = time.perf_counter()
    split((piece * 200_000)[:200_000])
    assert time.perf_counter() - started < 10
