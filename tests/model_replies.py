"""Replies of a model in the form that the engine asks for, for the server of the tests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.openai_server import Say


def label(request: dict[str, Any], words: str) -> int:
    """The number under which the prompt shows the sentence with these words."""
    prompt = "\n".join(message["content"] for message in request["messages"])
    found = re.search(rf"^\[(\d+)\] .*{re.escape(words)}", prompt, re.MULTILINE)
    assert found, f"{words!r} isn't in the prompt"
    return int(found[1])


def reply(request: dict[str, Any], *claims: tuple[str, str]) -> str:
    """A reply with these claims, each with words of the sentence that it points at."""
    listed = [{"sentences": [label(request, words)], "text": text} for text, words in claims]
    return json.dumps({"claims": listed, "unanswered": [], "disagreements": []})


def says(*claims: tuple[str, str]) -> Callable[[dict[str, Any]], Say]:
    """A model that replies with these claims, see `reply`."""
    return lambda request: Say(reply(request, *claims))
