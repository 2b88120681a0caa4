"""Percentages that sentences state of a statement's figures, computed anew from its rows.

A claim is a sentence with a ratio or a rate of growth ("gross margin was 34.6 percent", "net sales
increased $10,917 or 8% during 2019"). A ratio is taken from two rows of one table, never from two
tables; a growth from the row of that label nearest above the sentence, or from the first statement.
Tables of adjusted measures, of segments and of parts of a group bear no claim about the company
(``statements.whole``), and a sentence about such a measure is none. That a claim does not agree is
a question to both places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import groupby

from kimidoc.playbooks.segments import alone
from kimidoc.playbooks.statements import Line, lines, named, whole, year_of
from kimidoc.playbooks.sweep import Found, sentence
from kimidoc.playbooks.tabular import period
from kimidoc.types import Citation, Document, Row
from kimidoc.values import read

COLUMNS = ("Figure", "Period", "Stated", "Computed", "From", "Document")
MOST = 3_000  # labels that are looked for in sentences
NEAR = 4_000  # characters above a sentence in which its own table stands
_AHEAD = re.compile(
    r"\b(?:expect|guid|target|outlook|forecast|should|will|by fiscal|plan|aim|assum)\w*",
    re.IGNORECASE,
)
_OTHER_MEASURE = re.compile(
    r"\b(?:adjusted|non-?GAAP|underlying|pro[ -]forma|excluding|exclusive of|without|organic\w*"
    r"|comparable|same[- ]store|constant[- ]currency|currency[- ]neutral|local currenc\w+)\b",
    re.IGNORECASE,
)
_UP = r"increased|grew|rose|improved|was up|were up|up|advanced|gained"
_DOWN = r"decreased|declined|fell|dropped|was down|were down|down|shrank"
_POINTS = re.compile(r"\b(?:rates?|margins?|percentage|share|mix|from)\b", re.IGNORECASE)
_BY = re.compile(
    r"\s*(?:by\s+)?(?:\$\s?(?P<amount>[\d,]+(?:\.\d+)?)\s*(?P<unit>million|billion|thousand)?,?\s*"
    r"(?:or|and)\s+(?:by\s+)?|\()?",
    re.IGNORECASE,
)
_QUARTER = re.compile(r"\bquarters?\b|\bQ[1-4]\b", re.IGNORECASE)
_ANNUAL = re.compile(r"\b(?:for|in|during)\s+the\s+(?:full\s+|fiscal\s+)?year\b", re.IGNORECASE)
_IN_YEAR = re.compile(
    r"\b(?:in|during|for|of)\s+(?:the\s+)?(?:fiscal\s+(?:year\s+)?|year\s+)?(?P<year>(?:19|20)\d\d)"
    r"\b(?!\s*(?:,|and|&)\s*(?:19|20)\d\d)",
    re.IGNORECASE,
)
# What comes behind such words may be of another year.
_REASON = re.compile(
    r"\b(?:driven|due|primarily|mainly|compared|versus|reflect\w*|because|as|partially|offset"
    r"|attributable)\b|;",
    re.IGNORECASE,
)
_RATIOS = {
    "gross margin": ("gross profit", "revenue"),
    "operating margin": ("operating income", "revenue"),
    "effective tax rate": ("taxes", "pre-tax income"),
}
_UNITS = {"thousand": 3, "million": 6, "billion": 9}


@dataclass(frozen=True, slots=True)
class Claim:
    """A percentage that a sentence states of a figure, and what the rows give for it.

    ``slack``: how far the rows' own rounding may carry the computed value, in points.
    """

    name: str
    year: str
    stated: Decimal
    computed: Decimal
    formula: str
    document: Document
    citations: tuple[Citation, ...]
    places: int
    slack: Decimal

    @property
    def agrees(self) -> bool:
        """Equal when rounded as the sentence rounds, one unit of the last place allowed."""
        room = Decimal("0.55").scaleb(-self.places) + self.slack
        return abs(self.stated - self.computed) <= room


def claims(documents: Sequence[Document]) -> Iterator[Claim]:
    """Every claim of every document that the rows of any document suffice for."""
    labels = {line.label for document in documents for line in _stated(document)}
    for document in documents:
        year = year_of(document)
        if not year:
            continue
        papers = [document, *(other for other in documents if other is not document)]
        yield from _ratios(document, year, papers)
        yield from _growth(document, year, papers, labels)


def ratio(
    documents: Sequence[Document], name: str, year: str, want: str = ""
) -> tuple[Decimal, Line, Line] | None:
    """A ratio in percent as one table's two rows give it, and the rows; of the first such table."""
    part, total = _RATIOS["effective tax rate" if name == "tax rate" else name]
    for document in documents:
        usable = [x for x in lines(document) if year in x.values and _fits(x, want)]
        for _, group in groupby(usable, key=lambda line: (line.table, line.period)):
            rows = list(group)
            one = next((row for row in rows if named(row, part) and not row.percent), None)
            two = next((row for row in rows if named(row, total) and not row.percent), None)
            if one and two and two.values[year] and whole(document, one):
                computed = 100 * one.values[year] / two.values[year]
                # an expense is often given in brackets
                return (
                    (abs(computed) if part == "taxes" and two.values[year] > 0 else computed),
                    one,
                    two,
                )
    return None


