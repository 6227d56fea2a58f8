"""A library of more sources than a page lists: they are found, turned over, ticked and filtered."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from index import Library, Stated, source_from_text
from page.source_list import ON_A_PAGE
from tests.page.browser import ask, axe
from tests.page.serving import ServedPage, serving

COUNT = ON_A_PAGE + 10
NONE_LEFT = (
    "With the first day '2031-01-01' no source is left (1 source states no date): leave it out or "
    "change it."
)


@pytest.fixture(scope="module")
def many(_launched: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPage]:
    """Sixty bells: every second German, of two publishers; the last states nothing."""
    folder = tmp_path_factory.mktemp("many") / "library"
    with Library.create(folder) as library:
        library.add(
            source_from_text(
                f"The bell of hall {n} weighs {n + 200} pounds.",
                id=f"bell-{n:02}",
                title=Stated(f"Bell {n}", "caller"),
                **{} if n == COUNT - 1 else stated(n),
            )
            for n in range(COUNT)
        )
    with serving("--library", folder) as page:
        yield page


def stated(n: int) -> dict[str, Stated]:
    values = {
        "published": f"{2000 + n % 20}-05-01",
        "publisher": "The Daily" if n % 3 else "Der Tag",
        "lang": "de" if n % 2 else "en",
    }
    return {name: Stated(value, "caller") for name, value in values.items()}


def searching(page: Page) -> Locator:
    return page.locator("#searching")


def tab(page: Page, name: str) -> Page:
    page.get_by_role("tab", name=name).click()
    return page


def rows(page: Page) -> Locator:
    return page.locator("table.sources input.one")


def opened(page: Page) -> Page:
    """The page with the filter's form open."""
    expect(searching(page)).to_contain_text("Searching")
    page.locator(".filter summary").click()
    return page


# --- the filter ----------------------------------------------------------------------------------


def test_the_filter_narrows_the_search_and_says_to_how_many(page_of, many):
    page = opened(page_of(many))
    page.get_by_label("From").fill("2015-01-01")
    expect(searching(page)).to_have_text("Searching 14 of 60 sources, dated from 2015-01-01")
    page.get_by_label("Publisher").fill("der tag")
    page.get_by_label("Language").select_option("de")
    line = "Searching 3 of 60 sources, dated from 2015-01-01, published by der tag, in de"
    expect(searching(page)).to_have_text(line)
    ask(page, "How much does the bell of hall 39 weigh?")
    marks = page.locator("#conversation a.mark").all()
    cited = {mark.get_attribute("data-source") for mark in marks}
    assert "bell-39" in cited <= {"bell-15", "bell-39", "bell-57"}
    tab(page, "Sources")
    expect(rows(page)).to_have_count(3)
    expect(page.locator("table.sources caption")).to_contain_text("Sources dated from 2015-01-01")
    page.reload()
    expect(searching(page)).to_have_text(line)
    opened(page)
    expect(page.get_by_label("Publisher")).to_have_value("der tag")
    page.get_by_role("button", name="Clear").click()
    expect(searching(page)).to_have_text("Searching all 60 sources")
    expect(page.get_by_label("From")).to_have_value("")


def test_a_filter_that_leaves_nothing_is_told_before_and_when_asking(page_of, many):
    page = opened(page_of(many))
    page.get_by_label("From").fill("2031-01-01")
    expect(searching(page)).to_have_text(NONE_LEFT)
    question = page.locator("#question textarea")
    question.fill("How much does the bell of hall 7 weigh?")
    question.press("Enter")
    expect(page.locator("#conversation .failure")).to_have_text(NONE_LEFT)
    expect(question).to_have_value("How much does the bell of hall 7 weigh?")
    expect(tab(page, "Sources").locator("#sources .failure")).to_contain_text(NONE_LEFT)


