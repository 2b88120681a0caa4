"""Financial statements as rows of figures, and what is said of them, recomputed in code.

A row is a line that begins with a label and ends in figures, below a line that names years ("Fiscal
2025 | Fiscal 2024"), or a label and its figures one below the other, as some PDFs give tables. A
claim is a sentence with a ratio or a rate of growth ("gross margin was 34.6 percent", "net revenue
increased 6.1%"). Each claim for which the rows suffice is computed anew from them; that it does not
agree is a question to both places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kimidoc.playbooks.sweep import Found, sentence
from kimidoc.types import Citation, Document, Row
from kimidoc.values import read

COLUMNS = ("Figure", "Period", "Stated", "Computed", "From", "Document")
_CELL = r"\(?[$£€]?\d[\d,]*(?:\.\d+)?\)?%?"
_LINE = re.compile(
    r"^[ \t]*(?P<label>[A-Z][A-Za-z,&()'’$ /-]{2,60}?)[ \t|]+"
    rf"(?P<figures>{_CELL}(?:[ \t|]+(?:{_CELL}|-|—))*)[ \t|]*$",
    re.MULTILINE,
)
_FIGURE = re.compile(r"\(?[$£€]?\d[\d,]*(?:\.\d+)?\)?|-|—")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAY = re.compile(rf"\b(?:{_MONTHS}) \d{{1,2}},?")
# A line that holds one cell and no words: tables are often taken out of a PDF that way.
_CELLS = re.compile(
    r"(?:[$£€]|\(?[$£€]?\s?\d[\d,]*(?:\.\d+)?\)?(?:\s?%\)?)?|[-–—]|\)|%"
    r"|(?:Fiscal )?(?:19|20)\d\d)\s*"
)
_NARROW = re.compile(r"([$£€(])\s+(?=[\d(])|\s+(?=[%)])")
_FISCAL = re.compile(
    r"(?:fiscal(?: year)?|year ended [A-Z][a-z]+ \d{1,2},|annual report) (?P<year>(?:19|20)\d\d)",
    re.I,
)
_AHEAD = re.compile(
    r"\b(?:expect|guid|target|outlook|forecast|should|will|by fiscal|plan|aim|assum)\w*",
    re.IGNORECASE,
)
_UP = r"increased|grew|rose|improved|was up|were up|up|advanced|gained"
_DOWN = r"decreased|declined|fell|dropped|was down|were down|down|shrank"
_POINTS = re.compile(r"\b(?:rates?|margins?|percentage|share|mix|from)\b", re.IGNORECASE)
_LABELS = {
    "revenue": r"(?:total |net )?(?:revenues?|sales)",
    "gross profit": r"gross profit",
    "operating income": r"(?:operating (?:income|profit)|income from operations)",
    "net income": r"net (?:income|earnings)",
    "pre-tax income": r"income before (?:income )?taxes",
    "earnings per share": r"(?:.{0,20} )?(?:earnings|income) per share.{0,24}",
    "capital expenditures": r"capital expenditures?|purchases? of property.{0,24}",
    "receivables": r"(?:accounts |trade )?receivables?(?:, net)?",
    "taxes": r"(?:income taxes|provision for income taxes|income tax expense)",
}
_RATIOS = {
    "gross margin": ("gross profit", "revenue"),
    "operating margin": ("operating income", "revenue"),
    "effective tax rate": ("taxes", "pre-tax income"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a statement: its label and what it gives for each year."""

    label: str
    values: dict[str, Decimal]
    citation: Citation


@dataclass(frozen=True, slots=True)
class Claim:
    """A percentage that a sentence states of a figure, and what the rows give for it."""

    name: str
    year: str
    stated: Decimal
    computed: Decimal
    formula: str
    document: Document
    citations: tuple[Citation, ...]
    places: int

    @property
    def agrees(self) -> bool:
        """Equal when rounded as the sentence rounds, one unit of the last place allowed."""
        return abs(self.stated - self.computed) <= Decimal("0.55").scaleb(-self.places)


def lines(document: Document) -> list[Line]:
    """Every row of figures of a document that stands below a line of years."""
    years, found = list[str](), list[Line]()
    for start, end, said in _table_rows(document.text):
        plain = _DAY.sub("", said)
        here = _YEAR.findall(plain)
        match = _LINE.match(plain)
        if len(here) >= 2 and (
            match is None or len(here) == len(_FIGURE.findall(match["figures"]))
        ):
            years = here
        elif match and years and not _YEAR.search(match["label"]) and not _DAY.search(said):
            given = [_number(word) for word in _FIGURE.findall(match["figures"])]
            if len(given) == len(years):
                values = {y: v for y, v in zip(years, given, strict=True) if v is not None}
                label = " ".join(match["label"].split())
                found.append(Line(label, values, Citation.of(document, start, end)))
    return found


