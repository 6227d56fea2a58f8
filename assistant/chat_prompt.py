"""Reads lines from a person at a terminal, with editing, history and completion.

Importing it imports prompt_toolkit; `assistant.chat_session` does so only where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition

from assistant.chat_commands import COMMANDS, Chat, completions

PROMPT = "> "


class CommandCompleter(Completer):
    """Completes commands, and what they take; questions are left alone."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterator[Completion]:
        """What the word before the cursor may become."""
        line = document.text_before_cursor
        if not line.startswith("/"):
            return
        name, _, argument = line.partition(" ")
        if any(c.name == name and c.takes == "a file" for c in COMMANDS):
            yield from self._paths.get_completions(Document(argument), event)
            return
        begun = line.rpartition(" ")[2]
        for each in completions(line, self._chat):
            yield Completion(each, start_position=-len(begun))


def prompter(chat: Chat) -> Callable[[], str]:
    """A function that asks for a line; it raises KeyboardInterrupt and EOFError as keys do."""
    # The menu takes room below the line, so it opens by itself for commands alone.
    is_command = Condition(lambda: session.default_buffer.text.startswith("/"))
    session: PromptSession[str] = PromptSession(
        PROMPT, completer=CommandCompleter(chat), complete_while_typing=is_command
    )
    return session.prompt
