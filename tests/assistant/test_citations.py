"""Citations: quotes are found up to typography and nothing else, and are the source's own text."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.citations import cite, find, holds, sha256
from assistant.drafts import Quote
from assistant.types import Citation, Highlight
from index import IndexedSource, Sentence

Indexed = Callable[..., IndexedSource]

# --- slices --------------------------------------------------------------------------------------

# Inside a word anything may stand; its ends are visible and don't combine with what is beside it.
EDGES = "aBß7ﬁéИ中ש각٣𝒳İ"
INSIDE = [*EDGES, *"\u0301\u0323\u1161\u11a8\u00ad\u200d\u200f’'-.…½ª\u0345ʼnǆ", "🇧🇬", "e\u0308"]
WORDS = st.builds(
    lambda first, middle, last: first + "".join(middle) + last,
    st.sampled_from(EDGES),
    st.lists(st.sampled_from(INSIDE), max_size=6),
    st.sampled_from(EDGES),
)
SPACES = st.sampled_from([" ", "  ", "\u00a0", "\n", " \t", ", ", " – ", "; “"])


@st.composite
def texts_with_a_slice(draw: st.DrawFn) -> tuple[str, int, int]:
    parts: list[str] = []
    starts, ends = [], []
    for word in draw(st.lists(WORDS, min_size=1, max_size=8)):
        starts.append(sum(map(len, parts)))
        parts.append(word)
        ends.append(sum(map(len, parts)))
        parts.append(draw(SPACES))
    first = draw(st.integers(0, len(starts) - 1))
    last = draw(st.integers(first, len(starts) - 1))
    return "".join(parts), starts[first], ends[last]


@given(texts_with_a_slice())
def test_every_slice_on_word_boundaries_is_found_exactly(given_: tuple[str, int, int]) -> None:
    text, start, end = given_
    assert (start, end) in find(text[start:end], text)


@given(texts_with_a_slice())
def test_a_slice_in_other_typography_is_found_exactly(given_: tuple[str, int, int]) -> None:
    text, start, end = given_
    noisy = unicodedata.normalize("NFD", text[start:end]).replace("’", "'").replace(" ", "\u00a0 ")
    assert (start, end) in find(noisy, text)


@given(texts_with_a_slice())
def test_whatever_is_found_says_what_was_asked_for(given_: tuple[str, int, int]) -> None:
    text, start, end = given_
    for found_start, found_end in find(text[start:end], text):
        assert find(text[found_start:found_end], text[start:end])


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_is_found_in_itself_unless_it_is_blank(text: str) -> None:
    spans = find(text, text)
    if spans:
        assert find(text[slice(*spans[0])], text) == spans


# --- typographic noise ---------------------------------------------------------------------------

SOURCE = "They said: “It’s 1,200 people — the oﬃce’s first…” and left\u00a0the ex\u00adample."


@pytest.mark.parametrize(
    ("asked", "quote"),
    [
        pytest.param("\"It's 1,200 people", "“It’s 1,200 people", id="straight quotation marks"),
        pytest.param("1,200 people - the", "1,200 people — the", id="hyphen for a dash"),
        pytest.param("THEY SAID", "They said", id="case"),
        pytest.param("left the", "left\u00a0the", id="NBSP"),
        pytest.param("and  left", "and left", id="doubled spaces"),
        pytest.param("and\nleft", "and left", id="line break"),
        pytest.param("first...", "first…", id="ellipsis"),
        pytest.param("the example", "the ex\u00adample", id="soft hyphen"),
        pytest.param("office's first", "oﬃce’s first", id="ligature"),
        pytest.param(" They said ", "They said", id="outer white space"),
    ],
)
def test_typographic_noise_is_returned_as_the_source_spells_it(
    indexed: Indexed, asked: str, quote: str
) -> None:
    source = indexed(SOURCE)
    citation = cite(Quote("text", 1, asked), source)
    assert citation is not None
    assert (citation.quote, citation.match) == (quote, "folded")
    assert SOURCE[citation.start : citation.end] == quote


def test_a_verbatim_quote_is_an_exact_match(indexed: Indexed) -> None:
    citation = cite(Quote("text", 1, "and left\u00a0the"), indexed(SOURCE))
    assert citation is not None
    assert citation.match == "exact"


def test_a_citation_says_where_it_stands(indexed: Indexed) -> None:
    text = "A title\n\nFirst it rained for an hour. Then the sun came out again over the hills.\n"
    source = indexed(text)
    citation = cite(Quote("text", 2, "Then the sun came out", highlight=(9, 12)), source)
    assert citation == Citation(
        number=0,
        source_id="text",
        source_title=source.source.title.value if source.source.title else None,
        source_uri=None,
        source_sha256=sha256(text),
        paragraph=2,
        start=38,
        end=59,
        quote="Then the sun came out",
        prefix=text[6:38],
        suffix=" again over the hills.\n",
        match="exact",
        highlight=Highlight(start=47, end=50, text="sun"),
    )


def test_prefix_and_suffix_are_cut_at_the_ends_of_the_text(indexed: Indexed) -> None:
    citation = cite(Quote("text", 1, "All of it."), indexed("All of it."))
    assert citation is not None
    assert (citation.prefix, citation.suffix) == ("", "")


# --- altered quotes ------------------------------------------------------------------------------

NEGATION = re.compile(r"(?:\b(?:not|no|never|without) |n['’]t\b)")
AROUND = (2, 3, 4, 5, 6, 7, 8, 10, 12, 30)
"""How many words of the sentence are quoted on each side of the change."""


def _windows(sentence: str, start: int, end: int, new: str) -> Iterator[str]:
    """Stretches of the sentence in which `start:end` is replaced by `new`."""
    for count in AROUND:
        before = re.findall(r"\S+\s*", sentence[:start])
        after = re.findall(r"\s*\S+", sentence[end:])
        yield "".join(before[-count:]) + new + "".join(after[:count])


def _digits_changed(sentences: tuple[str, ...]) -> Iterator[str]:
    for sentence in sentences:
        for match in re.finditer(r"\d", sentence):
            for digit in "0123456789".replace(match[0], ""):
                yield from _windows(sentence, match.start(), match.end(), digit)


def _negations_removed(sentences: tuple[str, ...]) -> Iterator[str]:
    for sentence in sentences:
        for match in NEGATION.finditer(sentence):
            yield from _windows(sentence, match.start(), match.end(), "")


def _negations_inserted(sentences: tuple[str, ...]) -> Iterator[str]:
    for sentence in sentences:
        for match in list(re.finditer(r"(?<=\w) (?=\w)", sentence))[:2]:
            yield from _windows(sentence, match.start(), match.end(), " not ")


def _names_swapped(sentences: tuple[str, ...]) -> Iterator[str]:
    people = ["Trump", "Putin", "Zelensky", "Rubio", "Lavrov", "Bergman", "Berzina"]
    for sentence in sentences:
        for match in re.finditer("|".join(people), sentence):
            for other in people[:3]:
                if other != match[0]:
                    yield from _windows(sentence, match.start(), match.end(), other)


def _stitched(sentences: tuple[str, ...]) -> Iterator[str]:
    for number, sentence in enumerate(sentences):
        for other in sentences[number + 2 : number + 5]:
            begin, end = sentence.split()[:6], other.split()[-6:]
            yield " ".join(begin + end)
            yield " ".join(begin) + "… " + " ".join(end)


@pytest.mark.parametrize(
    ("alterations", "least"),
    [
        pytest.param(_digits_changed, 200, id="a digit changed"),
        pytest.param(_negations_removed, 200, id="a negation removed"),
        pytest.param(_negations_inserted, 200, id="a negation inserted"),
        pytest.param(_names_swapped, 200, id="a name swapped"),
        pytest.param(_stitched, 200, id="two places stitched"),
    ],
)
def test_an_altered_quote_is_never_found(
    articles: tuple[IndexedSource, ...],
    statements: tuple[Sentence, ...],
    alterations: Callable[[tuple[str, ...]], Iterator[str]],
    least: int,
) -> None:
    altered = set(alterations(tuple(sentence.text for sentence in statements)))
    assert len(altered) >= least
    found = [q for q in altered for article in articles if find(q, article.source.text)]
    assert not found


def test_every_sentence_of_the_articles_is_cited_verbatim(
    articles: tuple[IndexedSource, ...],
) -> None:
    for article in articles:
        for s in article.sentences:
            citation = cite(Quote(s.source_id, s.paragraph, s.text, s.start), article)
            assert citation is not None
            assert (citation.start, citation.end, citation.match) == (s.start, s.end, "exact")


# --- words, numbers and paragraphs stay whole ----------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        pytest.param("12", "in 2012", id="end of a number"),
        pytest.param("20", "in 2012", id="beginning of a number"),
        pytest.param("1", "1.5 litres", id="before a decimal point"),
        pytest.param("5 litres", "1.5 litres", id="behind a decimal point"),
        pytest.param("200", "1,200 people", id="behind a thousands separator"),
        pytest.param("5 degrees", "at -5 degrees", id="without its minus"),
        pytest.param("5 degrees", "at −5 degrees", id="without its minus sign"),
        pytest.param("12 people", "10–12 people", id="half of a range"),
        pytest.param("at 12", "at 12:30", id="half of a time"),
        pytest.param("2 cups", "1/2 cups", id="half of a fraction"),
        pytest.param("102", "10² of them", id="digits with a superscript"),
        pytest.param("in 2012", "in 2012³ already", id="a number with a superscript"),
        pytest.param("can", "we can't go", id="a verb without its n't"),
        pytest.param("can", "we can’t go", id="a verb without its curly n’t"),
        pytest.param("do", "they don’t", id="inside a contraction"),
        pytest.param("able", "unable to go", id="end of a word"),
        pytest.param("elect", "elected", id="beginning of a word"),
        pytest.param("exam", "an ex\u00adam\u00adple", id="up to a soft hyphen"),
        pytest.param("ple", "exam\u200bple", id="from a zero-width space on"),
        pytest.param("snake", "snake_case", id="up to an underscore"),
        pytest.param("fi", "ofﬁce", id="inside a ligature"),
        pytest.param("f", "ﬁ", id="half of a ligature"),
        pytest.param("wait.", "wait…", id="a third of an ellipsis"),
        pytest.param("cafe", "cafe\u0301", id="a letter without its accent"),
        pytest.param("हिन", "हिन्दी", id="before a vowel sign"),
        pytest.param("ह", "हि", id="a letter without its vowel sign"),
    ],
)
def test_a_quote_never_begins_or_ends_inside_a_word_or_number(asked: str, text: str) -> None:
    assert find(asked, text) == []


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        pytest.param("12", "on 12.", id="number before a full stop"),
        pytest.param("12", "12, 13", id="number in a list"),
        pytest.param("16", "an F-16 jet", id="number in a designation"),
        pytest.param("year", "the year-long war", id="part of a compound"),
        pytest.param("can", "we ‘can’ go", id="word in single quotation marks"),
        pytest.param("500", "$500 billion", id="sum behind its sign"),
        pytest.param("12", "12% of it", id="number before a percent sign"),
        pytest.param("so", "(so)", id="word in brackets"),
    ],
)
def test_a_whole_word_or_number_is_found_beside_punctuation(asked: str, text: str) -> None:
    start = text.index(asked)
    assert find(asked, text) == [(start, start + len(asked))]


@pytest.mark.parametrize("asked", ["", " ", "\n\t", "\u00ad", "\u200b \u200b"])
def test_an_empty_quote_is_found_nowhere(asked: str) -> None:
    assert find(asked, "a \u00ad b") == []


@pytest.mark.parametrize("paragraph", [-1, 0, 1, 3, 4, 10**12])
def test_a_quote_is_looked_for_in_its_paragraph_only(indexed: Indexed, paragraph: int) -> None:
    source = indexed("One says yes to it.\n\nTwo says no to it.\n\nThree stays away from it.")
    assert cite(Quote("text", paragraph, "Two says no"), source) is None
    assert cite(Quote("text", 2, "Two says no"), source) is not None


def test_a_quote_cannot_leave_its_paragraph(indexed: Indexed) -> None:
    source = indexed("One says yes to it.\n\nTwo says no to it.")
    for paragraph in (1, 2):
        assert cite(Quote("text", paragraph, "to it. Two says"), source) is None


@pytest.mark.parametrize(
    ("hint", "start"),
    [
        pytest.param(None, 0, id="the first without a hint"),
        pytest.param(0, 0, id="at the first"),
        pytest.param(9, 11, id="nearer to the second"),
        pytest.param(11, 11, id="at the second"),
        pytest.param(5, 0, id="nearer to the first"),
        pytest.param(999, 22, id="behind the last"),
        pytest.param(-50, 0, id="before the first"),
    ],
)
def test_of_several_occurrences_the_one_nearest_to_the_hint_is_cited(
    indexed: Indexed, hint: int | None, start: int
) -> None:
    citation = cite(Quote("text", 1, "It rained", start=hint), indexed("It rained. " * 3))
    assert citation is not None
    assert citation.start == start


def test_of_two_occurrences_as_near_to_the_hint_the_earlier_is_cited(indexed: Indexed) -> None:
    citation = cite(Quote("text", 1, "a day", start=4), indexed("a day + a day of sun"))
    assert citation is not None
    assert citation.start == 0


def test_occurrences_that_overlap_are_all_found() -> None:
    assert find("no no", "no no no") == [(0, 5), (3, 8)]


def test_a_highlight_that_leaves_its_quote_makes_no_citation(indexed: Indexed) -> None:
    for highlight in ((0, 99), (-3, 2), (2, 2), (5, 3)):
        assert cite(Quote("text", 1, "They said", highlight=highlight), indexed(SOURCE)) is None


def test_a_folded_match_has_no_highlight_as_its_offsets_are_not_the_sources(
    indexed: Indexed,
) -> None:
    citation = cite(Quote("text", 1, "THEY SAID", highlight=(0, 4)), indexed(SOURCE))
    assert citation is not None
    assert citation.highlight is None


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        pytest.param("a " * 50_000, "a " * 100_000, id="half of a repeated word"),
        pytest.param("a" * 50_000, "a" * 200_000, id="part of a repeated letter"),
        pytest.param("e\u0301" * 50_000, "e\u0301" * 100_000, id="half of repeated accents"),
        pytest.param("a\u00ad" * 50_000 + "b", "a\u00ad" * 100_000, id="nearly there each time"),
    ],
)
def test_hostile_text_is_searched_in_linear_time(quote: str, text: str) -> None:
    began = time.perf_counter()
    find(quote, text)
    assert time.perf_counter() - began < 10


# --- the promise in code -------------------------------------------------------------------------


@pytest.fixture
def source(indexed: Indexed) -> IndexedSource:
    return indexed("One says yes to it.\n\nTwo says no to it, and no again.")


@pytest.fixture
def citation(source: IndexedSource) -> Citation:
    made = cite(Quote("text", 2, "Two says no", highlight=(9, 11)), source)
    assert made is not None
    return made


def test_a_made_citation_holds(source: IndexedSource, citation: Citation) -> None:
    assert holds(citation, source)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"start": 22}, id="start"),
        pytest.param({"end": 31}, id="end"),
        pytest.param({"start": 0, "end": 0, "quote": ""}, id="nothing quoted"),
        pytest.param({"start": -30, "end": -19}, id="offsets from the end"),
        pytest.param({"quote": "Two says on"}, id="quote"),
        pytest.param({"quote": "two says no"}, id="letter case of the quote"),
        pytest.param({"source_sha256": "0" * 64}, id="sha256"),
        pytest.param({"source_id": "other"}, id="source"),
        pytest.param({"paragraph": 1}, id="paragraph"),
        pytest.param({"paragraph": 0}, id="paragraph below the first"),
        pytest.param({"paragraph": 3}, id="paragraph behind the last"),
        pytest.param(
            {"highlight": Highlight(start=0, end=3, text="One")}, id="highlight outside the quote"
        ),
        pytest.param(
            {"highlight": Highlight(start=21, end=24, text="One")}, id="text of the highlight"
        ),
        pytest.param({"highlight": Highlight(start=24, end=24, text="")}, id="empty highlight"),
    ],
)
def test_a_citation_that_was_tampered_with_does_not_hold(
    source: IndexedSource, citation: Citation, change: dict[str, object]
) -> None:
    assert not holds(citation.model_copy(update=change), source)


def test_a_citation_does_not_hold_over_paragraphs(
    source: IndexedSource, citation: Citation
) -> None:
    whole = source.source.text[:32]
    change = {"start": 0, "end": 32, "quote": whole, "highlight": None}
    for paragraph in (1, 2):
        assert not holds(citation.model_copy(update={**change, "paragraph": paragraph}), source)


def test_a_citation_does_not_hold_when_the_stored_text_was_edited(
    indexed: Indexed, citation: Citation
) -> None:
    assert not holds(citation, indexed("One says yes to it.\n\nTwo says no to it, and yes again."))


def test_a_part_of_a_text_without_spaces_between_words_can_be_quoted() -> None:
    assert find("汉字很美", "我觉得汉字很美，也很难。") == [(3, 7)]
