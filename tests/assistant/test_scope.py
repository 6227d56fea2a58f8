"""An assistant limited to the sources that meet a filter, and the commands that limit it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant import Assistant, Filter, SettingsError, SourceError, answer_file, cli
from assistant.batch_workers import processes
from assistant.journal import identity_of
from assistant.question_lists import ListedQuestion
from assistant.scope import told
from index import Library, Stated, source_from_text

QUESTION = "When did the harbour of Varn reopen?"
CLAIM = "The harbour of Varn reopened on 3 May 2024."
ROWS = {
    "early": ("3 May 2024", "2024-05-04", "The Daily", "en"),
    "late": ("9 June 2025", "2025-06-10", "The Daily", "en-GB"),
    "silent": ("1 July 2026", None, None, None),
}
NONE_LEFT = "With --since '2030' no source is left (1 source states no date): leave it out"
NOT_BOTH = "None of the named sources meets the other conditions"


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """Three reports that differ in the day, and in what they state of themselves."""

    def stated(value: str | None) -> Stated | None:
        return Stated(value, "caller") if value else None

    with Library.create(tmp_path_factory.mktemp("harbour") / "library") as library:
        library.add(
            source_from_text(
                f"The harbour of Varn reopened on {day}.",
                id=id,
                published=stated(published),
                publisher=stated(publisher),
                lang=stated(lang),
            )
            for id, (day, published, publisher, lang) in ROWS.items()
        )
        yield Assistant(library)


def cited(answer) -> set[str]:
    return {citation.source_id for citation in answer.citations}


# --- from Python ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("only", "searched"),
    [
        (Filter(), None),
        (Filter(since="2025"), {"late"}),
        (Filter(until="2024"), {"early"}),
        (Filter(publisher="the daily", lang="en"), {"early", "late"}),
        (Filter(sources=["silent"]), {"silent"}),
        (Filter(sources=["silent", "late"], lang="en"), {"late"}),
    ],
)
def test_only_what_meets_the_filter_is_searched(
    harbour: Assistant, only: Filter, searched: set[str] | None
) -> None:
    limited = harbour.limited_to(only)
    assert limited.scope() == searched
    assert cited(limited.ask(QUESTION)) <= (searched or set(ROWS))
    assert cited(limited.ask(QUESTION))


def test_the_limit_holds_however_it_is_asked(harbour: Assistant) -> None:
    limited = harbour.limited_to(Filter(until="2024"))
    *_, streamed = limited.stream(QUESTION)
    (one,) = limited.ask_many([QUESTION])
    assert cited(streamed) == cited(one) == {"early"}
    assert limited.check(CLAIM).verdict == "supported"
    assert harbour.limited_to(Filter(since="2025")).check(CLAIM).verdict != "supported"


def test_named_sources_narrow_the_limit_further(harbour: Assistant) -> None:
    limited = harbour.limited_to(Filter(lang="en"))
    assert cited(limited.ask(QUESTION, sources=["late", "silent"])) == {"late"}
    with pytest.raises(SettingsError, match=NOT_BOTH):
        limited.ask(QUESTION, sources=["silent"])


def test_a_limit_takes_the_place_of_an_earlier_one_and_leaves_the_first_assistant(
    harbour: Assistant,
) -> None:
    limited = harbour.limited_to(Filter(since="2025"))
    assert limited.limited_to(Filter()).scope() is None
    assert harbour.scope() is None


def test_whatever_words_the_answers_the_limit_and_the_strictness_stay(harbour: Assistant) -> None:
    strict = Assistant(harbour.library, strictness=0.9, only=Filter(lang="en"))
    for other in (strict.worded_by(None), strict.limited_to(Filter(lang="en"))):
        assert (other.strictness, other.only) == (0.9, Filter(lang="en"))


def test_a_filter_that_leaves_nothing_is_told_when_it_is_asked(harbour: Assistant) -> None:
    limited = harbour.limited_to(Filter(since="2030"))
    for ask in (limited.ask, limited.stream, limited.check):
        with pytest.raises(SettingsError) as caught:
            ask(QUESTION if ask != limited.check else CLAIM)
        assert str(caught.value).startswith(NONE_LEFT)
    with pytest.raises(SourceError, match="has no source 'gone'"):
        harbour.limited_to(Filter(sources=["gone"])).ask(QUESTION)


def test_llamaindex_programs_search_what_the_assistant_may(harbour: Assistant) -> None:
    from assistant.llamaindex import PinciteQueryEngine, PinciteRetriever

    limited = harbour.limited_to(Filter(until="2024"))
    nodes = PinciteRetriever(limited).retrieve(QUESTION)
    assert {node.metadata["source_id"] for node in nodes} == {"early"}
    response = PinciteQueryEngine(limited).query(QUESTION)
    assert {node.metadata["source_id"] for node in response.source_nodes} == {"early"}
    with pytest.raises(SettingsError, match="no source is left"):
        PinciteRetriever(harbour.limited_to(Filter(since="2030")))


@pytest.mark.parametrize(
    ("only", "words"),
    [
        (Filter(), ""),
        (Filter(since="2025"), "dated from 2025"),
        (Filter(since="2025", until="2025-06", lang="de"), "dated from 2025 until 2025-06, in de"),
        (Filter(publisher="X", sources=["a", "b"]), "published by X, named a, b"),
    ],
)
def test_a_filter_is_told_in_words(only: Filter, words: str) -> None:
    assert told(only) == words


# --- lists of questions --------------------------------------------------------------------------


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.csv"
    rows = [f"{QUESTION},", f"{QUESTION},late", f"{QUESTION},silent"]
    path.write_text("question,sources\n" + "\n".join(rows) + "\n", "utf-8")
    return path


def answers(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_list_is_limited_as_a_whole_and_its_rows_narrow_that(
    harbour: Assistant, questions: Path, tmp_path: Path
) -> None:
    limited = harbour.limited_to(Filter(lang="en", since="2025"))
    state = answer_file(limited, questions, tmp_path / "out.jsonl")
    first, second, third = answers(tmp_path / "out.jsonl")
    for row in (first, second):
        assert {each["source_id"] for each in row["citations"]} == {"late"}
    assert third["error"].startswith(NOT_BOTH)
    assert state.failures == ((3, f"{NOT_BOTH}: leave one of them out."),)


def test_a_list_is_not_continued_under_another_filter(
    harbour: Assistant, questions: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    answer_file(harbour.limited_to(Filter(since="2025")), questions, out)
    before = out.read_bytes()
    for other, change in [
        (Filter(since="2024"), "since: '2025', now '2024'"),
        (Filter(), "since: '2025', now None"),
        (Filter(since="2025", sources=["late"]), "sources: None, now 'late'"),
    ]:
        with pytest.raises(SettingsError) as caught:
            answer_file(harbour.limited_to(other), questions, out)
        assert change in str(caught.value)
    assert out.read_bytes() == before
    assert answer_file(harbour.limited_to(Filter(since="2025")), questions, out).kept == 3


def test_without_a_filter_a_journal_is_what_it_was(harbour: Assistant) -> None:
    assert set(identity_of(harbour).settings) == {"model", "strictness"}
    named = [Filter(sources=each) for each in (["late", "early"], ["early", "late"])]
    one, other = (identity_of(harbour.limited_to(each)) for each in named)
    assert one == other != identity_of(harbour)


def test_a_filter_that_leaves_nothing_is_told_once_and_nothing_is_written(
    harbour: Assistant, questions: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="no source is left"):
        answer_file(harbour.limited_to(Filter(since="2030")), questions, tmp_path / "out.jsonl")
    assert list(tmp_path.iterdir()) == [questions]


def test_worker_processes_are_limited_too(harbour: Assistant) -> None:
    limited = harbour.limited_to(Filter(lang="en", sources=["late", "silent"]))
    with processes(limited, 1) as pool:
        pool.submit(ListedQuestion(1, QUESTION))
        (result,) = pool.finished(60)
    assert result.answer is not None
    assert cited(result.answer) == {"late"}


# --- the commands --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(
    harbour: Assistant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs the command in this process, over the three reports."""

    def call(command: str, *arguments: str | Path) -> Done:
        words = ["pincite", command, "--library", harbour.library.address, *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", words)
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert isinstance(caught.value.code, int)
        return Done(caught.value.code, *capsys.readouterr())

    return call


@pytest.mark.parametrize(
    ("options", "day"),
    [
        (["--until", "2024-12"], "3 May 2024"),
        (["--since", "2025", "--publisher", "THE DAILY", "--lang", "en"], "9 June 2025"),
        (["--source", "silent"], "1 July 2026"),
        (["--source", "silent,late", "--lang", "en"], "9 June 2025"),
    ],
)
def test_ask_and_check_search_only_what_meets_the_options(
    run: Run, options: list[str], day: str
) -> None:
    assert day in run("ask", *options, QUESTION).out
    assert run("check", *options, f"The harbour of Varn reopened on {day}.").code == 0


@pytest.mark.parametrize("command", ["ask", "check", "chat", "sources", "batch"])
def test_every_command_tells_what_leaves_no_source(
    run: Run, questions: Path, tmp_path: Path, command: str
) -> None:
    more = {"ask": [QUESTION], "check": [CLAIM], "batch": [questions, "-o", tmp_path / "o.csv"]}
    done = run(command, "--since", "2030", *more.get(command, []))
    assert done.code == 2
    assert NONE_LEFT in done.err
    wrong = run(command, "--until", "soon", *more.get(command, []))
    assert wrong.code == 2
    assert "--until 'soon' is no date" in wrong.err


def test_sources_lists_what_would_be_searched(run: Run) -> None:
    def ids(*options: str) -> list[str]:
        return [each["id"] for each in json.loads(run("sources", "--json", *options).out)]

    assert ids() == list(ROWS)
    assert ids("--publisher", "the daily", "--since", "2025") == ["late"]
    assert ids("--source", "silent", "--source", "early") == ["early", "silent"]
    assert ids("--search", "DAILY") == ["early", "late"]
    assert ids("--search", "daily", "--lang", "en", "--limit", "1") == ["early"]


def test_sources_says_how_many_are_not_listed_and_when_none_is_found(run: Run) -> None:
    some = run("sources", "--limit", "2")
    assert "late" in some.out
    assert "silent" not in some.out
    assert some.err == "2 of 3 are listed: --search WORDS finds others, --limit N lists more.\n"
    none = run("sources", "--search", "[b]")
    assert (none.code, none.err) == (0, "")
    assert none.out == "No source has '[b]' in its id, title or publisher.\n"


def test_a_dry_run_tells_what_is_searched(run: Run, questions: Path) -> None:
    done = run("batch", questions, "--dry-run", "--lang", "en")
    assert "Searched: 2 of 3 sources, those in en." in done.out
    assert "Searched" not in run("batch", questions, "--dry-run").out


def test_batch_takes_the_filter(run: Run, questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run("batch", questions, "-o", out, "--since", "2025")
    assert ["error" in row for row in answers(out)] == [False, False, True]
