"""Counts tokens with tiktoken, offline, from the encoding files that llama-index-core ships."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

ENCODING = "cl100k_base"
_SLICE_CHARS = 1000
"""tiktoken takes quadratic time on a long run of one character, so it gets bounded slices."""


def count_tokens(text: str) -> int:
    """The number of cl100k_base tokens in `text`; a token or so too high per 1000 characters."""
    encode = _encoding().encode_ordinary
    slices = range(0, len(text), _SLICE_CHARS)
    return sum(len(encode(text[start : start + _SLICE_CHARS])) for start in slices)


@cache
def _encoding() -> Encoding:
    if "TIKTOKEN_CACHE_DIR" not in os.environ and (folder := _shipped_files()):
        os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    import tiktoken

    return tiktoken.get_encoding(ENCODING)


def _shipped_files() -> Path | None:
    # The spec of the parent is enough: llama_index.core itself takes seconds to import.
    spec = find_spec("llama_index")
    for parent in (spec.submodule_search_locations if spec else None) or ():
        folder = Path(parent) / "core" / "_static" / "tiktoken_cache"
        if folder.is_dir():
            return folder
    return None
