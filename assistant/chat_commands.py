"""A conversation on a console: answers each question, and obeys commands such as "/show 2"."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.text import Text

from assistant import extractive, render
from assistant.assistant import Assistant
from assistant.citations import holds
from assistant.conversation import Conversation
from assistant.model_use import model_use
from assistant.places import find_place
from assistant.questions import clean_question
from assistant.scope import searched_line, told
from assistant.settings import Settings
from assistant.terminal import (
    show_answer,
    show_context,
    show_events,
    show_paragraphs,
    show_sources,
    show_withheld,
    waiting,
)
from assistant.types import Answer
from index import Filter, SettingsError, SourceError

SHOWN_TURNS = 10
"""Questions of a loaded conversation that are listed."""
SHOWN_SOURCES = 50
"""Sources that are listed."""
CONDITIONS = ("since", "until", "publisher", "lang")
"""The conditions of a filter that can be set on what sources state."""


class Chat:
    """A conversation, and what was set for its next question."""

    def __init__(self, assistant: Assistant, settings: Settings, console: Console) -> None:
        """`settings` are those that the model was loaded with, for loading another."""
        self.conversation = Conversation()
        self.assistant = assistant
        self._settings = settings
        self._console = console
        self._file: Path | None = None

    def take(self, line: str) -> None:
        """Obey the command in `line`, or answer the question.

        Raises:
            EOFError: the command was to quit.
            PinciteError: it can't be done; the conversation is as it was.
        """
        if line.startswith("/"):
            name, _, argument = line.strip().partition(" ")
            find_command(name).run(self, argument.strip())
        else:
            self._ask(line)

    def greet(self) -> None:
        """Tell what is asked and how to go on."""
        count = self.assistant.library.source_count
        self._say(f"{count} source{'s' * (count != 1)}. {self._answered_by()}")
        if not self.assistant.only.is_empty:
            self._say_searched()
        self._say("Type a question, /help for the commands, /quit or Ctrl-D to leave.")

    def resume(self, path: Path) -> None:
        """Go on with a saved conversation in place of this one; see `Conversation.load`."""
        self.conversation, faults = Conversation.load(path, self.assistant.library)
        self._file = path
        turns = self.conversation.turns
        self._say(f"{_counted(turns)} loaded from {render.printable(str(path))}.")
        for fault in faults:
            self._say(fault, "yellow")
        for number, turn in list(enumerate(turns, 1))[-SHOWN_TURNS:]:
            left_out = "" if turn.answer else " (answer left out)"
            self._say(f"{number:>4}  {render.one_line(turn.question)}{left_out}")
        if turns and (answer := turns[-1].answer):
            self._console.print()
            show_answer(answer, self._console, "/withheld")
        self._console.print()

    def _ask(self, question: str) -> None:
        asked = clean_question(question)
        events = self.assistant.stream(asked, history=self.conversation.history())
        with closing(events), waiting(self._console, self.assistant.model):
            answer = show_events(events, asked, self._console, "/withheld")
        self.conversation = self.conversation.with_answer(answer)
        self._console.print()

    # -- commands

    def sources(self, argument: str) -> None:
        """List the sources, or limit the search to some."""
        named = argument.replace(",", " ").split()
        for each in named:
            if each != "all":
                self._check(each)
        if named:
            chosen = None if "all" in named else tuple(named)
            self._limit(replace(self.assistant.only, sources=chosen))
        else:
            found = self.assistant.library.listing(self.assistant.only, limit=SHOWN_SOURCES)
            show_sources(found.sources, self._console)
            if found.found > SHOWN_SOURCES:
                rest = "`pincite sources --search WORDS` finds others"
                self._say(f"The first {SHOWN_SOURCES} of {found.found:,}; {rest}.")
        self._say_searched()

    def filter(self, argument: str) -> None:
        """Tell what sources must state to be searched, or set or lift a condition."""
        name, _, value = argument.partition(" ")
        if name == "off":
            self._limit(Filter(sources=self.assistant.only.sources))
        elif name in CONDITIONS:
            self._limit(replace(self.assistant.only, **{name: value.strip() or None}))
        elif name:
            raise SettingsError(
                f"{render.one_line(name[:40])!r} is no condition: choose "
                f"{', '.join(CONDITIONS)}, or off."
            )
        self._say_searched()

    def _limit(self, only: Filter) -> None:
        limited = self.assistant.limited_to(only)
        limited.scope()  # raises where no source is left
        self.assistant = limited

    def _say_searched(self) -> None:
        only = self.assistant.only
        stated = replace(only, sources=None)
        lifts = ["/sources all"] * (only.sources is not None) + ["/filter off"] * bool(told(stated))
        lift = f" ({' and '.join(lifts)} lift{'s' * (len(lifts) == 1)} the limit)" if lifts else ""
        if told(stated):
            self._say(searched_line(self.assistant).removesuffix(".") + f"{lift}.")
        else:
            self._say(f"Searched: {', '.join(only.sources or ()) or 'all sources'}{lift}.")

    def show(self, argument: str) -> None:
        """Show a source, a paragraph of it, or the one that a citation quotes."""
        number = argument.strip("[]")
        if not argument:
            raise SettingsError(
                "Name what to show: /show SOURCE, /show SOURCE:PARAGRAPH, or /show 2 for what "
                "citation [2] of the last answer quotes."
            )
        if number.isascii() and number.isdigit():
            self._show_cited(number)
        else:
            self._check(argument.partition(":")[0])
            show_paragraphs(*find_place(argument, self.assistant.library), self._console)

    def _show_cited(self, number: str) -> None:
        cited = {str(c.number): c for c in self._last().citations}
        if number not in cited:
            has = f"it has {', '.join(f'[{n}]' for n in cited)}" if cited else "it has none"
            raise SettingsError(f"The last answer has no citation [{number[:9]}]: {has}.")
        indexed = self.assistant.library.indexed(cited[number].source_id)
        if not holds(cited[number], indexed):
            raise SourceError(
                f"Citation [{number}] no longer holds: the text has changed, ask again."
            )
        show_context(cited[number], indexed, self._console)

    def model(self, argument: str) -> None:
        """Let another model word the answers, or none."""
        if argument:
            use = model_use(argument, self._settings)
            self.assistant = self.assistant.worded_by(use)
        self._say(self._answered_by())

    def withheld(self, argument: str) -> None:
        """List what was withheld of the last answer."""
        answer = self._last()
        if answer.withheld:
            show_withheld(answer, self._console, "listed")
        else:
            self._say("Nothing was withheld of the last answer.")

    def save(self, argument: str) -> None:
        """Save the conversation, by default where it was loaded from or saved before."""
        path = Path(argument) if argument else self._file
        if path is None:
            raise SettingsError("Name the file to save the conversation in: /save FILE.")
        self.conversation.save(path)
        self._file = path
        saved = _counted(self.conversation.turns)
        self._say(f"{saved} saved in {render.printable(str(path))}.")

    def load(self, argument: str) -> None:
        """Load a conversation in place of this one."""
        if not argument:
            raise SettingsError("Name the file that a conversation was saved in: /load FILE.")
        self.resume(Path(argument))

    def help(self, argument: str) -> None:
        """List the commands."""
        width = max(len(command.usage) for command in COMMANDS)
        for command in COMMANDS:
            self._say(f"{command.usage:<{width}}  {command.explanation}")

    def quit(self, argument: str) -> None:
        """Leave."""
        raise EOFError

    # -- what they share

    def _answered_by(self) -> str:
        if self.assistant.model is None:
            return "Answers are the sources' own sentences."
        return f"Answers are worded by {render.one_line(self.assistant.model)} and checked."

    def _check(self, source_id: str) -> None:
        if self.assistant.library.unknown([source_id]):
            near = _near(source_id, list(self.assistant.library.content()))
            advice = f"did you mean {near}?" if near else "/sources lists those there are."
            raise SourceError(f"There is no source {source_id[:80]!r}: {advice}")

    def _last(self) -> Answer:
        if self.conversation.last is None:
            raise SettingsError("There is no answer yet: type a question.")
        return self.conversation.last

    def _say(self, text: str, style: str = "dim") -> None:
        self._console.print(Text(text, style), soft_wrap=not self._console.is_terminal)


def _counted(turns: tuple[object, ...]) -> str:
    return f"{len(turns)} turn{'s' * (len(turns) != 1)}"


def _near(word: str, known: list[str]) -> str | None:
    """What was probably meant: something that begins so, or is spelled similarly."""
    begun = [each for each in known if len(word) > 1 and each.startswith(word)]
    return next(iter(begun or get_close_matches(word, known, n=1, cutoff=0.5)), None)


@dataclass(frozen=True, slots=True)
class Command:
    """What a line that begins with "/" can ask for."""

    usage: str
    explanation: str
    run: Callable[[Chat, str], None]
    takes: Literal["nothing", "a file", "sources", "a condition", "a model"] = "nothing"

    @property
    def name(self) -> str:
        """The command's first word, such as "/show"."""
        return self.usage.partition(" ")[0]


