"""An optional second look: a model may lower trust in a verified claim, never raise it."""

from __future__ import annotations

from assistant.budget import Budget
from assistant.models import Message
from assistant.render import one_line
from assistant.types import Withheld
from assistant.verify import VerifiedClaim
from prompts import load_prompt

_ENOUGH = 40
"""Characters in which a "no" must have come."""


def judged(claim: VerifiedClaim, budget: Budget) -> VerifiedClaim | Withheld:
    """The claim; withheld where the model says that its quotes don't support it.

    A claim that the limits leave no room to judge stands: it has passed the program's checks.
    Raises ModelError when the model can't be asked.
    """
    quotes = "\n".join(f"- {one_line(citation.quote)}" for citation in claim.citations)
    messages = [
        Message("user", load_prompt("judge").render(quotes=quotes, statement=one_line(claim.text)))
    ]
    if not budget.allows_another(messages):
        return claim
    said = ""
    with budget.ask(messages) as reply:
        for piece in reply:
            said += piece
            if len(said) > _ENOUGH:
                break
    denied = said.strip().strip("\"'*.“” ").casefold().startswith("no")
    return Withheld(text=claim.text, reason="unsupported") if denied else claim
