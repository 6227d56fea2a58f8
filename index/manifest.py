"""What a library says about itself, and whether this program can use it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from index.catalog import FILE_NAME, SCHEMA_VERSION, Catalog
from index.embeddings import DEFAULT_EMBEDDING, Embedder, load_embedder
from index.errors import LibraryMismatchError, LibraryNotFoundError
from index.faults import damaged
from index.fingerprint import fingerprint, index_parts

CHROMA_NAME = re.compile(r"chroma-[0-9a-f]{8}")
"""What a collection of passages is called."""

Manifest = Mapping[str, str]
"""The meta table: schema, generation, chroma, embedding, parts, fingerprint."""


def manifest_for(embedder: Embedder) -> dict[str, str]:
    """The entries of a library that is built now with this embedding."""
    parts = index_parts(embedder)
    return {
        "schema": str(SCHEMA_VERSION),
        "embedding": embedder.name,
        "parts": json.dumps(parts),
        "fingerprint": fingerprint(parts),
    }


def new_chroma_name() -> str:
    """A name for a collection of passages that isn't there yet."""
    return f"chroma-{secrets.token_hex(4)}"


def current_fingerprint(embedding: str = DEFAULT_EMBEDDING) -> str:
    """The fingerprint of a library that is built now with this embedding."""
    return manifest_for(load_embedder(embedding))["fingerprint"]


def has_catalog(folder: Path) -> bool:
    """Whether there is a library in the folder; StorageError when its catalog is damaged."""
    return bool(_find_manifest(folder))


def read_manifest(folder: Path) -> dict[str, str]:
    """The manifest of the library in the folder.

    Raises LibraryNotFoundError when there is none, LibraryMismatchError when a later version of
    the program has made it.
    """
    manifest = _find_manifest(folder)
    check_known(folder, manifest)
    return manifest


def check_known(address: Path | str, manifest: Manifest) -> None:
    """Raises as `read_manifest` does for what was read."""
    if not manifest:
        raise LibraryNotFoundError(
            f"There is no library in {str(address)!r}: make one with "
            f"`pincite add --library {address} PATH`."
        )
    check_readable(address, manifest)
    if int(manifest["schema"]) > SCHEMA_VERSION:
        raise LibraryMismatchError(
            f"The library in {str(address)!r} was made by a later version of Pincite: "
            "install that version."
        )


def check_readable(address: Path | str, manifest: Manifest) -> None:
    """Raises StorageError where what the library says about itself is damaged."""
    try:
        whole = int(manifest["schema"]) > 0 and int(manifest["generation"]) >= 0
        whole = whole and isinstance(json.loads(manifest["parts"]), dict)
        whole = whole and CHROMA_NAME.fullmatch(manifest["chroma"]) is not None
        whole = whole and isinstance(manifest["embedding"], str)
    except (KeyError, TypeError, ValueError):
        whole = False
    if not whole:
        raise damaged(address, "what it says about itself can't be read")


def check_manifest(address: Path | str, manifest: Manifest, embedder: Embedder) -> None:
    """Raises LibraryMismatchError when the index isn't what this program would build."""
    check_readable(address, manifest)
    wanted = manifest_for(embedder)
    if manifest.get("fingerprint") == wanted["fingerprint"]:
        return
    stored, own = json.loads(manifest.get("parts", "{}")), json.loads(wanted["parts"])
    different = ", ".join(name for name in sorted(own) if stored.get(name) != own[name])
    raise LibraryMismatchError(
        f"The library in {str(address)!r} was built with other settings or another version "
        f"(different: {different}): run `pincite reindex --library {address}`."
    )


def _find_manifest(folder: Path) -> dict[str, str]:
    if not (folder / FILE_NAME).is_file():
        return {}
    catalog = Catalog(folder)
    try:
        return catalog.meta()
    finally:
        catalog.close()
