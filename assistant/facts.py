"""The checkable facts of a sentence: numbers, dates and negations, with their offsets.

Plain rules, deliberately literal: what they miss is caught elsewhere or left alone, what they
find is what the text says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from assistant.lexicon import lexicon, pattern, words
from index.words import content_words

REMEMBERED = 4096
"""Texts whose facts are kept in memory: one question looks at the same sentences several times."""


@dataclass(frozen=True, slots=True)
class Number:
    """A quantity such as "$500 billion": its value (5e11) and unit ("$")."""

    value: float
    unit: str
    """Currency sign, "%", or the word that follows, in lower case; "" where there is none."""
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Date:
    """A date as far as the text gives it; `None` for the parts it leaves out."""

    year: int | None
    month: int | None
    day: int | None
    start: int
    end: int

    def contradicts(self, other: Date) -> bool:
        """Whether a part that both dates give differs."""
        pairs = zip(
            (self.year, self.month, self.day), (other.year, other.month, other.day), strict=True
        )
        return any(a is not None and b is not None and a != b for a, b in pairs)

    def covers(self, other: Date) -> bool:
        """Whether this date gives every part that `other` gives, equally."""
        pairs = zip(
            (self.year, self.month, self.day), (other.year, other.month, other.day), strict=True
        )
        return all(b is None or a == b for a, b in pairs)


_CURRENCY = {"$": "$", "€": "€", "£": "£", "¥": "¥", "dollars": "$", "dollar": "$", "usd": "$"}
_CURRENCY |= {"euros": "€", "euro": "€", "eur": "€", "pounds": "£", "gbp": "£", "yen": "¥"}
SYMBOLS = frozenset("$€£¥%")
"""The units that a number can't do without."""
_PERCENT = {"%", "percent", "per cent", "prozent", "процента", "процентов", "процент"}


@cache
def month_numbers() -> dict[str, int]:
    """The month's number by its name or abbreviation in lower case, in all languages."""
    return {
        name: number
        for number, names in enumerate(lexicon()["months"].values(), 1)
        for name in names
    }


@cache
def _date_patterns() -> tuple[re.Pattern[str], ...]:
    months = "|".join(sorted(map(re.escape, month_numbers()), key=lambda m: (-len(m), m)))
    month = rf"(?P<month>{months})(?!\w)"
    day = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?!\w)"
    year = r"(?P<year>[12]\d{3})(?![.,]?\d)"
    flags = re.IGNORECASE
    return (
        re.compile(r"(?<![\d.])(?P<year>[12]\d{3})-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)"),
        re.compile(rf"(?<!\w){month}\.?\s+{day}(?:,?\s+{year})?", flags),
        re.compile(rf"(?<!\w){day}\.?\s+(?:of\s+)?{month}(?:\.?,?\s+{year})?", flags),
        re.compile(r"(?<![\d.])(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>[12]\d{3})\b"),
        re.compile(rf"(?<!\w){month}\.?\s+{year}", flags),
        re.compile(rf"(?<![\w.,$€£¥-]){year}(?![\w%-])(?!\s*%)"),
    )


@lru_cache(maxsize=REMEMBERED)
def dates(text: str) -> tuple[Date, ...]:
    """The dates in `text`, in order; a bare year counts where no unit follows it."""
    found: list[Date] = []
    taken: list[tuple[int, int]] = []
    for date_pattern in _date_patterns():
        for match in date_pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            parts = match.groupdict()
            month = parts.get("month")
            number = None if month is None else month_numbers().get(month.casefold())
            if month is not None and number is None:
                if not month.isdecimal():
                    continue  # "Aprıl": matched without regard to case, but no name of a month
                number = int(month)
            day = parts.get("day")
            if (number is not None and not 1 <= number <= 12) or (day and not 1 <= int(day) <= 31):
                continue
            if date_pattern is _date_patterns()[-1] and _counts_things(text, match.end()):
                continue
            year = parts.get("year")
            found.append(
                Date(
                    int(year) if year else None,
                    number,
                    int(day) if day else None,
                    *match.span(),
                )
            )
            taken.append(match.span())
    return tuple(sorted(found, key=lambda date: date.start))


def _counts_things(text: str, end: int) -> bool:
    """Whether a plural noun follows: "2100 views" is a count, "2016 election" a year."""
    following = re.match(r"\s+([a-z]+(?<![sui])s)\b", text[end : end + 40])
    return bool(following and content_words(following[1]))


