"""Days in texts: "30 June 2024", "June 30th, 2024", "2024-06-30", "30.06.2024", "06/30/2024".

A numeric date whose day and month can be exchanged stays text, and so does a year of two digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from dateutil import parser
from dateutil.relativedelta import relativedelta

from kimidoc.types import Value

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
MONTH = "(?:" + "|".join([*MONTHS, *(f"{m[:3]}\\.?" for m in MONTHS), "sept\\.?"]) + ")"
"""A pattern of a month's name, whole or cut short, to be used with IGNORECASE; no groups."""
DATE = (
    rf"(?:\b\d{{1,2}}(?:st|nd|rd|th)?(?: day of)? {MONTH},? \d{{4}}\b"
    rf"|\b{MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}\b|\b\d{{4}}-\d{{2}}-\d{{2}}\b)"
).replace(" ", r"\s+")
"""A pattern of a day that can be read in one way only, to be used with IGNORECASE; no groups."""
_NUMERIC = r"\b(?P<a>\d{1,2})(?P<s>[./-])(?P<b>\d{1,2})(?P=s)(?P<year>\d{4}|\d{2})\b"
_ANY = re.compile(rf"(?P<plain>{DATE})|{_NUMERIC}", re.IGNORECASE)
_ISO_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")


def find(text: str) -> Iterator[Value]:
    """Every day that is named in a text."""
    for match in _ANY.finditer(text):
        words = match[0]
        if match["plain"]:
            day = iso(words)
            yield Value("date", words, day, "" if day else "there is no such day")
        else:
            yield Value("date", words, *_numeric(match))


def iso(text: str) -> str | None:
    """What ``DATE`` matched as "2024-06-30"; None where there is no such day."""
    plain = re.sub(r"\bday\s+of\b", " ", text, flags=re.IGNORECASE)
    try:
        if text[:4].isdigit():  # dateutil would exchange a month above 12 and the day
            return date.fromisoformat(text).isoformat()
        return parser.parse(plain, dayfirst=False).date().isoformat()
    except (ValueError, OverflowError):
        return None


def month(name: str) -> int | None:
    """What ``MONTH`` matched as 1 to 12; None where it is no month."""
    begins = name.casefold()[:3]
    return next((at for at, each in enumerate(MONTHS, 1) if each.startswith(begins)), None)


def _numeric(match: re.Match[str]) -> tuple[str | None, str]:
    first, second, year = int(match["a"]), int(match["b"]), match["year"]
    if len(year) == 2:
        return None, "the year has two digits"
    both = {found for found in (_day(year, second, first), _day(year, first, second)) if found}
    if not both:
        return None, "there is no such day"
    if len(both) == 2 and match["s"] != ".":  # with full stops the day comes first
        return None, "day and month can be exchanged"
    return (_day(year, second, first) or both.pop(), "") if match["s"] == "." else (both.pop(), "")


def _day(year: str, month: int, day: int) -> str | None:
    try:
        return date(int(year), month, day).isoformat()
    except ValueError:
        return None


def moved(day: str, duration: str, *, back: bool = False) -> str | None:
    """A day plus or minus an ISO 8601 duration of years, months, weeks and days.

    A month later than 31 January is the last day of February, as in law. None where the result is
    no day that a calendar holds or the duration is none.
    """
    match = _ISO_DURATION.fullmatch(duration)
    if match is None or not any(match.groups()):
        return None
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    step = relativedelta(years=years, months=months, weeks=weeks, days=days)
    start = date.fromisoformat(day)
    try:
        return (start - step if back else start + step).isoformat()
    except (ValueError, OverflowError):
        return None
