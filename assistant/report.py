"""The HTML report of a question list: one file to read, to filter, to print and to check.

It fetches nothing. Every citation opens the quoted paragraph with the quote marked in it; a
paragraph is in the file once, however many answers cite it. The answers are in it as data too, so
that they can be checked again without anything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, NoReturn

from assistant.hypertext import answer_html, asset, digest, markup, templates
from assistant.list_writers import rows_as_jsonl
from assistant.question_lists import QuestionList, RowResult
from assistant.report_sources import CitedSources
from assistant.text_fragments import fragment_link
from index import AnswerError, Library

if TYPE_CHECKING:
    from assistant.types import Citation

STATUSES = ("answered", "partial", "disputed", "abstained", "failed")
SHOWN_CHARACTERS = 2_000
"""Of a question or a cell; the data in the file have all of it."""

_IN_MEMORY_BYTES = 16_000_000
_CHUNK_CHARACTERS = 1 << 16
_DATA_BEGIN = '<script type="application/json" id="pincite-answers">'
_DATA_END = "</script>"
_IN_SCRIPT = str.maketrans({each: f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"})


def report_chunks(
    questions: QuestionList, results: Iterable[RowResult], library: Library
) -> Iterator[str]:
    """The report of these results as the pieces of an HTML document.

    `library` is the one that was asked. Since the counts stand at the top, all results are taken
    before the first piece comes; they are kept on the disk meanwhile where they are many.
    """
    cited = CitedSources(library)
    counts = dict.fromkeys(STATUSES, 0)
    with _spool() as rows, _spool() as data:
        for result in results:
            data.write(",\n" if any(counts.values()) else "")
            data.write(rows_as_jsonl([result]).rstrip("\n").translate(_IN_SCRIPT))
            rows.write(_row(result, cited))
            counts[result.status] += 1
        yield _head(questions, counts)
        yield from _chunks(rows)
        yield from _sources(cited)
        yield f"{_DATA_BEGIN}[\n"
        yield from _chunks(data)
        yield f"\n]{_DATA_END}\n<script>{asset('report.js')}</script>\n</body>\n</html>\n"


def answers_in_report(html: str) -> list[dict[str, Any]]:
    """The rows of a report: answers as `pincite.answer/1`, or questions with their errors.

    Raises:
        AnswerError: this is no report, or only a part of one.
    """
    before, begin, rest = html.partition(_DATA_BEGIN)
    data, end, after = rest.partition(_DATA_END)
    if not begin or not before.lstrip().lower().startswith("<!doctype html>"):
        raise AnswerError("This page is no report of Pincite's: name one that it has written.")
    if not end or _DATA_BEGIN in after:
        raise AnswerError("This report isn't whole: write it again.")
    try:
        rows = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AnswerError("The answers in this report can't be read: write it again.")
    return rows


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _spool() -> SpooledTemporaryFile[str]:
    return SpooledTemporaryFile(_IN_MEMORY_BYTES, "w+", encoding="utf-8", newline="")


def _chunks(file: IO[str]) -> Iterator[str]:
    file.seek(0)
    while chunk := file.read(_CHUNK_CHARACTERS):
        yield chunk


# --- head and rows -------------------------------------------------------------------------------


def _head(questions: QuestionList, counts: dict[str, int]) -> str:
    style, script = asset("report.css"), asset("report.js")
    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    template = templates().get_template("report_head.html")
    head = template.render(questions=questions, counts=counts, policy=policy, style=markup(style))
    return f"{head}\n"


def _row(result: RowResult, cited: CitedSources) -> str:
    answer = result.answer
    number = result.row.number
    fragment = None
    if answer:
        link = cited.links(answer, elsewhere=f"#row-{number}")
        fragment = markup(answer_html(answer, link=link, prefix=f"{number}-"))
    row = templates().get_template("report_row.html")
    html = row.render(
        result=result,
        fragment=fragment,
        on_the_web=_on_the_web(answer.citations) if answer else [],
        shortened=_shortened,
    )
    return f"{html}\n"


def _sources(cited: CitedSources) -> Iterator[str]:
    template = templates().get_template("report_sources.html")
    stream = template.stream(sources=cited.sources())
    stream.enable_buffering(100)
    yield from stream


def _on_the_web(citations: Iterable[Citation]) -> list[tuple[int, str]]:
    """The numbers of those whose source is a web page, each with the address of its words."""
    return [(c.number, address) for c in citations if (address := fragment_link(c))]


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
