"""The evidence bundle: answers, the texts they cite and a verifier, for whoever has no Pincite.

The same answers over the same texts make the same bundle, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import IO

from assistant.render import printable
from assistant.replacing import replacing
from assistant.stored_answers import StoredAnswer
from assistant.verifying import Sources, uncited_statements, verify_answers
from index import AnswerError, StorageError, slug

SCHEMA = "pincite.bundle/1"
MAX_BUNDLE_BYTES = 1_000_000_000
"""Of all files, unpacked; the verifier reads no more."""

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP file can state."""
_UNIX = 3
_PLAIN_FILE = 0o100644 << 16
_PATH_FAULTS = (OSError, ValueError, RuntimeError)
"""What a path can raise: ValueError for a NUL in it, RuntimeError for a home that isn't there."""

_README = """\
This is an evidence bundle made by Pincite: answers to questions, and the texts that they cite.

answers.jsonl    one answer a line, in the form pincite.answer/1
sources/         the cited texts as they were stored (UTF-8)
manifest.json    the SHA-256 of every file; manifest.sha256 is that of the manifest
verify.py        checks all of this with Python 3.8 or newer alone, reading only

To check the bundle, unpacked or as it is:

    python -I verify.py FOLDER
    python -I verify.py BUNDLE.zip

It finds that every file has the hash that the manifest states, and that every citation holds: its
quote is text[start:end] of the source with its hash, counted in Unicode code points, and lies in
the paragraph with its number; paragraphs are the blocks between blank lines, counted from 1. Exit
code 0 says that all holds, 5 that something doesn't.

Whoever changes a bundle can change its hashes and verify.py too. So read verify.py, or take it from
Pincite (assistant/bundle_check.py), and compare the SHA-256 of manifest.json with the one that the
sender names. Whether a quote bears out a statement is for you to judge.
"""


def write_bundle(path: Path, answers: Iterable[StoredAnswer], sources: Sources) -> None:
    """Write the answers and the texts they cite to a ZIP file; all at once or not at all.

    Raises:
        AnswerError: a citation doesn't hold, or a statement cites nothing.
        StorageError: the file can't be written, is there already and is no bundle, or would be
            larger than `MAX_BUNDLE_BYTES`.
    """
    name = printable(repr(str(path)))
    try:
        target = path.expanduser().resolve()
        if target.exists() and not _is_bundle(target):
            raise StorageError(f"{name} is there already and is no bundle: name another file.")
        with replacing(target) as file:
            _write(file, answers, sources)
    except _PATH_FAULTS as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise StorageError(f"{name} can't be written: {printable(str(reason))}.") from None


def _is_bundle(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "manifest.json" in archive.namelist()
    except (OSError, NotImplementedError, zipfile.BadZipFile):
        return False


def _write(file: IO[bytes], answers: Iterable[StoredAnswer], sources: Sources) -> None:
    verifier = resources.files("assistant").joinpath("bundle_check.py").read_bytes()
    cited: set[tuple[str, str]] = set()
    with zipfile.ZipFile(file, "w") as archive:
        writer = _Writer(archive)
        writer.add("README.txt", [_README.encode()])
        writer.add("answers.jsonl", _lines(answers, sources, cited))
        texts = _named(cited)
        manifest = _manifest(
            {
                **writer.hashes,
                **{name: sha256 for name, (_, sha256) in texts.items()},
                "verify.py": hashlib.sha256(verifier).hexdigest(),
            }
        )
        seal = f"{hashlib.sha256(manifest).hexdigest()}  manifest.json\n"
        writer.add("manifest.json", [manifest])
        writer.add("manifest.sha256", [seal.encode()])
        for name, (source_id, sha256) in texts.items():
            writer.add(name, [_text(source_id, sha256, sources)])
        writer.add("verify.py", [verifier])


class _Writer:
    """Adds files to an archive, all dated alike, within the limit."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.hashes: dict[str, str] = {}
        """The SHA-256 of each file so far."""
        self._archive = archive
        self._left = MAX_BUNDLE_BYTES

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        entry = zipfile.ZipInfo(name, _LONG_AGO)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.create_system = _UNIX
        entry.external_attr = _PLAIN_FILE
        digest = hashlib.sha256()
        with self._archive.open(entry, "w") as file:
            for chunk in chunks:
                self._left -= len(chunk)
                if self._left < 0:
                    raise StorageError(
                        f"The bundle would be larger than {MAX_BUNDLE_BYTES // 1_000_000} MB: "
                        "split the answers into several files."
                    )
                digest.update(chunk)
                file.write(chunk)
        self.hashes[name] = digest.hexdigest()


def _lines(
    answers: Iterable[StoredAnswer], sources: Sources, cited: set[tuple[str, str]]
) -> Iterator[bytes]:
    """Each answer as a line of JSON, once it holds; ids and hashes of its sources go to `cited`."""
    for stored in answers:
        for check in verify_answers([stored], sources):
            if check.state != "holds":
                raise _refusal(f"citation [{check.number}] of {stored.place} doesn't hold")
        for statement in uncited_statements(stored):
            raise _refusal(f"a statement of {stored.place} can't be checked: {statement.note}")
        cited.update((each.source_id, each.source_sha256) for each in stored.answer.citations)
        yield f"{stored.answer.to_json()}\n".encode()


def _refusal(reason: str) -> AnswerError:
    return AnswerError(
        f"No bundle is written, as {reason}: run `pincite verify` without --bundle to see more."
    )


def _named(cited: set[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Id and hash of each text by the name of its file: tame, whatever the ids are."""
    named: dict[str, tuple[str, str]] = {}
    for source_id, sha256 in sorted(cited):
        name = f"sources/{slug(source_id)}.txt"
        if name in named and named[name][1] != sha256:
            name = f"sources/{slug(source_id)}-{sha256}.txt"
        named.setdefault(name, (source_id, sha256))
    return dict(sorted(named.items()))


def _manifest(hashes: dict[str, str]) -> bytes:
    data = {"schema": SCHEMA, "generator": f"pincite {version('pincite')}", "files": hashes}
    return f"{json.dumps(data, indent=2)}\n".encode()


def _text(source_id: str, sha256: str, sources: Sources) -> bytes:
    indexed = sources.find(source_id, sha256)
    if indexed is None or indexed.source.sha256 != sha256:
        raise AnswerError("A source changed while the bundle was written: try again.")
    return indexed.source.text.encode()
