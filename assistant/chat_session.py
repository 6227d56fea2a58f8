"""The loop of `pincite chat`: lines from a terminal or a pipe, one after the other."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from assistant import render
from assistant.chat_commands import Chat
from index import PinciteError


def chat_on_terminal(chat: Chat, out: Console, err: Console) -> None:
    """Talk with a person until they leave.

    Ctrl-C stops the answer that is being given, or clears the line; Ctrl-D on an empty line leaves.
    """
    from assistant.chat_prompt import prompter  # prompt_toolkit takes 0.2 s to import

    ask_for_line = prompter(chat)
    with _ctrl_c_interrupts():
        while _goes_on(chat, ask_for_line, out, err):
            pass


def chat_from_lines(chat: Chat, lines: Iterable[str], out: Console, err: Console) -> None:
    """Take a question or command from each line; each is printed, then what it leads to."""
    for line in lines:
        if not line.strip():
            continue
        out.print(Text(f"> {render.one_line(line)}"), soft_wrap=True)
        try:
            _take(chat, line, err)
        except EOFError:
            return


def _goes_on(chat: Chat, ask_for_line: Callable[[], str], out: Console, err: Console) -> bool:
    """Take one line; False when it was the last."""
    try:
        line = ask_for_line()
        if not line.strip():
            return True
        try:
            _take(chat, line, err)
        except KeyboardInterrupt:
            out.print(Text("Stopped; this answer isn't kept.\n", "yellow"))
    except KeyboardInterrupt:  # at the prompt, where the next one has an empty line
        pass
    except EOFError:
        return False
    return True


def _take(chat: Chat, line: str, err: Console) -> None:
    try:
        chat.take(line.strip())
    except PinciteError as error:
        err.print(Text(f"pincite: {render.one_line(str(error))}", "red"), soft_wrap=True)


@contextmanager
def _ctrl_c_interrupts() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, whatever it does outside of this."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
