"""Citations checked again: what holds, what has moved, what has changed and what is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import Answer, Assistant, Citation, Claim, Disagreement, LibraryStamp, Side
from assistant.citations import cite
from assistant.drafts import Quote
from assistant.stored_answers import StoredAnswer
from assistant.types import Highlight
from assistant.verifying import (
    CitationCheck,
    FileSources,
    LibrarySources,
    StatementCheck,
    check_statements,
    uncited_statements,
    verify_answers,
)
from index import IndexedSource, Library, Place, SourceError, source_from_text

Indexed = Callable[..., IndexedSource]

TEXT = """Rain in the valley

It rained for three days. The river rose by 1.5 metres, and the bridge at the mill was closed.

“Nobody was hurt,” the mayor said. The bridge at the mill was closed. It rained on.
"""


class Texts:
    """Texts in memory, as a library would hold them."""

    def __init__(self, *indexed: IndexedSource) -> None:
        self.indexed = indexed

    def find(self, source_id: str, sha256: str) -> IndexedSource | None:
        by_id = [each for each in self.indexed if each.source.id == source_id]
        same = [each for each in self.indexed if each.source.sha256 == sha256]
        return next(iter([*same, *by_id]), None)

    def superseded(self, indexed: IndexedSource) -> None:
        return None


def stored(*citations: Citation, **parts: Any) -> StoredAnswer:
    numbered = tuple(c.model_copy(update={"number": n}) for n, c in enumerate(citations, 1))
    answer = Answer(
        id="1",
        question="Did it rain?",
        standalone_question="Did it rain?",
        engine="extractive",
        citations=numbered,
        library=LibraryStamp(fingerprint="f", sources=1, paragraphs=3),
        **parts,
    )
    return StoredAnswer("line 1", answer)


def cited(indexed: IndexedSource, quote: str, paragraph: int, start: int | None = None) -> Citation:
    found = cite(Quote(indexed.source.id, paragraph, quote, start), indexed)
    assert found is not None
    return found


def check(citation: Citation, *indexed: IndexedSource) -> CitationCheck:
    (found,) = verify_answers([stored(citation)], Texts(*indexed))
    assert found.note.isprintable()
    return found


def changed(citation: Citation, **parts: Any) -> Citation:
    return citation.model_copy(update=parts)


@pytest.fixture
def old(indexed: Indexed) -> IndexedSource:
    return indexed(TEXT)


@pytest.fixture
def rose(old: IndexedSource) -> Citation:
    return cited(old, "The river rose by 1.5 metres, and the bridge at the mill was closed.", 2)


# --- holds ---------------------------------------------------------------------------------------


def test_a_citation_of_an_unchanged_text_holds(old: IndexedSource, rose: Citation) -> None:
    found = check(rose, old)
    assert found == CitationCheck(
        place="line 1",
        question="Did it rain?",
        number=1,
        source_id="text",
        paragraph=2,
        start=rose.start,
        end=rose.end,
        quote=rose.quote,
        state="holds",
    )


def test_every_sentence_of_the_articles_holds(articles: tuple[IndexedSource, ...]) -> None:
    citations = [
        made
        for article in articles
        for sentence in article.sentences
        if (
            made := cite(
                Quote(article.source.id, sentence.paragraph, sentence.text, sentence.start), article
            )
        )
    ]
    assert len(citations) > 100
    found = verify_answers([stored(*citations)], Texts(*articles))
    assert {each.state for each in found} == {"holds"}


ANY_CHANGE = st.sampled_from(
    [
        {"start": -3},
        {"start": 10**30},
        {"start": 0},
        {"end": 10**30},
        {"end": -1},
        {"paragraph": 3},
        {"paragraph": 0},
        {"paragraph": -2},
        {"paragraph": 10**30},
        {"quote": ""},
        {"quote": " "},
        {"quote": "\0"},
        {"quote": "It snowed."},
        {"source_sha256": "0" * 64},
        {"source_id": "other"},
        {"source_id": "../\ud800\x1b[2J"},
        {"prefix": "Nobody thinks that "},
        {"suffix": ", it was claimed"},
        {"highlight": Highlight(start=0, end=4, text="Rain")},
        {"highlight": Highlight(start=28, end=32, text="rain")},
    ]
)


@given(changes=st.lists(ANY_CHANGE, min_size=1, max_size=3))
def test_nothing_in_a_citation_can_be_altered_unseen(
    indexed: Indexed, changes: list[dict[str, Any]]
) -> None:
    source = indexed(TEXT)
    genuine = cited(source, "It rained for three days.", 2)
    altered = genuine.model_copy(update={k: v for each in changes for k, v in each.items()})
    (found,) = verify_answers([stored(altered)], LibraryLike(source))
    assert (found.state == "holds") == (altered == genuine)


class LibraryLike(Texts):
    """Finds a text by its id alone."""

    def find(self, source_id: str, sha256: str) -> IndexedSource | None:
        return next((each for each in self.indexed if each.source.id == source_id), None)


@pytest.mark.parametrize("quote", ["rained for three day", "ained for three days", "5 metres", "1"])
def test_a_quote_that_cuts_a_word_or_a_number_does_not_hold(
    old: IndexedSource, rose: Citation, quote: str
) -> None:
    start = TEXT.index(quote)
    forged = changed(
        rose,
        quote=quote,
        start=start,
        end=start + len(quote),
        prefix=TEXT[max(0, start - 32) : start],
        suffix=TEXT[start + len(quote) : start + len(quote) + 32],
    )
    found = check(forged, old)
    assert (found.state, found.now) == ("changed", None)
    assert found.note == "its characters stand there only as parts of longer words or numbers"


# --- moved ---------------------------------------------------------------------------------------


def test_a_quote_that_stands_elsewhere_has_moved(indexed: Indexed, rose: Citation) -> None:
    new = indexed(f"Updated at noon\n\n{TEXT}")
    found = check(rose, new)
    assert found.state == "moved"
    assert found.now is not None
    paragraph, start, end = found.now
    assert paragraph == 3
    assert new.source.text[start:end] == rose.quote
    assert found.note == ""


def test_a_changed_text_moves_a_quote_even_if_its_offsets_are_the_same(
    indexed: Indexed, rose: Citation
) -> None:
    found = check(rose, indexed(f"{TEXT}\nUpdated at noon\n"))
    assert (found.state, found.now) == ("moved", (2, rose.start, rose.end))


def test_of_several_places_the_one_with_the_old_words_around_it_is_taken(
    indexed: Indexed, old: IndexedSource
) -> None:
    quote = "The bridge at the mill was closed."
    citation = cited(old, quote, 3)
    new = indexed(f"{quote}\n\n{quote} Again.\n\n“Nobody was hurt,” the mayor said. {quote}\n")
    found = check(citation, new)
    assert found.state == "moved"
    assert found.now is not None
    assert found.now[0] == 3
    assert found.note == "the likeliest of 3 places that have these words"


def test_of_places_with_other_words_around_them_the_nearest_is_taken(
    indexed: Indexed, old: IndexedSource
) -> None:
    citation = cited(old, "It rained on.", 3)
    filler = "Xylophones. " * 5
    new = indexed(f"It rained on. {filler}\n\n{filler}It rained on. {filler}\n\nIt rained on. X\n")
    places = [n for n in range(len(new.source.text)) if new.source.text.startswith("It r", n)]
    found = check(changed(citation, prefix="", suffix=""), new)
    assert found.now is not None
    assert found.now[1] == min(places, key=lambda place: abs(place - citation.start))


def test_words_that_stand_everywhere_are_counted_up_to_a_limit(
    indexed: Indexed, old: IndexedSource
) -> None:
    citation = cited(old, "It rained on.", 3)
    found = check(citation, indexed("It rained on. " * 5000))
    assert found.state == "moved"
    assert found.note == "the likeliest of at least 100 places that have these words"


def test_a_wrong_place_in_an_unchanged_text_is_said_to_be_wrong(
    old: IndexedSource, rose: Citation
) -> None:
    for wrong in ({"paragraph": 3}, {"start": 0}, {"start": -70, "end": -2}, {"end": 10**40}):
        found = check(changed(rose, **wrong), old)
        assert (found.state, found.now) == ("moved", (2, rose.start, rose.end))
        assert found.note == "the text is unchanged, but the place given for the quote is wrong"


def test_a_text_under_another_id_is_found(indexed: Indexed, rose: Citation) -> None:
    found = check(rose, indexed(TEXT, "renamed"), indexed("Something else.", "text"))
    assert (found.state, found.now) == ("moved", (2, rose.start, rose.end))
    assert found.note == "the text is now the source renamed"


# --- changed -------------------------------------------------------------------------------------


def test_a_reworded_sentence_is_shown_and_is_not_called_the_quote(
    indexed: Indexed, rose: Citation
) -> None:
    found = check(rose, indexed(TEXT.replace("1.5 metres", "2.5 metres")))
    assert (found.state, found.now) == ("changed", None)
    assert found.note == (
        "the nearest wording, which isn't the quote, is in ¶2: The river rose by 2.5 metres, and "
        "the bridge at the mill was closed."
    )


def test_other_typography_is_a_change(indexed: Indexed, old: IndexedSource) -> None:
    citation = cited(old, "“Nobody was hurt,” the mayor said.", 3)
    found = check(citation, indexed(TEXT.replace("“", '"').replace("”", '"')))
    assert found.state == "changed"
    assert found.note.endswith('in ¶3: "Nobody was hurt," the mayor said.')


def test_a_text_about_something_else_has_no_nearest_wording(
    indexed: Indexed, rose: Citation
) -> None:
    found = check(rose, indexed("Bread is cheaper.\n\nBakers sell more than they did last year."))
    assert found.state == "changed"
    assert found.note == "no paragraph of the source has these words"


def test_an_empty_quote_holds_nowhere(old: IndexedSource, rose: Citation) -> None:
    found = check(changed(rose, quote="", end=rose.start), old)
    assert (found.state, found.note) == ("changed", "it quotes nothing")


def test_a_quote_across_paragraphs_does_not_hold(old: IndexedSource, rose: Citation) -> None:
    start = TEXT.index("the bridge")
    end = TEXT.index(" the mayor")
    found = check(changed(rose, start=start, end=end, quote=TEXT[start:end]), old)
    assert found.state == "changed"


def test_false_words_around_a_quote_are_told(old: IndexedSource, rose: Citation) -> None:
    for false in ({"prefix": "It is a lie that "}, {"suffix": " as if"}):
        found = check(changed(rose, **false), old)
        assert (found.state, found.note) == (
            "changed",
            "the quote stands there, but the words given before or after it don't",
        )


def test_a_false_mark_in_a_quote_is_told(old: IndexedSource, rose: Citation) -> None:
    mark = Highlight(start=rose.start, end=rose.start + 3, text="A r")
    found = check(changed(rose, highlight=mark), old)
    assert (found.state, found.note) == (
        "changed",
        "the quote stands there, but what is marked in it doesn't",
    )


def test_the_nearest_wording_is_short_and_printable(indexed: Indexed, rose: Citation) -> None:
    hostile = f"The river \x1b[2J rose by \u202e2.5 metres,\tand the bridge {'really ' * 50}closed."
    found = check(changed(rose, quote=hostile.replace("2.5", "1.5")), indexed(hostile))
    assert found.state == "changed"
    assert "The river �[2J rose by �2.5 metres, and" in found.note
    assert len(found.note) < 300


# --- gone ----------------------------------------------------------------------------------------


def test_a_source_that_is_not_there_is_gone(indexed: Indexed, rose: Citation) -> None:
    found = check(rose, indexed("Something else.", "other"))
    assert (found.state, found.now, found.note) == ("gone", None, "there is no such source")


# --- a library -----------------------------------------------------------------------------------


def states(checks: Iterable[CitationCheck]) -> list[str]:
    return [each.state for each in checks]


def test_a_library_that_changed_is_noticed(
    own_library: Callable[[dict[str, str]], Library],
) -> None:
    texts = {"valley": TEXT, "hill": "On the hill the sun shone.", "sea": "The sea was calm."}
    library = own_library(texts)
    citations = [
        cited(library.indexed("valley"), "It rained for three days.", 2),
        cited(library.indexed("valley"), "“Nobody was hurt,” the mayor said.", 3),
        cited(library.indexed("hill"), "On the hill the sun shone.", 1),
        cited(library.indexed("sea"), "The sea was calm.", 1),
    ]
    answers = [stored(*citations)]
    assert states(verify_answers(answers, LibrarySources(library))) == ["holds"] * 4

    library.remove("valley")
    library.remove("hill")
    library.remove("sea")
    edited = TEXT.replace("Nobody was", "Three people were")
    library.add(
        [
            source_from_text(f"Updated\n\n{edited}", id="valley"),
            source_from_text("The sea was calm.", id="ocean"),
        ]
    )
    sources = LibrarySources(library)
    found = list(verify_answers(answers, sources))
    assert states(found) == ["moved", "changed", "gone", "moved"]
    assert found[0].now == (3, citations[0].start + 9, citations[0].end + 9)
    assert "“Three people were hurt,” the mayor said." in found[1].note
    assert found[3].note == "the text is now the source ocean"
    assert list(check_statements(answers[0], sources)) == []


def test_a_citation_holds_in_the_version_that_it_cites_and_the_edit_is_told(
    own_library: Callable[[dict[str, str]], Library],
) -> None:
    library = own_library({"valley": TEXT})
    citations = [
        cited(library.indexed("valley"), "It rained for three days.", 2),
        cited(library.indexed("valley"), "“Nobody was hurt,” the mayor said.", 3),
    ]
    claims = [Claim(text=c.quote, citations=(n,)) for n, c in enumerate(citations, 1)]
    answer = stored(*citations, claims=tuple(claims))
    edited = TEXT.replace("Nobody was", "Three people were")
    library.add([source_from_text(f"Updated\n\n{edited}", id="valley")])
    sources = LibrarySources(library)
    first, second = verify_answers([answer], sources)
    added = library.versions("valley")[0].added
    assert added is not None
    told = f"it holds in the version of {added[:10]}; the source has been edited since, and its"
    assert (first.state, first.edited, first.note) == (
        "holds", True, f"{told} newest version has the quote too",
    )  # fmt: skip
    assert first.now == (3, citations[0].start + 9, citations[0].end + 9)
    assert (second.state, second.now) == ("holds", None)
    assert second.note == f"{told} newest version doesn't have these words"
    assert {each.state for each in check_statements(answer, sources)} == {"supported"}
    forged = stored(changed(citations[0], start=citations[0].start + 1))
    assert states(verify_answers([forged], sources)) == ["moved"]
    library.remove("valley")
    assert states(verify_answers([answer], LibrarySources(library))) == ["gone", "gone"]


def test_a_wrong_page_is_told(indexed: Indexed) -> None:
    plain = indexed(TEXT)
    places = (Place(0, 30, page=1), Place(30, len(TEXT), page=2))
    paged = replace(plain, source=replace(plain.source, places=places))
    citation = cited(paged, "Nobody was hurt", 3)
    assert (citation.page, cited(plain, "Nobody was hurt", 3).page) == (2, None)
    assert check(citation, paged).state == "holds"
    assert check(citation, plain).state == "holds"
    found = check(changed(citation, page=1), paged)
    assert (found.state, found.note) == (
        "changed", "the quote stands there, but on another page than is given",
    )  # fmt: skip


def test_hostile_ids_are_gone(sample: Assistant, rose: Citation) -> None:
    sources = LibrarySources(sample.library)
    for source_id in ("", "../../etc/passwd", "a\0b", "\ud800", "'; DROP TABLE sources; --"):
        (found,) = verify_answers([stored(changed(rose, source_id=source_id))], sources)
        assert found.state == "gone"


# --- files ---------------------------------------------------------------------------------------


def test_files_are_known_by_their_text_whatever_they_are_called(
    tmp_path: Path, rose: Citation
) -> None:
    (tmp_path / "some name.md").write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    (tmp_path / "text.txt").write_text("Something else.", encoding="utf-8")
    assert states(verify_answers([stored(rose)], FileSources([tmp_path]))) == ["holds"]


def test_an_edited_file_is_known_by_its_name(tmp_path: Path, rose: Citation) -> None:
    file = tmp_path / "The Valley!.txt"
    file.write_text(f"New\n\n{TEXT}", encoding="utf-8")
    answers = [stored(changed(rose, source_id="the-valley"), changed(rose, source_id="hill"))]
    assert states(verify_answers(answers, FileSources([file]))) == ["moved", "gone"]


def test_line_ends_are_part_of_a_text(tmp_path: Path, indexed: Indexed) -> None:
    text = TEXT.replace("\n", "\r\n")
    citation = cited(indexed(text), "It rained for three days.", 2)
    (tmp_path / "text.txt").write_bytes(text.encode())
    assert states(verify_answers([stored(citation)], FileSources([tmp_path]))) == ["holds"]
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    assert states(verify_answers([stored(citation)], FileSources([tmp_path]))) == ["moved"]


def test_a_folder_may_hold_other_files_beside_its_texts(tmp_path: Path, indexed: Indexed) -> None:
    (tmp_path / "latin.txt").write_bytes("Müller".encode("latin-1"))
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    answers = [stored(cited(indexed(TEXT), "It rained for three days.", 2))]
    assert states(verify_answers(answers, FileSources([tmp_path]))) == ["holds"]


def test_a_named_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("Müller".encode("latin-1"))
    with pytest.raises(SourceError, match="latin"):
        FileSources([tmp_path / "latin.txt"])
    with pytest.raises(SourceError, match="There is no file"):
        FileSources([tmp_path / "none.txt"])


# --- statements ----------------------------------------------------------------------------------


def test_what_the_assistant_answers_is_supported(sample: Assistant) -> None:
    sources = LibrarySources(sample.library)
    questions = ["When did Trump and Putin speak by phone?", "Which centre does Bergman work for?"]
    for question in questions:
        answer = StoredAnswer("line 1", sample.ask(question))
        assert set(states(verify_answers([answer], sources))) == {"holds"}
        found = list(check_statements(answer, sources))
        sides = sum(len(each.sides) for each in answer.answer.disagreements)
        assert len(found) == len(answer.answer.claims) + sides > 0
        assert {each.state for each in found} == {"supported"}


def test_an_altered_statement_is_not_supported(sample: Assistant) -> None:
    sources = LibrarySources(sample.library)
    answer = sample.ask("When did Trump and Putin speak by phone?")
    claim = answer.claims[0]
    altered = claim.model_copy(update={"text": claim.text.replace("February 12", "February 13")})
    assert altered != claim
    changed_answer = answer.model_copy(update={"claims": (altered, *answer.claims[1:])})
    first, *others = check_statements(StoredAnswer("line 1", changed_answer), sources)
    assert (first.text, first.state) == (altered.text, "unsupported")
    assert first.note == "the quotes don't support it"
    assert {each.state for each in others} <= {"supported"}


@pytest.mark.parametrize(
    ("numbers", "fault"),
    [((), "it has no citation"), ((1, 2), "it refers to a citation that isn't there")],
)
def test_a_statement_without_its_citation_is_told(
    rose: Citation, sample: Assistant, numbers: tuple[int, ...], fault: str
) -> None:
    side = Side(text="It poured.", citations=numbers)
    answer = stored(
        rose,
        claims=(Claim(text="It rained.", citations=numbers),),
        disagreements=(Disagreement(kind="polarity", about="rain", sides=(side,)),),
    )
    expected = [
        StatementCheck("line 1", "Did it rain?", text, numbers, "unsupported", fault)
        for text in ("It rained.", "It poured.")
    ]
    assert list(uncited_statements(answer)) == expected
    assert list(check_statements(answer, LibrarySources(sample.library))) == expected


def test_citations_that_are_not_numbered_in_order_support_nothing(rose: Citation) -> None:
    answer = stored(rose, rose, claims=(Claim(text="It rained.", citations=(1,)),))
    twice = tuple(changed(each, number=1) for each in answer.answer.citations)
    muddled = answer.answer.model_copy(update={"citations": twice})
    (found,) = uncited_statements(StoredAnswer("line 1", muddled))
    assert found.note == "the answer's citations aren't numbered in order"
