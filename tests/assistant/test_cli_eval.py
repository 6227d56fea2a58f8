"""`pincite eval`: what it prints and writes, its exit codes, and the report."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest

from assistant import cli
from assistant.evaluation import Evaluation, compare, evaluate, read_evaluation
from assistant.evaluation.charts import HEIGHT, WIDTH, curve
from assistant.evaluation.kinds import KINDS
from tests.assistant.evaluating import QUESTIONS, changed, row, written

HOSTILE = '</script><img src="http://198.51.100.1/x.png" onerror="x()">{{7*7}}\u202e'


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in this process."""

    def call(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["pincite", "eval", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert isinstance(caught.value.code, int)
        return Done(caught.value.code, *capsys.readouterr())

    return call


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    hostile = changed(QUESTIONS[0], id=HOSTILE, question=f"When was it closed? {HOSTILE}")
    return written(tmp_path_factory.mktemp("set") / "own", [*QUESTIONS, hostile])


@pytest.fixture(scope="module")
def work(own: Path) -> Path:
    return own.parent / "work"


def test_figures_are_printed_with_intervals_and_by_type(run: Run, own: Path, work: Path) -> None:
    done = run(own, "--work", work)
    assert done.code == 0
    assert done.out.startswith("The 5 questions of own, answered by extractive\n")
    assert re.search(r"quotes exact +1\.000 +1\.000 to 1\.000 +\d\n", done.out)
    assert re.search(r"refusal recall +1\.000 ", done.out)
    assert re.search(r"\nunanswerable +1 ", done.out)
    assert re.search(r"median +\d+ ms +\d+ to \d+ ms +5\n", done.out)
    assert "1 rightly left unanswered" in done.out
    assert "F1" in done.out
    assert "supported" not in done.out


def test_everything_is_written_where_it_is_asked_for(
    run: Run, own: Path, work: Path, tmp_path: Path
) -> None:
    report, result, rows = (tmp_path / f"out.{end}" for end in ("html", "json", "jsonl"))
    done = run(own, "--work", work, "--report", report, "--json", result, "--rows", rows)
    assert done.code == 0
    assert done.out.endswith(f"written to {rows}\n")
    stored = read_evaluation(result)
    assert [json.loads(line)["id"] for line in rows.read_text("utf-8").splitlines()] == [
        each.id for each in stored.rows
    ]
    assert report.read_text("utf-8") == stored.to_html()
    assert run(own, "--work", work, "--quiet").out == ""


def test_two_runs_are_compared(run: Run, own: Path, work: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    run(own, "--work", work, "--json", old, "--quiet")
    data = json.loads(old.read_text("utf-8"))
    data["rows"][0] |= {"outcome": "refused", "worth": 0.0, "facts": 0.0}
    old.write_text(json.dumps(data), encoding="utf-8")
    new = tmp_path / "new.json"
    done = run(own, "--work", work, "--against", old, "--json", new)
    assert done.code == 0
    assert "Against the old run, of 5 questions: 1 better\n" in done.out
    assert re.search(r"facts cited +0\.\d+ +\d\.\d+ +\+0\.\d+ ", done.out)
    assert (
        "  q-mill When was the mill of Brod closed? – refused although the sources answer, now: "
        "answered from the right place\n"
    ) in done.out
    against = read_evaluation(new).against
    assert against is not None
    assert [each.id for each in against.better] == ["q-mill"]


def test_a_failure_is_told_with_its_reason(run: Run, tmp_path: Path) -> None:
    blank = changed(QUESTIONS[0], id="blank", question="???")
    folder = written(tmp_path / "own", [QUESTIONS[0], blank])
    done = run(folder, "--work", tmp_path / "work")
    assert done.code == 0
    assert "1 answered from the right place; 1 failed\n" in done.out
    assert "The first that failed is blank: The question '???' has no words" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["nowhere"], 2, "There is no folder or file 'nowhere': check the name."),
        (["{own}", "--limit", "0"], 2, "The limit is wrong"),
        (["{own}", "--report", "out.txt"], 2, "'out.txt' isn't named as a .html file."),
        (["{own}", "--against", "no.json"], 2, "There is no file 'no.json'"),
        (["{own}", "--library", "x"], 2, "The folder has its own texts"),
        (["{bad}"], 2, "Line 2 of 'questions.jsonl' is wrong: there is no document 'x'."),
        (["{own}", "--work", "/dev/null/x"], 1, "can't be made"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_in_a_sentence(
    arguments: list[str], code: int, why: str, run: Run, own: Path, tmp_path: Path
) -> None:
    lost = changed(QUESTIONS[3], gold=[{"doc_id": "x", "paragraph": 0}])
    bad = written(tmp_path / "bad", [QUESTIONS[0], lost])
    done = run(*(each.format(own=own, bad=bad) for each in arguments))
    assert done.code == code
    assert done.err.startswith("pincite: ")
    assert why in done.err
    assert done.err.count("\n") == 1


# --- the report ----------------------------------------------------------------------------------


class Elements(HTMLParser):
    """The elements of a document, and its text outside of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else None

    def handle_endtag(self, tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside is None:
            self.text += data


@pytest.fixture(scope="module")
def result(own: Path, work: Path) -> Evaluation:
    return evaluate(own, work=work)


def test_the_report_shows_figures_and_every_question(result: Evaluation) -> None:
    page = Elements(result.to_html())
    articles = [each for tag, each in page.found if tag == "article"]
    assert [each["data-status"] for each in articles] == [each.outcome for each in result.rows]
    names = [each["value"] for tag, each in page.found if tag == "input" and each.get("name")]
    assert set(names) == {"", *(each.outcome for each in result.rows)}
    for words in ("recall@5", "refusal recall", "AURC", "By type", "Accepted", "1987", "mill ¶2"):
        assert words in page.text
    assert [tag for tag, _ in page.found].count("polyline") == 2
    assert "Against an earlier run" not in page.text
    assert "Verdicts on claims" not in page.text


def test_the_report_fetches_nothing_and_texts_in_it_cannot_act(result: Evaluation) -> None:
    html = result.to_html()
    page = Elements(html)
    assert {tag for tag, _ in page.found} & {"img", "link", "iframe", "object"} == set()
    assert [tag for tag, _ in page.found].count("script") == 1
    assert not any(name in each for _, each in page.found for name in ("src", "onerror", "style"))
    assert not any((each.get("href") or "#")[0] != "#" for tag, each in page.found if tag == "a")
    assert HOSTILE.replace("\u202e", "\ufffd") in page.text
    assert "\u202e" not in html
    policy = next(each["content"] for tag, each in page.found if each.get("http-equiv"))
    for element in ("style", "script"):
        inside = re.search(f"<{element}>(.*?)</{element}>", html, re.DOTALL)
        assert inside
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in (policy or "")


def test_the_report_of_a_comparison_and_of_claims(result: Evaluation) -> None:
    better = result.rows[0].model_copy(update={"outcome": "refused", "worth": 0.0, "facts": 0.0})
    old = result.model_copy(update={"rows": (better, *result.rows[1:])})
    said = {"supported": 1, "partly": 0, "not": 2}
    claims = dict.fromkeys(said, said)
    rows = (*result.rows, row(id="c", type="claim", support="not", status="partly", worth=0.0,
                              outcome="verdict_wrong", support_score=0.5))  # fmt: skip
    shown = result.model_copy(
        update={"against": compare(result, old), "confusion": claims, "rows": rows}
    )
    text = " ".join(Elements(shown.to_html()).text.split())
    assert "Against the old run, of 5 questions: 1 better." in text
    assert "refused although the sources answer, now: answered from the right place" in text
    assert "said: partly" in text
    assert "The textsnotVerdictpartly" in text


def test_the_curve_stays_in_its_frame() -> None:
    drawn = curve([(0.5, 0.0), (1.0, 0.42)], (0.8, 0.3))
    assert drawn.path == f"{WIDTH / 2},{float(HEIGHT)} {float(WIDTH)},{round(HEIGHT * 0.16, 1)}"
    assert [tick.label for tick in drawn.up] == ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]
    assert drawn.now is not None
    assert (drawn.now.x, drawn.now.y) == (0.8 * WIDTH, round(HEIGHT * 0.4, 1))
    assert curve([(1.0, 0.0)], None).now is None
    assert [tick.label for tick in curve([(1.0, 1.0)], None).up][-1] == "1.0"


# --- the documentation ---------------------------------------------------------------------------


def test_the_examples_in_the_documentation_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text("utf-8")
    blocks = re.findall(r"```jsonl\n(.*?)```", text, re.DOTALL)
    corpus, questions = ([json.loads(line) for line in block.splitlines()] for block in blocks)
    written(tmp_path / "my-set", questions, corpus)
    monkeypatch.chdir(tmp_path)
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(code, {})
    printed = capsys.readouterr().out.splitlines()
    assert "value=1.0" in printed[0]
    assert printed[1:] == ["closed right", "ceiling left_open"]


def test_every_figure_is_defined_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text("utf-8")
    assert [kind.title for kind in KINDS.values() if kind.title not in text] == []
