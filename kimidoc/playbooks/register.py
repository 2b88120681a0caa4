"""A register of contracts, row by row, against the contracts themselves.

A row belongs to a contract if it names its counterparty and, where it gives days, one that the
contract gives near its head. Compared are: an end (a day in a column of expiry) with the day or the
computed day that the contract gives; an amount that the contract has with two digits exchanged; and
a column of change of control that says "none" beside a contract with such a clause. A difference is
a question to both documents, not an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kimidoc.playbooks.deadlines import Event, events
from kimidoc.playbooks.sweep import TABLES, Found, sentence
from kimidoc.playbooks.who import counterparties, speaks_of
from kimidoc.types import Citation, Document
from kimidoc.values import read
from kimidoc.values.dates import DATE, iso

HEAD = 700
LEAST = 1_000  # smaller numbers are terms and counts, and stand everywhere
_END = re.compile(r"\b(?:expir\w*|end\w*|until|terminat\w*|maturity)\b", re.IGNORECASE)
_CONTROL = re.compile(r"change\s+(?:of|in)\s+(?:control|ownership)", re.IGNORECASE)
_NONE = re.compile(r"^\W*(?:none|no|nil|n/?a|not applicable|-)\W*$", re.IGNORECASE)
_HAS_CONTROL = re.compile(
    r"change (?:of|in) (?:control|ownership)|(?:hold|acquire|own|gain)\w*[^.;]{0,80}"
    r"(?:more than half|majority|control)[^.;]{0,200}(?:\bend\b|terminate|cancel|consent|\bpay\b)"
    .replace(" ", r"\s+"),
    re.IGNORECASE,
)  # fmt: skip
_AMOUNT = re.compile(
    r"(?<![\d.,-])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|(?<![\d.,-])\d{4,}(?![\d.,-])"
)


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of a table: its cells with where each stands, and the header's cells."""

    document: Document
    cells: tuple[tuple[int, int], ...]
    headers: tuple[str, ...]

    def text(self, cell: tuple[int, int]) -> str:
        return self.document.text[slice(*cell)]

    def quote(self) -> Citation:
        return Citation.of(self.document, self.cells[0][0], self.cells[-1][1])


def differences(documents: Sequence[Document]) -> Iterator[Found]:
    """Every cell of a register that its contract contradicts, with both places."""
    named = counterparties(documents)
    ends = {e.path: e for e in events(documents) if e.day and e.what.startswith("End of")}
    for line in (line for d in documents if d.kind in TABLES for line in _lines(d)):
        row = " ".join(line.text(cell) for cell in line.cells)
        days = {iso(m) for m in re.findall(DATE, row, re.IGNORECASE)}
        for contract in documents:
            names = named.get(contract.path, ())
            if not speaks_of(row, names) or not days & _own_days(contract):
                continue
            for said, quotes in _compared(line, contract, ends.get(contract.path)):
                yield Found(line.document.path, said, (line.quote(), *quotes))


def _own_days(document: Document) -> set[str | None]:
    return {iso(m) for m in re.findall(DATE, document.text[:HEAD], re.IGNORECASE)} - {None}


def _lines(document: Document) -> Iterator[_Line]:
    """The rows below each header of a table as text: a header is a row without a figure."""
    headers: tuple[str, ...] = ()
    at = 0
    for row in document.text.split("\n"):
        cells, start = [], at
        for piece in row.split(" | "):
            cells.append((start, start + len(piece)))
            start += len(piece) + 3
        at += len(row) + 1
        if len(cells) < 3:
            headers = ()
        elif not headers:
            headers = tuple(document.text[a:b] for a, b in cells)
        else:
            yield _Line(document, tuple(cells), headers)


def _compared(
    line: _Line, contract: Document, end: Event | None
) -> Iterator[tuple[str, tuple[Citation, ...]]]:
    amounts = {_number(m[0]): m for m in _AMOUNT.finditer(contract.text)}
    for cell, header in zip(line.cells, line.headers, strict=False):
        said = line.text(cell)
        day = next((v.normal for v in read("date", said) if v.normal), None)
        if _END.search(header) and day and end is not None and day != end.day:
            yield f"{header} {day}; {contract.path} gives {end.day} ({end.how})", end.citations
        if _CONTROL.search(header) and _NONE.match(said):
            found = _HAS_CONTROL.search(contract.text)
            if found and not _denied(contract.text, found.start()):
                quote = Citation.of(contract, *sentence(contract.text, found.start()))
                yield f"{header}: {said.strip()}; {contract.path} has a clause", (quote,)
        for number in (_number(m[0]) for m in _AMOUNT.finditer(said)):
            if number < LEAST or number in amounts or day:
                continue
            for other, match in amounts.items():
                if _exchanged(number, other):
                    quote = Citation.of(contract, *sentence(contract.text, match.start()))
                    yield f"{header} {number:,}; {contract.path} gives {other:,}", (quote,)


def _denied(text: str, at: int) -> bool:
    start, end = sentence(text, at)
    return bool(re.search(r"\bnot\b[^.;]{0,40}\b(?:transfer|assignment|require)", text[start:end]))


def _number(words: str) -> int:
    return int(words.replace(",", "").partition(".")[0])


def _exchanged(one: int, two: int) -> bool:
    """Whether two neighbouring digits changed places between the numbers: 186,000 and 168,000."""
    a, b = str(one), str(two)
    if len(a) != len(b) or one == two:
        return False
    apart = [at for at in range(len(a)) if a[at] != b[at]]
    return len(apart) == 2 and apart[1] == apart[0] + 1 and sorted(a) == sorted(b)
