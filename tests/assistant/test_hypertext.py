"""Answers as HTML: the structure that a page goes by, and text that stays text."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import (
    Answer,
    Citation,
    Claim,
    Disagreement,
    Highlight,
    LibraryStamp,
    Nearest,
    Place,
    Side,
    Timings,
    Withheld,
    answer_html,
)
from assistant.hypertext import (
    LEAD_CHARACTERS,
    SHOWN_CHARACTERS,
    claim_html,
    conversation_document,
)
from assistant.render import SOURCES_INSTEAD, one_line, printable

# --- a strict reader of what was written ---------------------------------------------------------

VOID = {"meta"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text for c in self.children)

    def walk(self) -> Iterator[Element]:
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, selector: str) -> list[Element]:
        """Those that "tag", ".class" or "tag.class" selects, in order."""
        tag, _, name = selector.partition(".")
        return [
            element
            for element in self.walk()
            if tag in ("", element.tag)
            and (not name or name in element.attributes.get("class", "").split())
        ]

    def one(self, selector: str) -> Element:
        (found,) = self.all(selector)
        return found


class Reader(HTMLParser):
    """Fails on whatever isn't closed in order, or has an attribute twice."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice: {tag} {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raise AssertionError(f"<{tag}/> isn't HTML")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")


def read(html: str) -> Element:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == [reader.root], "something is left open"
    ids = [each.attributes["id"] for each in reader.root.walk() if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    return reader.root


# --- answers to show -----------------------------------------------------------------------------

RAIN = "It rained on May 3."
DRY = "It was dry."


def cited(number: int, quote: str = RAIN, **parts: object) -> Citation:
    return Citation.model_validate(
        {
            "number": number,
            "source_id": f"text-{number}",
            "source_title": f"Title {number}",
            "source_uri": None,
            "source_sha256": str(number) * 64,
            "paragraph": number + 6,
            "start": 100,
            "end": 100 + len(quote),
            "quote": quote,
            "prefix": "Before. ",
            "suffix": " After.",
            "match": "exact",
            **parts,
        }
    )


def make(**parts: object) -> Answer:
    return Answer.model_validate(
        {
            "id": "1",
            "question": "Did it rain?",
            "standalone_question": "Did it rain?",
            "engine": "extractive",
            "timings_ms": Timings(total=31),
            "library": LibraryStamp(fingerprint="f", sources=1, paragraphs=9),
            "claims": (Claim(text=RAIN, citations=(1,)),),
            "citations": (cited(1),),
            **parts,
        }
    )


MAY_3 = Highlight(start=113, end=118, text="May 3")
DISPUTE = Disagreement(
    kind="polarity",
    about="rain",
    sides=(Side(text=RAIN, citations=(1,)), Side(text=DRY, citations=(2, 3))),
)
DISPUTED = make(citations=(cited(1), cited(2, DRY), cited(3, DRY)), disagreements=(DISPUTE,))
ABSTAINED = make(
    claims=(),
    citations=(),
    nearest=(Nearest(source_id="text-1", paragraph=5, text="Sun\nall day", score=0.4),),
    unanswered=("Did it rain?",),
)
WITHHELD = make(
    withheld=(
        Withheld(text="It snowed\non 5 May.", reason="date"),
        Withheld(text="It hailed.", reason="unsupported"),
    )
)


def address(place: Place) -> str:
    asked = {"source": place.source_id, "p": place.paragraph, "q": place.quote, "at": place.start}
    known = {name: value for name, value in asked.items() if value is not None}
    return f"/?{urlencode(known, errors='replace')}"


def shown(answer: Answer, link: Callable[[Place], str] | None = address) -> Element:
    return read(answer_html(answer, link=link)).one("div.answer")


# --- the fragment --------------------------------------------------------------------------------


def test_an_answer_is_its_claims_with_marks_then_the_citations_and_what_made_it() -> None:
    of_the_quote = (
        'href="/?source=text-1&amp;p=7&amp;q=It+rained+on+May+3.&amp;at=100" data-source="text-1" '
        'data-paragraph="7" data-start="100" data-end="119" data-quote="It rained on May 3." '
        'data-place="Title 1 ¶7"'
    )
    highlighted = make(citations=(cited(1, highlight=MAY_3),))
    assert answer_html(highlighted, link=address) == (
        '<div class="answer" data-status="answered">\n'
        f'<p class="claim" dir="auto">It rained on May 3. <a class="mark" {of_the_quote}>1</a></p>'
        '\n<ol class="citations">\n'
        f'<li value="1" id="citation-1"><a class="place" {of_the_quote}>Title 1 ¶7</a> '
        '<q dir="auto">It rained on <strong>May 3</strong>.</q></li>\n'
        "</ol>\n"
        '<p class="making">extractive · library of 1 source · 31 ms</p>\n'
        "</div>"
    )


def test_marks_stand_apart_so_that_they_are_not_read_as_one_number() -> None:
    both = make(claims=(Claim(text=RAIN, citations=(1, 2)),), citations=(cited(1), cited(2)))
    assert shown(both).one("p.claim").text == f"{RAIN} 1 2"


def test_a_disagreement_shows_all_sides_each_with_its_sources() -> None:
    answer = shown(DISPUTED)
    assert answer.attributes["data-status"] == "disputed"
    dispute = answer.one("section.disagreement")
    assert dispute.attributes["data-kind"] == "polarity"
    assert dispute.one("h4").text == "The sources disagree on whether it is so"
    assert [each.text for each in dispute.all("p.side-source")] == ["Title 1", "Title 2, Title 3"]
    assert [each.text for each in dispute.all("p.side-text")] == [f"{RAIN} 1", f"{DRY} 2 3"]
    marked = [each.attributes["data-source"] for each in dispute.all("a.mark")]
    assert marked == ["text-1", "text-2", "text-3"]


def test_what_the_sources_leave_open_is_said() -> None:
    answer = shown(make(unanswered=("Where?", "And\nwhen?")))
    assert answer.attributes["data-status"] == "partial"
    assert [each.text for each in answer.all("p.open")] == [
        "The sources leave open: Where?",
        "The sources leave open: And when?",
    ]


def test_an_abstention_says_so_once_and_offers_the_nearest_passages_as_such() -> None:
    answer = shown(ABSTAINED)
    assert answer.attributes["data-status"] == "abstained"
    assert answer.one("p.not-answered").text == "The sources don't answer this question."
    nearest = answer.one("section.nearest")
    assert nearest.one("h4").text == "Nearest passages (they don't answer it)"
    assert nearest.one("li").text == "text-1 ¶5 Sun all day"
    assert nearest.one("span.passage").text == "Sun all day"
    assert nearest.one("a.place").attributes == {
        "class": "place",
        "href": "/?source=text-1&p=5",
        "data-source": "text-1",
        "data-paragraph": "5",
    }
    for absent in (".claim", ".open", ".citations", ".withheld", ".disagreement", ".fell-back"):
        assert not answer.all(absent)


def test_withheld_statements_are_counted_and_can_be_opened_with_their_reasons() -> None:
    withheld = shown(WITHHELD).one("details.withheld")
    assert "open" not in withheld.attributes
    assert withheld.one("summary").text == "2 statements withheld: not supported by the sources"
    assert [each.text for each in withheld.all("li")] == [
        "It snowed on 5 May. a date in it isn't in the sources' words",
        "It hailed. the sources don't say this",
    ]
    assert withheld.all(".withheld-text")[1].text == "It hailed."
    assert withheld.all(".reason")[1].text == "the sources don't say this"


def test_a_reader_is_told_when_the_sources_sentences_stand_in_for_a_model() -> None:
    assert shown(make(model="openai:test")).one("p.fell-back").text == SOURCES_INSTEAD
    assert not shown(make(engine="model", model="openai:test")).all("p.fell-back")


def test_a_source_without_a_title_goes_by_its_id() -> None:
    answer = shown(make(citations=(cited(1, source_title=None),)))
    assert answer.one("ol.citations").one("a.place").text == "text-1 ¶7"
    assert answer.one("a.mark").attributes["data-place"] == "text-1 ¶7"


def test_the_quote_is_shown_on_one_line_and_kept_exactly_beside_it() -> None:
    quote = "It  rained\n\ton May 3."
    answer = shown(make(citations=(cited(1, quote),)))
    assert answer.one("q").text == RAIN
    for link in (answer.one("a.mark"), answer.one("a.place")):
        assert link.attributes["data-quote"] == quote


def test_an_unknown_number_is_shown_without_a_link() -> None:
    answer = shown(make(claims=(Claim(text=RAIN, citations=(1, 9)),)))
    assert answer.one("p.claim").text == f"{RAIN} 1 [9]"
    assert len(answer.all("a.mark")) == 1


def test_a_claim_in_the_making_looks_as_it_will_in_the_answer() -> None:
    claim = claim_html(DISPUTED.claims[0], DISPUTED.citations[:1], link=address)
    assert f"\n{claim}\n" in answer_html(DISPUTED, link=address)
    assert read(claim).one("p.claim").one("a.mark").text == "1"


# --- long quotes ---------------------------------------------------------------------------------


def long_quote(before: int, behind: int) -> tuple[Answer, str, str]:
    """An answer with a quote that has so many characters around "May 3", and these two parts."""
    first, last = "ab " * (before // 3), " cd" * (behind // 3)
    start = 100 + len(first)
    highlight = Highlight(start=start, end=start + 5, text="May 3")
    citation = cited(1, f"{first}May 3{last}", highlight=highlight)
    return make(citations=(citation,)), first, last


def test_a_long_quote_is_cut_in_the_list_but_not_in_the_data() -> None:
    answer, first, last = long_quote(90, 900)
    element = shown(answer)
    assert element.one("q").text == f"{first}May 3{last}"[:SHOWN_CHARACTERS] + "…"
    assert element.one("a.place").attributes["data-quote"] == answer.citations[0].quote


def test_a_quote_of_any_length_shows_the_words_that_answer() -> None:
    answer, first, last = long_quote(30_000, 30_000)
    quote = shown(answer).one("q")
    assert quote.one("strong").text == "May 3"
    behind = SHOWN_CHARACTERS - LEAD_CHARACTERS - len("May 3")
    assert quote.text == f"…{first[-LEAD_CHARACTERS:]}May 3{last[:behind]}…"


def test_answering_words_that_are_long_themselves_are_not_cut() -> None:
    words = "so " * 400 + "on"
    highlight = Highlight(start=100, end=100 + len(words), text=words)
    for quote, ending in ((words, ""), (f"{words} and on", "…")):
        answer = shown(make(citations=(cited(1, quote, highlight=highlight),)))
        assert answer.one("strong").text == words
        assert answer.one("q").text == words + ending


@given(st.text("a \n\t", max_size=12), st.text("a \n\t", max_size=12), st.text("b ", min_size=1))
def test_the_words_that_answer_are_found_again_on_one_line(
    before: str, behind: str, answering: str
) -> None:
    answering = f"b{answering}b"
    start = 100 + len(before)
    highlight = Highlight(start=start, end=start + len(answering), text=answering)
    answer = make(citations=(cited(1, before + answering + behind, highlight=highlight),))
    quote = shown(answer).one("q")
    assert quote.one("strong").text == one_line(answering)
    assert quote.text == one_line(before + answering + behind)


def targets(element: Element) -> set[str]:
    return {f"#{each.attributes['id']}" for each in element.walk() if "id" in each.attributes}


# --- without a page around it --------------------------------------------------------------------


def test_without_addresses_marks_point_at_the_citations_below() -> None:
    element = shown(DISPUTED, link=None)
    pointed = {each.attributes["href"] for each in element.all("a.mark")}
    assert pointed == targets(element.one("ol.citations"))
    assert not [each for each in element.all("a.place") if "href" in each.attributes]


def test_a_prefix_keeps_the_anchors_of_two_answers_apart() -> None:
    both = answer_html(DISPUTED, prefix="1-") + answer_html(DISPUTED, prefix="2-")
    element = read(both)
    pointed = {each.attributes["href"][1:] for each in element.all("a.mark")}
    assert len(pointed) == 6
    assert {f"#{id}" for id in pointed} == targets(element)


# --- documents -----------------------------------------------------------------------------------


def document(answer: Answer) -> Element:
    return read(answer.to_html()).one("html")


def test_a_document_has_the_question_the_answer_and_each_quote_in_its_source() -> None:
    again = cited(2, DRY, source_id="text-1", source_title="Title 1", source_sha256="1" * 64)
    html = document(make(citations=(cited(1), again)))
    assert html.attributes["lang"] == "en"
    assert html.one("title").text == html.one("h1").text == "Did it rain?"
    assert html.one("div.answer").one("p.claim").text == f"{RAIN} 1"
    source = html.one("section.source")
    assert source.one("h3").text == "Title 1"
    assert source.one(".source-id").text == "text-1"
    assert source.one(".source-sha256").text == "1" * 64
    assert not source.all(".source-uri")
    assert [each.text for each in source.all("figcaption")] == [
        "[1] ¶7, characters 100 to 119",
        "[2] ¶8, characters 100 to 111",
    ]
    assert [each.text for each in source.all("blockquote")] == [
        f"Before. {RAIN} After.",
        f"Before. {DRY} After.",
    ]
    assert [each.text for each in source.all("mark")] == [RAIN, DRY]


def test_the_quote_of_a_document_is_verbatim_however_long_it_is() -> None:
    quote = "It  rained\n\n" * 500
    assert document(make(citations=(cited(1, quote),))).one("mark").text == quote


def test_every_link_within_a_document_leads_somewhere() -> None:
    html = document(DISPUTED)
    pointed = {each.attributes["href"] for each in html.all("a")}
    assert len(pointed) == 6
    assert pointed == targets(html)


def test_a_document_fetches_nothing_and_runs_nothing() -> None:
    html = document(WITHHELD)
    policies = [
        each.attributes["content"]
        for each in html.all("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert not {each.tag for each in html.walk()} & {"script", "link", "img", "iframe", "base"}
    assert "url(" not in html.one("style").text
    assert "@import" not in html.one("style").text


@pytest.mark.parametrize("uri", ["https://a.example/b?c=1&d=2", "HTTP://a.example"])
def test_a_web_address_is_a_link(uri: str) -> None:
    link = document(make(citations=(cited(1, source_uri=uri),))).one(".source-uri").one("a")
    assert (link.text, link.attributes["href"]) == (uri, uri)
    assert link.attributes["rel"] == "noopener noreferrer"


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)//http://a.example",
        " https://a.example",
        "https://a.example/b c",
        "https://a.example/\u202egpj.exe",
        "https://a.example/\n",
        "https:/a.example",
        "https:///a",
        "data:text/html,<b>",
        "file:///etc/passwd",
        "//a.example",
        "texts/a.txt",
    ],
)
def test_any_other_address_is_text(uri: str) -> None:
    shown_uri = document(make(citations=(cited(1, source_uri=uri),))).one(".source-uri")
    assert shown_uri.text == printable(uri)
    assert not shown_uri.all("a")


def test_a_document_says_how_a_follow_up_was_understood() -> None:
    follow_up = make(question="And in Bonn?", standalone_question="Did it rain in Bonn?")
    html = document(follow_up)
    assert html.one("h1").text == "And in Bonn?"
    assert html.one("p.understood").text == "Understood as: Did it rain in Bonn?"
    assert not document(make()).all("p.understood")


def test_a_conversation_s_answers_do_not_share_anchors() -> None:
    turns = [("Did it rain?", DISPUTED), ("Did it snow?", None), ("Did it rain?", DISPUTED)]
    html = read(conversation_document(turns)).one("html")
    assert html.one("title").text == "Did it rain?"
    questions = [each.text for each in html.all("h2.question")]
    assert questions == ["Did it rain?", "Did it snow?", "Did it rain?"]
    assert html.one("p.left-out").text == "This answer no longer holds, so it is left out."
    for turn in (html.all("article")[0], html.all("article")[2]):
        assert {each.attributes["href"] for each in turn.all("a")} == targets(turn)


def test_an_empty_conversation_is_a_document_too() -> None:
    html = read(conversation_document([])).one("html")
    assert html.one("title").text == html.one("h1").text == "Conversation"


# --- text that would act -------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    "</p></div></title></style><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<!-- <![CDATA[ <?xml ]]>",
    "javascript:alert(1)",
    "![x](http://a.example/x.png)",
    "{{ 7*7 }}{% if x %}{# #}",
    "${1} $& `$1`",
    "&lt;b&gt; &amp; &#0; &nbsp",
    "a\u202egnp.exe \u2066b",
    "nul\x00 bell\x07 esc\x1b[31m \x9b2J \ud83d",
    "one\r\ntwo\fthree",
    "\ufeff\ufffe\u2028",
]

