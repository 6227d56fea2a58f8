"""Templates for language models: one prompt a file, its version a hash of its text.

A prompt is Markdown with `$name` for what is filled in. No prompt may hold an example with a fact
in it: small models give such a fact back as an answer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template


@dataclass(frozen=True, slots=True)
class Prompt:
    """A template and where it came from."""

    name: str
    text: str

    @property
    def version(self) -> str:
        """The name and the first 8 hex digits of the text's SHA-256, such as "answer:1f2e3d4c"."""
        return f"{self.name}:{hashlib.sha256(self.text.encode()).hexdigest()[:8]}"

    def render(self, **values: str) -> str:
        """The text with every `$name` filled in, once: a `$` inside a value stays as it is.

        Raises:
            KeyError: a name of the template has no value.
            TypeError: a value has no place in the template.
        """
        template = Template(self.text)
        if unknown := sorted(values.keys() - set(template.get_identifiers())):
            raise TypeError(f"prompt {self.name!r} has no place for {unknown[0]!r}")
        return template.substitute(values)


@cache
def load_prompt(name: str) -> Prompt:
    """The prompt in `name`.md; FileNotFoundError when there is none."""
    return Prompt(name, files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8"))
