"""Percentages in texts: "17%", "32 per cent", "thirty-two percent", "50 basis points"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kimidoc.types import Value
from kimidoc.values.numbers import FIGURES, SPELLED, figures, plain, spelled

_PERCENT = re.compile(
    rf"(?:(?P<words>{SPELLED})(?:\s*\(\s*(?P<both>{FIGURES})\s*%?\s*\))?|(?P<figures>{FIGURES}))"
    r"\s*(?P<unit>%|per\s*cent\b|percent\b|basis\s+points\b|bps?\b)",
    re.IGNORECASE,
)


def find(text: str) -> Iterator[Value]:
    """Every percentage that a text names."""
    for match in _PERCENT.finditer(text):
        written = match["both"] or match["figures"]
        said = spelled(match["words"]) if match["words"] else None
        number = figures(written) if written else None
        if number is not None and said is not None and number != said:
            yield Value("percentage", match[0], None, "words and figures differ")
            continue
        number = figures(str(said)) if number is None else number
        if match["unit"][0] in "bB":
            number /= 100
        yield Value("percentage", match[0], f"{plain(number)} %")
