"""An optional second look: a model may lower trust in a verified claim, never raise it."""

from __future__ import annotations

import re

from assistant.budget import Budget
from assistant.models import Message
from assistant.render import one_line
from assistant.types import Withheld
from assistant.verify import VerifiedClaim
from prompts import load_prompt

MAX_TOKENS = 16
"""Tokens of a verdict; more isn't waited for."""
_NO = re.compile(r"\W*no\b(?!\W*(?:doubt|problem))", re.IGNORECASE)


def judged(claim: VerifiedClaim, budget: Budget) -> VerifiedClaim | Withheld:
    """The claim; withheld where the model says that its quotes don't support it.

    A claim that the limits leave no room to judge stands: it has passed the program's checks.
    Raises ModelError when the model can't be asked.
    """
    quotes = "\n".join(f"- {one_line(citation.quote)}" for citation in claim.citations)
    asked = load_prompt("judge").render(quotes=quotes, statement=one_line(claim.text))
    messages = [Message("user", asked)]
    if not budget.allows(messages, MAX_TOKENS):
        return claim
    budget.prompt("judge")
    with budget.ask(messages, most=MAX_TOKENS) as reply:
        said = "".join(reply)
    return Withheld(text=claim.text, reason="unsupported") if _NO.match(said) else claim
