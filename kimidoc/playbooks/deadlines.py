"""Days that follow from a contract's own words: its end, its renewals, the last day for a notice.

Rules over sentences, and arithmetic (``values.dates``): an end is a day that is named, or a term
counted from a day that is named; a right that is tied to a day and to a notice of some length must
be used that long before. Everything is compared with the latest day a document of the set gives as
its own, never with today, so that the same documents give the same report on any day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kimidoc.playbooks.sweep import TABLES, Found, sentence
from kimidoc.playbooks.terms import ENDS, written
from kimidoc.types import Citation, Document, Row, Value
from kimidoc.values import read
from kimidoc.values.dates import DATE, iso, moved

COLUMNS = ("Day", "What", "Document", "How it was computed")
_DATE_TERM = r"(?:[A-Z][\w-]+\s+){1,3}?Date"
_DEFINED = re.compile(
    rf"\b(?P<term>{_DATE_TERM})\s*(?:means|is|shall be|:|\|)?\s*(?P<date>(?i:{DATE}))"
    rf"|(?P<day>(?i:{DATE}))\s*\(\s*(?:the\s+)?[“\"]?(?P<named>{_DATE_TERM})\b"
)
_BEGINS = re.compile(
    r"\b(?:begins?|commences?|takes effect|effective|starts?)\s+(?:on|as of|from)\s+"
    rf"(?P<date>{DATE})",
    re.IGNORECASE,
)
_START = re.compile(r"effective|commencement|start|begin", re.IGNORECASE)
# Where a term's length follows, the surest first; what stands between excludes other periods.
_TERMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\binitial (?:term|period)\b",
        r"\b(?:continues?|remains?|lasts?)\b[^.;]{0,60}\bfor\b",
        r"(?<!renewal )(?<!each )\bterm\b",
    )
)
_OTHER_TERM = re.compile(
    r"renew|successive|notice|prior to|\buntil\b|\bended\b|after (?:the )?(?:termination|expir"
    r"|employment|end)|confidential|warrant|insur|payment|invoice",
    re.IGNORECASE,
)
_RENEWS = re.compile(r"\b(?:renew|extend)\w*\b", re.IGNORECASE)
_AGAINST = re.compile(
    r"non-?renew|\bnot\b[^.;]{0,40}\b(?:renew|extend)|against (?:the )?renewal"
    r"|unless\b[^.;]{0,80}notice",
    re.IGNORECASE,
)
_RIGHT = re.compile(
    r"\b(?:may|can|entitled to|option to|right to)\b[^.;]{0,60}\b(?:end|terminate|determine|break"
    r"|renew|extend|purchase|exercise|surrender)",
    re.IGNORECASE,
)
_NOTICE = re.compile(r"^\s*['’]?\s*(?:(?:prior|written|advance|previous)\s+)*notice", re.IGNORECASE)
_NOT_A_TERM = re.compile(
    r"^\s*['’]?\s*(?:(?:(?:prior|written|advance|previous)\s+)*notice"
    r"|(?:after|following)\b(?!\s+(?:the\s+)?(?:effective|commencement|date|start|signing)))",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"^\s*(?:prior to|before|in advance of)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Event:
    """A day, what falls on it, and the sentences it was computed from.

    ``right_on``: for the last day of a notice, the day on which the right is used.
    """

    day: str
    what: str
    path: str
    how: str
    citations: tuple[Citation, ...]
    right_on: str | None = None


def events(documents: Sequence[Document]) -> list[Event]:
    """All days of all documents that can be computed, in order."""
    latest = latest_day(documents)
    found = [
        event
        for document in documents
        if document.kind not in TABLES
        for event in _of(document, latest)
    ]
    return sorted(found, key=lambda event: (event.day, event.path, event.what))


def rows(documents: Sequence[Document]) -> Iterator[Row]:
    """The calendar's rows: the days of ``events`` in order."""
    for one in events(documents):
        yield Row((one.day, one.what, one.path, one.how), one.citations)


def missed(documents: Sequence[Document]) -> Iterator[Found]:
    """Rights whose last day for notice had passed when another document was written."""
    latest = latest_day(documents)
    for one in events(documents):
        if one.right_on is not None and one.day < latest <= one.right_on:
            said = (
                f"{one.what} was {one.day} ({one.how}); another document is dated {latest}, and "
                "nothing here shows that the notice was given"
            )
            yield Found(one.path, said, one.citations)


def latest_day(documents: Sequence[Document]) -> str:
    """The latest day that a document of the set gives as its own; "" where none does."""
    days = (iso(found[0]) for d in documents if (found := written(d)))
    return max((day for day in days if day), default="")


