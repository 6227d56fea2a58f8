"""Cited sources for reference managers: only what is known, in forms that their readers accept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import Answer, Assistant, Citation, Claim, Library, LibraryStamp, source_from_text
from assistant.bibliography import csl_json
from assistant.render import one_line
from index import Stated

SHA256 = "0a" * 32


def cited(number: int = 1, **parts: object) -> Citation:
    return Citation.model_validate(
        {
            "number": number,
            "source_id": "harbour",
            "source_title": "Harbour reopens",
            "source_uri": None,
            "source_sha256": SHA256,
            "paragraph": 1,
            "start": 0,
            "end": 2,
            "quote": "It",
            "prefix": "",
            "suffix": "",
            "match": "exact",
            **parts,
        }
    )


def make(*citations: Citation) -> Answer:
    return Answer(
        id="1",
        question="Did it reopen?",
        standalone_question="Did it reopen?",
        engine="extractive",
        library=LibraryStamp(fingerprint="f", sources=1, paragraphs=9),
        claims=(Claim(text="It did.", citations=tuple(c.number for c in citations)),),
        citations=citations,
    )


# --- CSL-JSON: the rules of its schema, as far as they concern what is used here -----------------

TYPES = set(
    "article article-journal article-magazine article-newspaper bill book broadcast chapter "
    "classic collection dataset document entry entry-dictionary entry-encyclopedia event "
    "figure graphic hearing interview legal_case legislation manuscript map motion_picture "
    "musical_score pamphlet paper-conference patent performance periodical "
    "personal_communication post post-weblog regulation report review review-book software "
    "song speech standard thesis treaty webpage".split()
)
TEXTS = {"id", "type", "title", "publisher", "language", "URL", "note"}
NAME = {"family", "given", "literal"}
DATE = {"date-parts", "literal"}


def check_csl(items: Any) -> None:
    assert isinstance(items, list)
    for item in items:
        assert item.keys() >= {"id", "type"}, "both are required"
        assert item.keys() <= TEXTS | {"author", "issued"}, "the schema allows no others"
        assert item["type"] in TYPES
        assert all(isinstance(item[name], str) and item[name] for name in item.keys() & TEXTS)
        for name in item.get("author", []):
            assert name.keys() <= NAME
            assert all(isinstance(part, str) for part in name.values())
        if issued := item.get("issued"):
            assert issued.keys() <= DATE
            assert len(issued.get("date-parts", [])) <= 2
            for parts in issued.get("date-parts", []):
                assert 1 <= len(parts) <= 3
                assert all(type(part) is int for part in parts)
    names = [item["id"] for item in items]
    assert len(names) == len(set(names))


def items(answer: Answer, library: Library | None = None) -> list[dict[str, Any]]:
    """The items as they are read back, once all the rules hold."""
    read = json.loads(answer.to_csl_json(library))
    check_csl(read)
    assert read == csl_json(answer.citations, library)
    return read


# --- BibTeX: a reader that is as strict as BibTeX itself, then what LaTeX makes of a value -------

ENTRY = re.compile(r"@misc\{(?P<key>[a-z0-9-]+),\n(?P<fields>(?:  .*,\n)*)\}\n")
FIELD = re.compile(r"  (?P<name>[a-z]+) = (?P<value>.*),\n")
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
COMMANDS = {
    "textbackslash": "\\",
    "textbraceleft": "{",
    "textbraceright": "}",
    "textasciitilde": "~",
    "textasciicircum": "^",
}
TOKEN = re.compile(r"\\(?P<command>[a-z]+)\{\}|\\(?P<escaped>[%#&_$])|(?P<quote>\{\"\})|(?P<one>.)")


def entries(text: str) -> dict[str, dict[str, str]]:
    """The fields of each entry by its key; fails on whatever isn't an entry of one field a line."""
    found: dict[str, dict[str, str]] = {}
    at = 0
    while at < len(text):
        at += text[at] == "\n"
        entry = ENTRY.match(text, at)
        assert entry, text[at:]
        assert entry["key"] not in found
        fields = [(each["name"], value_of(each["value"])) for each in FIELD.finditer(entry[0])]
        assert len(fields) == len(dict(fields)) == entry["fields"].count("\n")
        found[entry["key"]] = dict(fields)
        at = entry.end()
    return found


