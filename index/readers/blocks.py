"""The paragraphs of an HTML tree that a reader of the page sees, each with its element."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from index.readers.article import ReadError

_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav "
    "ol optgroup p pre search section summary table tbody tfoot thead tr ul".split()
)
_UNSEEN = frozenset(
    "applet area audio base canvas datalist embed frame frameset head iframe input link map math "
    "meta noembed noframes noscript object option param progress script select style svg template "
    "textarea title video".split()
)
_UNSEEN_CLASSES = frozenset({"sr-only", "visually-hidden", "screen-reader-text"})
_HIDING = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0*\.?0+\s*(?:;|!|$)"
    r"|content-visibility\s*:\s*hidden|color\s*:\s*transparent"
    r"|font-size\s*:\s*0*\.?0+(?:px|pt|r?em|%)?\s*(?:;|!|$)"
    r"|(?:left|top|right|bottom|text-indent|margin-left)\s*:\s*-\d{3,}"
    r"|clip\s*:\s*rect\(\s*0|clip-path\s*:\s*inset\(\s*(?:50|100)%)"
)
_WHITE = r"(?:white|#fff|#ffffff|rgb\(\s*255\s*,\s*255\s*,\s*255\s*\))\s*(?:;|!|$)"
_WHITE_TEXT = re.compile(rf"(?:^|;)\s*color\s*:\s*{_WHITE}")
_BACKGROUND = re.compile(r"(?:^|;)\s*background(?:-color)?\s*:\s*([^;]*)")
_AT_RULE = re.compile(r"@[^{};]*(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
_SIMPLE = re.compile(r"[.#][\w-]+")
_MAX_PATHS = 5000
_MAX_STYLE_CHARS = 200_000
_SPACE = re.compile(r"[ \t\n\f\r]+")


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph of a page."""

    text: str
    element: str
    """The XPath of the innermost block element that holds it, in the page as it came."""


def parsed(text: str) -> HtmlElement:
    """The tree of a page or a piece of HTML. Raises ReadError where there is none."""
    parser = HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        tree = document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, AssertionError) as error:
        raise ReadError("It holds no HTML: it is empty or damaged.") from error
    if any("depth" in entry.message for entry in parser.error_log):
        raise ReadError("Its HTML is nested too deeply to be read: leave it out.")
    return tree


def visible_blocks(tree: HtmlElement) -> list[Block]:
    """The paragraphs that are seen, in order; what is hidden is removed from the tree.

    Cells of a table's row stand on one line with tabs between them, as in a copied table.
    """
    walk = _Walk(_hidden_names(tree))
    for element in walk.through(tree):
        element.drop_tree()
    return walk.blocks


class _Walk:
    def __init__(self, hidden_names: frozenset[str]) -> None:
        self.blocks: list[Block] = []
        self._hidden_names = hidden_names
        self._parts: list[str] = []
        self._open: list[HtmlElement] = []
        self._pre = 0

    def through(self, tree: HtmlElement) -> list[HtmlElement]:
        """Walks the tree without recursion; returns the elements that are hidden."""
        hidden: list[HtmlElement] = []
        self._open = [tree]
        walker = etree.iterwalk(tree, events=("start", "end"))
        for event, element in walker:
            if event == "start":
                if self._is_hidden(element):
                    hidden.append(element)
                    walker.skip_subtree()
                else:
                    self._enter(element)
            elif event == "end" and not (hidden and hidden[-1] is element):
                self._leave(element)
            if event != "start":
                self._text(element.tail)
        self._flush()
        return [element for element in hidden if element.getparent() is not None]

    def _enter(self, element: HtmlElement) -> None:
        if element.tag in _BLOCKS:
            self._flush()
            self._open.append(element)
            self._pre += element.tag == "pre"
        elif element.tag == "br":
            self._parts.append("\n")
        elif element.tag in ("td", "th") and self._parts:
            self._parts.append("\t")
        self._text(element.text)

    def _leave(self, element: HtmlElement) -> None:
        if element.tag in _BLOCKS:
            self._flush()
            self._open.pop()
            self._pre -= element.tag == "pre"

    def _text(self, text: str | None) -> None:
        if text:
            self._parts.append(text if self._pre else _SPACE.sub(" ", text))

    def _flush(self) -> None:
        whole = "".join(self._parts)
        self._parts.clear()
        if not self._pre:
            whole = re.sub(r" *([\n\t]) *", r"\1", re.sub(" {2,}", " ", whole))
        for piece in re.split(r"\n[ \t]*\n\s*", whole):  # two <br> are a blank line
            if piece := piece.strip(" \t\n\r\f"):
                self.blocks.append(Block(piece, self._path()))

    def _path(self) -> str:
        element = self._open[-1]
        if len(self.blocks) >= _MAX_PATHS:  # each counts the elements before it
            return f"paragraph {len(self.blocks) + 1} of the page"
        return str(element.getroottree().getpath(element))

    def _is_hidden(self, element: HtmlElement) -> bool:
        if element.tag in _UNSEEN:
            return True
        attributes = element.attrib
        if not attributes or element.tag in ("html", "body"):
            return False
        if "hidden" in attributes or attributes.get("aria-hidden", "").strip().lower() == "true":
            return True
        names = attributes.get("class", "").split()
        if not _UNSEEN_CLASSES.isdisjoint(names):
            return True
        if self._hidden_names and not self._hidden_names.isdisjoint(
            [*(f".{name}" for name in names), f"#{attributes.get('id', '')}"]
        ):
            return True
        style = attributes.get("style", "").lower()
        return bool(style) and (bool(_HIDING.search(style)) or _white_on_white(element, style))


def _white_on_white(element: HtmlElement, style: str) -> bool:
    if not _WHITE_TEXT.search(style):
        return False
    around: HtmlElement | None = element
    while around is not None:
        behind = _BACKGROUND.search(around.get("style", "").lower())
        stated = behind[1].strip() if behind else around.get("bgcolor", "").strip().lower()
        if stated and not stated.startswith(("none", "transparent", "inherit")):
            return bool(re.match(_WHITE, stated))
        around = around.getparent()
    return True


def _hidden_names(tree: HtmlElement) -> frozenset[str]:
    """The classes and ids that the page's own style sheet hides without condition."""
    names: set[str] = set()
    for sheet in tree.iter("style"):
        rules = _AT_RULE.sub("", _COMMENT.sub("", (sheet.text or "")[:_MAX_STYLE_CHARS]))
        for selectors, declarations in _RULE.findall(rules):
            if _HIDING.search(declarations.lower()):
                simple = (selector.strip() for selector in selectors.split(","))
                names.update(name for name in simple if _SIMPLE.fullmatch(name))
    return frozenset(names)
