"""`pincite chat`: commands, keys, interrupts and pipes, as a person or a script uses it."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from assistant import Assistant
from assistant.chat_commands import COMMANDS, Chat, completions
from assistant.chat_session import chat_from_lines, chat_on_terminal
from assistant.settings import Settings
from tests.model_replies import says
from tests.openai_server import Fail, OpenAIServer, Stall

ROOT = Path(__file__).parents[2]
ARTICLE, TWIN = "whats-at-stake", "why-its-dangerous"
CALL = "When did Trump and Putin speak by phone?"
ACCUSED = "What did Trump accuse Zelensky of?"
FOLLOW_UP = "And how did he answer?"
CALL_CLAIM = ("Trump spoke by phone with Putin on February 12.", "On February 12, Trump spoke by")
PAUSE = 0.3
"""Seconds between keys; history and completions come in the background."""
UP, LEFT, CTRL_C, CTRL_D, ENTER, TAB = "\x1b[A", "\x1b[D", "\x03", "\x04", "\r", "\t"


class Talk:
    """A chat whose output can be read."""

    def __init__(self, assistant: Assistant, settings: Settings, *, terminal: bool) -> None:
        self.out = Console(file=io.StringIO(), width=900, highlight=False, force_terminal=terminal)
        self.err = Console(file=io.StringIO(), width=200, highlight=False)
        self.chat = Chat(assistant, settings, self.out)

    def lines(self, *lines: str) -> str:
        """What these lines from a pipe lead to, since the last call."""
        chat_from_lines(self.chat, [f"{line}\n" for line in lines], self.out, self.err)
        return self.new()

    def keys(self, *keys: str) -> str:
        """What these keys at a terminal lead to, typed with pauses; ends with Ctrl-D."""
        with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):

            def type_them() -> None:
                for each in [*keys, CTRL_D]:
                    time.sleep(PAUSE)
                    pipe.send_text(each)

            typist = threading.Thread(target=type_them)
            typist.start()
            chat_on_terminal(self.chat, self.out, self.err)
            typist.join()
        return self.new()

    def new(self) -> str:
        """What was printed since the last call, without the codes for colours."""
        text = ""
        for console in (self.out, self.err):
            assert isinstance(console.file, io.StringIO)
            text += console.file.getvalue()
            console.file.seek(0)
            console.file.truncate()
        return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", text)

    @property
    def asked(self) -> list[str]:
        """The questions that were answered so far."""
        return [turn.question for turn in self.chat.conversation.turns]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-not-a-key")
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def talk(sample: Assistant) -> Talk:
    return Talk(sample, Settings(), terminal=False)


@pytest.fixture
def model_talk(sample: Assistant, server: OpenAIServer) -> Talk:
    """A chat that begins without a model and would find one at the server."""
    return Talk(sample, Settings(base_url=server.base_url), terminal=True)


# --- questions -----------------------------------------------------------------------------------


def test_a_follow_up_is_understood_and_shown_as_it_was_asked(talk: Talk) -> None:
    shown = talk.lines(ACCUSED, FOLLOW_UP)
    assert shown.count("\n[1] ") == 2
    assert f"> {FOLLOW_UP}\nAsked: And how did Zelensky answer?" in shown
    assert talk.asked == [ACCUSED, FOLLOW_UP]


def test_an_error_is_one_line_and_the_conversation_goes_on(talk: Talk) -> None:
    shown = talk.lines("🙂", "x" * 5000, CALL)
    assert "pincite: The question '🙂' has no words" in shown
    assert "pincite: The question has 5,000 characters" in shown
    assert "February 12" in shown
    assert talk.asked == [CALL]


def test_empty_lines_are_passed_over(talk: Talk) -> None:
    assert talk.lines("", "   ", "\t") == ""


# --- commands ------------------------------------------------------------------------------------


def test_the_sources_are_listed_and_limit_the_search(talk: Talk) -> None:
    assert re.search(rf"{ARTICLE} .*\n.*{TWIN} .*\n.*Searched: all", talk.lines("/sources"))
    assert f"Searched: {ARTICLE} (/sources all lifts" in talk.lines(f"/sources {ARTICLE}")
    assert f"{TWIN} ¶" not in talk.lines(CALL)
    assert "Searched: all sources." in talk.lines("/sources all")
    assert f"{TWIN} ¶" in talk.lines(CALL)
    assert f"Searched: {TWIN}, {ARTICLE} (" in talk.lines(f"/sources {TWIN}, {ARTICLE}")


def test_an_unknown_source_limits_nothing(talk: Talk) -> None:
    shown = talk.lines("/sources whats-at-steak", f"/sources {ARTICLE} zzz")
    assert f"There is no source 'whats-at-steak': did you mean {ARTICLE}?" in shown
    assert "There is no source 'zzz': /sources lists those there are." in shown
    assert talk.chat.assistant.only.sources is None


def test_conditions_limit_the_search_until_they_are_lifted(talk: Talk) -> None:
    assert "Searched: all sources." in talk.lines("/filter")
    shown = talk.lines("/filter since 2025-02")
    assert "Searched: 1 of 2 sources, those dated from 2025-02 (/filter off lifts the" in shown
    shown = talk.lines(CALL, "/sources")
    assert {c.source_id for c in talk.chat.conversation.turns[0].answer.citations} == {TWIN}
    assert f"\n{ARTICLE} " not in shown
    shown = talk.lines(f"/sources {TWIN}", "/filter until 2025")
    assert f"those dated from 2025-02 until 2025, named {TWIN} (/sources all and /filter" in shown
    assert f"Searched: {TWIN} (/sources all lifts the limit)." in talk.lines("/filter off")
    assert "Searched: all sources." in talk.lines("/sources all")
    assert "dated from 2025 (" in talk.lines("/filter since 2025")
    assert "Searched: all sources." in talk.lines("/filter since")


def test_a_condition_that_leaves_no_source_changes_nothing(talk: Talk) -> None:
    shown = talk.lines("/filter publisher The Daily News", "/filter since soon", "/filter colour 1")
    assert "With --publisher 'The Daily News' no source is left (2 sources state no" in shown
    assert "--since 'soon' is no date" in shown
    assert "'colour' is no condition: choose since, until, publisher, lang, or off." in shown
    assert talk.chat.assistant.only.is_empty


def test_another_model_leaves_limit_and_strictness(sample: Assistant) -> None:
    strict = Assistant(sample.library, strictness=0.9)
    talk = Talk(strict, Settings(), terminal=False)
    talk.lines("/filter since 2025", "/model extractive")
    assert talk.chat.assistant.strictness == 0.9
    assert talk.chat.assistant.only.since == "2025"


def test_a_source_or_a_paragraph_is_shown(talk: Talk) -> None:
    assert "¶32" in talk.lines(f"/show {ARTICLE}")
    assert re.match(r"> .*\n¶18\nA rapprochement .*\n\n$", talk.lines(f"/show {TWIN}:18"))


def test_the_paragraph_of_a_citation_is_shown_around_its_quote(sample: Assistant) -> None:
    talk = Talk(sample, Settings(), terminal=True)
    talk.lines("Who said that Europe must take greater responsibility?")
    assert talk.chat.conversation.last
    citation = talk.chat.conversation.last.citation(2)
    talk.chat.take("/show [2]")
    assert isinstance(talk.out.file, io.StringIO)
    shown = talk.out.file.getvalue()
    assert f"{citation.source_id} ¶{citation.paragraph}" in shown
    assert f"\x1b[1;4m{citation.quote}\x1b[0m" in shown
    assert talk.new() != ""
    talk.chat.take("/show 2")
    assert citation.quote in talk.new()


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("/show", "Name what to show: /show SOURCE"),
        ("/show 1", "There is no answer yet"),
        ("/show whats", f"There is no source 'whats': did you mean {ARTICLE}?"),
        (f"/show {ARTICLE}:99", f"{ARTICLE} has no paragraph 99: it has 32, from 1."),
        (f"/show {ARTICLE}:{'9' * 5000}", f"{ARTICLE} has no paragraph 999999999: it has 32"),
        (f"/show {ARTICLE}:two", "'two' is no paragraph number"),
        ("/withheld", "There is no answer yet"),
        ("/save", "Name the file"),
        ("/load", "Name the file"),
        ("/load nowhere.json", "There is no file 'nowhere.json': check the name."),
        ("/sorces", "There is no command '/sorces': did you mean /sources?"),
        ("/h", "There is no command '/h': did you mean /help?"),
        ("/", "There is no command '/': /help lists those there are."),
        ("/\x1b[2Jxyz", "There is no command '/�[2Jxyz': /help lists those there are."),
    ],
)
def test_a_command_that_cannot_be_obeyed_says_why(talk: Talk, command: str, says: str) -> None:
    shown = talk.lines(command)
    assert f"\npincite: {says}" in shown
    assert shown.count("\n") == 2


def test_a_citation_that_the_answer_does_not_have_is_not_shown(talk: Talk) -> None:
    talk.lines(CALL)
    assert "has no citation [9]: it has [1], [2]." in talk.lines("/show 9")
    talk.lines("What is the capital of Australia?")
    assert "has no citation [1]: it has none." in talk.lines("/show 1")


def test_a_citation_whose_text_has_changed_is_not_shown_as_if_it_held(
    own_library: Callable[..., object], tmp_path: Path
) -> None:
    from index import source_from_text

    library = own_library({"bridge": "The old bridge was built in 1871 by Ann Lee."})
    talk = Talk(Assistant(library), Settings(), terminal=False)
    assert "1871" in talk.lines("When was the old bridge built?")
    library.add([source_from_text("The new bridge was built in 1999.", id="bridge")])
    assert "Citation [1] no longer holds: the text has changed" in talk.lines("/show 1")


def test_help_lists_every_command(talk: Talk) -> None:
    shown = talk.lines("/help")
    assert all(f"{command.usage} " in shown for command in COMMANDS)


def test_quit_leaves_and_reads_no_further(talk: Talk) -> None:
    talk.lines("/quit", CALL)
    assert talk.asked == []


def test_commands_are_completed_and_what_they_take(talk: Talk) -> None:
    assert completions("/s", talk.chat) == ["/sources", "/show", "/save"]
    assert completions("/show wh", talk.chat) == [ARTICLE, TWIN]
    assert completions(f"/sources {ARTICLE} a", talk.chat) == ["all"]
    assert completions("/model e", talk.chat) == ["extractive"]
    assert completions("/filter p", talk.chat) == ["publisher"]
    assert completions("/help ", talk.chat) == []
    assert completions("/nonsense a", talk.chat) == []


# --- saving and loading --------------------------------------------------------------------------


def test_a_saved_conversation_is_continued(talk: Talk, sample: Assistant, tmp_path: Path) -> None:
    file = tmp_path / "my talk.json"
    assert f"1 turn saved in {file}." in talk.lines(ACCUSED, f"/save {file}")
    other = Talk(sample, Settings(), terminal=False)
    shown = other.lines(f"/load {file}")
    assert f"1 turn loaded from {file}.\n   1  {ACCUSED}\n" in shown
    assert "[1]" in shown  # the last answer, so that its citations can be shown
    assert "Asked: And how did Zelensky answer?" in other.lines(FOLLOW_UP)
    assert "2 turns saved" in other.lines("/save")
    assert len(json.loads(file.read_text("utf-8"))["turns"]) == 2


def test_what_was_forged_in_a_file_is_told_of_and_not_shown(talk: Talk, tmp_path: Path) -> None:
    file = tmp_path / "talk.json"
    talk.lines(CALL, f"/save {file}")
    file.write_text(file.read_text("utf-8").replace("February 12", "February 13"), "utf-8")
    shown = talk.lines(f"/load {file}")
    assert "The answer of turn 1 is left out: 2 citations no longer hold: [1] " in shown
    assert f"1  {CALL} (answer left out)" in shown
    assert "February" not in shown
    assert "There is no answer yet" in talk.lines("/show 1")


def test_a_file_that_cannot_be_loaded_leaves_the_conversation(talk: Talk, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear diary")
    shown = talk.lines(CALL, f"/load {tmp_path}/notes.txt", f"/save {tmp_path}/notes.txt")
    assert "is no saved conversation" in shown
    assert "is there already and is no conversation" in shown
    assert talk.asked == [CALL]


# --- models --------------------------------------------------------------------------------------


def test_another_model_words_the_next_answer(model_talk: Talk, server: OpenAIServer) -> None:
    server.script(says(CALL_CLAIM))
    assert "Answers are worded by openai:test" in model_talk.lines("/model openai:test")
    assert f"{CALL_CLAIM[0]} [1]" in model_talk.lines(CALL)
    assert "own sentences" in model_talk.lines("/model extractive")
    assert CALL_CLAIM[0] not in model_talk.lines(CALL)
    assert len(server.requests) == 1


def test_a_bad_model_says_why_and_the_old_one_stays(model_talk: Talk) -> None:
    model_talk.lines("/model openai:test")
    assert "There is no language model 'nonsense'" in model_talk.lines("/model nonsense")
    assert "worded by openai:test" in model_talk.lines("/model")


def test_a_model_that_fails_is_one_line(model_talk: Talk, server: OpenAIServer) -> None:
    server.script(Fail(401), says(CALL_CLAIM))
    shown = model_talk.lines("/model openai:test", CALL, CALL)
    assert re.search(r"\npincite: .*key.*\n", shown)
    assert CALL_CLAIM[0] in shown
    assert model_talk.asked == [CALL]


def test_what_was_withheld_is_counted_and_can_be_listed(
    model_talk: Talk, server: OpenAIServer
) -> None:
    server.script(says(CALL_CLAIM, (CALL_CLAIM[0].replace("12", "13"), CALL_CLAIM[1])))
    shown = model_talk.lines("/model openai:test", CALL)
    assert "1 statement withheld: not supported by the sources (/withheld lists them)" in shown
    assert "February 13" not in shown
    listed = model_talk.lines("/withheld")
    assert "on February 13. (a date in it isn't in the sources' words)" in listed
    model_talk.lines("/model extractive", CALL)
    assert "Nothing was withheld of the last answer." in model_talk.lines("/withheld")


def test_what_a_model_worded_is_verified_again_when_it_is_loaded(
    model_talk: Talk, server: OpenAIServer, tmp_path: Path
) -> None:
    words = "The US has no economic benefit from cooperating with Russia."
    server.script(says((words, words)), says(CALL_CLAIM))
    question = "Does the US have an economic benefit from cooperating with Russia?"
    model_talk.lines("/model openai:test", question, CALL, f"/save {tmp_path}/talk.json")
    before = model_talk.chat.conversation
    assert [turn.answer and turn.answer.engine for turn in before.turns] == ["model"] * 2
    assert "left out" not in model_talk.lines(f"/load {tmp_path}/talk.json")
    assert model_talk.chat.conversation == before


# --- keys at a terminal --------------------------------------------------------------------------


def test_a_line_can_be_edited_and_called_up_again(talk: Talk) -> None:
    talk.keys("Who ?", LEFT, "is Bergman", ENTER, UP, ENTER)
    assert talk.asked == ["Who is Bergman?"] * 2


def test_tab_completes_a_command(talk: Talk) -> None:
    assert "list the commands" in talk.keys("/he", TAB, ENTER)


def test_file_names_are_completed(talk: Talk, tmp_path: Path) -> None:
    file = tmp_path / "conversation.json"
    talk.lines(CALL, f"/save {file}")
    assert "1 turn loaded" in talk.keys(f"/load {tmp_path}/conv", TAB, ENTER)


def test_ctrl_c_clears_the_line(talk: Talk) -> None:
    talk.keys("Who is Tru", CTRL_C, "Who is Bergman?", ENTER)
    assert talk.asked == ["Who is Bergman?"]


def test_ctrl_d_and_quit_leave(talk: Talk) -> None:
    before = signal.getsignal(signal.SIGINT)
    talk.keys()
    talk.keys("/quit", ENTER, CALL, ENTER)
    assert talk.asked == []
    assert signal.getsignal(signal.SIGINT) == before


def test_ctrl_c_stops_the_answer_and_the_request_and_keeps_the_conversation(
    model_talk: Talk, server: OpenAIServer
) -> None:
    server.script(says(CALL_CLAIM), Stall('{"claims": [', 12), says(CALL_CLAIM))

    def interrupt() -> None:
        while len(server.requests) < 2:
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    shown = model_talk.keys("/model openai:test\r", f"{CALL}\r", f"{ACCUSED}\r", f"{CALL}\r")
    thread.join()
    assert server.wait_for_disconnects(1)
    assert "Stopped; this answer isn't kept." in shown
    assert model_talk.asked == [CALL, CALL]
    assert shown.count(CALL_CLAIM[0]) == 2


# --- in a process of its own ---------------------------------------------------------------------


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "NO_COLOR": "1", "PROMPT_TOOLKIT_NO_CPR": "1", **more}


def test_questions_may_come_through_a_pipe(sample: Assistant, tmp_path: Path) -> None:
    file = tmp_path / "talk.json"
    done = subprocess.run(
        [sys.executable, "-m", "assistant", "chat"],
        cwd=ROOT,
        env=environment(),
        input=f"{ACCUSED}\r\n{FOLLOW_UP}\n/nonsense\n/save {file}\n\xff\n".encode("latin-1"),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    shown = done.stdout.decode()
    assert "\x1b" not in shown
    assert f"> {FOLLOW_UP}\nAsked: And how did Zelensky answer?" in shown
    assert len(done.stderr.decode().splitlines()) == 2  # the command, and the sign that is no text
    resumed = subprocess.run(
        [sys.executable, "-m", "assistant", "chat", "--resume", file],
        cwd=ROOT,
        env=environment(),
        input=b"",
        capture_output=True,
        check=False,
    )
    assert resumed.returncode == 0
    assert resumed.stdout.decode().startswith(f"2 turns loaded from {file}.\n")


def test_a_file_that_cannot_be_resumed_exits_with_1(sample: Assistant) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "assistant", "chat", "--resume", "pyproject.toml"],
        cwd=ROOT,
        env=environment(),
        input=b"",
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == (
        b"pincite: 'pyproject.toml' is no saved conversation: name another file.\n"
    )


def test_a_person_talks_to_it_on_a_terminal(sample: Assistant) -> None:
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", "chat"],
        cwd=ROOT,
        env=environment(TERM="xterm-256color", COLUMNS="150"),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown = ""

    def until(words: str) -> None:
        nonlocal shown
        while words not in shown:
            assert select.select([controller], [], [], 60)[0], f"{words!r} never came: {shown!r}"
            shown += os.read(controller, 65536).decode(errors="replace")

    until(">")
    os.write(controller, f"{CALL}\r".encode())
    until("[2] ")
    until(" ms")
    os.write(controller, b"/quit\r")
    assert process.wait(timeout=60) == 0
    os.close(controller)
    assert "2 sources. Answers are the sources' own sentences." in shown
    assert "February 12" in shown