def _of(document: Document, latest: str) -> Iterator[Event]:
    text, path = document.text, document.path
    named = _named_days(text)
    start = _start(document, named)
    end = _end(document, start)
    if end is not None:
        yield end
        yield from _renewal(document, end, latest)
    for match in _RIGHT.finditer(text):
        low, high = sentence(text, match.start())
        said = text[low:high]
        length = _notice(said)
        day = next((d for name, (d, _) in named.items() if name in " ".join(said.split())), None)
        day = day or next((v.normal for v in read("date", said) if v.normal), None)
        if length is None or length.normal is None or day is None:
            continue
        last = moved(day, length.normal, back=True)
        if last is not None:
            how = f"{' '.join(length.words.split())} before {day}"
            quotes = [Citation.of(document, low, high)]
            quotes += [Citation.of(document, *span) for d, span in named.values() if d == day][:1]
            yield Event(last, "Last day for notice", path, how, tuple(dict.fromkeys(quotes)), day)


def _named_days(text: str) -> dict[str, tuple[str, tuple[int, int]]]:
    """Defined days: "Break Date 25 March 2027" -> {"Break Date": ("2027-03-25", span)}."""
    found: dict[str, tuple[str, tuple[int, int]]] = {}
    for match in _DEFINED.finditer(text):
        name, words = match["term"] or match["named"], match["date"] or match["day"]
        if day := iso(words):
            found.setdefault(" ".join(name.split()), (day, match.span()))
    return found


def _start(
    document: Document, named: dict[str, tuple[str, tuple[int, int]]]
) -> tuple[str, tuple[int, int]] | None:
    for name, found in named.items():
        if _START.search(name):
            return found
    if (match := _BEGINS.search(document.text)) and (day := iso(match["date"])):
        return day, match.span()
    if (match := written(document)) and (day := iso(match[0])):
        return day, match.span()
    return None


def _end(document: Document, start: tuple[str, tuple[int, int]] | None) -> Event | None:
    text = document.text
    for match in ENDS.finditer(text):
        if day := iso(match["date"]):
            quote = Citation.of(document, *sentence(text, match.start()))
            return Event(day, "End of the term", document.path, "named", (quote,))
    for match in (match for pattern in _TERMS for match in pattern.finditer(text)):
        low, high = sentence(text, match.start())
        after = text[match.start() : high]
        length = next(iter(read("duration", after)), None)
        if length is None or not (length.normal or "").endswith(("Y", "M")):
            continue
        between = after[: after.find(length.words)]
        follows = after[len(between) + len(length.words) :]
        if len(between) > 60 or _OTHER_TERM.search(between) or _NOT_A_TERM.match(follows):
            continue
        own = re.search(rf"from (?:and including )?({DATE})", after, re.IGNORECASE)
        begun = iso(own[1]) if own else start[0] if start else None
        if begun is None:
            continue
        last = moved(moved(begun, length.normal or "") or "9999-12-31", "P1D", back=True)
        if last is not None:
            quotes = [Citation.of(document, low, high)]
            if own is None and start:
                quotes.append(Citation.of(document, *sentence(text, start[1][0])))
            how = f"{length.words} from {begun}"
            return Event(last, "End of the term", document.path, how, tuple(dict.fromkeys(quotes)))
    return None


def _renewal(document: Document, end: Event, latest: str) -> Iterator[Event]:
    """The end of the renewal that runs at ``latest``, and the last day for notice against it."""
    text = document.text
    for match in _RENEWS.finditer(text):
        low, high = sentence(text, match.start())
        said = text[low:high]
        lengths = [v for v in read("duration", said) if v.normal]
        length = _notice(said)
        day, by = end.day, "the end of the term"
        period = next((v for v in lengths if v != length), None)
        if period is not None and re.search(r"successive|additional|further|each", said, re.I):
            for _ in range(100):
                if not latest or day >= latest or moved(day, period.normal or "") is None:
                    break
                day, by = moved(day, period.normal or "") or day, "the end of a renewal"
        quotes = (Citation.of(document, low, high), *end.citations)
        if day != end.day:
            how = f"{end.day} and renewals of {period.words if period else ''}"
            yield Event(day, "End of the present renewal", document.path, how, quotes)
        if length is not None and length.normal and _AGAINST.search(said):
            last = moved(day, length.normal, back=True)
            if last is not None:
                how = f"{length.words} before {day}, {by}"
                yield Event(last, "Last day for notice against renewal", document.path, how, quotes)
        if day != end.day or length is not None:
            return


def _notice(said: str) -> Value | None:
    """The duration that is a notice's: "nine months' written notice", "60 days before the end"."""
    at = 0
    for value in read("duration", said):
        at = said.find(value.words, at) + len(value.words)
        rest = said[at:]
        if _NOTICE.match(rest) or (_BEFORE.match(rest) and "notice" in said.casefold()):
            return value
    return None
