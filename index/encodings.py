"""In which encoding a text is: stated by a mark or by whoever sent it, valid UTF-8, or found out.

A wrong encoding would store words that nobody wrote, so what can't be told safely is refused:
where two encodings give different texts and both make sense, or none does.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.errors import SourceError

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch

FOUND_OUT = " (found out)"

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before that of UTF-16, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {
    "cp1252": "windows-1252",
    "cp1251": "windows-1251",
    "mac_roman": "macintosh",
    "koi8_r": "koi8-r",
    "iso8859_5": "iso-8859-5",
    "cp866": "ibm866",
    "mac_cyrillic": "x-mac-cyrillic",
    "cp1250": "windows-1250",
    "iso8859_2": "iso-8859-2",
    "cp1253": "windows-1253",
    "cp1254": "windows-1254",
    "cp1255": "windows-1255",
    "cp1256": "windows-1256",
    "cp1257": "windows-1257",
    "cp874": "windows-874",
    "cp850": "ibm850",
    "cp932": "shift_jis",
    "euc_jp": "euc-jp",
    "gb18030": "gb18030",
    "big5": "big5",
    "cp949": "euc-kr",
}
"""What is considered, by Python's name, and how it is called; of equal texts, the first."""
_MEANT = frozenset({"iso-8859-1", "latin1", "latin-1", "ascii", "us-ascii"})
"""What on the web means Windows-1252, of which these are a part."""
_NO_CHARSETS = frozenset({"utf-7", "unicode-escape", "raw-unicode-escape", "idna", "punycode"})
"""Python's codecs that turn plain text into other text."""
_MULTIBYTE = ("cp932", "euc_jp", "gb18030", "big5", "cp949")
_MULTIBYTE_SHARE = 0.25
"""How much of a line is beyond ASCII at least where letters take several bytes; an accented letter
and what follows it often make one by chance."""
_MULTIBYTE_LEAD = 0.03
"""By how much disorder these may be worse: bytes rarely make sense in them by chance."""
_DISORDER_LEAD = 0.05
_SENSE_LEAD = 0.1
_LEAST_SENSE = 0.9
_LEAST_NULS = 4
_LEAST_NUL_SHARE = 0.08
"""Of the characters of UTF-16 in any script with spaces between words."""
_SAMPLE_BYTES = 64_000
_CONTROL = re.compile("[\0-\x08\x0e-\x1f\x7f-\x9f]")

_ALPHABETS = {
    "German": "äöüß",
    "French": "àâæçéèêëîïôœùûüÿ",
    "Italian": "àèéìíîòóùú",
    "Spanish": "áéíñóúüºª",
    "Portuguese": "ãáàâçéêíóôõúüºª",
    "Dutch": "áäéèëïíóöüú",
    "English": "éèêëçïñöüáàâôœ",
    "Indonesian": "é",
    "Swedish": "åäöéü",
    "Finnish": "åäöšž",
    "Norwegian": "åæøéèêóòô",
    "Danish": "åæøé",
    "Estonian": "äõöüšž",
    "Polish": "ąćęłńóśźż",
    "Czech": "áčďéěíňóřšťúůýž",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Slovene": "čšžćđ",
    "Croatian": "čćđšž",
    "Hungarian": "áéíóöőúüű",
    "Romanian": "ăâîșțşţ",
    "Turkish": "çğıiöşüâîû̇",
    "Lithuanian": "ąčęėįšųūž",
}
"""The letters beyond ASCII of languages whose letters are mostly in it; others' alphabets needn't
be listed, since disorder and frequency of letters tell enough."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text and how it was decoded."""

    text: str
    encoding: str
    """Such as "utf-8" or "windows-1251 (found out)"."""


def decode(data: bytes, name: str, stated: str | None = None) -> Decoded:
    """The text of `data`, without a leading byte order mark; nothing else is changed.

    `stated` is the encoding that whoever sent it names; `name` is how messages call the file.
    Raises SourceError when it isn't text, or it can't be told safely in which encoding it is.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _marked(data, mark, encoding, name)
    if stated and (text := _as_stated(data, stated)) is not None:
        return Decoded(text.removeprefix("\ufeff"), stated.lower())
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if b"\0" in data:
        return _wide(data, name)
    return Decoded(text, "utf-8") if text is not None else _found_out(data, name)


def _marked(data: bytes, mark: bytes, encoding: str, name: str) -> Decoded:
    try:
        text = data.removeprefix(mark).decode() if encoding == "utf-8" else data.decode(encoding)
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{name} says that it is {encoding.upper()}, but isn't: save it as UTF-8."
        ) from error
    return Decoded(text, encoding)


def _as_stated(data: bytes, stated: str) -> str | None:
    """The text, or None where it isn't in the stated encoding, or there is none of that name."""
    alias = stated.strip().lower().replace("_", "-")
    if alias in _MEANT:
        alias = "cp1252"
    try:
        return None if alias in _NO_CHARSETS else data.decode(alias)
    except (LookupError, ValueError):
        return None


