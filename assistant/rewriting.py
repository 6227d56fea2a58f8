"""A model makes a follow-up stand alone; its wording counts only if it adds nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assistant import lexicon
from assistant.budget import Budget
from assistant.chat import MAX_TURN_CHARACTERS, Turn
from assistant.facts import negations
from assistant.models import Message
from assistant.names import names
from assistant.render import one_line
from index.words import content_words, words
from prompts import load_prompt

TURNS = 6
"""Turns, the last ones, that a model is shown."""
MAX_REWRITTEN_CHARACTERS = 400
MAX_TOKENS = 64
"""Tokens of a rewriting; a question that takes more isn't one."""


def rewritten(question: str, history: Sequence[Turn], budget: Budget) -> str | None:
    """The question as the model rewrites it; None where that isn't a rewording of what was said.

    It must keep the content and the question words of the question, take its other content words
    from what the user asked and the names in the answers, and add no "not" and no "before". So no
    fact gets in that nobody told, nor another question that a quoted text asks for. Raises
    ModelError when the model can't be asked.
    """
    turns = [(role, one_line(text[-MAX_TURN_CHARACTERS:])) for role, text in history[-TURNS:]]
    if not _kept_words(question):
        return None  # "And him?" leaves nothing to hold a rewording to
    conversation = "\n".join(f"{role}: {text}" for role, text in turns)
    asked = load_prompt("rewrite").render(conversation=conversation, question=question)
    messages = [Message("user", asked)]
    if not budget.allows(messages, MAX_TOKENS):
        return None
    budget.prompt("rewrite")
    with budget.ask(messages, most=MAX_TOKENS) as reply:
        said = _first_line(reply)
    return said if said.endswith(("?", "？")) and _only_rewords(said, question, turns) else None


def _only_rewords(said: str, question: str, turns: Sequence[Turn]) -> bool:
    content = set(content_words(said))
    known = set(content_words(question))
    for role, text in turns:
        known.update(content_words(text if role == "user" else _names(text)))
    kept = _kept_words(question) <= set(words(said))
    adds = _binding_words(said) - _binding_words(question)
    return bool(content) and content <= known and kept and not adds


def _names(text: str) -> str:
    return " ".join(name.text for name in names(text))


def _kept_words(question: str) -> set[str]:
    """The words of the question that a rewording keeps: its content and its question words."""
    asking = lexicon.lexicon()["question"]
    forms = (entry for kind in asking if kind != "yesno" for each in asking[kind].values()
             for entry in each)  # fmt: skip
    heads = {stem for form in forms for stem in words(form)[:1]}
    return set(content_words(question)) | (set(words(question)) & heads)


def _binding_words(text: str) -> set[str]:
    """Negations and the words that carry a relation, such as "before"."""
    carrying = lexicon.words("wording", "carrying")
    return {word for word in re.findall(r"\w+", text.casefold()) if word in carrying} | set(
        negations(text)
    )


def _first_line(pieces: Iterable[str]) -> str:
    """The first line that isn't blank, as far as it may go; the rest isn't waited for."""
    said = ""
    for piece in pieces:
        said += piece
        if "\n" in said.strip() or len(said) > MAX_REWRITTEN_CHARACTERS:
            break
    lines = said.strip().splitlines()
    return one_line(lines[0]).strip('"“” ')[:MAX_REWRITTEN_CHARACTERS] if lines else ""
