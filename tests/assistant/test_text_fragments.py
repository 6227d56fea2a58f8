"""Links with text fragments: a browser finds the quote's words with them, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from assistant import Answer, Citation, Claim, LibraryStamp
from assistant.citations import CONTEXT_CHARACTERS
from assistant.text_fragments import END_WORDS, MAX_EXACT_CHARACTERS, fragment_link

PAGE = "https://example.org/news"


def cited(text: str, start: int, end: int, uri: str | None = PAGE) -> Citation:
    """A citation of `text[start:end]`, with the context that it is given."""
    return Citation(
        number=1,
        source_id="text",
        source_title=None,
        source_uri=uri,
        source_sha256="0" * 64,
        paragraph=1,
        start=start,
        end=end,
        quote=text[start:end],
        prefix=text[max(0, start - CONTEXT_CHARACTERS) : start],
        suffix=text[end : end + CONTEXT_CHARACTERS],
        match="exact",
    )


def quoting(quote: str, text: str, uri: str | None = PAGE) -> Citation:
    start = text.index(quote)
    return cited(text, start, start + len(quote), uri)


# --- a reader of the syntax: text=[prefix-,]start[,end][,-suffix] --------------------------------


@dataclass(frozen=True)
class Directive:
    start: str
    end: str | None = None
    prefix: str | None = None
    suffix: str | None = None


def read(link: str | None) -> Directive:
    """What a browser takes the link for; fails on what the grammar doesn't allow."""
    assert link is not None
    assert link.isascii()
    fragment = urlsplit(link).fragment
    assert fragment.count(":~:") == 1
    directive = fragment.partition(":~:")[2]
    assert directive.startswith("text=")
    parts = directive.removeprefix("text=").split(",")
    prefix = parts.pop(0).removesuffix("-") if parts[0].endswith("-") else None
    suffix = parts.pop().removeprefix("-") if parts[-1].startswith("-") else None
    assert len(parts) in (1, 2)
    for part in filter(None, (prefix, suffix, *parts)):
        # Of ASCII everything but "&", "-" and "," may stand for itself.
        assert re.fullmatch(r"(?:[A-Za-z0-9_.~]|%[0-9A-F]{2})+", part)
    start, end, prefix, suffix = (
        None if part is None else unquote(part, errors="strict")
        for part in (parts[0], parts[1] if len(parts) == 2 else None, prefix, suffix)
    )
    assert start
    return Directive(start, end, prefix, suffix)


# --- the words -----------------------------------------------------------------------------------


def test_a_quote_is_given_with_the_words_beside_it() -> None:
    text = "It rained in Varna on May 3, and again, all-day, on May 5 & 6. Then it was dry again."
    assert read(fragment_link(quoting("on May 5 & 6", text))) == Directive(
        "on May 5 & 6", prefix="on May 3, and again, all-day,", suffix=". Then it was dry"
    )


def test_what_separates_the_parts_is_encoded_inside_them() -> None:
    link = fragment_link(quoting("so-called “A, B & C”", "The so-called “A, B & C” won."))
    assert link == (
        "https://example.org/news#:~:text=The-,so%2Dcalled%20%E2%80%9CA%2C%20B%20%26%20C%E2%80%9D"
    )


def test_a_word_that_the_context_cuts_is_left_out() -> None:
    text = "Extraordinarily long introductions precede the harbour of Varna before everything else."
    directive = read(fragment_link(quoting("the harbour", text)))
    assert directive.prefix == "long introductions precede"
    assert directive.suffix == "of Varna before everything"


def test_a_word_at_the_very_beginning_of_the_text_is_whole() -> None:
    assert read(fragment_link(quoting("opened", "Harbour opened."))).prefix == "Harbour"


@pytest.mark.parametrize("between", ["\n\n", "\n \n", "\r\n\r\n", "\n", "\r\n"])
def test_context_stays_on_the_line_of_the_quote(between: str) -> None:
    text = f"Heading{between}It rained.{between}It was dry."
    assert read(fragment_link(quoting("It rained.", text))) == Directive("It rained.")


def test_marks_alone_are_no_context() -> None:
    assert read(fragment_link(quoting("It rained", "“It rained.”"))) == Directive("It rained")


def test_each_run_of_white_space_is_one_space() -> None:
    link = fragment_link(quoting("It\n  rained\ton\u00a0May 3", "It\n  rained\ton\u00a0May 3"))
    assert read(link).start == "It rained on May 3"


