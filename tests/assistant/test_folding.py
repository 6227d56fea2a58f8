"""Folding: what typography changes is evened out, what the text says is not."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.folding import fold, fold_with_offsets

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("“so” he said", '"so" he said', id="curly quotation marks"),
        pytest.param("„so“ «so»", '"so" "so"', id="low and angle quotation marks"),
        pytest.param("it’s ‘so’", "it's 'so'", id="apostrophes"),
        pytest.param("1990–95 — then", "1990-95 - then", id="dashes"),
        pytest.param("−5 °C", "-5 °C", id="minus sign"),
        pytest.param("THE END", "the end", id="letter case"),
        pytest.param("Straße", "STRASSE", id="sharp s"),
        pytest.param("a\u00a0b\u2009c\u3000d", "a b c d", id="kinds of spaces"),
        pytest.param("a \n\t b", "a b", id="runs of white space"),
        pytest.param("wait…", "wait...", id="ellipsis"),
        pytest.param("ﬁrst oﬃce", "first office", id="ligatures"),
        pytest.param("ex\u00adam\u00adple", "example", id="soft hyphens"),
        pytest.param("a\u200bb\u200dc\ufeffd", "abcd", id="zero-width characters"),
        pytest.param("\u200fשלום\u200e", "שלום", id="direction marks"),
        pytest.param("Zoe\u0308", "Zoë", id="combining marks"),
        pytest.param("각", "\u1100\u1161\u11a8", id="Hangul jamo"),
        pytest.param("２０２５", "2025", id="full-width digits"),
        pytest.param("  so  ", "so", id="outer white space"),
    ],
)
def test_typography_is_folded(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("10² people", "102 people", id="superscript"),
        pytest.param("3½ years", "31/2 years", id="fraction"),
        pytest.param("in 2012³", "in 20123", id="footnote mark"),
        pytest.param("resume", "résumé", id="accents"),
        pytest.param("re-sign", "resign", id="hyphen"),
        pytest.param("1,5", "1.5", id="decimal separator"),
        pytest.param("a b", "ab", id="space between words"),
        pytest.param("it is; it", "it is, it", id="punctuation"),
        pytest.param("мир", "mир", id="look-alike letters"),
    ],
)
def test_what_the_text_says_is_not_folded(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(TEXT)
def test_every_folded_character_knows_where_it_came_from(text: str) -> None:
    folded = fold_with_offsets(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert list(folded.starts) == sorted(folded.starts)
    for start, end in zip(folded.starts, folded.ends, strict=True):
        assert 0 <= start < end <= len(text)


@given(TEXT)
def test_normal_forms_of_a_text_fold_alike(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@given(TEXT)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(TEXT)
def test_white_space_is_folded_to_single_spaces(text: str) -> None:
    folded = fold_with_offsets(text).text
    assert "  " not in folded
    assert not any(c.isspace() for c in folded.replace(" ", ""))


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param("a ", id="words"),
        pytest.param("щ", id="one long word"),
        pytest.param("\u0301", id="combining marks"),
        pytest.param("\u1161", id="Hangul vowels"),
        pytest.param("\u00ad", id="soft hyphens"),
        pytest.param("   \n", id="white space"),
        pytest.param("ﷺ", id="a ligature of many letters"),
    ],
)
def test_hostile_text_is_folded_in_linear_time(unit: str) -> None:
    text = unit * (200_000 // len(fold(unit) or unit))
    began = time.perf_counter()
    fold_with_offsets(text)
    assert time.perf_counter() - began < 10