def _wide(data: bytes, name: str) -> Decoded:
    """UTF-16 without a mark: of its spaces, line ends and ASCII letters, one byte is NUL."""
    even, odd = data[::2].count(0), data[1::2].count(0)
    encoding, empty = ("utf-16-le", odd) if odd > even else ("utf-16-be", even)
    text = data.decode(encoding, errors="replace")
    plain = empty > 4 * min(even, odd) and empty >= max(_LEAST_NULS, _LEAST_NUL_SHARE * len(text))
    if len(data) % 2 or not plain or "\ufffd" in text or _CONTROL.search(text):
        raise _binary(name)
    return Decoded(text, encoding + FOUND_OUT)


def _found_out(data: bytes, name: str) -> Decoded:
    mixed, sample = _beyond_ascii(data)
    if mixed:
        raise SourceError(f"{name} mixes UTF-8 with another encoding: save all of it as UTF-8.")
    encoding = _likeliest(sample)
    if encoding is None:
        raise SourceError(f"{name} is in an encoding that can't be told safely: save it as UTF-8.")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{name} is in an encoding that can't be told safely: save it as UTF-8."
        ) from error
    if _CONTROL.search(text):
        raise _binary(name)
    return Decoded(text, _NAMES[encoding] + FOUND_OUT)


def _beyond_ascii(data: bytes) -> tuple[bool, bytes]:
    """Whether some lines are plainly UTF-8 (and others aren't), and a sample of those that aren't.

    Three letters in one line are hardly UTF-8 by chance.
    """
    mixed = False
    sample = bytearray()
    for line in re.split(rb"[\r\n]+", data):
        if line.isascii():
            continue
        try:
            mixed |= sum(not letter.isascii() for letter in line.decode("utf-8")) >= 3
        except UnicodeDecodeError:
            if len(sample) < _SAMPLE_BYTES:
                sample += line[:_SAMPLE_BYTES] + b"\n"
    return mixed, bytes(sample)


def _likeliest(sample: bytes) -> str | None:
    """The encoding in which it makes sense; None where none does, or several do differently."""
    from charset_normalizer import from_bytes

    wide = sum(byte > 127 for byte in sample) >= _MULTIBYTE_SHARE * len(sample)
    considered = [name for name in _NAMES if wide or name not in _MULTIBYTE]
    matches = list(from_bytes(sample, cp_isolation=considered, enable_fallback=False))
    if not matches:
        return None
    least = min(match.chaos for match in matches)
    by_name = {name: each for each in matches for name in each.could_be_from_charset}
    for name in _MULTIBYTE:
        if name in by_name and by_name[name].chaos <= least + _MULTIBYTE_LEAD:
            return name
    near = [match for match in matches if match.chaos <= least + _DISORDER_LEAD]
    best = max(near, key=lambda match: (_sense(match), match.coherence))
    if _sense(best) < _LEAST_SENSE or any(_rivals(best, each) for each in near):
        return None
    return next((name for name in _NAMES if name in best.could_be_from_charset), None)


def _rivals(best: CharsetMatch, other: CharsetMatch) -> bool:
    return (
        str(best) != str(other)
        and _sense(other) > _sense(best) - _SENSE_LEAD
        and best.coherence - other.coherence < _SENSE_LEAD / 2
        and other.chaos - best.chaos < _DISORDER_LEAD / 2
    )


def _sense(match: CharsetMatch) -> float:
    """The share of what is beyond ASCII in words that are letters of the likeliest language."""
    beyond = re.findall(
        r"(?<=\w)[^\W\d_]|[^\W\d_](?=\w)|(?<=[^\W\d_])[^\w\s](?=[^\W\d_])", str(match)
    )
    signs = [sign.lower() for sign in beyond if not sign.isascii() and sign not in "’‘·–—…\xad"]
    if not signs:
        return 1.0
    return max((_share(signs, name) for name in _languages(match)), default=0.0)


def _languages(match: CharsetMatch) -> Iterable[str]:
    return list(dict.fromkeys([match.language, *match.languages]))[:5]


def _share(signs: list[str], language: str) -> float:
    alphabet = _ALPHABETS.get(language)
    if alphabet is None:
        return sum(sign.isalpha() for sign in signs) / len(signs)
    return sum(sign in alphabet for sign in signs) / len(signs)


def _binary(name: str) -> SourceError:
    return SourceError(f"{name} holds binary data, not text: save it as plain UTF-8 text.")