ALLOWED = {
    "": set(),
    "div": {"class", "data-status"},
    "p": {"class", "dir"},
    "a": {"class", "href", "rel"}
    | {f"data-{name}" for name in "source paragraph start end quote place".split()},
    "section": {"class", "data-kind"},
    "h1": {"class", "dir"},
    "h2": {"class", "dir"},
    "h3": {"class", "dir"},
    "h4": {"class", "dir"},
    "ul": {"class"},
    "ol": {"class"},
    "li": {"class", "value", "id"},
    "q": {"dir"},
    "strong": set(),
    "span": {"class", "dir"},
    "details": {"class"},
    "summary": set(),
    "html": {"lang"},
    "head": set(),
    "meta": {"charset", "http-equiv", "content", "name"},
    "title": set(),
    "style": set(),
    "body": set(),
    "main": set(),
    "article": {"class"},
    "dl": set(),
    "dt": set(),
    "dd": {"class"},
    "figure": {"id"},
    "figcaption": set(),
    "blockquote": {"dir"},
    "mark": set(),
}


def full_of(text: str) -> Answer:
    """An answer with the text in every place that takes text."""
    parts = {name: text for name in "source_title source_uri source_sha256 prefix suffix".split()}
    citation = cited(1, text, source_id=text, **parts)
    return make(
        id=text,
        question=text,
        standalone_question=f"{text}?",
        model=text,
        prompt_version=text,
        claims=(Claim(text=text, citations=(1,)),),
        citations=(citation,),
        disagreements=(
            Disagreement(kind="name", about=text, sides=(Side(text=text, citations=(1,)),) * 2),
        ),
        withheld=(Withheld(text=text, reason="name"),),
        nearest=(Nearest(source_id=text, paragraph=1, text=text, score=0.1),),
        unanswered=(text,),
    )