def test_a_long_quote_is_given_by_its_ends() -> None:
    words = [f"word{number}" for number in range(100)]
    directive = read(fragment_link(quoting(" ".join(words), f"He said: {' '.join(words)} to us.")))
    assert directive.start.split() == words[:END_WORDS]
    assert directive.end is not None
    assert directive.end.split() == words[-END_WORDS:]
    assert (directive.prefix, directive.suffix) == ("He said:", "to")


def test_the_last_words_are_so_many_that_they_do_not_stand_before() -> None:
    refrain = "and so it went on for years"
    quote = (
        f"At first, or so it was told, {refrain}. "
        + "Nobody knew why. " * 20
        + f"In the end, {refrain}."
    )
    directive = read(fragment_link(quoting(quote, quote)))
    assert directive.end is not None
    assert quote.count(directive.end) == 1


def test_a_quote_that_only_repeats_itself_is_given_whole() -> None:
    quote = "never " * 80 + "never"
    assert read(fragment_link(quoting(quote, quote))) == Directive(quote)


# --- the address ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "begins"),
    [
        ("http://a.example", "http://a.example#:~:text="),
        ("HTTPS://a.example/b?c=d&e=%20", "HTTPS://a.example/b?c=d&e=%20#:~:text="),
        ("https://a.example/#top", "https://a.example/#top:~:text="),
        ("https://a.example/#", "https://a.example/#:~:text="),
        ("https://a.example/#top:~:text=old", "https://a.example/#top:~:text="),
        ("https://a.example/#:~:text=old", "https://a.example/#:~:text="),
    ],
)
def test_the_page_s_own_fragment_stays(uri: str, begins: str) -> None:
    assert fragment_link(quoting("dry", "dry", uri)) == f"{begins}dry"


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "",
        "texts/a.txt",
        "file:///texts/a.txt",
        "javascript:alert(1)",
        "data:text/html,a",
        "https://",
        "https:///a",
        " https://a.example",
        "https://a.example/ b",
        "https://a.example/\u202eb",
        "ni:///sha-256;abc",
    ],
)
def test_what_is_no_web_page_has_no_link(uri: str | None) -> None:
    assert fragment_link(quoting("dry", "dry", uri)) is None


def test_a_document_leads_from_each_quote_to_its_words_on_the_page() -> None:
    citation = quoting("It rained.", "So: It rained. & so on")
    answer = Answer(
        id="1",
        question="Did it rain?",
        standalone_question="Did it rain?",
        engine="extractive",
        claims=(Claim(text="It rained.", citations=(1,)),),
        citations=(citation,),
        library=LibraryStamp(fingerprint="f", sources=1, paragraphs=1),
    )
    link = f'<a href="{fragment_link(citation)}" rel="noopener noreferrer">on its page</a>'
    assert f"characters 4 to 14, {link}</figcaption>" in answer.to_html()
    elsewhere = citation.model_copy(update={"source_uri": "file:///a.txt"})
    assert "on its page" not in answer.model_copy(update={"citations": (elsewhere,)}).to_html()


# --- for any text --------------------------------------------------------------------------------

WORDS = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=9),
        st.sampled_from(
            ["-", ",", "&", "a-b", "%2C", "so,", "¶", "é", "漢字", "\U0001f409", "\u0301"]
        ),
    ),
    min_size=1,
    max_size=120,
)


@given(WORDS, WORDS, WORDS)
@example(["a"] * 400, ["b"], ["b"])
def test_the_decoded_words_are_the_quote_s_own(
    before: list[str], quote: list[str], after: list[str]
) -> None:
    text = " ".join(before + quote + after)
    start = len(" ".join(before)) + 1
    citation = cited(text, start, start + len(" ".join(quote)))
    directive = read(fragment_link(citation))
    if directive.end is None:
        assert directive.start.split() == citation.quote.split()
    else:
        first, last = directive.start.split(), directive.end.split()
        assert len(citation.quote) > MAX_EXACT_CHARACTERS
        assert citation.quote.split()[: len(first)] == first
        assert citation.quote.split()[-len(last) :] == last
        assert len(first) + len(last) <= len(citation.quote.split())
    assert f" {' '.join(before)} ".endswith(f" {directive.prefix or ''} ".replace("  ", " "))
    assert f" {' '.join(after)} ".startswith(f" {directive.suffix or ''} ".replace("  ", " "))


@given(st.text(), st.text(), st.text())
def test_any_text_makes_an_address(before: str, quote: str, after: str) -> None:
    assume(quote.split())
    text = before + quote + after
    read(fragment_link(cited(text, len(before), len(before) + len(quote))))
