"""Durations in texts: "nine months", "thirty (30) days", "90-day", "ten business days".

Where words and figures differ, "thirty (60) days", the duration stays text. Business days have no
ISO 8601 form and are written as "10 business days": how long they are depends on a calendar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kimidoc.types import Value
from kimidoc.values.numbers import FIGURES, SPELLED, figures, plain, spelled

_UNITS = {"day": "D", "week": "W", "month": "M", "year": "Y"}
_DURATION = re.compile(
    rf"(?:(?P<words>{SPELLED})(?:\s*\(\s*(?P<both>{FIGURES})\s*\))?|(?<![\d.,£$€])(?P<figures>{FIGURES})"
    rf"(?:\s*\(\s*(?P<after>{SPELLED})\s*\))?)"
    r"(?:\s*-\s*|\s+)(?:(?P<half>and\s+a\s+half)\s+)?(?P<kind>(?:calendar|consecutive|full|successive|additional|further"
    r"|business|working|banking)[\s-]+)?(?P<unit>day|week|month|year)s?\b",
    re.IGNORECASE,
)
_WORKING = ("business", "working", "banking")


def find(text: str) -> Iterator[Value]:
    """Every duration that a text names."""
    for match in _DURATION.finditer(text):
        yield Value("duration", match[0], *_read(match))


def _read(match: re.Match[str]) -> tuple[str | None, str]:
    said = match["words"] or match["after"]
    written = match["both"] or match["figures"]
    count = spelled(said) if said else None
    if written is not None:
        number = figures(written)
        if count is not None and number != count:
            return None, "words and figures differ"
        if number != int(number):
            return None, "a part of a unit"
        count = int(number)
    if match["half"]:
        return None, "a part of a unit"
    unit = match["unit"].casefold()
    if (match["kind"] or "").casefold().startswith(_WORKING):
        return (
            f"{plain(count or 0)} business day{'s' * (count != 1)}" if unit == "day" else None,
            "",
        )
    return f"P{count}{_UNITS[unit]}", ""
