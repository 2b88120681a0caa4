"""Figures by segment: each with its period and unit, and the sums beside the stated total.

A document names its segments ("two reportable segments, Flexibles and Rigid Packaging", "the
Chillers segment", or paragraphs that begin with a name below "We report three segments"). Rows of a
statement that follow each other directly, two of them or more by segment, with a total below: their
sum is compared with it, year by year. Eliminations and corporate costs are rows like the others. A
table headed "Chillers Segment" gives the figures of one: they are listed and not added up.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from kimidoc.playbooks.across import columns
from kimidoc.playbooks.statements import Line, heading, lines, unit
from kimidoc.playbooks.sweep import Found
from kimidoc.types import Citation, Document, Row

COLUMNS = ("Figure", "Segment", "Period", "Value", "Unit", "Share of the total", "Document")
FAR = Decimal("0.2")  # of a total: a difference beyond it tells of rows that were not read
_MENTION = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|\d)\s+(?:reportable\s+|operating\s+|business\s+"
    r"|principal\s+)*segments\b",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"(?:(?:sub)?total\b.*|consolidated\b.*|(?:net |operating )?(?:revenues?|sales)"
    r"|(?:operating|net) (?:income|profit|earnings)(?: \(loss\))?|gross profit"
    r"|(?:adjusted )?EBITD?A?(?: from continuing operations)?|earnings from operations"
    r"|income from operations)",
    re.IGNORECASE,
)
_TITLE = re.compile(r"[A-Za-z][A-Za-z ()&,'’-]{3,70}")
_HEADED = re.compile(
    r"(?P<name>[A-Z][\w&’'-]*(?: (?:[A-Z&][\w&’'-]*|and|of)){0,3}?) "
    r"(?:Reportable |Operating )?Segment\b"
)
_NO_NAME = frozenset(
    "business each operating other our per principal reportable selected the total".split()
)
_OF_ONE = re.compile(
    r"(?:total |net )?(?:revenues?|sales)(?: including .*)?|gross profit"
    r"|operating (?:income|profit)(?: \(loss\))?"
    r"|(?:segment )?(?:adjusted )?EBITD?A?(?: from continuing operations)?"
    r"|segment (?:income|profit)|income from operations",
    re.IGNORECASE,
)
_BELOW = 2_500  # characters below "three segments" in which paragraphs begin with their names


@dataclass(frozen=True, slots=True)
class Group:
    """Rows by segment that one total ends; ``figure`` is what they give, ``unit`` may be ""."""

    document: Document
    figure: str
    unit: str
    rows: tuple[Line, ...]
    total: Line

    def missing(self, year: str) -> Decimal:
        """The total less the sum of the rows; 0 where rounding explains it."""
        parts = [row.values.get(year, Decimal()) for row in self.rows]
        less = self.total.values[year] - sum(parts, Decimal())
        places = max(-int(v.as_tuple().exponent) for v in (*parts, self.total.values[year]))
        return less if abs(less) > Decimal(len(parts)).scaleb(-places) / 2 else Decimal()


def groups(document: Document) -> Iterator[Group]:
    """Every group of rows by segment with its total, in order."""
    mentioned = _MENTION.search(document.text)
    if mentioned is None:
        return
    tables = defaultdict[tuple[int, str], list[Line]](list)
    for line in lines(document):
        tables[line.table, line.period].append(line)
    for table in tables.values():
        yield from _grouped(document, mentioned.end(), table)


def _grouped(document: Document, mentioned: int, table: Sequence[Line]) -> Iterator[Group]:
    run: list[Line] = []
    for line in table:
        if line.percent or not _follows(document.text, run, line):
            run = []
        if line.percent:
            continue
        if len(run) > 1 and _TOTAL.fullmatch(line.label) and _by_segment(document, mentioned, run):
            measure = unit(document, line.citation.start_char)
            figure = _figure(document.text, run, line)
            yield Group(document, figure, measure, tuple(run), line)
            run = []
        else:
            run.append(line)


def alone(document: Document) -> Iterator[tuple[str, Line]]:
    """Rows of tables that are headed by one segment, each with its name."""
    for line in lines(document):
        if not line.percent and _OF_ONE.fullmatch(line.label):
            heads = [m["name"] for m in _HEADED.finditer(heading(document, line))]
            if heads and heads[-1].casefold() not in _NO_NAME:
                yield heads[-1], line


def _follows(text: str, run: Sequence[Line], line: Line) -> bool:
    """Whether a row stands directly below the last one."""
    if not run:
        return True
    before, after = run[-1].citation.end_char or 0, line.citation.start_char or 0
    between = text[before:after]
    return not re.sub(r"[\s|]", "", between)


def _by_segment(document: Document, mentioned: int, run: Sequence[Line]) -> bool:
    """Whether two rows or more are called as segments are."""
    named = (row for row in run if _is_segment(document.text, mentioned, row.label))
    return next(named, None) is not None and next(named, None) is not None


@lru_cache(maxsize=1024)
def _is_segment(text: str, mentioned: int, label: str) -> bool:
    name = re.escape(label).replace(r"\ ", r"\s+")
    said = rf"\b{name}(?:,? and [A-Z][\w ]{{2,30}})? (?:reportable |operating )?segments?\b"
    listed = rf"\bsegments?\b[^.]{{0,200}}\b{name}\b"
    begins = re.compile(rf"^\W*{name}\b(?=\s+[a-z])", re.MULTILINE)
    near = text[max(0, mentioned - 300) : mentioned + _BELOW]
    return bool(
        begins.search(near) or re.search(listed, near) or re.search(said.replace(" ", r"\s+"), text)
    )


def _figure(text: str, run: Sequence[Line], total: Line) -> str:
    """What the rows give: the total's own name, or the words above the first row."""
    if not re.fullmatch(r"(?:sub)?total(?: segments?| company)?|consolidated", total.label, re.I):
        return re.sub(r"^total (?=\w)", "", total.label, flags=re.IGNORECASE)
    above = text[max(0, (run[0].citation.start_char or 0) - 200) : run[0].citation.start_char]
    for said in reversed(above.split("\n")):
        words = re.sub(r"\b(?:fiscal|(?:19|20)\d\d|years? ended).*", "", said, flags=re.IGNORECASE)
        words = words.strip(" |:$")
        if _TITLE.fullmatch(words):
            return words
    return total.label


