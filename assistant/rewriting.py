"""A model makes a follow-up stand alone; its wording counts only if it adds nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assistant.budget import Budget
from assistant.chat import MAX_TURN_CHARACTERS, Turn
from assistant.models import Message
from assistant.render import one_line
from index.words import content_words
from prompts import load_prompt

TURNS = 6
"""Turns, the last ones, that a model is shown."""
MAX_REWRITTEN_CHARACTERS = 400


def rewritten(question: str, history: Sequence[Turn], budget: Budget) -> str | None:
    """The question as the model rewrites it; None where that isn't a rewording of what was said.

    It must keep every content word of the question and take its others from the conversation, so
    that no fact gets in that nobody told. Raises ModelError when the model can't be asked.
    """
    turns = [f"{role}: {one_line(text[-MAX_TURN_CHARACTERS:])}" for role, text in history[-TURNS:]]
    prompt = load_prompt("rewrite").render(conversation="\n".join(turns), question=question)
    with budget.ask([Message("user", prompt)]) as reply:
        said = _first_line(reply)
    known = set(content_words(" ".join([*turns, question])))
    words = set(content_words(said))
    keeps = set(content_words(question)) <= words <= known
    return said if keeps and said.endswith(("?", "？")) else None


def _first_line(pieces: Iterable[str]) -> str:
    """The first line that isn't blank, as far as it may go; the rest isn't waited for."""
    said = ""
    for piece in pieces:
        said += piece
        if "\n" in said.strip() or len(said) > MAX_REWRITTEN_CHARACTERS:
            break
    lines = said.strip().splitlines()
    return one_line(lines[0]).strip('"“” ')[:MAX_REWRITTEN_CHARACTERS] if lines else ""
