"""What was to be done for a patient and is not seen to have been; medicines that should not meet.

Word rules. A sentence that asks for a test within a time gives a due day, counted from its
document's day; if no later dated line, and no row of a table with a value in that test's column,
stands before that day and a little after, it is open. A medicine that was stopped is looked for in
later dated lines. That nothing was found is no proof that nothing was done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kimidoc.playbooks.records import Entry, day_of, entries, line_of
from kimidoc.playbooks.sweep import TABLES, Found, sentence
from kimidoc.types import Citation, Document, Row
from kimidoc.values import read
from kimidoc.values.dates import DATE, moved

COLUMNS = ("Due", "What", "Document")
HEAD = 700
GRACE = "P14D"
_TESTS = {
    "radiograph": r"radiographs?|x-?rays?|film",
    "CT": r"CT\b|computed tomograph\w*",
    "MRI": r"MRI\b|magnetic resonance",
    "ultrasound": r"ultrasound\w*",
    "potassium": r"potassium",
    "renal function": r"renal function|creatinine|eGFR",
    "haemoglobin": r"ha?emoglobin|full blood count",
    "echocardiogram": r"echocardiogra\w*",
    "HbA1c": r"HbA1c",
    "biopsy": r"biops\w*",
    "colonoscopy": r"colonoscop\w*",
    "INR": r"INR\b",
}
_ASKS = re.compile(
    r"\b(?:repeat|check|recommend\w*|arrange|request\w*|should be|to be|needs?|please|review"
    r"|refer)\b",
    re.IGNORECASE,
)
_WITHIN_A = re.compile(r"\b(?:within|in|after) an? (?P<unit>week|month|year)\b", re.IGNORECASE)
_STOP = re.compile(
    r"\b(?:stop(?:ped)?|discontinue[ds]?|do not take|not to take|avoid)\s+(?:taking\s+)?"
    r"(?P<name>[a-z][a-z-]{5,})\b",
    re.IGNORECASE,
)
_NO_MEDICINE = frozenset(
    "taking medicine medication tablets treatment smoking driving alcohol".split()
)
CLASSES = {
    "anticoagulants": "warfarin apixaban rivaroxaban edoxaban dabigatran".split(),
    "anti-inflammatories": "ibuprofen naproxen diclofenac celecoxib meloxicam".split(),
    "statins": "atorvastatin simvastatin rosuvastatin pravastatin".split(),
    "ACE inhibitors": "ramipril lisinopril enalapril perindopril".split(),
}


def due(documents: Sequence[Document]) -> list[tuple[str, str, str, Citation]]:
    """(due day, test, day of the request, sentence), in order."""
    found = []
    for document in documents:
        own = _own_day(document)
        for name, pattern in _TESTS.items() if document.kind not in TABLES else ():
            for match in re.finditer(rf"\b(?:{pattern})", document.text):
                low, high = sentence(document.text, match.start())
                said = document.text[low:high]
                asked = entry_day(document, low) or own
                if not (_ASKS.search(said) and asked):
                    continue
                day = moved(asked, _length(said))
                if day is not None:
                    found.append((day, name, asked, Citation.of(document, low, high)))
                break
    return sorted(found, key=lambda one: (one[0], one[1], one[3].path or ""))


def _length(said: str) -> str:
    """The first duration of a sentence, "within a week" included; "" without one."""
    if found := next((v.normal for v in read("duration", said) if v.normal), None):
        return found
    match = _WITHIN_A.search(said)
    return f"P1{match['unit'][0].upper()}" if match else ""


def entry_day(document: Document, at: int) -> str | None:
    """The day of the dated line that a place stands below, in a record kept by days."""
    earlier = [one for one in entries([document]) if (one.citation.start_char or 0) <= at]
    return max(earlier, key=lambda one: one.citation.start_char or 0).day if earlier else None


def _own_day(document: Document) -> str | None:
    """The latest day that a document gives near its head, births apart."""
    head = re.sub(r"\b(?:born|date of birth|dob)\b.{0,24}", "", document.text[:HEAD], flags=re.I)
    days = [day_of(m) for m in re.findall(rf"\d{{2}}[./]\d{{2}}[./]\d{{4}}|{DATE}", head, re.I)]
    return max((day for day in days if day), default=None)


def rows(documents: Sequence[Document]) -> Iterator[Row]:
    """What was to be done, by the day it was due."""
    for day, name, _, quote in due(documents):
        yield Row((day, name, quote.path or ""), (quote,))


def open_ones(documents: Sequence[Document]) -> Iterator[Found]:
    """Requests after which no dated line speaks of the test in time."""
    every = entries(documents)
    for day, name, asked, quote in due(documents):
        until = moved(day, GRACE) or day
        done = [
            one
            for one in every
            if asked < one.day <= until and _speaks_of(one, _TESTS[name], documents)
        ]
        if not done:
            said = f"{name}, asked for on {asked}, due {day}: no dated entry until {until}"
            yield Found(quote.path or "", said, (quote,))


def _speaks_of(one: Entry, pattern: str, documents: Sequence[Document]) -> bool:
    """Whether an entry names a test, or is a row of a table with a value in its column."""
    document = next(d for d in documents if d.path == one.citation.path)
    if document.kind not in TABLES:
        return bool(re.search(rf"\b(?:{pattern})", one.citation.text, re.IGNORECASE))
    divider = "," if document.kind == "csv" else " | "
    heads = document.text.split("\n", 1)[0].split(divider)
    cells = one.citation.text.split(divider)
    return any(
        re.search(pattern, head, re.IGNORECASE) and cell.strip()
        for head, cell in zip(heads, cells, strict=False)
    )


def stopped(documents: Sequence[Document]) -> Iterator[Found]:
    """Medicines that were stopped and that a later day is named with; two of one class together."""
    for document in documents:
        for match in _STOP.finditer(document.text):
            name = match["name"].casefold()
            asked = entry_day(document, match.start()) or _own_day(document)
            if asked is None or name in _NO_MEDICINE:
                continue
            for other in documents:
                for again in re.finditer(rf"\b{re.escape(name)}\b", other.text, re.IGNORECASE):
                    quote = line_of(other, again)
                    days = re.findall(rf"\d{{2}}[./]\d{{2}}[./]\d{{4}}|{DATE}", quote.text, re.I)
                    later = sorted(d for d in map(day_of, days) if d and d > asked)
                    if later:
                        said = f"{name} stopped on {asked}; {other.path} names it with {later[-1]}"
                        yield Found(other.path, said, (line_of(document, match), quote))
    for document in documents:
        for kind, names in CLASSES.items():
            found = {n: m for n in names if (m := re.search(rf"\b{n}\b", document.text, re.I))}
            if len(found) > 1:
                quotes = tuple(dict.fromkeys(line_of(document, m) for m in found.values()))
                yield Found(document.path, f"two {kind}: {' and '.join(found)}", quotes)