def value_of(written: str) -> str:
    """A macro, or what is between the braces, which must be in pairs as BibTeX counts them."""
    if written in MONTHS:
        return written
    assert written[0] == "{"
    assert written[-1] == "}"
    depths = [
        written[: at + 1].count("{") - written[: at + 1].count("}") for at in range(len(written))
    ]
    assert min(depths[:-1]) > 0
    assert depths[-1] == 0
    return written[1:-1]


def printed(value: str) -> str:
    """What LaTeX prints; fails on characters that mean something to it."""
    whole = value.startswith("{") and value.endswith("}") and not value.startswith('{"}')
    value = value[1:-1] if whole else value
    out = []
    for token in TOKEN.finditer(value):
        if token["command"]:
            out.append(COMMANDS[token["command"]])
        elif token["quote"]:
            out.append('"')
        else:
            assert token["one"] is None or token["one"] not in '\\{}%#&_$~^"'
            out.append(token["escaped"] or token["one"])
    return "".join(out)


# --- what is said of a source --------------------------------------------------------------------

STATED_TEXT = "It reopened on 3 May."


@pytest.fixture
def harbour(tmp_path) -> Callable[..., tuple[Library, Answer]]:
    """A library with one text that states these metadata, and an answer that cites it."""
    opened: list[Library] = []

    def build(**stated: str) -> tuple[Library, Answer]:
        source = source_from_text(
            STATED_TEXT,
            id="harbour",
            uri="https://a.example/harbour",
            **{name: Stated(value, "front matter") for name, value in stated.items()},
        )
        opened.append(Library.create(tmp_path / "library"))
        (added,) = opened[0].add([source])
        assert added.outcome == "added"
        title = source.title.value if source.title else None
        return opened[0], make(
            cited(source_sha256=source.sha256, source_uri=source.uri, source_title=title)
        )

    yield build
    for library in opened:
        library.close()


def test_each_cited_source_is_listed_once_in_order_of_appearance() -> None:
    answer = make(
        cited(1, source_id="b"), cited(2, source_id="a"), cited(3, source_id="b", paragraph=7)
    )
    assert [item["id"] for item in items(answer)] == list(entries(answer.to_bibtex())) == ["b", "a"]


def test_what_is_not_known_is_left_out() -> None:
    answer = make(cited(source_title=None))
    note = f"Source harbour, SHA-256 of its text: {SHA256}"
    assert items(answer) == [{"id": "harbour", "type": "document", "note": note}]
    assert answer.to_bibtex() == f"@misc{{harbour,\n  note = {{{note}}},\n}}\n"


def test_an_answer_without_citations_has_no_bibliography() -> None:
    assert items(make()) == []
    assert make().to_bibtex() == ""


def test_only_a_web_address_is_given() -> None:
    page = "https://a.example/b?c=d&e=100%25#f_g~h"
    (item,) = items(make(cited(source_uri=page)))
    assert (item["type"], item["URL"]) == ("webpage", page)
    assert entries(make(cited(source_uri=page)).to_bibtex())["harbour"]["url"] == page
    for uri in ("file:///texts/harbour.txt", "javascript:alert(1)", "a.txt", "https://a b"):
        (item,) = items(make(cited(source_uri=uri)))
        assert "URL" not in item
        assert "url" not in entries(make(cited(source_uri=uri)).to_bibtex())["harbour"]


def test_an_address_cannot_leave_its_braces() -> None:
    hostile = "https://a.example/}\\input{x}"
    fields = entries(make(cited(source_uri=hostile)).to_bibtex())["harbour"]
    assert fields["url"] == "https://a.example/%7D%5Cinput%7Bx%7D"


