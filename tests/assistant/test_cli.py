"""The `pincite` command: exit codes, one sentence for each failure, and what it prints."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from assistant import EXPORT_FORMATS, Answer, Assistant, ExportFormat, cli
from tests.model_replies import reply, says
from tests.openai_server import Fail, OpenAIServer, Stall

ROOT = Path(__file__).parents[2]
ARTICLE = "whats-at-stake"
QUESTION = "When did Trump and Putin speak by phone?"
FAR = "What is the capital of Australia?"


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

    def call(*arguments: str | Path, stdin: str | None = None) -> Done:
        monkeypatch.setattr(sys, "argv", ["pincite", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert isinstance(caught.value.code, int)
        return Done(caught.value.code, *capsys.readouterr())

    return call


def environment(**more: str) -> dict[str, str]:
    """The process's own environment, without what makes output look like a terminal's."""
    colour = {"FORCE_COLOR", "CLICOLOR_FORCE", "NO_COLOR", "GITHUB_ACTIONS", "TTY_COMPATIBLE"}
    return {k: v for k, v in os.environ.items() if k not in colour} | more


@pytest.fixture
def shell(sample: Assistant) -> Run:
    """Runs the command as users do, in a process of its own."""

    def call(*arguments: str | bytes, stdin: bytes = b"", **more: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "assistant", *arguments],
            cwd=ROOT,
            env=environment(**more),
            input=stdin,
            capture_output=True,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


# --- exit codes and failures ---------------------------------------------------------------------

USAGE_ERRORS = [
    pytest.param(["ask", ""], "pincite: The question is empty: type", id="empty question"),
    pytest.param(["ask", " \n"], "pincite: The question is empty: type", id="blank question"),
    pytest.param(["ask", "🙂"], "pincite: The question '🙂' has no words", id="only emoji"),
    pytest.param(["ask", "a" * 5000], "pincite: The question has 5,000 characters", id="long"),
    pytest.param(["ask"], "Missing argument 'question'", id="no question"),
    pytest.param(["ask", "a", "b"], "unexpected extra argument", id="two questions"),
    pytest.param(["ask", "a", "--jsn"], "No such option", id="unknown option"),
    pytest.param(["frobnicate"], "No such command 'frobnicate'", id="unknown command"),
    pytest.param(
        ["ask", "a", "--json", "--markdown"],
        "pincite: --json and --markdown exclude each other: leave one out.",
        id="both JSON and Markdown",
    ),
    pytest.param(
        ["ask", "a", "--stream", "--markdown"],
        "pincite: Only text and JSON can be streamed: leave --stream or --markdown out.",
        id="Markdown in pieces",
    ),
    pytest.param(
        ["ask", "a", "--stream", "--format", "csl-json"],
        "pincite: Only text and JSON can be streamed: leave --stream or --format csl-json out.",
        id="a list of sources in pieces",
    ),
    pytest.param(
        ["ask", "a", "--format", "bibtex", "--json"],
        "pincite: --json and --format bibtex exclude each other: leave one out.",
        id="two formats",
    ),
    pytest.param(
        ["ask", "a", "--format", "text", "--markdown"],
        "pincite: --markdown and --format text exclude each other: leave one out.",
        id="both text and Markdown",
    ),
    pytest.param(
        ["ask", "a", "--format", "pdf"],
        "pincite: There is no format 'pdf': choose text, markdown, html, json, annotations, "
        "csl-json or bibtex.",
        id="unknown format",
    ),
    pytest.param(["ask", "a", "--format", ""], "There is no format ''", id="empty format"),
    pytest.param(
        ["ask", "a", "--format", "bibtex", "--show-withheld"],
        "pincite: BibTeX can't list what was withheld: leave --show-withheld or --format bibtex "
        "out.",
        id="withheld statements in a list of sources",
    ),
    pytest.param(
        ["ask", "a", "--max-tokens", "1"], "pincite: max_tokens is wrong: ", id="too few tokens"
    ),
    pytest.param(
        ["ask", "a", "--strictness", "1.5"],
        "pincite: strictness is wrong: input should be less than or equal to 1.",
        id="strictness that no probability reaches",
    ),
    pytest.param(
        ["ask", "a", "--model", "openai:none", "--base-url", "http://localhost", "--max-cost", "1"],
        "pincite: The cost of 'openai:none' can't be limited",
        id="limit on an unknown cost",
    ),
    pytest.param(
        ["ask", "Why?", "--sources", "nowhere"],
        "pincite: The library has no source 'nowhere'",
        id="unknown source to search",
    ),
    pytest.param(["show", "nowhere"], "There is no source 'nowhere'", id="unknown source"),
    pytest.param(
        ["show", f"{ARTICLE}:99"],
        f"pincite: {ARTICLE} has no paragraph 99: it has 32, from 1.",
        id="paragraph behind the last",
    ),
    pytest.param(["show", f"{ARTICLE}:0"], "has no paragraph 0", id="paragraph zero"),
    pytest.param(["show", f"{ARTICLE}:x"], "'x' is no paragraph number", id="paragraph no number"),
    pytest.param(
        ["show", f"{ARTICLE}:{'9' * 5000}"], "has no paragraph 999999999", id="paragraph far off"
    ),
    pytest.param(["show", f"{ARTICLE}:²"], "'²' is no paragraph number", id="superscript number"),
    pytest.param(["add", "x.txt"], "The sample library can't be changed", id="add to the sample"),
    pytest.param(["remove", "x"], "The sample library can't be changed", id="remove from it"),
    pytest.param(["reindex"], "The sample library can't be changed", id="reindex it"),
]


@pytest.mark.parametrize(("arguments", "says"), USAGE_ERRORS)
def test_wrong_usage_exits_with_2_and_says_what_to_do(
    run: Run, arguments: list[str], says: str
) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert says in done.err
    if done.err.startswith("pincite:"):
        assert done.err.count("\n") == 1


def test_an_unknown_setting_exits_with_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_LIBARY", "x")
    done = run("sources")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "pincite: PINCITE_LIBARY is set in the environment but is no setting: "
        "did you mean PINCITE_LIBRARY?\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [["ask", "Why?"], ["chat"], ["sources"], ["show", "a"], ["remove", "a"], ["reindex"]],
)
def test_a_missing_library_exits_with_1_and_names_the_command_that_makes_one(
    run: Run, tmp_path: Path, arguments: list[str]
) -> None:
    done = run(*arguments, "--library", tmp_path / "none")
    assert (done.code, done.out) == (1, "")
    assert f"There is no library in '{tmp_path / 'none'}': make one with `pincite add" in done.err
    assert not (tmp_path / "none").exists()


def test_no_command_shows_the_help(run: Run) -> None:
    assert "Usage: pincite" in run().out


@pytest.mark.parametrize("command", ["ask", "chat", "sources", "show", "add", "remove", "reindex"])
def test_every_command_has_help(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert done.code == 0
    assert f"Usage: pincite {command}" in done.out
    assert "--library" in done.out


def test_every_command_and_option_is_explained() -> None:
    for command in cli.app.registered_commands:
        assert command.callback is not None
        assert command.callback.__doc__
    assert {command.callback.__name__ for command in cli.app.registered_commands} >= {
        *("ask", "chat", "sources", "show", "add", "remove", "reindex")
    }


def test_the_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version") == Done(0, f"pincite {version('pincite')}\n", "")


# --- asking --------------------------------------------------------------------------------------


def test_an_answer_is_printed_with_its_citations(run: Run) -> None:
    done = run("ask", QUESTION)
    assert (done.code, done.err) == (0, "")
    assert "February 12" in done.out
    assert "[1]" in done.out
    assert f"{ARTICLE} ¶8" in done.out
    assert not any(line.endswith(" ms") for line in done.out.splitlines())


def test_json_is_the_answer_itself(run: Run, sample: Assistant) -> None:
    done = run("ask", QUESTION, "--json")
    assert (done.code, done.err) == (0, "")
    printed, answer = json.loads(done.out), sample.ask(QUESTION).to_dict()
    for each in (printed, answer):
        del each["timings_ms"]
    assert printed == answer
    assert printed.pop("schema") == "pincite.answer/1"
    assert Answer.model_validate({k: v for k, v in printed.items() if k not in ("status", "text")})


def test_markdown_is_the_answers_markdown(run: Run, sample: Assistant) -> None:
    assert run("ask", QUESTION, "--markdown") == Done(0, sample.ask(QUESTION).to_markdown(), "")


@pytest.mark.parametrize("name", ["csl-json", "bibtex", "annotations", "html", "markdown"])
def test_a_format_is_printed_as_python_gives_it(run: Run, sample: Assistant, name: str) -> None:
    (form,) = (form for form in EXPORT_FORMATS if form.name == name)
    text = form.of_answer(sample.ask(QUESTION), sample.library)
    done = run("ask", QUESTION, "--format", name)
    assert (done.code, done.err) == (0, "")
    assert untimed(done.out) == untimed(text.removesuffix("\n") + "\n")


def untimed(text: str) -> str:
    return re.sub(r"\d+ ms", "- ms", text)


def test_authors_and_dates_of_cited_sources_come_from_their_texts(run: Run) -> None:
    done = run("ask", QUESTION, "--format", "bibtex", "--sources", "why-its-dangerous")
    assert "  author = {{" in done.out
    assert "  year = {2025},\n  month = " in done.out


@pytest.mark.parametrize(
    ("short", "long"),
    [
        (["--json"], ["--format", "json"]),
        (["--markdown"], ["--format", "markdown"]),
        ([], ["--format", "text"]),
        (["--stream"], ["--format", "text", "--stream"]),
        (["--json", "--stream"], ["--format", "json", "--stream"]),
        (["--json"], ["--format", "json", "--json"]),
        (["--markdown", "--show-withheld"], ["--format", "markdown", "--show-withheld"]),
    ],
)
def test_a_format_may_be_named_in_two_ways(run: Run, short: list[str], long: list[str]) -> None:
    def timeless(done: Done) -> Done:
        return Done(done.code, re.sub(r'("timings_ms": )\{[^}]*\}', r"\1{}", done.out), done.err)

    assert timeless(run("ask", QUESTION, *short)) == timeless(run("ask", QUESTION, *long))


def test_a_question_is_read_from_stdin(run: Run) -> None:
    assert "February 12" in run("ask", "-", stdin=f"{QUESTION}\n").out
    assert run("ask", "-", stdin="").code == 2


@pytest.mark.parametrize(
    "options",
    [
        ["--sources", ARTICLE],
        ["--sources", f"{ARTICLE},"],
        ["--sources", ARTICLE, "--sources", ARTICLE],
    ],
)
def test_sources_limit_the_search(run: Run, options: list[str]) -> None:
    printed = json.loads(run("ask", QUESTION, "--json", *options).out)
    assert {citation["source_id"] for citation in printed["citations"]} == {ARTICLE}


def test_an_abstention_exits_with_3_and_shows_the_nearest_passages(run: Run) -> None:
    done = run("ask", FAR)
    assert (done.code, done.err) == (3, "")
    assert "The sources don't answer this question." in done.out
    assert "Nearest passages" in done.out
    assert "[1]" not in done.out


@pytest.mark.parametrize("form", EXPORT_FORMATS, ids=lambda form: form.name)
def test_an_abstention_exits_with_3_and_says_so_in_every_format(
    run: Run, form: ExportFormat
) -> None:
    done = run("ask", FAR, "--format", form.name)
    assert done.code == 3
    if form.is_whole:
        assert "The sources don't answer this question" in done.out.replace("&#39;", "'")
        assert done.err == ""
    else:
        assert done.err == (
            "pincite: The sources don't answer this question, so there is nothing to cite.\n"
        )


def test_an_abstention_cites_nothing_in_a_format_for_reference_managers(run: Run) -> None:
    assert run("ask", FAR, "--format", "bibtex").out == ""
    assert run("ask", FAR, "--format", "csl-json").out == "[]\n"
    assert json.loads(run("ask", FAR, "--format", "annotations").out)["total"] == 0


# --- asking a model ------------------------------------------------------------------------------

CALL_WORDS = "On February 12, Trump spoke by phone"
CALL_CLAIM = "Trump spoke by phone with Putin on February 12."
WRONG_DAY = "Trump spoke by phone with Putin on February 13."
INSTEAD = (
    "Nothing that the model stated is supported by the sources; these are their own sentences."
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-not-a-key")
    with OpenAIServer() as running:
        yield running


def at(server: OpenAIServer) -> tuple[str, ...]:
    return ("--model", "openai:test", "--base-url", server.base_url)


@pytest.mark.parametrize("options", [[], ["--show-withheld"]])
@pytest.mark.parametrize(
    "claims",
    [
        pytest.param([CALL_CLAIM], id="supported"),
        pytest.param([CALL_CLAIM, WRONG_DAY], id="one is withheld"),
        pytest.param([WRONG_DAY], id="nothing holds"),
        pytest.param([], id="nothing said"),
    ],
)
def test_what_is_streamed_is_in_the_end_what_is_printed_without_streaming(
    run: Run, server: OpenAIServer, claims: list[str], options: list[str]
) -> None:
    server.script(says(*((claim, CALL_WORDS) for claim in claims)))
    whole = run("ask", QUESTION, *at(server), *options)
    assert run("ask", QUESTION, *at(server), *options, "--stream") == whole
    assert (INSTEAD in whole.out) == (CALL_CLAIM not in claims)
    assert (WRONG_DAY in whole.out) == (WRONG_DAY in claims and options != [])


@pytest.mark.parametrize("question", [QUESTION, FAR, "Which centre does Max Bergman work for?"])
def test_the_sources_own_sentences_are_streamed_too(run: Run, question: str) -> None:
    assert run("ask", question, "--stream") == run("ask", question)


def test_a_stream_of_json_has_an_event_a_line_and_ends_with_the_answer(
    run: Run, server: OpenAIServer
) -> None:
    server.script(says((CALL_CLAIM, CALL_WORDS), (WRONG_DAY, CALL_WORDS)))
    done = run("ask", QUESTION, *at(server), "--stream", "--json")
    question, claim, last = map(json.loads, done.out.splitlines())
    assert question == {"event": "question", "standalone_question": QUESTION}
    answer = Answer.from_dict(last)
    assert last == {"event": "answer", **answer.to_dict()}
    assert claim["event"] == "claim"
    assert claim["claim"] == last["claims"][0]
    assert [each["number"] for each in claim["citations"]] == claim["claim"]["citations"]


def test_withheld_statements_are_counted_and_listed_on_demand(
    run: Run, server: OpenAIServer
) -> None:
    server.script(says((CALL_CLAIM, CALL_WORDS), (WRONG_DAY, CALL_WORDS)))
    counted = run("ask", QUESTION, *at(server)).out
    assert counted.endswith(
        "\n\n1 statement withheld: not supported by the sources (--show-withheld lists them)\n"
    )
    listed = f"- {WRONG_DAY} (a date in it isn't in the sources' words)\n"
    assert run("ask", QUESTION, *at(server), "--show-withheld").out.endswith(
        f"\n\n1 statement withheld: not supported by the sources:\n  {listed}"
    )
    marked = run("ask", QUESTION, *at(server), "--markdown", "--show-withheld").out
    assert marked.endswith(listed)
    assert json.loads(run("ask", QUESTION, *at(server), "--json").out)["withheld"]


def test_no_model_is_asked_where_extractive_is_named(
    run: Run, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_MODEL", "openai:test")
    monkeypatch.setenv("PINCITE_BASE_URL", server.base_url)
    server.script(Fail(401))
    assert run("ask", QUESTION).code == 1
    assert run("ask", QUESTION, "--model", "extractive").code == 0
    assert len(server.requests) == 1


def test_the_limit_on_tokens_reaches_the_model(run: Run, server: OpenAIServer) -> None:
    server.script(says((CALL_CLAIM, CALL_WORDS)))
    run("ask", QUESTION, *at(server), "--max-tokens", "77")
    assert server.requests[0].body["max_tokens"] == 77


@pytest.mark.parametrize("options", [[], ["--stream"], ["--json"], ["--stream", "--json"]])
def test_a_model_that_fails_exits_with_1_and_one_sentence(
    run: Run, server: OpenAIServer, options: list[str]
) -> None:
    server.script(Fail(401))
    done = run("ask", QUESTION, *at(server), *options)
    assert done.code == 1
    assert done.err.startswith("pincite: ")
    assert done.err.count("\n") == 1


def test_an_unknown_model_exits_with_1(run: Run) -> None:
    done = run("ask", QUESTION, "--model", "nonsense")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("pincite: There is no language model 'nonsense'")


def test_a_claim_is_printed_before_the_reply_is_complete_and_ctrl_c_stops_the_request(
    sample: Assistant, server: OpenAIServer
) -> None:
    def begins(request: dict[str, Any]) -> Stall:
        text = reply(request, (CALL_CLAIM, CALL_WORDS), (WRONG_DAY, CALL_WORDS))
        return Stall(text, text.index(WRONG_DAY))

    server.script(begins)
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", "ask", QUESTION, "--stream", *at(server)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline().decode() == f"{CALL_CLAIM} [1]\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert err.decode() == "pincite: interrupted; what was finished is kept.\n"
    assert server.wait_for_disconnects()


def test_a_terminal_shows_the_model_its_tokens_and_that_it_is_asked(
    sample: Assistant, server: OpenAIServer
) -> None:
    server.script(says((CALL_CLAIM, CALL_WORDS)))
    code, shown = on_a_terminal("ask", QUESTION, "--stream", *at(server))
    assert code == 0
    assert "Asking openai:test" in shown
    assert re.search(r"openai:test · [\d,]+ tokens read, \d+ written · library of 2", shown)
    assert "$" not in shown


# --- a library of one's own ----------------------------------------------------------------------


def test_texts_are_added_listed_shown_asked_and_removed(run: Run, tmp_path: Path) -> None:
    library = ("--library", tmp_path / "library")
    text = tmp_path / "Old Bridge.txt"
    text.write_text("The old bridge\n\nThe bridge was built in 1871 by Ann Lee.\r\nIt is red.\n")

    assert run("add", text, *library) == Done(0, f"added {text} as old-bridge\n", "")
    assert run("add", text, *library).out.startswith("unchanged ")
    assert "old-bridge" in run("sources", *library).out
    (listed,) = json.loads(run("sources", "--json", *library).out)
    assert (listed["id"], listed["paragraphs"]) == ("old-bridge", 2)
    shown = run("show", "old-bridge:2", *library)
    assert shown == Done(0, "¶2\nThe bridge was built in 1871 by Ann Lee. \nIt is red.\n\n", "")
    assert run("show", "old-bridge", *library).out.startswith("¶1 title\nThe old bridge\n\n¶2\n")
    printed = json.loads(run("ask", "When was the bridge built?", "--json", *library).out)
    assert printed["citations"][0]["highlight"]["text"] == "1871"
    assert run("reindex", *library) == Done(0, "reindexed 1 sources\n", "")
    assert run("remove", "old-bridge", *library) == Done(0, "removed old-bridge\n", "")
    assert run("remove", "old-bridge", *library).code == 2
    assert run("sources", *library).out == "The library is empty: add texts with `pincite add`.\n"
    assert run("ask", "When was the bridge built?", *library).code == 3


def test_the_library_may_be_named_in_the_environment(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_LIBRARY", str(tmp_path / "library"))
    (tmp_path / "a.txt").write_text("It rained all day in the hills.")
    assert run("add", tmp_path / "a.txt").code == 0
    assert json.loads(run("sources", "--json").out)[0]["id"] == "a"


def test_a_library_cannot_be_made_in_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("so")
    done = run("add", tmp_path, "--library", tmp_path / "file")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"pincite: The library in '{tmp_path / 'file'}' can't be used")


def test_an_edited_file_is_a_new_version_and_the_old_one_can_be_shown(
    run: Run, tmp_path: Path
) -> None:
    text, own = tmp_path / "valley.txt", ("--library", tmp_path / "own")
    for days in ("three", "four"):
        text.write_text(f"It rained for {days} days.", encoding="utf-8")
        done = run("add", text, *own)
        assert done.code == 0
    assert done.out == f"updated {text} as valley\n"
    assert "It rained for four days." in run("show", "valley", *own).out
    assert "It rained for three days." in run("show", "valley:1", "--version", "1", *own).out
    header, first, second = run("show", "valley", "--versions", *own).out.splitlines()
    assert (header.split(), first[:1], second[:1]) == (["version", "added", "sha256"], "1", "2")
    assert run("sources", *own).out.splitlines()[0].endswith("versions")
    assert json.loads(run("sources", "--json", *own).out)[0]["versions"] == 2
    done = run("show", "valley", "--version", "3", *own)
    assert (done.code, done.err) == (2, "pincite: valley has no version 3: it has 2, from 1.\n")
    both = run("show", "valley", "--version", "1", "--versions", *own)
    assert (both.code, "exclude each other" in both.err) == (2, True)


def test_a_text_that_cannot_be_added_exits_with_1_and_the_others_are_added(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "good.txt").write_text("It rained all day in the hills.")
    (tmp_path / "em\x1b[2Jpty.txt").write_text("")
    paths = [tmp_path / name for name in ("missing.txt", "em\x1b[2Jpty.txt", "good.txt")]
    done = run("add", *paths, "--library", tmp_path / "library")
    assert done.code == 1
    assert done.out == f"added {paths[2]} as good\n"
    missing, empty = done.err.splitlines()
    assert missing == f"refused {paths[0]}: There is no file '{paths[0]}': check the name."
    assert empty.startswith("refused ")
    assert "\x1b" not in done.err


def test_source_text_cannot_act_on_the_terminal(run: Run, tmp_path: Path) -> None:
    library = ("--library", tmp_path / "library")
    filler = "It rained all day in the hills and in the valley. " * 20
    acting = "\x1b]0;owned\x07 The keeper\x1b[2J \u202eis\u202c Dan\x9b31m Stone."
    (tmp_path / "a.txt").write_text(f"The\x1b[2J \u202elamp\n\n{acting} {filler}", encoding="utf-8")
    assert run("add", tmp_path / "a.txt", *library).code == 0
    for arguments in (
        ["ask", "Who is the keeper?"],
        ["ask", "Who is the keeper?", "--json"],
        ["ask", "Who is the keeper?", "--markdown"],
        ["show", "a"],
        ["sources"],
        ["sources", "--json"],
    ):
        printed = run(*arguments, *library).out
        assert printed
        assert not set("\x1b\x07\x9b\u202e\u202c") & set(printed), arguments


# --- in a process of its own ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(["ask", ""], 2, "pincite: The question is empty", id="empty question"),
        pytest.param(["ask", b"\xff"], 2, "pincite: The question is empty", id="no text at all"),
        pytest.param(["show", b"\xff"], 2, "There is no source", id="source that is no text"),
        pytest.param(
            ["ask", "x", "--library", "pyproject.toml"], 1, "is no library", id="a file as library"
        ),
        pytest.param(["ask", "--nope"], 2, "No such option", id="unknown option"),
    ],
)
def test_failures_end_without_a_traceback(
    shell: Run, arguments: list[str | bytes], code: int, says: str
) -> None:
    done = shell(*arguments)
    assert done.code == code
    assert says in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


def test_output_that_is_no_terminals_has_no_escape_codes(shell: Run) -> None:
    done = shell("ask", QUESTION, NO_COLOR="1", PYTHONIOENCODING="ascii")
    assert (done.code, done.err) == (0, "")
    assert "\x1b" not in done.out
    assert "¶8" in done.out  # UTF-8 in any locale


def test_a_question_on_stdin_need_not_be_utf8(shell: Run) -> None:
    done = shell("ask", "-", "--sources", ARTICLE, stdin=b"Wer ist Bergman, f\xfcr wen?")
    assert done.code in (0, 3)
    assert done.err == ""


def on_a_terminal(*arguments: str, **more: str) -> tuple[int, str]:
    """Exit code and output of the command on a pseudo-terminal."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", *arguments],
        cwd=ROOT,
        env=environment(TERM="xterm-256color", COLUMNS="200", **more),
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.DEVNULL,
    )
    os.close(terminal)
    chunks = []
    while True:
        try:
            chunk = os.read(controller, 65536)
        except OSError:  # Linux's way to say that the other side was closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(controller)
    return process.wait(), b"".join(chunks).decode()


