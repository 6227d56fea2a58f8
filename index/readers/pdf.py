"""Reads PDF files with PDFium: the text of each page, its lines joined into paragraphs."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium

from index.readers.article import Article, Claims, Job, Pieces, ReadError, claim, first_claims
from index.readers.pdf_lines import Line, Paragraph, hyphenated_words, joined, paragraphs

MAX_PAGES = 5000
MAX_CHARS = 20_000_000
_NEW_LINE = frozenset("\r\n")
_HYPHENS = frozenset("\x02\ufffe")
"""PDFium's signs for a hyphen at the end of a line; the line end itself it leaves out."""
_SURROGATES = range(0xD800, 0xE000)


def read(data: bytes, job: Job) -> Iterator[Article]:
    """The text of a PDF, with the place of each page."""
    document = _opened(data)
    pages = [paragraphs(lines) for lines in _pages(document)]
    pieces = Pieces()
    known = hyphenated_words(line for page in pages for block in page for line in block)
    last: Paragraph = []
    for number, page in enumerate(pages, start=1):
        for position, block in enumerate(page):
            goes_on = position == 0 and bool(last) and _goes_on(last, block)
            text = joined(block, known)
            pieces.add(text, page=number, joint=" " if goes_on else "\n\n")
        last = page[-1] if page else []
    if not pieces.text:
        raise ReadError(
            "The PDF holds no text, only pictures of it: run it through text recognition (OCR)."
        )
    yield Article(pieces.text, _claims(document), tuple(pieces.places))


def _opened(data: bytes) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(data)
        count = len(document)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise ReadError(
                "The PDF is encrypted: save it without its password, then add that."
            ) from error
        raise
    if count > MAX_PAGES:
        raise ReadError(f"The PDF has {count:,} pages, more than {MAX_PAGES:,}: split it.")
    return document


def _pages(document: pypdfium2.PdfDocument) -> Iterator[list[Line]]:
    left = MAX_CHARS
    for number in range(len(document)):
        try:
            page = document[number]
            text = page.get_textpage()
        except pypdfium2.PdfiumError:  # a page that is damaged has no text; the others have
            yield []
            continue
        left -= text.count_chars()
        if left < 0:
            raise ReadError(f"The PDF holds more than {MAX_CHARS:,} characters: split it.")
        yield list(_lines(text))
        text.close()
        page.close()


def _lines(page: pypdfium2.PdfTextPage) -> Iterator[Line]:
    handle = page.raw
    characters: list[str] = []
    inked: list[int] = []
    for index in range(page.count_chars()):
        code = pdfium.FPDFText_GetUnicode(handle, index)
        sign = chr(code) if code <= 0x10FFFF else ""
        if sign in _NEW_LINE or sign in _HYPHENS:
            yield from _line(handle, characters, inked, hyphen=sign in _HYPHENS)
            characters, inked = [], []
            continue
        characters.append(sign)
        if not sign.isspace():
            inked.append(index)
    yield from _line(handle, characters, inked, hyphen=False)


def _line(
    handle: pdfium.FPDF_TEXTPAGE, characters: list[str], inked: list[int], *, hyphen: bool
) -> Iterator[Line]:
    text = "".join(characters)
    if any(ord(sign) in _SURROGATES for sign in characters):  # two halves make one character
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if not text.strip():
        return
    first, last = _box(handle, inked[0]), _box(handle, inked[-1])
    size = pdfium.FPDFText_GetFontSize(handle, inked[0])
    yield Line(
        text.strip() + ("-" if hyphen else ""),
        left=first[0],
        right=last[1],
        bottom=min(first[2], last[2]),
        top=max(first[3], last[3]),
        size=size,
    )


def _box(handle: pdfium.FPDF_TEXTPAGE, index: int) -> tuple[float, float, float, float]:
    box = pdfium.FS_RECTF()  # the loose box is as high as the font, whatever the letter
    pdfium.FPDFText_GetLooseCharBox(handle, index, ctypes.byref(box))
    return box.left, box.right, box.bottom, box.top


def _goes_on(last: Paragraph, first: Paragraph) -> bool:
    """Whether a paragraph goes on over the end of a page: its sentence isn't at its end."""
    end, start = last[-1].text[-1:], first[0].text[:1]
    return (end.isalpha() or end in ",;") and start.islower() and last[-1].size == first[0].size


def _claims(document: pypdfium2.PdfDocument) -> Claims:
    stated = document.get_metadata_dict()
    return first_claims(
        [
            ("title", claim(stated.get("Title"), "PDF Title")),
            ("author", claim(stated.get("Author"), "PDF Author")),
        ]
    )
