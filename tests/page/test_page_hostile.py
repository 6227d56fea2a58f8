"""Texts that try to act are shown as text, and the words that are cited are marked exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as TooLateError

from assistant.render import one_line, printable
from index import Library, source_from_text
from index.paragraphs import split_paragraphs
from page.addresses import page_address
from page.source_pane import NOT_THERE
from tests.page.browser import ask
from tests.page.serving import ServedPage, serving

TITLE = (
    '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script> & <b>bold</b> '
    '{{7*7}} ${7*7} "told" &lt;i&gt; \u202eover'
)
TWICE = "The gate stays shut; the warden of Perl said: “The gate stays shut.” So it did."
TEXTS = {
    "script": (
        f"# {TITLE}\n\n"
        "The <script>window.pwned=3</script> lighthouse of Orun was built in 1871 by "
        '<img src=x onerror="window.pwned=4"> Ada Krell.\n\n'
        '<style>body{display:none}</style> The keeper of Orun earned 12 crowns & "bread" a <b>.'
    ),
    "foreign": (
        "The mill of Tesk ![gear](http://198.51.100.1/x.png) grinds 40 sacks of "
        '<img src="http://198.51.100.1/y.png"> rye.\n\n'
        "The miller of Tesk is [Bo Lind](javascript:window.pwned=5), says "
        '<a href="javascript:window.pwned=6">the parish</a>.\n\n'
        "The cook of Tesk is <iframe src=http://198.51.100.1></iframe> [Ann Lee][1].\n\n"
        "[1]: http://198.51.100.1/z"
    ),
    "templates": "The toll at {{7*7}} Bridge is ${7*7} crowns, or {% raw %} eight for a cart.",
    "turning": (
        "The organ of Velm \u202ewas tuned\u202c in 1790 by \u2066Jan Roth\u2069 of Brill.\n\n"
        "The bells of Velm\x1b[31m weigh nine\x07 tons, wrote the sexton, who climbed the long "
        "stairs of the tower each and every morning before the sun was up, for forty years."
    ),
    "entities": (
        "The &lt;b&gt; sign on the gate of Harn means &amp; is for &quot;halt&quot; &#60;i&#62;."
    ),
    "characters": (
        "\U0001f409\U0001f3f3\ufe0f\u200d\U0001f308 The dragon \U0001f409 of Mirk has 77 scales "
        "\U0001d518.  The cafe\u0301 of Mirk opened in 1922.\n\n"
        "\U0001f409 \U0001f409 It closed in 1950: the owner of the cafe\u0301 of Mirk was ill."
    ),
    "windows": (
        "The ferry of Dorn\r\nleaves at noon\r\nfrom the quay.\r\n\r\n"
        "The captain of Dorn is\r\nEva Holm.\r\n"
    ),
    "endless": (
        "The chronicle of Zell begins.\n\nGrain came first. "
        + "=" * 500_000
        + " \U0001f409. The abbot of Zell planted 613 walnut trees. "
        + "=" * 500_000
        + " Oats came last."
    ),
    "many": "\n\n".join(
        "The harpist of Quay Street played in 1888." if n == 170 else f"Lantern {n}."
        for n in range(1, 201)
    ),
    "twice": TWICE,
}
QUESTIONS = {
    "script": ["When was the lighthouse of Orun built?", "What did the keeper of Orun earn?"],
    "foreign": [
        "How many sacks of rye does the mill of Tesk grind?",
        "Who is the miller of Tesk?",
        "Who is the cook of Tesk?",
    ],
    "templates": ["What is the toll at the Bridge?"],
    "turning": ["Who tuned the organ of Velm?", "How much do the bells of Velm weigh?"],
    "entities": ["What does the sign on the gate of Harn mean?"],
    "characters": [
        "How many scales does the dragon of Mirk have?",
        "When did the café of Mirk open?",
        "Who was the owner of the café of Mirk?",
    ],
    "windows": ["When does the ferry of Dorn leave?", "Who is the captain of Dorn?"],
    "endless": ["How many walnut trees did the abbot of Zell plant?"],
    "many": ["When did the harpist of Quay Street play?"],
    "twice": ["What did the warden of Perl say?"],
}
assert QUESTIONS.keys() == TEXTS.keys()


@pytest.fixture(scope="module")
def hostile(_launched: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPage]:
    """The page over the hostile library."""
    folder = tmp_path_factory.mktemp("hostile") / "library"
    with Library.create(folder) as library:
        added = library.add(source_from_text(text, id=id) for id, text in TEXTS.items())
        assert [result.outcome for result in added] == ["added"] * len(TEXTS)
    with serving("--library", folder) as page:
        yield page


# --- what is seen --------------------------------------------------------------------------------

MARKED = """() => {
  const marks = [...document.querySelectorAll("#source-pane mark")];
  const places = marks.map((mark) => {
    const before = document.createRange();
    before.setStart(mark.closest(".text"), 0);
    before.setEndBefore(mark);
    return {
      source: mark.closest(".source").dataset.source,
      paragraph: Number(mark.closest(".paragraph").dataset.number),
      start: [...before.toString()].length,
      text: mark.textContent,
    };
  });
  return JSON.stringify(places);
}"""


def marked(id: str, start: int, end: int) -> list[dict[str, Any]]:
    """What must be marked, and nothing else, for these characters of a source."""
    text = TEXTS[id]
    (paragraph,) = (p for p in split_paragraphs(id, text) if p.start <= start < end <= p.end)
    shown = printable(text[start:end])
    at = start - paragraph.start
    return [{"source": id, "paragraph": paragraph.number, "start": at, "text": shown}]


def assert_marked(page: Page, expected: list[dict[str, Any]]) -> None:
    """That this comes to be marked in the source pane, at this place, and is in view."""
    try:
        page.wait_for_function(
            f"expected => JSON.stringify(JSON.parse(({MARKED})())) === JSON.stringify(expected)",
            arg=expected,
        )
    except TooLateError:
        assert page.evaluate(f"JSON.parse(({MARKED})())") == expected
    expect(page.locator("#source-pane mark")).to_be_in_viewport()
    assert page.locator("#source-pane .note").inner_text() == ""


def assert_is_text(element: Locator, text: str) -> None:
    """That an element shows this text and has nothing in it but the mark."""
    assert element.text_content() == text
    assert element.locator("*:not(mark)").count() == 0


def assert_nothing_ran(page: Page) -> None:
    assert page.evaluate("window.pwned === undefined")
    assert page.locator(":is(img[src=x], iframe, a[href^='javascript:'])").count() == 0
    assert page.locator("body").is_visible()


def span(id: str, words: str, after: str = "") -> tuple[int, int]:
    """Where words first stand in a source, behind the first `after`."""
    start = TEXTS[id].index(words, TEXTS[id].index(after) + len(after))
    return start, start + len(words)


# --- answers and their citations -----------------------------------------------------------------


@pytest.mark.parametrize("id", TEXTS)
def test_every_citation_marks_the_quoted_words_in_a_text_that_stays_text(page_of, hostile, id):
    page = page_of(hostile)
    for question in QUESTIONS[id]:
        ask(page, question)
        turn = page.locator("#conversation .turn").last
        links = turn.locator("a.mark, .citations a.place").all()
        own = [link for link in links if link.get_attribute("data-source") == id]
        assert own, f"{question} doesn't cite {id}"
        for link in links:
            start, end = (
                int(link.get_attribute(f"data-{name}") or "") for name in ("start", "end")
            )
            expected = marked(link.get_attribute("data-source") or "", start, end)
            assert link.get_attribute("data-quote") == expected[0]["text"]
            link.click()
            assert_marked(page, expected)
            assert_nothing_ran(page)
        for claim in turn.locator(".claim").all():
            assert claim.locator("*:not(a.mark)").count() == 0


@pytest.mark.parametrize("id", TEXTS)
def test_a_source_is_shown_character_by_character(page_of, hostile, id):
    paragraphs = split_paragraphs(id, TEXTS[id])
    page = page_of(hostile, page_address(id, len(paragraphs)))
    texts = page.locator("#source-pane .paragraph .text")
    expect(texts).to_have_count(len(paragraphs))
    for element, paragraph in zip(texts.all(), paragraphs, strict=True):
        assert_is_text(element, printable(TEXTS[id][paragraph.start : paragraph.end]))
    assert_nothing_ran(page)


def test_a_title_full_of_mark_up_is_text_wherever_it_stands(page_of, hostile):
    page = page_of(hostile)
    title = one_line(TITLE)
    page.get_by_role("tab", name="Sources").click()
    listed = page.locator("table.sources a.place[data-source=script]")
    assert_is_text(listed, title)
    listed.click()
    assert_is_text(page.locator("#source-pane .source-title"), title)
    page.locator("table.sources input.all").uncheck()
    page.locator("table.sources input.one[value=script]").check()
    page.get_by_role("button", name="Remove").first.click()
    assert_is_text(page.locator("#removal strong"), title)
    page.get_by_role("button", name="Keep it").click()
    page.get_by_role("tab", name="Ask").click()
    searching = page.locator("#searching")
    expect(searching).to_contain_text(f"Searching 1 of {len(TEXTS)} sources:")
    assert_is_text(searching.locator("bdi"), title)
    ask(page, "When was the lighthouse of Orun built?")
    page.locator("#conversation a.mark").first.hover()
    assert_is_text(page.locator("#quote-tip strong"), f"{title} ¶2")
    assert_is_text(page.locator("#conversation .citations a.place"), f"{title} ¶2")
    assert_nothing_ran(page)


def test_a_question_full_of_mark_up_is_text(page_of, hostile):
    page = page_of(hostile)
    question = f"When was the lighthouse of Orun built? {TITLE}".replace("\u202e", "")
    ask(page, question)
    assert_is_text(page.locator("#conversation .question"), one_line(question))
    assert_nothing_ran(page)
    page.reload()
    page.locator("#conversation .turn .making").wait_for()
    assert_is_text(page.locator("#conversation .question"), one_line(question))
    assert_nothing_ran(page)


# --- places that are shared ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "words", "after"),
    [
        pytest.param("twice", "gate stays shut", "", id="the first of the same words"),
        pytest.param("twice", "gate stays shut", "said", id="the second of the same words"),
        pytest.param("script", '<img src=x onerror="window.pwned=4"> Ada', "", id="a tag"),
        pytest.param("script", '12 crowns & "bread" a <b>', "", id="mark-up characters"),
        pytest.param("entities", "&lt;b&gt; sign", "", id="entities"),
        pytest.param("characters", "\U0001f409 of Mirk", "", id="behind astral characters"),
        pytest.param("characters", "cafe\u0301 of Mirk", "1950", id="combining characters"),
        pytest.param("turning", "\u202ewas tuned\u202c", "", id="turned text"),
        pytest.param("turning", "weigh nine\x07 tons", "", id="control characters"),
        pytest.param("windows", "Dorn\r\nleaves", "", id="over a line end"),
        pytest.param("windows", "The ferry", "", id="at the beginning of a source"),
        pytest.param("windows", "Eva Holm.", "", id="at the end of a source"),
        pytest.param("foreign", "The miller", "", id="at the beginning of a paragraph"),
        pytest.param("foreign", "the parish</a>.", "", id="at the end of a paragraph"),
        pytest.param("twice", TWICE, "", id="all of a paragraph"),
        pytest.param("endless", "613 walnut trees", "", id="deep in a long paragraph"),
        pytest.param("endless", "Oats came last.", "", id="at the end of a long paragraph"),
        pytest.param("many", "Lantern 200.", "", id="in the last of many paragraphs"),
    ],
)
def test_a_shared_address_marks_the_very_words(page_of, hostile, id, words, after):
    start, end = span(id, words, after)
    expected = marked(id, start, end)
    address = page_address(id, expected[0]["paragraph"], start=start, quote=words)
    page = page_of(hostile, address)
    assert_marked(page, expected)
    assert_nothing_ran(page)


def test_overlapping_quotes_are_marked_one_after_the_other(page_of, hostile):
    page = page_of(hostile, page_address("twice"))
    page.locator("#source-pane .paragraph").first.wait_for()
    quotes = [
        "The gate stays shut",
        "stays shut; the warden of Perl",
        "the warden of Perl said",
        TWICE,
    ]
    for words in [*quotes, *reversed(quotes)]:
        start, end = span("twice", words)
        page.evaluate(
            """([quote, start]) => {
              const link = document.querySelector("#source-pane a.number").cloneNode(true);
              Object.assign(link.dataset, { quote, start });
              document.querySelector("#conversation").replaceChildren(link);
              link.click();
            }""",
            [words, start],
        )
        assert_marked(page, marked("twice", start, end))
    assert_is_text(page.locator("#source-pane .paragraph .text"), TWICE)


GATE = "gate stays shut"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"source": "twice", "p": 1, "q": "gate stays open"}, NOT_THERE),
        ({"source": "twice", "p": 1, "q": "ate stays sh"}, NOT_THERE),
        ({"source": "twice", "p": 1, "q": " "}, NOT_THERE),
        ({"source": "twice", "p": 1, "at": 4, "q": "word " * 1000}, NOT_THERE),
        ({"source": "twice", "p": 1, "q": "<img src=x onerror='window.pwned=8'>"}, NOT_THERE),
        ({"source": "twice", "q": GATE}, NOT_THERE),
        ({"source": "twice", "p": "1e0", "at": "-4", "q": GATE}, NOT_THERE),
        ({"source": "windows", "p": 2, "q": "The ferry"}, NOT_THERE),
        ({"source": "twice", "p": 2, "q": GATE}, "twice has no paragraph 2: it has 1."),
        ({"source": "twice", "p": 0}, "twice has no paragraph 0: it has 1."),
        ({"source": "twice", "p": 999999999}, "twice has no paragraph 999999999: it has 1."),
        ({"source": "gone", "p": 1, "q": GATE}, "There is no source 'gone' in the library"),
        ({"source": TITLE, "p": 1}, "There is no source "),
        ({"source": "ü", "p": 1}, "There is no source 'ü'"),
        ({"source": "x" * 300}, "This isn't the address of a place in a source"),
    ],
)
def test_an_address_that_is_wrong_is_told_and_marks_nothing(page_of, hostile, query, sentence):
    page = page_of(hostile, f"/?{urlencode(query)}")
    note = page.locator("#source-pane .note")
    expect(note).to_contain_text(sentence)
    assert note.locator("*").count() == 0
    assert page.locator("#source-pane mark").count() == 0
    assert_nothing_ran(page)


@pytest.mark.parametrize("at", ["nonsense", "-1", "999999999"])
def test_a_wrong_position_in_an_address_finds_the_words_all_the_same(page_of, hostile, at):
    query = urlencode({"source": "windows", "p": 2, "at": at, "q": "Eva Holm."})
    page = page_of(hostile, f"/?{query}")
    assert_marked(page, marked("windows", *span("windows", "Eva Holm.")))
