"""The tab of the sources: texts are added, chosen and removed, and bad ones are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from index import Library, source_from_text
from page.sources_tab import SENT_BYTES
from tests.page.browser import ANSWER_MS, ask
from tests.page.serving import serving

HARBOUR = "The harbour of Varn reopened on 3 May 2024 after two weeks."
MILL = "The mill of Osk was built in 1911 by Tove Lund."
TEXTS = {"harbour": HARBOUR, "mill": MILL}


@dataclass(frozen=True)
class OwnLibrary:
    """A library that is served at `address`, and that a test may change."""

    address: str
    folder: Path

    def hold(self, texts: dict[str, str]) -> None:
        """Let it hold these texts and no others."""
        with Library.open(self.folder) as library:
            for id in library.content():
                library.remove(id)
            library.add(source_from_text(text, id=id) for id, text in texts.items())


@pytest.fixture(scope="module")
def changeable(_launched: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLibrary]:
    folder = tmp_path_factory.mktemp("sources") / "library"
    Library.create(folder).close()
    with serving("--library", folder) as page:
        yield OwnLibrary(page.address, folder)


@pytest.fixture
def own(changeable: OwnLibrary) -> OwnLibrary:
    """The served library, with two texts."""
    changeable.hold(TEXTS)
    return changeable


@pytest.fixture
def given(tmp_path):
    """Makes files to be uploaded: `given("name.txt", b"text")` is the path."""

    def make(name: str, content: bytes | str) -> Path:
        path = tmp_path / "given" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def sources_tab(page: Page) -> Page:
    page.get_by_role("tab", name="Sources").click()
    page.locator("table.sources").wait_for()
    return page


def upload(page: Page, *paths: Path) -> list[str]:
    """Upload files; what became of each, in a line."""
    forget(page)
    page.locator("#upload input[type=file]").set_input_files(paths)
    return told(page, len(paths))


def paste(page: Page, name: str, text: str) -> list[str]:
    """Add a pasted text; what became of it, in a line."""
    box = page.get_by_label("Name")
    if not box.is_visible():
        page.get_by_role("button", name="Paste a text").click()
    box.fill(name)
    page.get_by_label("Text", exact=True).fill(text)
    forget(page)
    page.get_by_role("button", name="Add this text").click()
    return told(page, 1)


def forget(page: Page) -> None:
    """Tell the lines that are there from those that come."""
    page.locator("#added li").evaluate_all("lines => lines.forEach((line) => line.id = 'old')")


def told(page: Page, count: int) -> list[str]:
    """The lines on texts that were added, once all of them are through."""
    lines = page.locator("#added li:not(#old)")
    expect(lines).to_have_count(count, timeout=ANSWER_MS)
    expect(page.locator("#added .waiting")).to_have_count(0, timeout=ANSWER_MS)
    return [" ".join(line.split()) for line in lines.all_inner_texts()]


def listed(page: Page) -> Locator:
    """The ids of the sources in the table."""
    return page.locator("table.sources input.one")


def expect_ids(page: Page, expected: list[str]) -> None:
    """That the table comes to list these sources, in this order."""
    expect(listed(page)).to_have_count(len(expected))
    for box, id in zip(listed(page).all(), expected, strict=True):
        expect(box).to_have_attribute("value", id)


def choose(page: Page, *chosen: str) -> None:
    for box in listed(sources_tab(page)).all():
        box.set_checked(box.get_attribute("value") in chosen)


def cited(page: Page) -> set[str | None]:
    """The sources that the newest answer cites."""
    marks = page.locator("#conversation .turn").last.locator("a.mark").all()
    return {mark.get_attribute("data-source") for mark in marks}


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


# --- adding --------------------------------------------------------------------------------------


def test_of_many_files_the_good_ones_go_in_and_each_bad_one_is_told(page_of, own, given):
    page = sources_tab(page_of(own))
    turned = "gnp\u202etxt.txt"
    lines = upload(
        page,
        given("bell.txt", "The bell of Rila weighs nine tons."),
        given("paper.pdf", b"%PDF-1.4\x00\x01\xff\xfe" * 20),
        given("empty.txt", b""),
        given("garbage.txt", b"\x00\x01\x02\x03" * 20),
        given("latin.txt", "Die Brücke von Lom".encode("latin-1")),
        given("large.txt", b"word " * 4_200_000),
        given("..%2f..%2fetc%2fpasswd.txt", "The crane of Lom is 40 metres high."),
        given("<img src=x onerror=alert(1)>.txt", "The clock of Vidin stopped in 1933."),
        given(turned, "The well of Pirot is 60 feet deep."),
        given("notes.md", "# The oven\n\nThe oven of Nis bakes 200 loaves."),
    )
    outcomes = [line.partition(" ")[0] for line in lines]
    assert outcomes == ["added"] + ["refused"] * 3 + ["added", "refused"] + ["added"] * 4
    assert lines[1].endswith("can't be read as a PDF: it is damaged, or isn't one.")
    assert lines[2].endswith("is empty: leave it out.")
    assert lines[3].endswith("holds binary data, not text: save it as plain UTF-8 text.")
    assert lines[5].endswith("is larger than 20 MB: split it into several files.")
    assert "gnp\N{REPLACEMENT CHARACTER}txt.txt" in lines[8]
    expect(listed(page)).to_have_count(len(TEXTS) + 6)
    assert page.locator("#added img").count() == 0
    assert page.locator(".toast-wrap").inner_text() == ""


def test_uploads_stay_in_the_librarys_folder_and_no_path_of_the_server_is_shown(
    page_of, own, given
):
    page = sources_tab(page_of(own))
    library = own.folder
    around = files_in(library.parent)
    escaping = given("..%2f..%2f..%2fescaped.txt", "The crane of Lom is 40 metres high.")
    lines = upload(page, escaping, given("paper.pdf", b"%PDF"), given("empty.txt", b""))
    new = files_in(library.parent) - around
    assert new
    assert {path.partition("/")[0] for path in new} == {library.name}
    (uploads,) = library.glob("uploads-*")
    assert uploads.stat().st_mode & 0o077 == 0
    expect(listed(page)).to_have_count(len(TEXTS) + 1)
    source = listed(page).last.get_attribute("value")
    page.locator(f"table.sources a[data-source='{source}']").click()
    page.locator("#source-pane .paragraph").wait_for()
    shown = page.content() + "".join(lines)
    assert str(library.parent) not in shown
    assert uploads.name not in shown


def test_a_file_that_is_larger_than_what_is_taken_is_told_when_it_is_dropped(page_of, own):
    page = sources_tab(page_of(own))
    page.evaluate(
        """size => {
          const data = new DataTransfer();
          data.items.add(new File(["The bell of Rila weighs nine tons."], "bell.txt"));
          data.items.add(new File([new Uint8Array(size).fill(97)], "large.txt"));
          const box = document.querySelector("#upload input[type=file]").parentElement;
          box.dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer: data }));
        }""",
        SENT_BYTES + 5_000_000,
    )
    lines = told(page, 2)
    assert lines[0] == "added bell.txt as bell"
    assert lines[1].endswith("is larger than 20 MB: split it into several files.")


def test_a_pasted_text_is_answered_from_at_once(page_of, own):
    page = sources_tab(page_of(own))
    assert paste(page, "My bells", "The bell of Rila weighs nine tons.") == [
        "added My bells as my-bells"
    ]
    expect(page.get_by_label("Name")).to_have_value("")
    expect(page.locator(".masthead")).to_contain_text("3 sources, 3 paragraphs")
    page.get_by_role("tab", name="Ask").click()
    expect(page.locator("#searching")).to_have_text("Searching all 3 sources")
    ask(page, "How much does the bell of Rila weigh?")
    assert cited(page) == {"my-bells"}
    page.locator("#conversation a.mark").first.click()
    expect(page.locator("#source-pane mark")).to_have_text("The bell of Rila weighs nine tons.")


def test_a_text_without_a_name_is_named_by_its_first_line(page_of, own):
    page = sources_tab(page_of(own))
    lines = paste(page, "", "On bells\n\nThe bell of Rila weighs nine tons.")
    assert lines == ["added On bells as on-bells"]


def test_nothing_pasted_is_told(page_of, own):
    page = sources_tab(page_of(own))
    page.get_by_role("button", name="Paste a text").click()
    page.get_by_role("button", name="Add this text").click()
    expect(page.locator("#added")).to_have_text("There is no text to add: paste one first.")
    expect_ids(page, list(TEXTS))


def test_the_same_name_again_replaces_nothing(page_of, own, given):
    page = sources_tab(page_of(own))
    assert paste(page, "harbour", "The bell of Rila weighs nine tons.") == [
        "added harbour as harbour-2"
    ]
    again = given("harbour.txt", "The clock of Vidin stopped in 1933.")
    assert upload(page, again) == ["added harbour.txt as harbour-3"]
    expect_ids(page, ["harbour", "mill", "harbour-2", "harbour-3"])
    page.locator("table.sources a[data-source=harbour]").click()
    expect(page.locator("#source-pane .paragraph .text")).to_have_text(HARBOUR)


def test_the_same_content_again_is_told_and_not_added(page_of, own, given):
    page = sources_tab(page_of(own))
    assert paste(page, "copy", HARBOUR) == [
        "refused copy: It has the same content as 'harbour': leave it out."
    ]
    expect(page.get_by_label("Text", exact=True)).to_have_value(HARBOUR)
    (line,) = upload(page, given("mill.txt", MILL))
    assert line == "unchanged mill.txt as mill: the library has this text already."
    expect_ids(page, list(TEXTS))


# --- choosing ------------------------------------------------------------------------------------


def test_only_the_chosen_sources_are_searched_and_the_page_says_so(page_of, own):
    own.hold({"north": HARBOUR, "south": f"{HARBOUR} It had been full of ice."})
    page = page_of(own)
    expect(page.locator("#searching")).to_have_text("Searching all 2 sources")
    choose(page, "south")
    page.get_by_role("tab", name="Ask").click()
    expect(page.locator("#searching")).to_have_text("Searching 1 of 2 sources: south")
    ask(page, "When did the harbour of Varn reopen?")
    assert cited(page) == {"south"}
    page.reload()
    expect(page.locator("#searching")).to_have_text("Searching 1 of 2 sources: south")
    choose(page, "north", "south")
    page.get_by_role("tab", name="Ask").click()
    expect(page.locator("#searching")).to_have_text("Searching all 2 sources")


def test_of_choices_in_quick_succession_the_last_one_counts(page_of, own):
    page = sources_tab(page_of(own))
    page.evaluate(
        """() => {
          for (const box of ["input.all", "input.one[value=mill]"])
            document.querySelector(`table.sources ${box}`).click();
        }"""
    )
    page.get_by_role("tab", name="Ask").click()
    expect(page.locator("#searching")).to_have_text("Searching 1 of 2 sources: mill")
    ask(page, "When did the harbour of Varn reopen?")
    assert cited(page) == set()


def test_a_choice_of_none_is_told_before_and_when_asking(page_of, own):
    page = page_of(own)
    sources_tab(page).locator("input.all").uncheck()
    sentence = "No source is chosen: tick at least one under Sources."
    page.get_by_role("tab", name="Ask").click()
    expect(page.locator("#searching")).to_have_text(sentence)
    question = page.locator("#question textarea")
    question.fill("When was the mill of Osk built?")
    question.press("Enter")
    expect(page.locator("#conversation .failure")).to_have_text(sentence)
    expect(question).to_have_value("When was the mill of Osk built?")
    sources_tab(page).locator("input.all").check()
    page.get_by_role("tab", name="Ask").click()
    question.press("Enter")
    page.locator("#conversation .making").wait_for()
    assert cited(page) == {"mill"}


def test_one_visitors_choice_is_not_anothers(page_of, own):
    choose(page_of(own), "mill")
    expect(page_of(own).locator("#searching")).to_have_text("Searching all 2 sources")


# --- removing ------------------------------------------------------------------------------------


def test_a_source_is_removed_only_after_a_question(page_of, own):
    page = sources_tab(page_of(own))
    remove = page.get_by_role("button", name="Remove mill")
    remove.click()
    expect(page.locator("#removal")).to_contain_text("Remove mill with its 1 paragraph?")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#removal")).to_be_hidden()
    expect_ids(page, list(TEXTS))
    remove.click()
    page.get_by_role("button", name="Remove it").click()
    expect(listed(page)).to_have_count(1)
    expect(page.locator("#removal")).to_be_hidden()
    expect(page.locator(".masthead")).to_contain_text("1 source, 1 paragraph")
    page.get_by_role("tab", name="Ask").click()
    expect(page.locator("#searching")).to_have_text("Searching 1 source")
    ask(page, "When was the mill of Osk built?")
    assert cited(page) == set()


def test_the_question_before_removing_comes_into_view(page_of, own):
    own.hold({f"bell-{n}": f"The bell number {n} rings." for n in range(12)})
    page = sources_tab(page_of(own, viewport={"width": 380, "height": 600}))
    page.get_by_role("button", name="Remove bell-0").click()
    expect(page.get_by_role("button", name="Remove it")).to_be_in_viewport()
    expect(page.locator("#removal strong")).to_be_in_viewport()


def test_a_citation_to_a_source_that_was_removed_says_so(page_of, own):
    page = page_of(own)
    ask(page, "When was the mill of Osk built?")
    page.locator("#conversation a.mark").first.click()
    expect(page.locator("#source-pane mark")).to_have_text(MILL)
    sources_tab(page).get_by_role("button", name="Remove mill").click()
    page.get_by_role("button", name="Remove it").click()
    expect(listed(page)).to_have_count(1)
    page.get_by_role("tab", name="Ask").click()
    page.locator("#conversation a.mark").first.click()
    note = page.locator("#source-pane .note")
    expect(note).to_contain_text("There is no source 'mill' in the library (any more)")
    assert str(own.folder) not in note.inner_text()
    assert page.locator("#source-pane mark").count() == 0


def test_what_another_visitor_has_removed_is_told(page_of, own):
    page, other = sources_tab(page_of(own)), sources_tab(page_of(own))
    for each in (page, other):
        each.get_by_role("button", name="Remove mill").click()
        each.get_by_role("button", name="Remove it").wait_for()
    other.get_by_role("button", name="Remove it").click()
    expect(listed(other)).to_have_count(1)
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator("#sources-tab .failure")).to_contain_text("There is no source 'mill'")
    expect(listed(page)).to_have_count(1)
    assert str(own.folder) not in page.content()


def test_a_second_visitor_sees_a_new_source_after_a_reload(page_of, own, given):
    page, other = sources_tab(page_of(own)), sources_tab(page_of(own))
    upload(page, given("bell.txt", "The bell of Rila weighs nine tons."))
    other.reload()
    expect(listed(sources_tab(other))).to_have_count(3)
    other.get_by_role("tab", name="Ask").click()
    ask(other, "How much does the bell of Rila weigh?")
    assert cited(other) == {"bell"}


# --- no sources, and the samples -----------------------------------------------------------------


def test_an_empty_library_says_what_to_do(page_of, own, given):
    own.hold({})
    page = page_of(own)
    expect(page.locator("#searching")).to_contain_text("There are no sources yet")
    page.get_by_role("tab", name="Sources").click()
    upload(page, given("bell.txt", "The bell of Rila weighs nine tons."))
    expect(listed(page)).to_have_count(1)
    page.get_by_role("tab", name="Ask").click()
    expect(page.locator("#searching")).to_have_text("Searching 1 source")


def test_the_samples_cannot_be_changed_and_the_page_says_how_to_have_ones_own(page_of, served):
    page = sources_tab(page_of(served))
    expect(page.locator("#sources-tab")).to_contain_text("pincite serve --library DIR")
    for control in ("#upload", "button.remove", "#removal"):
        assert page.locator(control).count() == 0
    assert page.get_by_text("Paste a text").count() == 0
