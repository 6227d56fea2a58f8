"""The report of an evaluation in a browser: filters, and that everybody can read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from assistant import LibraryStamp
from assistant.evaluation import compare
from assistant.evaluation.result import Evaluation, SetStamp, summed_up
from tests.assistant.evaluating import row
from tests.page.browser import Visits, axe


@dataclass(frozen=True)
class Written:
    """A report in a file."""

    path: Path

    @property
    def address(self) -> str:
        return self.path.as_uri()


def evaluation(worth: float) -> Evaluation:
    asked = {"answerable": True, "answered": True, "facts": worth, "ranks": ((1,),)}
    rows = (
        row(id="a", question="When was the mill closed?", probability=0.9, wrong=False, **asked),
        row(id="b", outcome="wrong_place", worth=worth, probability=0.7, wrong=True, **asked),
        row(id="c", type="unanswerable", outcome="answered_anyway", worth=0.0, answered=True,
            answerable=False, probability=0.6, wrong=True),
        row(id="d", type="claim", outcome="verdict_right", support="not", status="not"),
    )  # fmt: skip
    return summed_up(
        rows,
        set=SetStamp(name="own", sha256="0" * 64, questions=4, asked=4),
        date="2024-05-04",
        versions={"pincite": "1"},
        settings={"model": "extractive"},
        library=LibraryStamp(fingerprint="f", sources=1, paragraphs=3),
        notes=("A note.",),
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_questions_are_filtered_and_nobody_is_shut_out(
    scheme: str, page_of: Visits, tmp_path: Path
) -> None:
    new = evaluation(0.0)
    shown = new.model_copy(update={"against": compare(new, evaluation(1.0))})
    report = Written(tmp_path / "report.html")
    report.path.write_text(shown.to_html(), encoding="utf-8", newline="")
    # axe-core is a script of another's, which the report itself wouldn't run.
    page = page_of(report, "", color_scheme=scheme, bypass_csp=True)
    rows = page.locator(".row:visible")
    expect(page.locator("#shown")).to_have_text("4 of 4 shown")
    page.get_by_label("1 answered from the wrong place").check()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("answered from the wrong place")
    expect(page.locator("#shown")).to_have_text("1 of 4 shown")
    page.get_by_label("all 4").check()
    page.get_by_label("with the words").fill("mill CLOSED")
    expect(rows).to_have_count(1)
    page.get_by_label("with the words").fill("")
    assert axe(page) == []
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert axe(page) == []
    assert set(page_of.watch(page).requests) == {report.address}