@lru_cache(maxsize=64)
def _stated(document: Document) -> tuple[Line, ...]:
    """The rows of a document, those of a segment's own table under its name too."""
    by_segment = (
        replace(line, label=f"{name} {line.label.casefold()}", table=-1)  # the name says whose
        for name, line in alone(document)
    )
    return (*lines(document), *by_segment)


def _bearing(papers: Sequence[Document], want: str) -> Sequence[Document]:
    """The papers that can bear a claim: a quarter is the document's own, others have others."""
    return papers if want in ("", "year") else papers[:1]


def _fits(line: Line, want: str) -> bool:
    """Whether a row is for a period: "" wants none in particular, a table that says none is a
    year's."""
    if not want:
        return not line.period.startswith("column")
    return line.period == want or (want == "year" and not line.period)


def _wanted(words: str) -> str:
    """The period that a sentence speaks of."""
    if _QUARTER.search(words):
        return "quarter"
    return period(words) or ("year" if _ANNUAL.search(words) else "")


def _ratios(document: Document, year: str, papers: Sequence[Document]) -> Iterator[Claim]:
    for name in _RATIOS:
        spoken = rf"\b{name}\b".replace(" ", r"\s+")
        for match in re.finditer(
            rf"{spoken}[^.;%]{{0,40}}?\b(?:was|were|of|at)\b", document.text, re.I
        ):
            low, high = sentence(document.text, match.start())
            said = document.text[low:high]
            stated = _percentage(document, match.end())
            if stated is None or _AHEAD.search(said) or _other(document, low, match.start()):
                continue
            before = document.text[low : match.end()]
            own, want = _year_of(before, last=True) or year, _wanted(before)
            found = ratio(_bearing(papers, want), name, own, want)
            if found is None:
                continue
            computed, one, two = found
            part, total = one.values[own], two.values[own]
            yield Claim(
                name, own, stated[0], computed, f"{part:,} / {total:,}", document,
                (Citation.of(document, low, high), one.citation, two.citation), stated[1],
                _rounding(part, total),
            )  # fmt: skip


def _growth(
    document: Document, year: str, papers: Sequence[Document], labels: set[str]
) -> Iterator[Claim]:
    names = [
        re.escape(x).replace(r"\ ", r"\s+") for x in sorted(labels, key=len, reverse=True)[:MOST]
    ]
    if not names:
        return
    label = re.compile(rf"\b(?:{'|'.join([*names, 'Revenue'])})\b")
    pattern = re.compile(
        rf"(?=(?P<name>{label.pattern})(?P<between>(?:[^.;]|(?<=\d)\.(?=\d)){{0,40}}?)"
        rf"\b(?P<verb>(?P<up>{_UP})|(?P<down>{_DOWN}))\b)"
    )
    for match in pattern.finditer(document.text):
        low, high = sentence(document.text, match.start())
        by = _BY.match(document.text, match.end("verb"))
        assert by is not None
        said = _percentage(document, by.end())
        # A rate or a share of something moves by points, and "from" leads to the earlier one.
        near = document.text[match.start("between") : match.end("verb") + 8]
        if (
            said is None
            or by.end() > high
            or _POINTS.search(near)
            or label.search(match["between"])
        ):
            continue
        if _other(document, low, match.start()):
            continue
        own = _year_of(_REASON.split(document.text[by.end() : high], maxsplit=1)[0]) or year
        want = _wanted(document.text[low:high])
        line = _row(document, _bearing(papers, want), match, by, own, want)
        if line is None:
            continue
        now, then = line.values[own], line.values[str(int(own) - 1)]
        if now < 0 and then < 0:  # an expense in brackets grows as its amount does
            now, then = -now, -then
        stated = -said[0] if match["down"] else said[0]
        computed = 100 * (now - then) / abs(then)
        quotes = (Citation.of(document, low, high), line.citation)
        yield Claim(
            f"growth of {line.label.casefold()}", own, stated, computed,
            f"{now:,} / {then:,} - 1", document, quotes, said[1], _rounding(now, then),
        )  # fmt: skip


