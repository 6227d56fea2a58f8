"""What a model replies is read item by item, whatever it replies and wherever it breaks off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.render import one_line
from assistant.replies import (
    MAX_DEPTH,
    MAX_ITEM_CHARACTERS,
    MAX_ITEMS,
    MAX_LABELS,
    Contradiction,
    Item,
    LeftOpen,
    Stated,
    Unfinished,
    read_json,
    read_marked,
)

Reader = Callable[[Iterable[str]], Iterator[Item]]
READERS = pytest.mark.parametrize("read", [read_json, read_marked], ids=["json", "marked"])


def in_json(text: str) -> list[Item]:
    return list(read_json([text]))


def in_lines(text: str) -> list[Item]:
    return list(read_marked([text]))


def claim(text: str, sentences: Any = ()) -> dict[str, Any]:
    return {"text": text, "sentences": sentences}


def claims(*listed: Any) -> str:
    return json.dumps({"claims": listed})


def unread(*pieces: str) -> Iterator[str]:
    """These pieces; it fails whoever asks for more."""
    yield from pieces
    pytest.fail("more was read than was needed")


# --- any reply -----------------------------------------------------------------------------------

PLAIN = st.text(max_size=40).filter(lambda text: not set("[]") & set(text))
SAID = PLAIN.filter(lambda text: any(c.isalnum() for c in text))
LABELS = st.lists(st.integers(-3, 999_999), max_size=MAX_LABELS)


def stated(text: str, labels: Iterable[int]) -> Stated:
    return Stated(one_line(text).rstrip(" ,"), tuple(dict.fromkeys(labels)))


@st.composite
def replies(draw: st.DrawFn) -> tuple[str, list[Item]]:
    """A reply in JSON and the items that it holds."""
    said = draw(st.lists(st.tuples(SAID, LABELS), max_size=4))
    left_open = draw(st.lists(SAID, max_size=3))
    pairs = draw(st.lists(LABELS, max_size=3))
    lists: dict[str, tuple[list[Any], list[Item]]] = {
        "claims": (
            [claim(text, labels) for text, labels in said],
            [stated(text, labels) for text, labels in said],
        ),
        "unanswered": (list(left_open), [LeftOpen(one_line(text)) for text in left_open]),
        "disagreements": (
            [{"sentences": labels} for labels in pairs],
            [Contradiction(tuple(dict.fromkeys(labels))) for labels in pairs],
        ),
    }
    order = draw(st.permutations(list(lists)))
    text = json.dumps(
        {name: lists[name][0] for name in order},
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 0, 2])),
    )
    return text, [item for name in order for item in lists[name][1]]


@st.composite
def lines(draw: st.DrawFn) -> tuple[str, list[Item]]:
    """A reply in lines, each with its end, and the items that it holds."""
    found: list[tuple[str, list[Item]]] = []
    on_one_line = SAID.map(lambda text: " ".join(text.split()))
    labels = st.lists(st.integers(0, 999_999), min_size=1, max_size=4)
    for _ in range(draw(st.integers(0, 6))):
        text = draw(on_one_line)
        match draw(st.sampled_from(["claim", "open", "prose"])):
            case "claim":
                given_labels = draw(labels)
                marks = draw(st.sampled_from(["", " "])).join(f"[{n}]" for n in given_labels)
                found.append((f"- {text} {marks}", [stated(text, given_labels)]))
            case "open":
                found.append((f"? {text}", [LeftOpen(one_line(text))]))
            case _:
                found.append((f"So: {text}", []))
    return "".join(f"{line}\n" for line, _ in found), [item for _, items in found for item in items]


CUTS = st.lists(st.integers(0, 400), max_size=8)


def cut(text: str, places: Iterable[int]) -> list[str]:
    """The text in pieces, some of them empty."""
    ends = [*sorted(min(place, len(text)) for place in places), len(text)]
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@given(replies(), CUTS)
def test_a_reply_says_the_same_in_whatever_pieces_it_comes(
    reply: tuple[str, list[Item]], places: list[int]
) -> None:
    text, items = reply
    assert list(read_json(cut(text, places))) == items
    assert list(read_json(text)) == items


@given(lines(), CUTS)
def test_lines_say_the_same_in_whatever_pieces_they_come(
    reply: tuple[str, list[Item]], places: list[int]
) -> None:
    text, items = reply
    assert list(read_marked(cut(text, places))) == items
    assert list(read_marked(text)) == items


@given(replies(), st.data())
def test_a_reply_that_breaks_off_has_the_first_items_of_the_whole(
    reply: tuple[str, list[Item]], data: st.DataObject
) -> None:
    text, items = reply
    begun = in_json(text[: data.draw(st.integers(0, len(text)))])
    if begun and isinstance(begun[-1], Unfinished):
        *begun, unfinished = begun
        assert isinstance(unfinished, Unfinished)
        assert isinstance(items[len(begun)], Stated)
    assert begun == items[: len(begun)]


@given(lines(), st.data())
def test_lines_that_break_off_have_the_complete_ones_of_the_whole(
    reply: tuple[str, list[Item]], data: st.DataObject
) -> None:
    text, items = reply
    begun = text[: data.draw(st.integers(0, len(text)))]
    complete = in_lines(begun[: begun.rfind("\n") + 1])
    found = in_lines(begun)
    assert complete == items[: len(complete)] == found[: len(complete)]
    assert len(found) <= len(complete) + 1


NAMES = st.sampled_from(["claims", "text", "sentences", "unanswered", "disagreements", "", "\\"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(NAMES | st.text(max_size=3), inside, max_size=4)
    ),
    max_leaves=24,
)
SIGNS = st.text(st.sampled_from([*'{}[]",:\\u0123d8- \n?*a.\t\u2028٣ […é😀']), max_size=80)


def assert_usable(items: Iterable[Item]) -> None:
    """Each item says something, within the limits."""
    for item in items:
        match item:
            case Stated(text, labels):
                assert any(c.isalnum() for c in text)
                assert len(text) <= MAX_ITEM_CHARACTERS
                assert len(labels) == len(set(labels)) <= MAX_LABELS
                assert all(type(label) is int for label in labels)
            case Contradiction(labels):
                assert len(labels) == len(set(labels)) <= MAX_LABELS
                assert all(type(label) is int for label in labels)
            case LeftOpen(text) | Unfinished(text):
                assert text.strip()
                assert len(text) <= MAX_ITEM_CHARACTERS


@READERS
@given(text=st.text() | SIGNS, places=CUTS)
def test_whatever_a_model_says_is_read_without_failing(
    read: Reader, text: str, places: list[int]
) -> None:
    assert_usable(read(cut(text, places)))


@given(VALUES, st.booleans())
def test_whatever_value_the_reply_is_it_is_read_without_failing(value: Any, ascii: bool) -> None:
    assert_usable(in_json(json.dumps(value, ensure_ascii=ascii)))


@given(NAMES, st.lists(VALUES, max_size=6))
def test_items_of_any_type_are_read_without_failing(name: str, listed: list[Any]) -> None:
    assert_usable(in_json(json.dumps({name: listed})))


# --- JSON: what is read --------------------------------------------------------------------------

MET = Stated("They met.", (1,))
MET_JSON = claims(claim("They met.", [1]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(r"caf\u00e9 \"Roma\" \\ \/ \t5", 'café "Roma" \\ / 5', id="escapes"),
        pytest.param(r"It \ud83d\ude00 rains", "It 😀 rains", id="pair of surrogates"),
        pytest.param("Зеленски срещна 東京", "Зеленски срещна 東京", id="other scripts"),
        pytest.param("] } , {", None, id="brackets in a string"),
        pytest.param(r"a \" ] } \\\" b", 'a " ] } \\" b', id="brackets behind escaped quotes"),
        pytest.param(r"  many\n\n  spaces ", "many spaces", id="white space"),
        pytest.param("They met,", "They met", id="comma before the marks"),
        pytest.param("…?!", None, id="no word"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_the_text_of_a_claim_is_what_json_says(text: str, said: str | None) -> None:
    found = in_json(f'{{"claims": [{{"sentences": [7], "text": "{text}"}}]}}')
    assert found == ([] if said is None else [Stated(said, (7,))])


@pytest.mark.parametrize("escaped", [r"\ud800", r"\udc00\ud800", r"\u0000", r"\ud800x"])
def test_an_odd_escape_fails_nothing(escaped: str) -> None:
    first, second = in_json(f'{{"claims": [{{"text": "It {escaped} rains"}}, {{"text": "b"}}]}}')
    assert isinstance(first, Stated)
    assert second == Stated("b", ())


@pytest.mark.parametrize("raw", ["\t", "\n"])
def test_a_raw_line_break_in_a_claim_is_a_space(raw: str) -> None:
    text = f'{{"claims": [{{"text": "It {raw} rains"}}]}}'
    assert in_json(text) == [Stated("It rains", ())]


@pytest.mark.parametrize("escaped", ["\\ud800", "\\u202e", "\\u0000"])
def test_what_acts_on_a_terminal_or_is_no_character_is_replaced(escaped: str) -> None:
    (item,) = in_json(f'{{"claims": [{{"text": "It {escaped} rains"}}]}}')
    assert item == Stated("It \N{REPLACEMENT CHARACTER} rains", ())


def test_a_brace_in_the_text_before_the_object_is_passed_over() -> None:
    assert in_json('Here is {the} reply: {"claims": [{"text": "It rains"}]}') == [
        Stated("It rains", ())
    ]


@pytest.mark.parametrize("escaped", [r"\x", r"\u12"])
def test_a_claim_that_is_no_json_is_passed_over(escaped: str) -> None:
    text = f'{{"claims": [{{"text": "It {escaped} rains"}}, {{"text": "b"}}]}}'
    assert in_json(text) == [Stated("b", ())]


@pytest.mark.parametrize(
    ("sentences", "labels"),
    [
        pytest.param([3, 1, 3], (3, 1), id="each once, in their order"),
        pytest.param(3, (3,), id="one number"),
        pytest.param("[3]", (3,), id="one mark"),
        pytest.param(["3", " [4] ", "5 ", "٦"], (3, 4, 5, 6), id="as text"),
        pytest.param([3.0, 4.5, 1e3], (3, 1000), id="whole floats"),
        pytest.param([float("nan"), float("inf"), 2], (2,), id="no numbers"),
        pytest.param([True, None, "x", "", "3-4", [5], {"n": 6}, 7], (7,), id="other types"),
        pytest.param({"3": 3}, (), id="an object"),
        pytest.param(None, (), id="null"),
        pytest.param([0, -1], (0, -1), id="numbers that nothing has"),
        pytest.param(list(range(99)), tuple(range(MAX_LABELS)), id="too many"),
    ],
)
def test_labels_are_whole_numbers(sentences: Any, labels: tuple[int, ...]) -> None:
    assert in_json(claims(claim("They met.", sentences))) == [Stated("They met.", labels)]
    contradiction = json.dumps({"disagreements": [{"sentences": sentences}]})
    if isinstance(sentences, list):
        assert in_json(contradiction) == [Contradiction(labels)]
    else:
        assert in_json(contradiction) == []


MARKS = [
    pytest.param("They met [3].", "They met.", (3,), id="at the end"),
    pytest.param("They met. [3][4]", "They met.", (3, 4), id="several"),
    pytest.param("They [ 3 ] met", "They met", (3,), id="inside"),
    pytest.param("[3] They met", "They met", (3,), id="at the beginning"),
    pytest.param("They met [3], [4],", "They met", (3, 4), id="with commas"),
    pytest.param("They met[4][3][4]", "They met", (4, 3), id="each once"),
    pytest.param("They met [x] []", "They met [x] []", (), id="no marks"),
    pytest.param("They met [1234567]", "They met [1234567]", (), id="a long number"),
]


@pytest.mark.parametrize(("text", "bare", "labels"), MARKS)
def test_marks_in_a_claim_count_as_labels(text: str, bare: str, labels: tuple[int, ...]) -> None:
    assert in_json(claims(claim(text))) == [Stated(bare, labels)]
    assert in_json(claims(claim(text, [9]))) == [Stated(bare, (9, *labels))]


def test_marks_alone_are_no_claim() -> None:
    assert in_json(claims(claim("[3] [4]"), claim("They met.", [1]))) == [MET]
    assert in_lines("- [3] [4]\n- [5]\n") == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("```json\n", "\n```", id="code fence"),
        pytest.param("Here is my answer:\n\n", "\n\nI hope that helps {you}.", id="prose"),
        pytest.param('"claims": ]] ', "}]", id="signs"),
        pytest.param("[", "]", id="in a list"),
        pytest.param("\ufeff \n", "", id="mark of the byte order"),
    ],
)
def test_what_stands_around_the_object_is_passed_over(before: str, after: str) -> None:
    assert in_json(before + MET_JSON + after) == [MET]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"claims": {"text": "They met.", "sentences": [1]}}', id="no list"),
        pytest.param('{"Claims": [{"text": "They met."}]}', id="other letter case"),
        pytest.param('{"more": {"claims": [{"text": "They met."}]}}', id="deeper"),
        pytest.param('{"more": [{"claims": [{"text": "They met."}]}]}', id="in another list"),
        pytest.param('{"claims": [[{"text": "They met."}]]}', id="list in the list"),
        pytest.param('{"claims": ["They met.", 7, null, true]}', id="items of other types"),
        pytest.param('{"claims": [{"text": 7}, {"text": ["a"]}, {}]}', id="texts of other types"),
        pytest.param('{"unanswered": [7, {"text": "a"}, "  ", null]}', id="open parts"),
        pytest.param('{"disagreements": [[1, 2], "1", {"labels": [1]}]}', id="contradictions"),
        pytest.param('{"claims": "They met.", "unanswered": 7}', id="values of other types"),
        pytest.param('"claims": [{"text": "They met."}]', id="no object"),
        pytest.param("[1, 2]", id="a list"),
        pytest.param("They met. [1]", id="prose"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_lacks_the_form_is_no_item(text: str) -> None:
    assert in_json(text) == []


def test_what_is_no_item_takes_down_none_that_is() -> None:
    junk: list[Any] = [None, "x", 7, [], {}, {"text": None}, [claim("no")], claim("", [1])]
    listed = [each for value in junk for each in (value, claim("They met.", [1]))]
    assert in_json(claims(*listed)) == [MET] * len(junk)


def test_a_key_that_stands_twice_counts_as_json_has_it() -> None:
    twice = '{"claims": [{"text": "no", "text": "They met.", "sentences": 7, "sentences": 1}]}'
    assert in_json(twice) == [MET]
    lists = '{"claims": [{"text": "a"}], "unanswered": ["b"], "claims": [{"text": "c"}]}'
    assert in_json(lists) == [Stated("a", ()), LeftOpen("b"), Stated("c", ())]


def test_other_keys_are_passed_over() -> None:
    value = {
        "thoughts": ["claims", {"text": "no"}],
        "claims": [{"why": {"text": "no", "more": [[1]]}, **claim("They met.", [1])}],
        "x": "claims",
    }
    assert in_json(json.dumps(value)) == [MET]


def test_a_key_may_be_written_with_escapes() -> None:
    assert in_json(MET_JSON.replace("claims", r"cl\u0061ims")) == [MET]


# --- JSON: what breaks off -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begun", "unfinished"),
    [
        pytest.param('{"claims": [{"sentences": [1], "text": "They m', "They m", id="in the text"),
        pytest.param('{"claims": [{"text": "They met.", "sent', "They met.", id="behind the text"),
        pytest.param('{"claims": [{"text" : "They met."', "They met.", id="before the bracket"),
        pytest.param('{"claims": [{"sentences": [1], "text": "', None, id="before a word"),
        pytest.param('{"claims": [{"sentences": [1], "te', None, id="in the key"),
        pytest.param('{"claims": [', None, id="before the claim"),
        pytest.param('{"unanswered": ["why th', None, id="in an open part"),
        pytest.param('{"disagreements": [{"sentences": [1, 2', None, id="in a contradiction"),
        pytest.param('{"more": [{"text": "They m', None, id="in another list"),
    ],
)
def test_the_claim_in_which_a_reply_breaks_off_is_reported(
    begun: str, unfinished: str | None
) -> None:
    assert in_json(begun) == ([] if unfinished is None else [Unfinished(unfinished)])


def test_the_claims_before_the_one_that_breaks_off_stand() -> None:
    whole = claims(claim("They met.", [1]), claim("They talked.", [2]))
    assert in_json(whole[: whole.index("talked") + 3]) == [MET, Unfinished("They tal")]


# --- JSON: how much is read ----------------------------------------------------------------------


def test_an_item_is_there_as_soon_as_it_is_complete() -> None:
    items = read_json(unread('{"claims": [{"text": "They met.", "sentences": [1]}'))
    assert next(items) == MET


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(MET_JSON, id="the object ends"),
        pytest.param(
            '{"claims": [{"text": "They met.", "sentences": [1]}, ' + "[" * MAX_DEPTH,
            id="nesting that no reply needs",
        ),
    ],
)
def test_nothing_more_is_read_behind_the_end(text: str) -> None:
    assert list(read_json(unread(text))) == [MET]


@pytest.mark.parametrize(
    ("name", "each", "item"),
    [
        pytest.param("claims", claim("They met.", [1]), MET, id="claims"),
        pytest.param("unanswered", "why", LeftOpen("why"), id="open parts"),
    ],
)
def test_only_so_many_items_are_read(name: str, each: Any, item: Item) -> None:
    pieces = unread(f'{{"{name}": [', *[f"{json.dumps(each)}, "] * MAX_ITEMS)
    assert list(read_json(pieces)) == [item] * MAX_ITEMS


def test_items_of_no_use_count_too() -> None:
    assert in_json(claims(*["x"] * MAX_ITEMS, claim("They met.", [1]))) == []


@pytest.mark.parametrize(
    ("nested", "read"),
    [(MAX_DEPTH - 3, True), (MAX_DEPTH - 2, False)],
    ids=["as deep as allowed", "deeper"],
)
def test_a_claim_may_hold_so_much_nesting(nested: int, read: bool) -> None:
    value: Any = 1
    for _ in range(nested):
        value = [value]
    assert in_json(claims(claim("They met.", [1]) | {"more": value})) == ([MET] if read else [])


def test_an_item_that_is_too_long_is_passed_over() -> None:
    long = "a " * MAX_ITEM_CHARACTERS
    assert in_json(claims(claim(long, [1]), claim("They met.", [1]))) == [MET]
    reply = json.dumps({"unanswered": [long, "why"], "claims": [claim("They met.", [1])]})
    assert in_json(reply) == [LeftOpen("why"), MET]


@pytest.mark.parametrize("sign", ["a", "\\\\", '\\"', "{", "[", "é"])
def test_of_a_claim_without_end_only_the_beginning_is_kept(sign: str) -> None:
    pieces = ['{"claims": [{"text": "They met ', *[sign * 1000] * 20]
    (unfinished,) = read_json(pieces)
    assert isinstance(unfinished, Unfinished)
    assert unfinished.text.startswith("They met")
    assert len(unfinished.text) <= MAX_ITEM_CHARACTERS


@pytest.mark.parametrize("sign", ["[", "{", '{"', '"\\\\', "a", '{"claims":[', "}", "]", " "])
def test_a_long_reply_of_signs_holds_nothing(sign: str) -> None:
    assert list(read_json([sign * 1000] * 20)) == []


# --- lines ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "item"),
    [
        pytest.param("- They met. [1]", MET, id="a claim"),
        pytest.param("* They met. [1]", MET, id="star"),
        pytest.param("• They met. [1]", MET, id="bullet"),
        pytest.param("  -   They met. [ 1 ] ", MET, id="white space"),
        pytest.param("- They met. [1]\r", MET, id="Windows line end"),
        pytest.param("- They met.[1], [2],[3]", Stated("They met.", (1, 2, 3)), id="commas"),
        pytest.param("- They [2] met. [1]", Stated("They met.", (2, 1)), id="mark inside"),
        pytest.param("- They met", Stated("They met", ()), id="no marks"),
        pytest.param("- A [x] met [1]", Stated("A [x] met", (1,)), id="other brackets"),
        pytest.param("? When they met", LeftOpen("When they met"), id="open part"),
        pytest.param("?   When they met  ", LeftOpen("When they met"), id="open part, spaces"),
    ],
)
def test_a_line_of_the_form_is_an_item(line: str, item: Item) -> None:
    assert in_lines(f"{line}\n") == [item]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("They met. [1]", id="prose"),
        pytest.param("-They met. [1]", id="no space behind the dash"),
        pytest.param("1. They met. [1]", id="a number"),
        pytest.param("– They met. [1]", id="another dash"),
        pytest.param("?When", id="no space behind the question mark"),
        pytest.param("? ", id="nothing open"),
        pytest.param("- ", id="nothing said"),
        pytest.param("- ... [1]", id="no word"),
        pytest.param("```", id="code fence"),
        pytest.param("", id="blank"),
    ],
)
def test_a_line_of_another_form_is_passed_over(line: str) -> None:
    assert in_lines(f"{line}\n- They met. [1]\n{line}\n") == [MET]


@pytest.mark.parametrize(("text", "bare", "labels"), MARKS[1:4])
def test_marks_in_a_line_count_as_labels(text: str, bare: str, labels: tuple[int, ...]) -> None:
    assert in_lines(f"- {text}\n") == [Stated(bare, labels)]


@pytest.mark.parametrize(
    ("last", "item"),
    [
        pytest.param("- They met. [1]", MET, id="marks"),
        pytest.param("- They met", Unfinished("They met"), id="no marks"),
        pytest.param("- They m", Unfinished("They m"), id="in a word"),
        pytest.param("? When", LeftOpen("When"), id="open part"),
    ],
)
def test_the_last_line_is_unfinished_where_it_lacks_marks(last: str, item: Item) -> None:
    assert in_lines(f"- They talked\n{last}") == [Stated("They talked", ()), item]


def test_a_line_is_there_as_soon_as_it_has_ended() -> None:
    assert next(read_marked(unread("- They met. [1]\n- and"))) == MET


def test_only_so_many_lines_are_read() -> None:
    pieces = unread(*["- They met. [1]\n"] * MAX_ITEMS)
    assert list(read_marked(pieces)) == [MET] * MAX_ITEMS


def test_of_a_line_without_end_only_the_beginning_is_kept() -> None:
    (item,) = read_marked(["- They met ", *["again "] * 2000])
    assert isinstance(item, Unfinished)
    assert item.text.startswith("They met again again")
    assert len(item.text) <= MAX_ITEM_CHARACTERS
    assert in_lines("- " + "again " * 2000 + "\n- They met. [1]\n")[1:] == [MET]


@pytest.mark.parametrize("sign", ["[1]", "- ", "? ", "[", "a", " ", "\n", "-\n"])
def test_a_long_reply_of_signs_in_lines_fails_nothing(sign: str) -> None:
    assert_usable(read_marked([sign * 500] * 4))