def test_on_a_terminal_marks_are_coloured_and_the_answer_is_bold(sample: Assistant) -> None:
    code, shown = on_a_terminal("ask", QUESTION)
    assert code == 0
    assert "\x1b[36m[1]" in shown
    assert "\x1b[1;4mFebruary 12\x1b[0m" in shown
    assert " ms" in shown


def test_no_color_takes_the_colours_off_a_terminal(sample: Assistant) -> None:
    _, shown = on_a_terminal("show", f"{ARTICLE}:8", NO_COLOR="1")
    assert "¶8" in shown
    assert "\x1b[3" not in shown


def test_asking_imports_nothing_that_it_does_not_need(sample: Assistant) -> None:
    code = (
        "import sys\n"
        "from assistant.cli import main\n"
        f"sys.argv = ['pincite', 'ask', {QUESTION!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as exit:\n    print('code', exit.code)\n"
        "heavy = ('gradio', 'openai', 'llama_index', 'prompt_toolkit')\n"
        "print([m for m in heavy if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("code 0\n[]\n"), done.stderr


def test_a_reader_that_stops_early_is_no_failure_to_tell_of(sample: Assistant) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", "show", ARTICLE],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    complaint = process.stderr.read()
    process.stderr.close()
    process.wait()
    assert b"Traceback" not in complaint


def test_naming_no_source_is_wrong_usage(run: Run) -> None:
    done = run("ask", QUESTION, "--sources", " , ")
    assert done.code == 2
    assert "No source is named" in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_an_output_that_cannot_be_written_is_one_sentence(sample: Assistant) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "assistant", "ask", QUESTION, "--json"],
            cwd=ROOT,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.decode().startswith("pincite: the output can't be written")
    assert b"Traceback" not in done.stderr


def test_ctrl_c_while_adding_says_what_is_kept(tmp_path: Path, sample: Assistant) -> None:
    for number in range(40):
        text = "\n\n".join(f"Sentence {n} of text {number} tells of bridges." for n in range(30))
        (tmp_path / f"text{number}.txt").write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", "add", "--library", tmp_path / "library", tmp_path],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    catalog = tmp_path / "library" / "catalog.db"
    while not catalog.exists():
        time.sleep(0.05)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.decode() == "pincite: interrupted; what was finished is kept.\n"
    assert Assistant.open(tmp_path / "library").library.content() is not None
