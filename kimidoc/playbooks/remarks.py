"""What is said without a figure, held against figures: "a record quarter", "flat", "on budget".

Each rule takes a sentence that claims and the rows or sentences of the set that decide it; where
they say otherwise both are shown. A sentence the set cannot decide raises nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from kimidoc.playbooks.statements import Line, figure, lines, scale, year_of
from kimidoc.playbooks.sweep import Found, sentence
from kimidoc.types import Citation, Document
from kimidoc.values import read

QUARTERS = ("first", "second", "third", "fourth")
FLAT = Decimal("0.05")  # a change by more than this share is not flat
ROOM = Decimal("1.02")  # of a budget
_RECORD = re.compile(rf"\brecord (?P<quarter>{'|'.join(QUARTERS)}) quarter\b", re.IGNORECASE)
_BY_QUARTER = re.compile(
    r"^[ \t|]*(?:fiscal )?(?P<year>20\d\d)[ \t|]+(?P<figures>[\d,.]+(?:[ \t|]+[\d,.]+){3})[ \t|]*$",
    re.IGNORECASE | re.MULTILINE,
)
_FLAT = re.compile(
    r"\bdays sales outstanding\b[^.;]{0,40}\b(?:flat|unchanged|stable)\b", re.IGNORECASE
)
_ORGANIC = re.compile(r"\borganic\w*\b", re.IGNORECASE)
_GAVE = re.compile(r"\bcontributed\b[^.;]{0,20}(?P<amount>\$[^.;]{3,30})", re.IGNORECASE)
_ON_BUDGET = re.compile(r"\b(?:on|within|under|below) (?:the )?budget\b", re.IGNORECASE)
_BUDGET = re.compile(r"\bbudget\w*\b[^.;]{0,12}(?=[$£€])|(?<=\w )budget of\b", re.IGNORECASE)
_COST = re.compile(r"\b(?:cost of|cost us|costing|a total of)\b[^.;]{0,8}(?=[$£€])", re.IGNORECASE)


def contradicted(documents: Sequence[Document]) -> Iterator[Found]:
    """Every claim in words that the set's own figures contradict."""
    statements = [line for document in documents for line in lines(document)]
    for document in documents:
        year = year_of(document)
        yield from _records(document, year, documents)
        yield from _budgets(document, documents)
        if year:
            yield from _flat(document, year, statements)
            yield from _organic(document, year, statements, documents)


def _records(document: Document, year: str, documents: Sequence[Document]) -> Iterator[Found]:
    rows: dict[str, tuple[list[Decimal], Citation]] = {}
    for other in documents:
        for match in _BY_QUARTER.finditer(other.text):
            given = [
                Decimal(n.replace(",", "")) for n in re.findall(r"\d[\d,.]*", match["figures"])
            ]
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            rows.setdefault(match["year"], (given, Citation.of(other, start, match.end())))
    for match in _RECORD.finditer(document.text):
        at = QUARTERS.index(match["quarter"].casefold())
        if year not in rows:
            continue
        own = rows[year][0][at]
        best, when = max((given[at], y) for y, (given, _) in rows.items())
        if best > own:
            said = f"{match[0]}: {own:,}, and that of {when} was {best:,}"
            quote = rows[when][1]
            claim = Citation.of(document, *sentence(document.text, match.start()))
            yield Found(document.path, said, tuple(dict.fromkeys((claim, rows[year][1], quote))))


def _flat(document: Document, year: str, statements: Sequence[Line]) -> Iterator[Found]:
    before = str(int(year) - 1)
    owed = figure(statements, "receivables", year)
    sold = figure(statements, "revenue", year)
    if (
        owed is None
        or sold is None
        or not {year, before} <= owed.values.keys() & sold.values.keys()
    ):
        return
    now, then = (365 * owed.values[y] / sold.values[y] for y in (year, before))
    for match in _FLAT.finditer(document.text):
        if abs(now - then) / then > FLAT:
            said = f"days sales outstanding: {then:.1f} before, {now:.1f} now, by the statements"
            claim = Citation.of(document, *sentence(document.text, match.start()))
            yield Found(document.path, said, (claim, owed.citation, sold.citation))


def _organic(
    document: Document, year: str, statements: Sequence[Line], documents: Sequence[Document]
) -> Iterator[Found]:
    sold, before = figure(statements, "revenue", year), str(int(year) - 1)
    if sold is None or not sold.values.get(before):
        return
    for match in _ORGANIC.finditer(document.text):
        low, high = sentence(document.text, match.start())
        claimed = next((v for v in read("percentage", document.text[low:high]) if v.normal), None)
        if claimed is None:
            continue
        stated = Decimal((claimed.normal or "").removesuffix(" %"))
        for other in documents:
            gave = _GAVE.search(other.text)
            value = next(iter(read("money", gave["amount"])), None) if gave else None
            if gave is None or value is None or value.normal is None or year_of(other) != year:
                continue
            paper = next(d for d in documents if d.path == sold.citation.path)
            bought = Decimal(value.normal.rpartition(" ")[2]) / scale(paper)
            now, then = sold.values[year], sold.values[before]
            without = 100 * (now - bought - then) / then
            if abs(without - stated) > 1:
                said = (
                    f"organic growth stated as {stated} %; without {value.words} it is "
                    f"{without:.1f} %"
                )
                gift = Citation.of(other, *sentence(other.text, gave.start()))
                quotes = (Citation.of(document, low, high), gift)
                yield Found(document.path, said, (*quotes, sold.citation))


def _budgets(document: Document, documents: Sequence[Document]) -> Iterator[Found]:
    for match in _ON_BUDGET.finditer(document.text):
        low, high = sentence(document.text, match.start())
        about = _nouns(document.text[max(0, low - 160) : high])
        planned = _amount(documents, _BUDGET, about)
        spent = _amount(documents, _COST, about)
        if planned and spent and spent[0] > ROOM * planned[0]:
            said = f"“{match[0]}”: {spent[1]} against a budget of {planned[1]}"
            quotes = (Citation.of(document, low, high), planned[2], spent[2])
            yield Found(document.path, said, quotes)


def _amount(
    documents: Sequence[Document], pattern: re.Pattern[str], about: set[str]
) -> tuple[Decimal, str, Citation] | None:
    """The amount of the sentence that a pattern matches and that shares most words with a claim."""
    best: tuple[int, Decimal, str, Citation] | None = None
    for document in documents:
        for match in pattern.finditer(document.text):
            low, high = sentence(document.text, match.start())
            value = next(iter(read("money", document.text[match.end() : high])), None)
            near = document.text[max(0, low - 120) : high]
            shared = len(about & _nouns(near))
            if value and value.normal and shared > max(1, best[0] if best else 0):
                number = Decimal(value.normal.rpartition(" ")[2])
                best = shared, number, value.words, Citation.of(document, low, high)
    return best[1:] if best else None


_COMMON = frozenset("that this with have been were which from million budget cost".split())


def _nouns(text: str) -> set[str]:
    return {word.casefold() for word in re.findall(r"[A-Za-z]{4,}", text)} - _COMMON