def check_allowed(element: Element) -> None:
    for each in element.walk():
        assert each.tag in ALLOWED
        assert set(each.attributes) <= ALLOWED[each.tag]
        href = each.attributes.get("href", "#")
        assert href.startswith(("#", "/?"))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_comes_out_as_text_wherever_it_stands(text: str) -> None:
    answer = full_of(text)
    line = one_line(text)
    for element in (shown(answer), document(answer)):
        check_allowed(element)
        assert element.one("p.claim").text == f"{line} 1"
        assert element.one("p.open").text == f"The sources leave open: {line}"
        assert [each.text for each in element.all("p.side-source")] == [line] * 2
        assert [each.text for each in element.all("p.side-text")] == [f"{line} 1"] * 2
        assert element.one("span.passage").text == line
        assert element.one("q").text == line
        assert element.one("span.withheld-text").text == line
        assert f"{line} was asked" in element.one("p.making").text
        for link in (element.all("a.mark")[0], element.one("ol.citations").one("a.place")):
            assert link.attributes["data-quote"] == printable(text)
            assert link.attributes["data-source"] == printable(text)
            assert link.attributes["data-place"] == f"{line} ¶7"


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_comes_out_as_text_in_a_document(text: str) -> None:
    html = document(full_of(text))
    assert html.one("title").text == html.one("h1").text == one_line(text)
    assert html.one("section.source").one("h3").text == one_line(text)
    for name in (".source-id", ".source-uri", ".source-sha256", "mark"):
        assert html.one(name).text == printable(text)
    assert html.one("blockquote").text == printable(text) * 3
    full_of(text).to_html().encode("utf-8")


@given(st.text())
def test_any_text_can_be_read_back_from_the_answer(text: str) -> None:
    element = shown(full_of(text), link=lambda place: "#")
    check_allowed(element)
    assert element.one("p.claim").text == f"{one_line(text)} 1"
    assert element.one("q").text == printable(" ".join(text.split()))[:SHOWN_CHARACTERS]
    assert element.all("a.mark")[0].attributes["data-quote"] == printable(text)


def test_an_address_that_is_given_cannot_leave_its_attribute() -> None:
    element = shown(make(), link=lambda place: '/?q="><script>')
    assert element.one("a.mark").attributes["href"] == '/?q="><script>'
    check_allowed(element)


def test_the_caller_is_given_the_source_s_own_characters_to_make_addresses_of() -> None:
    given_places: list[Place] = []

    def link(place: Place) -> str:
        given_places.append(place)
        return "/"

    answer_html(make(citations=(cited(1, "a<b\x07"),)), link=link)
    assert set(given_places) == {Place("text-1", 7, 100, "a<b\x07")}


# --- the parts it is made with -------------------------------------------------------------------


def test_answers_are_imported_without_the_template_engine() -> None:
    code = "import sys, assistant; assert not {'jinja2', 'markupsafe'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
