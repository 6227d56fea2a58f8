"""`pincite verify`: what it prints, its exit codes, and the bundles it writes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from assistant import Answer, Assistant, Conversation, cli
from index import Library, source_from_text

QUESTION = "When did Trump and Putin speak by phone?"
DISPUTED = "Which centre does Max Bergman work for?"
FAR = "What is the capital of Australia?"
ARTICLES = Path(__file__).parents[2] / "articles"
VALLEY = (
    "Rain in the valley\n\nIt rained for three days. Nobody was hurt.\n\nThe mill was closed.\n"
)
RAINED = "How long did it rain in the valley?"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(
    sample: Assistant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs the command in this process; the sample library is built already."""

    def call(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["pincite", "verify", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert isinstance(caught.value.code, int)
        return Done(caught.value.code, *capsys.readouterr())

    return call


@pytest.fixture(scope="module")
def answers(sample: Assistant) -> list[Answer]:
    return [sample.ask(question) for question in (QUESTION, DISPUTED, FAR)]


@pytest.fixture
def rows(tmp_path: Path, answers: list[Answer]) -> Path:
    return written(tmp_path / "rows.jsonl", answers)


def written(path: Path, answers: list[Answer]) -> Path:
    path.write_text("".join(f"{each.to_json()}\n" for each in answers), encoding="utf-8")
    return path


def count(answers: list[Answer]) -> int:
    return sum(len(each.citations) for each in answers)


def altered(answer: Answer, **parts: object) -> Answer:
    """The answer with its first citation changed."""
    first, *others = answer.citations
    changed = first.model_copy(update=parts)
    return answer.model_copy(update={"citations": (changed, *others)})


# --- everything holds ----------------------------------------------------------------------------


def test_answers_that_hold_exit_with_0(run: Run, rows: Path, answers: list[Answer]) -> None:
    total = count(answers)
    assert run(rows) == Done(0, f"{total} citations: {total} hold\n", "")


def test_every_form_of_a_stored_answer_is_taken(
    run: Run, tmp_path: Path, answers: list[Answer]
) -> None:
    one = answers[0]
    n = len(one.citations)
    expected = f"{n} citation{'s' * (n != 1)}: {n} hold{'s' * (n == 1)}\n"
    file = tmp_path / "answer"
    for text in (
        one.to_json(2),
        json.dumps([one.to_dict()]),
        Conversation().with_answer(one).to_json(),
    ):
        file.write_text(text, encoding="utf-8")
        assert run(file) == Done(0, expected, "")


def test_an_abstention_has_nothing_to_check(run: Run, tmp_path: Path, sample: Assistant) -> None:
    assert run(written(tmp_path / "a.jsonl", [sample.ask(FAR)])) == Done(0, "0 citations\n", "")


def test_all_lists_what_holds_too(run: Run, rows: Path, answers: list[Answer]) -> None:
    done = run(rows, "--all")
    assert done.code == 0
    for each in answers[0].citations:
        assert f"[{each.number}] {each.source_id} ¶{each.paragraph}" in done.out
        assert " ".join(each.quote.split())[:100] in done.out
    assert f"line 1: {QUESTION}" in done.out


def test_statements_are_checked_on_demand(run: Run, rows: Path, answers: list[Answer]) -> None:
    sides = [side for a in answers for d in a.disagreements for side in d.sides]
    statements = len(sides) + sum(len(each.claims) for each in answers)
    total = count(answers)
    assert run(rows, "--statements") == Done(
        0,
        f"{total} citations: {total} hold; {statements} statements: {statements} supported\n",
        "",
    )


# --- something doesn't ---------------------------------------------------------------------------


def test_what_does_not_hold_is_listed_and_exits_with_5(
    run: Run, tmp_path: Path, answers: list[Answer]
) -> None:
    one = answers[0]
    file = written(
        tmp_path / "rows.jsonl",
        [one, altered(one, paragraph=1), altered(one, quote="X 1"), altered(one, source_id="none")],
    )
    done = run(file)
    rest = 4 * len(one.citations) - 3
    assert done.code == 5
    assert done.out.endswith(f"\n{rest + 3} citations: {rest} hold, 2 moved, 1 changed\n")
    assert f"line 2: {QUESTION}" in done.out
    assert f"now ¶{one.citations[0].paragraph}, " in done.out
    assert "the text is now the source" in done.out
    assert f"line 1: {QUESTION}" not in done.out


def test_a_library_that_changed_is_noticed(
    run: Run, tmp_path: Path, own_library: Callable[[dict[str, str]], Library]
) -> None:
    library = own_library({"valley": VALLEY})
    with closing(Assistant.open(library.path)) as assistant:
        answer = assistant.ask(RAINED)
    file = written(tmp_path / "rows.jsonl", [answer])
    assert answer.citations
    where = ("--library", library.path)
    assert run(file, *where).code == 0

    library.remove("valley")
    library.add([source_from_text(f"Updated\n\n{VALLEY}", id="valley")])
    done = run(file, *where)
    assert (done.code, "1 moved" in done.out) == (5, True)

    library.remove("valley")
    library.add([source_from_text(VALLEY.replace("three", "thirteen"), id="valley")])
    done = run(file, *where)
    assert (done.code, "1 changed" in done.out) == (5, True)
    assert "which isn't the quote, is in ¶2: It rained for thirteen days." in done.out

    library.remove("valley")
    done = run(file, *where)
    assert (done.code, "1 gone" in done.out) == (5, True)


def test_an_edited_source_leaves_its_citations_good(
    run: Run, tmp_path: Path, own_library: Callable[[dict[str, str]], Library]
) -> None:
    library = own_library({"valley": VALLEY})
    with closing(Assistant.open(library.path)) as assistant:
        answer = assistant.ask(RAINED)
    file = written(tmp_path / "rows.jsonl", [answer])
    library.add([source_from_text(VALLEY.replace("three", "thirteen"), id="valley")])
    done = run(file, "--library", library.path, "--statements")
    assert (done.code, done.err) == (0, "")
    assert "the source has been edited since, and its newest version doesn't have" in done.out
    assert "1 hold (1 in earlier versions of their sources)" in done.out.replace("holds", "hold")
    printed = json.loads(run(file, "--library", library.path, "--json").out)
    assert (printed["all_hold"], printed["edited"]) == (True, 1)
    bundle = tmp_path / "out.zip"
    assert run(file, "--library", library.path, "--bundle", bundle).code == 0
    assert zipfile.ZipFile(bundle).read("sources/valley.txt").decode() == VALLEY


def test_an_unsupported_statement_exits_with_5(
    run: Run, tmp_path: Path, answers: list[Answer]
) -> None:
    claim = answers[0].claims[0].model_copy(update={"text": "They spoke on March 3."})
    forged = answers[0].model_copy(update={"claims": (claim,)})
    file = written(tmp_path / "rows.jsonl", [forged])
    assert run(file).code == 0
    done = run(file, "--statements")
    assert (done.code, "1 statement: 1 unsupported" in done.out) == (5, True)
    assert "They spoke on March 3." in done.out
    uncited = forged.model_copy(update={"claims": (claim.model_copy(update={"citations": ()}),)})
    done = run(written(file, [uncited]))
    assert (done.code, "it has no citation" in done.out) == (5, True)


def test_rows_without_an_answer_are_counted(run: Run, rows: Path, answers: list[Answer]) -> None:
    failed = json.dumps({"question": "", "error": "The question is empty."})
    with rows.open("a", encoding="utf-8") as file:
        file.write(f"{failed}\n{failed}\n{answers[0].to_json()[:50]}")
    done = run(rows)
    assert done.code == 0
    assert done.out.splitlines()[1:] == [
        "2 places have no answer to check: the question wasn't answered.",
        "1 place has no answer to check: the line is cut off: whatever wrote it was stopped.",
    ]


def test_hostile_texts_are_shown_as_text(run: Run, tmp_path: Path, answers: list[Answer]) -> None:
    hostile = "\x1b[2J\u202e[bold]Trump[/bold]\n\x07"
    forged = altered(answers[0], quote=hostile, source_id=hostile)
    file = written(tmp_path / "rows.jsonl", [forged.model_copy(update={"question": hostile})])
    done = run(file)
    assert done.code == 5
    assert "[bold]Trump[/bold]" in done.out
    assert not set(done.out) & {"\x1b", "\u202e", "\x07"}


def test_a_terminal_is_shown_a_table(
    run: Run, tmp_path: Path, answers: list[Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100, color_system=None)
    monkeypatch.setattr("assistant.cli_verify.out", console)
    one = altered(answers[0], source_id="none", quote="X")
    assert run(written(tmp_path / "rows.jsonl", [one])).code == 5
    lines = shown.getvalue().splitlines()
    assert lines[0].split() == "answer citation state quote or statement what was found".split()
    assert max(map(len, lines)) <= 100
    assert lines[-1].endswith(", 1 changed")


# --- JSON ----------------------------------------------------------------------------------------


def test_json_says_what_was_found(run: Run, tmp_path: Path, answers: list[Answer]) -> None:
    one = answers[0]
    cited = one.citations[0]
    file = written(tmp_path / "rows.jsonl", [altered(one, start=0)])
    done = run(file, "--json")
    assert (done.code, done.err) == (5, "")
    printed = json.loads(done.out)
    held = len(one.citations) - 1
    citations, statements = printed.pop("citations"), printed.pop("statements")
    assert printed == {
        "schema": "pincite.verification/1",
        "file": str(file),
        "all_hold": False,
        "answers": 1,
        "edited": 0,
        "counts": {
            **{"holds": held, "moved": 1, "changed": 0, "gone": 0},
            **{"supported": 0, "unsupported": 0},
        },
        "skipped": {},
    }
    assert statements == []
    assert citations == [
        {
            "place": "line 1",
            "question": QUESTION,
            "number": 1,
            "source_id": cited.source_id,
            "paragraph": cited.paragraph,
            "start": 0,
            "end": cited.end,
            "quote": cited.quote,
            "state": "moved",
            "now": {"paragraph": cited.paragraph, "start": cited.start, "end": cited.end},
            "note": "the text is unchanged, but the place given for the quote is wrong",
            "page": None,
            "edited": False,
        }
    ]


def test_json_lists_everything_on_demand(run: Run, rows: Path, answers: list[Answer]) -> None:
    printed = json.loads(run(rows, "--json", "--all", "--statements").out)
    assert len(printed["citations"]) == count(answers) == printed["counts"]["holds"]
    assert len(printed["statements"]) == printed["counts"]["supported"] > 0
    assert json.loads(run(rows, "--json").out)["citations"] == []


# --- against files -------------------------------------------------------------------------------


def test_files_stand_in_for_a_library(
    run: Run, tmp_path: Path, rows: Path, answers: list[Answer]
) -> None:
    total = count(answers)
    assert run(rows, "--against", ARTICLES) == Done(0, f"{total} citations: {total} hold\n", "")
    texts = sorted(ARTICLES.glob("*.txt"))
    options = [part for text in texts for part in ("--against", text)]
    assert run(rows, *options) == Done(0, f"{total} citations: {total} hold\n", "")
    only = tmp_path / "only"
    only.mkdir()
    (only / "other.txt").write_text("Something else.", encoding="utf-8")
    assert run(rows, "--against", only).out.endswith(f"{total} citations: {total} gone\n")


def test_where_a_source_is_missing_it_is_told_what_could_not_be_read(
    run: Run, tmp_path: Path, rows: Path
) -> None:
    (tmp_path / "texts").mkdir()
    broken = tmp_path / "texts" / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 nothing")
    (tmp_path / "texts" / "other.txt").write_text("Something else.", encoding="utf-8")
    done = run(rows, "--against", tmp_path / "texts")
    assert done.code == 5
    assert done.err.startswith(f"not checked against {broken}: It can't be read as a PDF")
    whole = run(rows, "--against", ARTICLES, "--against", broken.parent)
    assert (whole.code, whole.err) == (0, "")


def test_no_library_is_needed_to_check_against_files(
    run: Run, rows: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PINCITE_LIBRARY", str(tmp_path / "none"))
    assert run(rows).code == 1
    assert run(rows, "--against", ARTICLES).code == 0


# --- bundles -------------------------------------------------------------------------------------


def test_a_bundle_is_written_and_can_be_checked_by_anybody(
    run: Run, tmp_path: Path, rows: Path, answers: list[Answer]
) -> None:
    bundle = tmp_path / "out.zip"
    total = count(answers)
    done = run(rows, "--bundle", bundle)
    assert done == Done(0, f"{total} citations: {total} hold\nbundle written to {bundle}\n", "")
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path / "out")
    checked = subprocess.run(
        [sys.executable, "-I", "-S", tmp_path / "out" / "verify.py"], env={}, check=False
    )
    assert checked.returncode == 0
    assert run(tmp_path / "out" / "answers.jsonl", "--against", tmp_path / "out/sources").code == 0


def test_no_bundle_is_written_of_what_does_not_hold(
    run: Run, tmp_path: Path, answers: list[Answer]
) -> None:
    file = written(tmp_path / "rows.jsonl", [altered(answers[0], start=0)])
    done = run(file, "--bundle", tmp_path / "out.zip")
    assert (done.code, done.err) == (
        5,
        "pincite: No bundle is written, as not everything holds.\n",
    )
    assert [each.name for each in tmp_path.iterdir()] == ["rows.jsonl"]


def test_the_answers_are_never_written_over(run: Run, rows: Path) -> None:
    before = rows.read_bytes()
    done = run(rows, "--bundle", rows)
    assert (done.code, "is there already and is no bundle" in done.err) == (1, True)
    assert rows.read_bytes() == before


# --- wrong usage ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "Missing argument"),
        (["FILE", "--library", "a", "--against", "b"], 2, "exclude each other: leave one out"),
        (["FILE", "--statements", "--against", "b"], 2, "--statements needs a library"),
        (["FILE", "--against", "none.txt"], 2, "There is no file 'none.txt'"),
        (["FILE", "--library", "none"], 1, "There is no library in"),
        (["none.jsonl"], 1, "There is no file 'none.jsonl': check the name."),
        (["FILE", "--bundle", "none/out.zip"], 1, "can't be written"),
    ],
)
def test_failures_are_one_sentence(
    run: Run,
    rows: Path,
    arguments: list[str],
    code: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*(rows if each == "FILE" else each for each in arguments))
    assert done.code == code
    assert says in done.err
    assert "Traceback" not in done.err
