"""Dates as contracts write them: "30 June 2024", "June 30, 2024", "2024-06-30"."""

from __future__ import annotations

import re
from datetime import date

_MONTHS = (
    "january february march april may june july august september october november december".split()
)
_MONTH = "(?:" + "|".join([*_MONTHS, *(f"{m[:3]}\\.?" for m in _MONTHS)]) + ")"
DATE = (
    rf"(?:\b\d{{1,2}}(?:st|nd|rd|th)?(?: day of)? {_MONTH},? \d{{4}}\b"
    rf"|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}\b|\b\d{{4}}-\d{{2}}-\d{{2}}\b)"
).replace(" ", r"\s+")
"""A pattern of a date, to be used with IGNORECASE; has no groups."""


def iso(text: str) -> str | None:
    """A text that ``DATE`` matched as "2024-06-30"; None where there is no such day."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        year, month, day = map(int, text.split("-"))
    else:
        name = next(w for w in re.findall(r"[a-z]{3,}", text.casefold()) if w != "day")
        month = next(n for n, m in enumerate(_MONTHS, 1) if m.startswith(name[:3]))
        day, year = (int(n) for n in re.findall(r"\d+", text))
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