def _row(
    document: Document, papers: Sequence[Document], match: re.Match[str], by: re.Match[str],
    year: str, want: str,
) -> Line | None:  # fmt: skip
    """The row that a claim of growth is about; by the amount of the change where one is stated."""
    name, before = " ".join(match["name"].casefold().split()), str(int(year) - 1)
    found = [
        (paper, line)
        for paper in papers
        for line in _stated(paper)
        if named(line, name) and {year, before} <= line.values.keys() and line.values[before]
        and not line.percent and _fits(line, want)
    ]  # fmt: skip
    at = match.start()
    near = [
        line
        for paper, line in found
        if paper is document and at - NEAR < (line.citation.start_char or 0) < at
    ]
    own = [line for paper, line in found if whole(paper, line)]
    ordered = near[::-1] + own
    if by["amount"]:
        amount = Decimal(by["amount"].replace(",", "")).scaleb(
            _UNITS.get((by["unit"] or "").casefold(), 0)
        )
        return next(
            (x for x in ordered if _is(abs(x.values[year] - x.values[before]), amount)), None
        )
    return next(iter(ordered), None)


def _is(value: Decimal, amount: Decimal) -> bool:
    """Whether a figure of a table is an amount, in whatever unit the table has."""
    for places in (0, 3, 6, 9):
        scaled = value.scaleb(places)
        if scaled and abs(scaled - amount) <= max(scaled, amount) / 50:
            return True
    return False


def _other(document: Document, low: int, at: int) -> bool:
    """Whether the clause before a claim speaks of an adjusted or a comparable measure."""
    return bool(_OTHER_MEASURE.search(document.text, max(low, at - 120), at))


def _year_of(words: str, *, last: bool = False) -> str:
    years = [match["year"] for match in _IN_YEAR.finditer(words)]
    return (years[-1] if last else years[0]) if years else ""


def _rounding(part: Decimal, total: Decimal) -> Decimal:
    """How many points half a unit of the last place of both figures is worth in their ratio."""
    unit = Decimal("0.5").scaleb(min(int(v.as_tuple().exponent) for v in (part, total)))
    return 100 * (unit / abs(total) + unit * abs(part) / total**2)


def _percentage(document: Document, at: int) -> tuple[Decimal, int] | None:
    """The percentage that follows directly, and how many places it is given with."""
    near = document.text[at : at + 30]
    value = next(iter(read("percentage", near)), None)
    if value is None or value.normal is None or near.find(value.words) > 12:
        return None
    number = Decimal(value.normal.removesuffix(" %"))
    written = re.search(r"\d+\.(\d+)", value.words)
    return number, len(written[1]) if written else 0


def rows(documents: Sequence[Document]) -> Iterator[Row]:
    """The table of claims: each with what the rows give."""
    for claim in claims(documents):
        computed = f"{claim.computed:.{max(claim.places, 1)}f} %"
        if not claim.agrees:
            computed += " (differs)"
        cells = (claim.name, f"fiscal {claim.year}", f"{claim.stated} %", computed, claim.formula)
        yield Row((*cells, claim.document.path), claim.citations)


def wrong(documents: Sequence[Document]) -> Iterator[Found]:
    """Claims that the statements do not bear out."""
    for claim in claims(documents):
        if not claim.agrees:
            said = (
                f"{claim.name} of fiscal {claim.year} stated as {claim.stated} %, computed "
                f"{claim.computed:.1f} % ({claim.formula})"
            )
            yield Found(claim.document.path, said, claim.citations)
