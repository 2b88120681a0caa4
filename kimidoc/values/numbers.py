"""Numbers in words, as contracts write them: "one hundred and twenty-five"."""

from __future__ import annotations

import re
from decimal import Decimal

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VALUES = {word: value for value, word in enumerate(_ONES)}
_VALUES |= {word: 10 * value for value, word in enumerate(_TENS, 2)}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_ONE = "|".join(sorted([*_VALUES, *_SCALES, "hundred"], key=len, reverse=True))
SPELLED = rf"(?:\b(?:{_ONE})(?:(?:\s*-\s*|\s+and\s+|,?\s+)(?:{_ONE}))*\b)"
"""A pattern of a number in words, to be used with IGNORECASE; has no groups."""
FIGURES = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
"""A pattern of a number in figures, commas between thousands; has no groups."""


def spelled(words: str) -> int | None:
    """ "one hundred and twenty-five" -> 125; None for words that are no number."""
    total = group = 0
    seen = False
    for word in re.findall(r"[a-z]+", words.casefold()):
        if word == "and":
            continue
        if word in _VALUES:
            group += _VALUES[word]
        elif word == "hundred":
            group = (group or 1) * 100
        elif word in _SCALES:
            total, group = total + (group or 1) * _SCALES[word], 0
        else:
            return None
        seen = True
    return total + group if seen else None


def figures(words: str) -> Decimal:
    """What ``FIGURES`` matched, as a number."""
    return Decimal(words.replace(",", ""))


def plain(number: Decimal | int) -> str:
    """A number without an exponent and without zeros at its end: "2500000", "0.5"."""
    said = f"{Decimal(number):f}"
    return said.rstrip("0").rstrip(".") if "." in said else said