def test_the_filter_is_set_by_the_keyboard_alone(page_of, many):
    page = page_of(many)
    expect(searching(page)).to_have_text("Searching all 60 sources")
    page.locator(".filter summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("05012015")
    expect(searching(page)).to_have_text("Searching 14 of 60 sources, dated from 2015-05-01")
    page.get_by_label("Publisher").focus()
    page.keyboard.type("Der Tag")
    page.keyboard.press("Enter")
    expect(searching(page)).to_contain_text("published by Der Tag")
    page.get_by_role("button", name="Clear").focus()
    page.keyboard.press("Space")
    expect(searching(page)).to_have_text("Searching all 60 sources")
    assert searching(page).get_attribute("aria-live") == "polite"


def test_what_the_sources_state_is_proposed(page_of, many):
    page = opened(page_of(many))
    proposed = page.locator("#publishers option").evaluate_all("all => all.map((one) => one.value)")
    assert proposed == ["The Daily", "Der Tag"]
    choices = page.get_by_label("Language").locator("option").all_inner_texts()
    assert choices == ["any", "English", "German"]


def test_filter_and_ticks_hold_together(page_of, many):
    page = opened(page_of(many))
    page.get_by_label("Language").select_option("de")
    expect(searching(page)).to_contain_text("Searching 29 of 60")
    tab(page, "Sources").locator("input.one[value=bell-01]").uncheck()
    expect(searching(page)).to_contain_text("Searching 28 of 60")
    assert json.loads(page.evaluate("sessionStorage.getItem('pincite.sources')")) == {
        "without": ["bell-01"],
        "lang": "de",
    }


# --- the list ------------------------------------------------------------------------------------


def test_the_list_is_turned_over_and_the_focus_stays_on_the_button(page_of, many):
    page = tab(page_of(many), "Sources")
    expect(rows(page)).to_have_count(ON_A_PAGE)
    expect(page.locator(".pages").first).to_contain_text("1–50 of 60")
    page.get_by_role("button", name="Next").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".pages").first).to_contain_text("51–60 of 60")
    expect(rows(page)).to_have_count(COUNT - ON_A_PAGE)
    expect(page.get_by_role("button", name="First").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(rows(page).first).to_have_attribute("value", "bell-00")


def test_sources_are_found_by_words(page_of, many):
    page = tab(page_of(many), "Sources")
    box = page.get_by_role("searchbox")
    box.fill("DAILY 57")
    expect(rows(page)).to_have_count(0)
    expect(page.locator("#sources")).to_contain_text("No source has “DAILY 57” in its title")
    box.fill("daily 58")
    expect(rows(page)).to_have_count(1)
    expect(page.locator(".finder [role=status]")).to_have_text("1 sources found")
    box.press("Enter")
    expect(box).to_be_focused()
    box.fill("")
    expect(rows(page)).to_have_count(ON_A_PAGE)


def test_ticks_last_while_pages_are_turned_and_words_looked_for(page_of, many):
    page = tab(page_of(many), "Sources")
    page.get_by_role("button", name="Tick none").click()
    expect(searching(page)).to_have_text("No source is chosen: tick at least one under Sources.")
    rows(page).first.check()
    page.get_by_role("searchbox").fill("bell-59")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).not_to_be_checked()
    page.locator("input.all").check()
    expect(searching(page)).to_have_text("Searching 2 of 60 sources: Bell 0; Bell 59")
    page.get_by_role("searchbox").fill("")
    expect(rows(page)).to_have_count(ON_A_PAGE)
    expect(rows(page).first).to_be_checked()
    expect(rows(page).nth(1)).not_to_be_checked()
    page.get_by_role("button", name="Tick all").click()
    expect(searching(page)).to_have_text("Searching all 60 sources")
    expect(page.locator("input.all")).to_be_checked()


def test_the_box_above_ticks_what_is_listed_and_no_more(page_of, many):
    page = tab(page_of(many), "Sources")
    page.get_by_label("Search all that are listed here").uncheck()
    expect(searching(page)).to_contain_text("Searching 10 of 60 sources: Bell 50; Bell 51")


# --- how it looks --------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_controls_have_no_serious_faults(page_of, many, scheme: str, width: int):
    viewport = {"width": width, "height": 740}
    page = opened(page_of(many, color_scheme=scheme, viewport=viewport))
    page.get_by_label("From").fill("2012-01-01")
    expect(searching(page)).to_contain_text("dated from 2012-01-01")
    assert axe(page) == []
    overflow = "document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(overflow) <= 0
    page.get_by_role("button", name="Clear").click()
    tab(page, "Sources")
    expect(rows(page)).to_have_count(ON_A_PAGE)
    assert axe(page) == []
    assert page.evaluate(overflow) <= 0