def _table_rows(text: str) -> Iterator[tuple[int, int, str]]:
    """Each line that is not blank; with it the cells below it, where a line holds but one cell."""
    at, columns, number, rows = 0, 0, 0, list[tuple[int, int]]()
    for piece in text.split("\n"):
        rows.append((at + len(piece) - len(piece.lstrip()), at + len(piece.rstrip())))
        at += len(piece) + 1
    while number < len(rows):
        start, end = rows[number]
        said, number = text[start:end], number + 1
        if not said or _CELLS.fullmatch(said):
            continue
        cells = list[str]()
        if not _LINE.match(_DAY.sub("", said)):
            while number < len(rows) and _CELLS.fullmatch(cell := text[slice(*rows[number])]):
                cells.append(cell)
                number += 1
            if columns and cells[-1:] and cells[-1].isdigit() and _count(cells) == columns + 1:
                cells.pop()  # a page's number
                number -= 1
            end = rows[number - 1][1]
        if cells and all(_YEAR.search(cell) for cell in cells):
            columns = len(cells)
        elif len(_YEAR.findall(said)) > 1:
            columns = 0  # a table of lines
        yield start, end, _NARROW.sub(r"\1", " ".join((said, *cells)))


def _count(cells: Sequence[str]) -> int:
    return sum(bool(_FIGURE.search(cell)) for cell in cells)


def _number(word: str) -> Decimal | None:
    digits = re.sub(r"[^\d.]", "", word)
    if not digits or digits == ".":
        return None
    return -Decimal(digits) if word.startswith("(") else Decimal(digits)


def year_of(document: Document) -> str:
    """The fiscal year a document says near its head that it is about; "" where it says none."""
    match = _FISCAL.search(document.text[:1_500])
    return match["year"] if match else ""


def scale(document: Document) -> int:
    """What a document's figures are in: thousands, millions or units, as it says itself."""
    match = re.search(r"\bin (thousands|millions)\b", document.text, re.IGNORECASE)
    return {"thousands": 1_000, "millions": 1_000_000}[match[1].casefold()] if match else 1


def claims(documents: Sequence[Document]) -> Iterator[Claim]:
    """Every claim of every document that the rows of any document suffice for."""
    statements = [line for document in documents for line in lines(document)]
    labels = {line.label for line in statements}
    for document in documents:
        year = year_of(document)
        if not year:
            continue
        for name, (part, whole) in _RATIOS.items():
            for match in re.finditer(
                rf"\b{name}\b[^.;%]{{0,40}}?\b(?:was|were|of|at)\b", document.text, re.I
            ):
                rows = figure(statements, part, year), figure(statements, whole, year)
                yield from _ratio(document, name, year, match, rows)
        yield from _growth(document, year, statements, labels)


def ratio(
    statements: Sequence[Line], name: str, year: str
) -> tuple[Decimal, tuple[Citation, ...]] | None:
    """A ratio in percent, as the rows give it, and the rows."""
    part, whole = _RATIOS["effective tax rate" if name == "tax rate" else name]
    one, two = figure(statements, part, year), figure(statements, whole, year)
    if one is None or two is None or not two.values[year]:
        return None
    return 100 * one.values[year] / two.values[year], (one.citation, two.citation)


def _ratio(
    document: Document,
    name: str,
    year: str,
    match: re.Match[str],
    rows: tuple[Line | None, Line | None],
) -> Iterator[Claim]:
    part_name, (part, whole) = _RATIOS[name][0], rows
    low, high = sentence(document.text, match.start())
    said = _percentage(document, match.end())
    if _AHEAD.search(document.text[low:high]):
        return
    if said is None or part is None or whole is None or not whole.values[year]:
        return
    computed = 100 * part.values[year] / whole.values[year]
    if part_name == "taxes" and computed < 0 < said[0]:
        computed = -computed  # an expense that the statement gives in brackets
    formula = f"{part.values[year]:,} / {whole.values[year]:,}"
    quotes = (
        Citation.of(document, low, high),
        part.citation,
        whole.citation,
    )
    yield Claim(name, year, said[0], computed, formula, document, quotes, said[1])


def _growth(
    document: Document, year: str, statements: Sequence[Line], labels: set[str]
) -> Iterator[Claim]:
    before = str(int(year) - 1)
    names = [re.escape(label) for label in sorted(labels, key=len, reverse=True)]
    if not names:
        return
    pattern = re.compile(
        rf"\b(?P<name>{'|'.join([*names, 'Revenue'])})\b(?P<between>[^.;]{{0,24}}?)"
        rf"\b(?:(?P<up>{_UP})|(?P<down>{_DOWN}))\b(?: by)?"
    )
    for match in pattern.finditer(document.text):
        said = _percentage(document, match.end())
        line = figure(statements, match["name"].casefold(), year)
        if said is None or line is None or not line.values.get(before):
            continue
        low, high = sentence(document.text, match.start())
        # A rate or a share of something moves by points, and "from" leads to the earlier one.
        near = document.text[match.start("between") : match.end() + 8]
        if match.end() > high or _POINTS.search(near) or "%" in line.citation.text:
            continue
        now, then = line.values[year], line.values[before]
        stated = -said[0] if match["down"] else said[0]
        computed = 100 * (now - then) / abs(then)
        quotes = (Citation.of(document, low, high), line.citation)
        name = f"growth of {line.label.casefold()}"
        yield Claim(
            name, year, stated, computed, f"{now:,} / {then:,} - 1", document, quotes, said[1]
        )


def figure(statements: Sequence[Line], name: str, year: str) -> Line | None:
    """The row that gives a figure for a year."""
    pattern = _LABELS.get(name, re.escape(name))
    return next(
        (
            line
            for line in statements
            if year in line.values and re.fullmatch(pattern, line.label, re.IGNORECASE)
        ),
        None,
    )


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