@cache
def _number_pattern() -> re.Pattern[str]:
    scales = sorted((s for names in lexicon()["scales"].values() for s in names), key=len)[::-1]
    units, tens = ("|".join(lexicon()["numbers"][key][::-1]) for key in ("units", "tens"))
    return re.compile(
        r"(?P<sign>(?<![\w.,%)])[-−](?=[$€£¥\d]))?(?P<currency>[$€£¥]\s?)?(?:(?<![\w.,])|(?<=[$€£¥])|(?<=[$€£¥]\s))"
        r"(?P<digits>\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?)(?![\d])"
        rf"(?:[\s-]?(?P<scale>{'|'.join(map(re.escape, scales))})(?!\w))?"
        r"(?:\s?(?P<unit>%|[^\W\d_]+(?:\s+cent\b)?))?"
        rf"|(?<!\w)(?P<written>(?:{tens})[\s-](?:{units})(?!\w)|{units}|{tens})"
        rf"(?:[\s-](?P<written_scale>{'|'.join(map(re.escape, scales))}))?"
        r"(?!\w)(?:\s(?P<written_unit>[^\W\d_]+(?:\s+cent\b)?))?",
        re.IGNORECASE,
    )


@lru_cache(maxsize=REMEMBERED)
def numbers(text: str) -> tuple[Number, ...]:
    """The numbers in `text` that aren't part of a date, in order."""
    date_spans = [(date.start, date.end) for date in dates(text)]
    found = []
    for match in _number_pattern().finditer(text):
        anchor = match.start("digits") if match["digits"] else match.start("written")
        if any(start <= anchor < end for start, end in date_spans):
            continue
        if match["digits"]:
            value = round(_decimal(match["digits"]) * _scale(match["scale"]), 6)
            value = -value if match["sign"] else value
            unit = _unit(match["currency"], match["unit"])
            end = _number_end(match, "unit")
        else:
            value = _written(match["written"]) * _scale(match["written_scale"])
            unit = _unit(None, match["written_unit"])
            end = _number_end(match, "written_unit")
            if value == 1 and not unit:
                continue
        found.append(Number(value, unit, match.start(), end))
    return tuple(found)


def _decimal(digits: str) -> float:
    plain = re.sub(r"[,\u00a0\u202f](?=\d{3}(?:\D|$))", "", digits)
    return float(plain.replace(",", "."))


def _written(word: str) -> float:
    tables = lexicon()["numbers"]
    return float(
        sum(
            tables["units"].index(part)
            if part in tables["units"]
            else 20 + 10 * tables["tens"].index(part)
            for part in re.split(r"[\s-]", word.casefold())
        )
    )


def _scale(name: str | None) -> float:
    powers = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
    for scale, names in lexicon()["scales"].items():
        if name and name.casefold() in names:
            return powers[scale]
    return 1.0


def _unit(currency: str | None, word: str | None) -> str:
    if currency:
        return _CURRENCY[currency.strip()]
    unit = (word or "").casefold()
    if unit in _PERCENT:
        return "%"
    if f"{unit}'t" in words("negation", "words"):
        return ""  # "25 haven't been found"
    return _CURRENCY.get(unit, unit if content_words(unit) else "")


def _number_end(match: re.Match[str], unit_group: str) -> int:
    """The unit belongs to the span when it is one ("percent", "dollars"), not a mere next word."""
    word = (match[unit_group] or "").casefold()
    if word in _PERCENT or word in _CURRENCY or word in words("durations", "units"):
        return match.end()
    end = match.start(unit_group) if word else match.end()
    return match.start() + len(match.string[match.start() : end].rstrip())


@lru_cache(maxsize=REMEMBERED)
def negations(text: str) -> tuple[str, ...]:
    """The negating words in `text`, in order."""
    even = text.replace("’", "'")
    return tuple(m[0].casefold() for m in pattern("negation", "words").finditer(even))


@lru_cache(maxsize=REMEMBERED)
def periods(text: str) -> frozenset[tuple[int | None, int | None]]:
    """The months and years, as (year, month), that `text` names without a day."""
    found = {(date.year, date.month) for date in dates(text) if date.day is None}
    dated = [(date.start, date.end) for date in dates(text)]
    for match in re.finditer(r"[^\W\d_]+", text):
        month = month_numbers().get(match[0].casefold())
        in_date = any(start <= match.start() < end for start, end in dated)
        if month and not in_date and match[0][0].isupper():
            found.add((None, month))
    return frozenset(found)


def is_inexact(text: str, number: Number) -> bool:
    """Whether the text says that the number is only near it or bounds it: "about", "more than"."""
    return bool(_inexact().search(text[: number.start]))


@cache
def _inexact() -> re.Pattern[str]:
    listed = [pattern("operators", "approximate"), pattern("numbers", "bounds")]
    return re.compile(
        rf"(?:{'|'.join(each.pattern for each in listed)})\s+(?:a\s+|the\s+)?$", re.IGNORECASE
    )


def weekdays(text: str) -> frozenset[str]:
    """The weekdays that `text` names, in lower case."""
    return frozenset(m[0].casefold() for m in pattern("weekdays", "all").finditer(text))
