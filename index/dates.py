"""Finds full dates in the forms that news texts use: day, month and year must all be there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_MONTHS = (
    "january february march april may june july august september october november december"
).split()
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS, start=1)}
_MONTH_NUMBERS |= {name[:3]: number for name, number in _MONTH_NUMBERS.items()}
_MONTH_NUMBERS["sept"] = 9

_MONTH = r"(?P<name>" + "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True)) + r")\b\.?"
_YEAR = r"(?P<year>[12]\d{3})(?!\d)"
_DAY = r"(?<!\d)(?P<day>\d{1,2})"
_TIME = (
    r"(?:(?:T|,?\s+(?:at\s+)?|\s*[-|,]\s*)"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2})?(?!\d)(?:\s*(?P<half>[ap])\.?m\b\.?)?)?"
)
_FORMS = tuple(
    re.compile(form + _TIME, re.IGNORECASE)
    for form in (
        rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_YEAR}",
        rf"{_DAY}(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}",
        r"(?<![\d-])(?P<year>[12]\d{3})-(?P<month>\d{2})-(?P<day>\d{2})(?![\d-])",
        rf"{_DAY}\.\s?(?P<month>\d{{1,2}})\.\s?{_YEAR}",
    )
)


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date in a text: `text[start:end]` is its written form."""

    value: str
    """ISO 8601: `2025-02-25`, or `2025-02-25T17:06` where the time is given."""
    start: int
    end: int


def find_date(text: str) -> FoundDate | None:
    """The first full date in `text`; None where there is none, or it isn't in the calendar.

    `05/06/2025` isn't read: whether the day or the month comes first can't be known.
    """
    matches = (match for form in _FORMS if (match := form.search(text)))
    for match in sorted(matches, key=lambda match: match.start()):
        if value := _iso(match.groupdict()):
            return FoundDate(value, *match.span())
    return None


def _iso(parts: dict[str, str | None]) -> str | None:
    month = parts.get("month") or _MONTH_NUMBERS.get((parts.get("name") or "").lower())
    if month is None:  # "Auguſt": matched without regard to case, but no name of a month
        return None
    hour, minute = parts["hour"], parts["minute"]
    try:
        date = datetime(int(parts["year"] or 0), int(month), int(parts["day"] or 0))
        if hour is None or minute is None:
            return date.date().isoformat()
        time = date.replace(hour=_hour(int(hour), parts["half"]), minute=int(minute))
    except ValueError:
        return None
    return time.isoformat(timespec="minutes")


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    return hour % 12 + (12 if half.lower() == "p" else 0)
