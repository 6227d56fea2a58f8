"""Which encoding the text of a list is in: UTF-8 and UTF-16 are known, others are found out."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

from index import QuestionError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before that of UTF-16, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESSED = {
    "cp932": "Shift-JIS, Japanese",
    "euc_jp": "EUC-JP, Japanese",
    "gb18030": "GB 18030, Chinese",
    "big5": "Big5, Chinese",
    "cp949": "Korean",
    "cp1252": "Windows-1252, Western European",
    "cp1251": "Windows-1251, Cyrillic",
    "koi8_r": "KOI8-R, Cyrillic",
    "cp1250": "Windows-1250, Central European",
    "cp1253": "Windows-1253, Greek",
    "cp1254": "Windows-1254, Turkish",
    "cp1255": "Windows-1255, Hebrew",
    "cp1256": "Windows-1256, Arabic",
    "cp1257": "Windows-1257, Baltic",
    "cp874": "Thai",
    "mac_roman": "Macintosh, Western European",
    "cp850": "DOS 850, Western European",
    "cp866": "DOS 866, Cyrillic",
}
"""What is considered, and how it is called; of two that fit equally well, the first."""
_MULTIBYTE = ("cp932", "euc_jp", "gb18030", "big5", "cp949")
_MULTIBYTE_LEAD = 0.03
"""By how much disorder these may be worse: bytes rarely make sense in them by chance."""
_MULTIBYTE_SHARE = 0.25
"""How much of a line is beyond ASCII at least where letters take several bytes; an accented letter
and what follows it often make one by chance."""
_SAMPLE_BYTES = 64_000
_CONTROL = re.compile("[\0-\x08\x0e-\x1f\x7f-\x9f]")


def decoded(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """The text of `data`, and a note where its encoding had to be guessed.

    `name` is how messages call the file.

    Raises:
        QuestionError: it isn't text, or not in one encoding that can be told.
    """
    bom = next((known for start, known in _BOMS if data.startswith(start)), None)
    if bom is not None:
        return _known(data, bom, name), ()
    if b"\0" in data:
        return _wide(data, name)
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        return _guessed(data, name)


def _known(data: bytes, encoding: str, name: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        stated = encoding.removesuffix("-sig").upper()
        raise QuestionError(
            f"{name} says that it is {stated}, but isn't: save it as UTF-8."
        ) from None
    if "\0" in text:
        raise _binary(name)
    return text


def _wide(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """UTF-16 without a mark: of its spaces, line ends and ASCII letters, one byte is NUL."""
    even, odd = data[::2].count(0), data[1::2].count(0)
    encoding, empty = ("utf-16-le", odd) if odd > even else ("utf-16-be", even)
    text = data.decode(encoding, errors="replace")
    if len(data) % 2 or empty <= 4 * min(even, odd) or "\ufffd" in text or _CONTROL.search(text):
        raise _binary(name)
    return text, (_note(name, "UTF-16 without a byte order mark"),)


def _guessed(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    native, foreign = _by_encoding(data)
    encoding = _likeliest(foreign.values())
    if encoding is None:
        raise _undecodable(name)
    # A short line of a multi-byte encoding may happen to be UTF-8 too.
    least = 3 if encoding in _MULTIBYTE else 1
    mixed = next((number for number, letters in native.items() if letters >= least), None)
    if mixed is not None:
        raise QuestionError(
            f"{name} mixes encodings: line {mixed} is UTF-8, line {next(iter(foreign))} is "
            f"{_GUESSED[encoding]}; save all of it as UTF-8."
        )
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise _undecodable(name) from None
    if _CONTROL.search(text):
        raise _binary(name)
    return text, (_note(name, _GUESSED[encoding]),)


def _by_encoding(data: bytes) -> tuple[dict[int, int], dict[int, bytes]]:
    """By the numbers of their lines: how many letters beyond ASCII are UTF-8, and what isn't."""
    native: dict[int, int] = {}
    foreign: dict[int, bytes] = {}
    for number, line in enumerate(re.split(rb"\r\n|\r|\n", data), 1):
        if line.isascii():
            continue
        try:
            native[number] = sum(not letter.isascii() for letter in line.decode("utf-8"))
        except UnicodeDecodeError:
            foreign[number] = line
    return native, foreign


def _likeliest(lines: Iterable[bytes]) -> str | None:
    from charset_normalizer import from_bytes

    sample = bytearray()
    for line in lines:
        sample += line + b"\n"
        if len(sample) > _SAMPLE_BYTES:
            break
    beyond_ascii = sum(byte > 127 for byte in sample) / len(sample)
    candidates = [
        name for name in _GUESSED if name not in _MULTIBYTE or beyond_ascii >= _MULTIBYTE_SHARE
    ]
    found = from_bytes(bytes(sample), cp_isolation=candidates, enable_fallback=False)
    disorder = {name: match.chaos for match in found for name in match.could_be_from_charset}
    if not disorder:
        return None
    least = min(disorder.values())
    for name in candidates:
        lead = _MULTIBYTE_LEAD if name in _MULTIBYTE else 0.0
        if name in disorder and disorder[name] <= least + lead:
            return name
    return None


def _note(name: str, encoding: str) -> str:
    return f"{name} was read as {encoding}: if letters look wrong, save it as UTF-8."


def _undecodable(name: str) -> QuestionError:
    return QuestionError(f"It can't be told in which encoding {name} is: save it as UTF-8.")


def _binary(name: str) -> QuestionError:
    return QuestionError(f"{name} holds binary data, not text: save it as plain UTF-8 text.")