COMMANDS = (
    Command("/sources", "list the sources", Chat.sources, "sources"),
    Command("/sources ID ...", "search only these; /sources all for all", Chat.sources, "sources"),
    Command("/filter", "tell what sources must state", Chat.filter, "a condition"),
    Command("/filter since 2025-02", "or until, publisher, lang", Chat.filter, "a condition"),
    Command("/filter off", "search whatever sources state", Chat.filter, "a condition"),
    Command("/show SOURCE[:PARAGRAPH]", "show a source or a paragraph", Chat.show, "sources"),
    Command("/show NUMBER", "show what a citation quotes, in its paragraph", Chat.show, "sources"),
    Command("/model NAME", "let another model word the answers", Chat.model, "a model"),
    Command("/model extractive", "answer in the sources' own sentences", Chat.model, "a model"),
    Command("/withheld", "list what was withheld of the last answer", Chat.withheld),
    Command("/save FILE", "save the conversation", Chat.save, "a file"),
    Command("/load FILE", "go on with a saved conversation", Chat.load, "a file"),
    Command("/help", "list the commands", Chat.help),
    Command("/quit", "leave; so does Ctrl-D", Chat.quit),
)


def find_command(name: str) -> Command:
    """The command with this name.

    Raises:
        SettingsError: there is none; the message names one that is spelled similarly.
    """
    names = list(dict.fromkeys(command.name for command in COMMANDS))
    if name in names:
        return next(command for command in COMMANDS if command.name == name)
    near = _near(name, names)
    advice = f"did you mean {near}?" if near else "/help lists those there are."
    raise SettingsError(f"There is no command {render.one_line(name[:40])!r}: {advice}")


def completions(line: str, chat: Chat) -> list[str]:
    """What the last word of a command may be completed to, file names apart."""
    name, space, argument = line.partition(" ")
    if not space:
        found = [command.name for command in COMMANDS]
    else:
        takes = next((c.takes for c in COMMANDS if c.name == name), "nothing")
        found = {
            "sources": [*chat.assistant.library.content(), *(["all"] * (name == "/sources"))],
            "a condition": [*CONDITIONS, "off"],
            "a model": [extractive.NAME, "openai:"],
        }.get(takes, [])
    begun = argument.rpartition(" ")[2] if space else name
    return [each for each in dict.fromkeys(found) if each.startswith(begun)]
