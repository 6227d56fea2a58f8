"""Reads what a model replies, as it streams: claims with labels, open parts, contradictions.

Both forms are parsed in linear time and yield each item as soon as it is complete. What doesn't
have the form is passed over; a claim that the reply breaks off in is reported as unfinished.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assistant.render import one_line

MAX_ITEMS = 40
"""Items that are read of one reply; who says more says it again and again."""
MAX_ITEM_CHARACTERS = 2000
MAX_LABELS = 20
MAX_DEPTH = 8
_LIST_DEPTH = 2
"""How deep inside the reply the items of its lists stand."""


def _list_of(items: Mapping[str, Any], most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": most}


def _object_of(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


REPLY_SCHEMA = _object_of(
    claims=_list_of(
        _object_of(sentences=_list_of({"type": "integer"}, 4), text={"type": "string"}), 8
    ),
    unanswered=_list_of({"type": "string"}, 3),
    disagreements=_list_of(_object_of(sentences=_list_of({"type": "integer"}, 4)), 3),
)
"""What a reply in JSON looks like. The lists are bounded, as small models don't end them."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A claim of the model: what it says and the labels of the sentences it points at."""

    text: str
    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The beginning of a claim in which the reply broke off."""

    text: str


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """A part of the question that the model says isn't answered."""

    text: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Labels of sentences that the model says contradict each other."""

    labels: tuple[int, ...]


Item = Stated | Unfinished | LeftOpen | Contradiction


def read_json(pieces: Iterable[str]) -> Iterator[Item]:
    """The items of a reply in JSON; text before the object, such as a code fence, is passed over.

    Nothing behind the object is read, nor behind nesting that no reply needs.
    """
    reader = _JsonReader()
    for piece in pieces:
        for character in piece:
            if item := reader.read(character):
                yield item
            if reader.done:
                return
    if text := reader.unfinished():
        yield Unfinished(text)


class _JsonReader:
    """Follows one JSON object character by character and cuts out the items of its lists.

    It keeps no more than one item. What is cut out is read by the standard library.
    """

    def __init__(self) -> None:
        self.done = False
        self._depth = 0
        self._opened = False
        """Whether nothing but white space was read since the object began."""
        self._in_string = False
        self._escaped = False
        self._key = ""
        self._list = ""
        self._kept: list[str] = []
        self._items = 0

    def read(self, character: str) -> Item | None:
        """Take one more character; the item that it completes, if it does."""
        if self._depth == 0 and character != "{":
            return None
        if self._is_only_a_brace(character):
            self._depth = 0
            return self.read(character)
        if len(self._kept) <= MAX_ITEM_CHARACTERS:
            self._kept.append(character)
        if self._in_string:
            return self._read_in_string(character)
        if character == '"':
            self._in_string = True
            if self._depth <= _LIST_DEPTH:
                self._kept = [character]
        elif character in "{[":
            self._open(character)
        elif character in "}]":
            return self._close()
        return None

    def _is_only_a_brace(self, character: str) -> bool:
        """Whether the brace read last begins no object: "{the}" in the text before it."""
        opened, self._opened = self._opened, self._opened and character.isspace()
        return opened and character not in '"}' and not character.isspace()

    def _read_in_string(self, character: str) -> Item | None:
        if self._escaped:
            self._escaped = False
        elif character == "\\":
            self._escaped = True
        elif character == '"':
            self._in_string = False
            if self._depth == 1:
                self._key = str(_loaded("".join(self._kept)))
            elif self._depth == _LIST_DEPTH:
                return self._cut_out()
        return None

    def _open(self, bracket: str) -> None:
        if self._depth <= _LIST_DEPTH:
            self._kept = [bracket]
        if self._depth == 1:
            self._list = self._key if bracket == "[" else ""
        self._opened = self._depth == 0
        self._depth += 1
        self.done = self._depth > MAX_DEPTH

    def _close(self) -> Item | None:
        self._depth -= 1
        self.done = self._depth == 0
        return self._cut_out() if self._depth == _LIST_DEPTH else None

    def _cut_out(self) -> Item | None:
        self._items += 1
        self.done = self._items >= MAX_ITEMS
        text, self._kept = "".join(self._kept), []
        return _item(self._list, _loaded(text))

    def unfinished(self) -> str:
        """The text of the claim that the reply broke off in; "" where there is none."""
        if self._list != "claims" or self._depth <= _LIST_DEPTH:
            return ""
        match = re.search(r'"text"\s*:\s*"((?:[^"\\]|\\.)*)', "".join(self._kept))
        if match is None:
            return ""
        decoded = _loaded(f'"{match[1]}"')
        return _plain(_MARK.sub("", decoded if isinstance(decoded, str) else match[1]))


def _loaded(text: str) -> Any:
    """The JSON value in `text`; None where it has none."""
    try:
        return json.loads(text, strict=False)  # a raw line break is borne
    except ValueError:
        return None


def _item(kind: str, value: Any) -> Item | None:
    match kind, value:
        case "claims", {"text": str(text)}:
            return _stated(text, _labels(value.get("sentences")))
        case "unanswered", str(text) if text.strip():
            return LeftOpen(_plain(text))
        case "disagreements", {"sentences": list(labels)}:
            return Contradiction(_labels(labels))
        case _:
            return None


def _labels(value: Any) -> tuple[int, ...]:
    """Whole numbers, given as such or as text ("[3]"); anything else points nowhere."""
    listed = value if isinstance(value, list) else [value]
    found = []
    for each in listed[:MAX_LABELS]:
        if isinstance(each, str) and re.fullmatch(r"\s*\[?\s*\d{1,6}\s*\]?\s*", each):
            each = int(re.sub(r"\D", "", each))
        if isinstance(each, float) and each.is_integer():
            each = int(each)
        if isinstance(each, int) and not isinstance(each, bool):
            found.append(each)
    return tuple(dict.fromkeys(found))


_MARK = re.compile(r" ?\[ ?(\d{1,6}(?: ?, ?\d{1,6})*) ?\]")
"""One label or several in brackets, in text whose white space is single spaces."""


def _stated(text: str, labels: tuple[int, ...]) -> Stated | None:
    """The claim without label-like marks in its text, which count as labels."""
    text = _plain(text)
    marks = [int(number) for mark in _MARK.findall(text) for number in mark.split(",")]
    bare = " ".join(_MARK.sub("", text).split()).rstrip(" ,")
    if not any(c.isalnum() for c in bare):
        return None
    return Stated(bare, tuple(dict.fromkeys([*labels, *marks]))[:MAX_LABELS])


def _plain(text: str) -> str:
    """The text on one line, without characters that act on a terminal or are none."""
    return one_line(text[:MAX_ITEM_CHARACTERS])


_LAST_MARK = re.compile(r" ?\[ ?\d{1,6}(?: ?, ?\d{1,6})* ?\][.,]?$")


def read_marked(pieces: Iterable[str]) -> Iterator[Item]:
    """The items of a reply in lines: "- a claim [3][4]" and "? a part that stays open"."""
    line = ""
    read = 0
    for piece in pieces:
        *complete, rest = piece.split("\n")
        for part in complete:
            item, line = _line_item(line + part), ""
            if item:
                read += 1
                yield item
            if read == MAX_ITEMS:
                return
        if len(line) <= MAX_ITEM_CHARACTERS:
            line += rest
    if item := _line_item(line):
        # The last line has no end of its own: without marks there it may have broken off.
        whole = not isinstance(item, Stated) or _LAST_MARK.search(_plain(line))
        yield item if whole or not isinstance(item, Stated) else Unfinished(item.text)


def _line_item(line: str) -> Item | None:
    opening, _, text = _plain(line).partition(" ")
    if opening == "?" and text:
        return LeftOpen(text)
    return _stated(text, ()) if opening in ("-", "*", "•") and text else None