def test_the_library_adds_what_the_text_states(harbour) -> None:
    library, answer = harbour(
        title="The harbour",
        author="Ada Krell and Bo Lind",
        publisher="Varna Post",
        published="2024-05-04T09:30",
        lang="en",
    )
    (item,) = items(answer, library)
    assert item.pop("note")
    assert item == {
        "id": "harbour",
        "type": "webpage",
        "title": "The harbour",
        "author": [{"literal": "Ada Krell and Bo Lind"}],
        "publisher": "Varna Post",
        "issued": {"date-parts": [[2024, 5, 4]]},
        "language": "en",
        "URL": "https://a.example/harbour",
    }
    fields = entries(answer.to_bibtex(library))["harbour"]
    assert fields.pop("note")
    assert fields == {
        "author": "{Ada Krell and Bo Lind}",
        "title": "{The harbour}",
        "publisher": "Varna Post",
        "year": "2024",
        "month": "may",
        "day": "4",
        "language": "en",
        "url": "https://a.example/harbour",
    }


@pytest.mark.parametrize(
    ("published", "issued", "year"),
    [
        ("2024", {"date-parts": [[2024]]}, "2024"),
        ("2024-05", {"date-parts": [[2024, 5]]}, "2024"),
        ("2024-02-30", {"literal": "2024-02-30"}, "2024-02-30"),
        ("in the spring", {"literal": "in the spring"}, "in the spring"),
    ],
)
def test_a_date_is_as_exact_as_it_was_stated(harbour, published, issued, year) -> None:
    library, answer = harbour(published=published)
    (item,) = items(answer, library)
    assert item["issued"] == issued
    fields = entries(answer.to_bibtex(library))["harbour"]
    assert fields["year"] == year
    assert "day" not in fields


def test_a_library_that_has_another_text_by_now_adds_nothing(harbour) -> None:
    library, answer = harbour(author="Ada Krell")
    changed = make(answer.citations[0].model_copy(update={"source_sha256": SHA256}))
    assert "author" in items(answer, library)[0]
    assert items(changed, library) == items(changed)


def test_two_texts_with_one_id_have_keys_of_their_own() -> None:
    answer = make(cited(1), cited(2, source_sha256="0b" * 32), cited(3, source_id="harbour-2"))
    keys = ["harbour", "harbour-2", "harbour-2-2"]
    assert [item["id"] for item in items(answer)] == list(entries(answer.to_bibtex())) == keys


def test_a_real_answer_is_listed_with_what_its_articles_state(sample: Assistant) -> None:
    answer = sample.ask("When did Trump and Putin speak by phone?")
    dated = [item for item in items(answer, sample.library) if "issued" in item]
    assert dated
    for item in dated:
        fields = entries(answer.to_bibtex(sample.library))[item["id"]]
        (parts,) = item["issued"]["date-parts"]
        assert [int(fields["year"]), MONTHS.index(fields["month"]) + 1, int(fields["day"])] == parts
        assert printed(fields["author"]) == item["author"][0]["literal"]


# --- text that would act -------------------------------------------------------------------------

HOSTILE = [
    r"\input{/etc/passwd} \write18{ls}",
    "}, author = {Nobody",
    "{{{",
    "}}}",
    "100% of #1 & $5 _under_ ~tilde ^hat \\ back",
    '"quoted" “and” so',
    "@misc{other, title={x}}",
    "Ünïcödé 漢字 \U0001f409",
    "one\ntwo\r\n\tthree",
    "a\u202eb\x1b[31m\ud83d",
]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_is_printed_as_text(text: str) -> None:
    answer = make(cited(source_title=text, source_id=text, source_sha256=text))
    (fields,) = entries(answer.to_bibtex()).values()
    assert printed(fields["title"]) == items(answer)[0]["title"] == one_line(text)
    assert one_line(text) in printed(fields["note"])
    answer.to_bibtex().encode("utf-8")


@given(st.text())
def test_any_title_can_be_read_back(text: str) -> None:
    answer = make(cited(source_title=text))
    (fields,) = entries(answer.to_bibtex()).values()
    assert printed(fields.get("title", "")) == items(answer)[0].get("title", "") == one_line(text)
