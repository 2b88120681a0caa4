"""The source text around a page's quotes, and where in it each quote stands.

The page's script counts in UTF-16 units of what it shows, a citation in code points of the
document; here one becomes the other, after control and direction characters have been made visible
and secrets masked. Pieces between the quotes' ends are made visible one by one, so the sums hold.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

from kimidoc.report import safe
from kimidoc.report.excerpts import citations, holding
from kimidoc.report.redact import redact
from kimidoc.types import Citation, Excerpt, Report

Place = tuple[int, int, int]  # excerpt, first unit, unit after the last


class Viewer:
    """The excerpts of one report, as the page holds them."""

    def __init__(self, report: Report) -> None:
        self._by_path: dict[str, list[Excerpt]] = defaultdict(list)
        for excerpt in report.excerpts:
            self._by_path[excerpt.path].append(excerpt)
        self._numbers = {id(excerpt): at for at, excerpt in enumerate(report.excerpts)}
        cuts: dict[int, set[int]] = defaultdict(set)
        for citation in citations(report):
            around = holding(self._by_path, citation) if citation.verified else None
            if around is not None:
                assert citation.start_char is not None and citation.end_char is not None
                cuts[id(around)] |= {citation.start_char, citation.end_char}
        self._texts: list[str] = []
        self._units: list[tuple[list[int], list[int]]] = []
        for excerpt in report.excerpts:
            inside = sorted(cut - excerpt.start_char for cut in cuts[id(excerpt)])
            text, units = _shown(redact(excerpt.text)[0], inside)
            self._texts.append(text)
            self._units.append((inside, units))
        self._excerpts = report.excerpts

    def place(self, citation: Citation) -> Place | None:
        """Where a located quote stands in the page's text; None where the page does not hold it."""
        excerpt = holding(self._by_path, citation) if citation.verified else None
        if excerpt is None:
            return None
        assert citation.start_char is not None and citation.end_char is not None
        at = self._numbers[id(excerpt)]
        cuts, units = self._units[at]
        ends = (citation.start_char, citation.end_char)
        start, end = (units[bisect_left(cuts, n - excerpt.start_char)] for n in ends)
        return at, start, end

    def data(self) -> list[dict[str, object]]:
        """What the script reads: path, number of the first line, and text, of each excerpt."""
        return [
            {"path": safe.visible(excerpt.path), "line": excerpt.start_line, "text": text}
            for excerpt, text in zip(self._excerpts, self._texts, strict=True)
        ]


def _shown(text: str, cuts: Sequence[int]) -> tuple[str, list[int]]:
    """The text as shown, and the UTF-16 unit that each cut falls on."""
    parts, units, at, length = [], [], 0, 0
    for cut in (*cuts, len(text)):
        part = safe.encodable(safe.visible(text[at:cut].replace("\t", "    ")))
        parts.append(part)
        length += len(part.encode("utf-16-le")) // 2
        units.append(length)
        at = cut
    return "".join(parts), units[:-1]