def rows(documents: Sequence[Document]) -> Iterator[Row]:
    """The table: every figure of every segment, a sum that differs said beside its total."""
    for document in documents:
        for group in groups(document):
            for year in sorted(group.total.values, reverse=True):
                whole = group.total.values[year]
                for row in group.rows:
                    if (value := row.values.get(year)) is not None:
                        share = f"{100 * value / whole:.1f} %" if whole else ""
                        yield _row(group, row, year, value, share)
                less = group.missing(year)
                note = f"the rows give {whole - less:,}" if less else "the sum of the rows"
                yield _row(group, group.total, year, whole, note)
        for one in columns(document):
            note = "the sum of the columns" if one.name == "total" else ""
            note = note or (f"{100 * one.value / one.whole:.1f} %" if one.whole else "")
            cells = (one.figure, one.name, one.year, f"{one.value:,}")
            measure = unit(document, one.citation.start_char)
            yield Row((*cells, measure, note, document.path), (one.citation,))
        for (label, name, period, year), (value, line) in _by_themselves(document).items():
            cells = (label, name, f"{year}{f', {period}' * bool(period)}", f"{value:,}")
            yield Row(
                (*cells, unit(document, line.citation.start_char), "", document.path),
                (line.citation,),
            )


def _by_themselves(document: Document) -> dict[tuple[str, str, str, str], tuple[Decimal, Line]]:
    """(figure, segment, period, year) -> what its own table gives; adjusted ones come later."""
    found: dict[tuple[str, str, str, str], tuple[Decimal, Line]] = {}
    for name, line in alone(document):
        for year in sorted(line.values, reverse=True):
            found.setdefault((line.label, name, line.period, year), (line.values[year], line))
    return found


def _row(group: Group, line: Line, year: str, value: Decimal, note: str) -> Row:
    name = "total" if line is group.total else line.label
    cells = (group.figure, name, year, f"{value:,}", group.unit, note, group.document.path)
    return Row(cells, (line.citation,))


def wrong(documents: Sequence[Document]) -> Iterator[Found]:
    """Totals that are not the sum of their rows."""
    for document in documents:
        for group in groups(document):
            for year in sorted(group.total.values, reverse=True):
                less, whole = group.missing(year), group.total.values[year]
                if less and abs(less) <= abs(whole) * FAR:
                    said = (
                        f"{group.figure} of {year}: the segments give {whole - less:,}, "
                        f"the total says {whole:,}"
                    )
                    quotes: tuple[Citation, ...] = tuple(row.citation for row in group.rows)
                    yield Found(document.path, said, (group.total.citation, *quotes))
