"""Check an evidence bundle, with Python 3.8 or newer alone: python -I verify.py [FOLDER or ZIP]."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import zipfile
from bisect import bisect_right
from pathlib import Path

OURS = re.compile(r"[a-zA-Z]+\.(txt|jsonl|json|sha256|py)|sources/[a-z0-9-]+\.txt")
BEFORE_PARAGRAPH = re.compile(r"(?:\A|\n[^\S\n]*\n)\s*")


def load(bundle: Path) -> dict[str, bytes]:
    """The files by name, read into memory: nothing is unpacked or written."""
    if bundle.is_dir():
        paths = [path for path in (*bundle.glob("*"), *bundle.glob("sources/*")) if path.is_file()]
        named = {path.relative_to(bundle).as_posix(): path for path in paths}
        return {name: path.read_bytes() for name, path in named.items() if OURS.fullmatch(name)}
    archive = zipfile.ZipFile(bundle)
    entries = [entry for entry in archive.infolist() if OURS.fullmatch(entry.filename)]
    files = {entry.filename: entry for entry in entries}
    if len(files) < len(entries) or sum(entry.file_size for entry in entries) > 1_000_000_000:
        raise ValueError("two files of one name, or more than 1 GB")
    return {name: archive.read(entry) for name, entry in files.items()}


def check(files: dict[str, bytes]) -> tuple[list[str], int]:
    """What is wrong, a line each, and the number of citations."""
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    seal = hashlib.sha256(f"{hashes.pop('manifest.json')}  manifest.json\n".encode()).hexdigest()
    stated = {**json.loads(files["manifest.json"])["files"], "manifest.sha256": seal}
    names = [name for name in {**stated, **hashes} if stated.get(name) != hashes.get(name)]
    wrong = [f"{name[:99]!a} is missing or isn't as the manifest states" for name in names]
    texts = {hashes[name]: data.decode() for name, data in files.items() if "sources/" in name}
    begun = {h: [m.end() for m in BEFORE_PARAGRAPH.finditer(text)] for h, text in texts.items()}
    quoted = 0
    for number, line in enumerate(files["answers.jsonl"].splitlines(), 1):
        for c in json.loads(line, parse_int=lambda digits: int(digits[:18]))["citations"]:
            text, starts = texts.get(c["source_sha256"], ""), begun.get(c["source_sha256"], [])
            start, end, quoted = c["start"], c["end"], quoted + 1
            whole = 0 <= start < end == start + len(c["quote"]) and text[start:end] == c["quote"]
            if not whole or {bisect_right(starts, o) for o in (start, end - 1)} != {c["paragraph"]}:
                wrong.append(f"answers.jsonl, line {number}: a citation doesn't hold")
    return wrong, quoted


if __name__ == "__main__":
    bundle = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent
    try:
        wrong, quoted = check(load(bundle))
    except Exception as error:  # whatever a broken or hostile file leads to
        wrong, quoted = [f"It can't be read as a bundle ({type(error).__name__})."], 0
    summary = "Don't rely on it." if wrong else f"All files are whole, all {quoted} citations hold."
    sys.stdout.write("\n".join([*wrong[:20], summary, ""]))
    sys.exit((5 if bundle.exists() else 2) if wrong else 0)
