"""Days that follow from a contract's own words: its end, its renewals, the last day for a notice.

Rules over sentences, and arithmetic (``values.dates``): an end is a day that is named, or a term
counted from a day that is named; a right that is tied to a day and to a notice of some length must
be used that long before. A term that runs from a day which the contract does not give ("the Launch
Date") has no end that could be computed: it stands in the calendar as such, because a contract that
is missing there would be overlooked. Everything is compared with the latest day a document of the
set gives as its own, never with today, so that the same documents give the same report on any day.
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
_PAST = re.compile(
    r"^\s*['’]?\s*(?:(?:prior|written|advance)\s+)*notice\s+(?:after|following)\b", re.I
)
_NOT_A_TERM = re.compile(
    r"^\s*['’]?\s*(?:(?:(?:prior|written|advance|previous)\s+)*notice"
    r"|(?:after|following)\b(?!\s+(?:the\s+)?(?:effective|commencement|date|start|signing"
    r"|(?:\w+ ){1,2}date\b)))",
    re.IGNORECASE,
)
# From where a term is counted, as the words behind its length say.
_FROM = re.compile(
    r"^\W*(?:\w+[\s,]+){0,3}?(?:(?:counted |running )?from|following|after|commencing|beginning|"
    r"starting)\s+(?:and including\s+|on\s+|as of\s+|with\s+)?(?P<base>[^.,;()]{3,60})",
    re.IGNORECASE,
)
_ITS_OWN = re.compile(
    r"\bhereof\b|\bdate\s+(?:first\s+(?:above\s+)?written|of\s+(?:signing|signature"
    r"|(?:its\s+)?execution|(?:this|the)\s+(?:\w+\s+)?(?:agreement|contract|lease|licen[cs]e"
    r"|deed)))\b",
    re.IGNORECASE,
)
_NOT_ON = re.compile(
    r"\b(?:after|following|since|later than|from)\s+(?:the\s+|(?:\w+\s+){0,3}anniversary of\s+"
    r"(?:the\s+|such\s+)?)?$",
    re.IGNORECASE,
)
_EFFECTIVE = re.compile(
    r"\b(?:effective|commenc\w+|beg[ia]ns?|starts?)\s+(?:as of|on|from|upon)\s+"
    r"(?P<base>[^.,;()]{3,60})",
    re.IGNORECASE,
)
_ANNIVERSARY = re.compile(r"\b(?:expir\w+|ending|until|to)\b[^.;]{0,30}\banniversary\b", re.I)
OPEN = "no day given"
_BEFORE = re.compile(r"^\s*(?:prior to|before|in advance of)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Event:
    """A day, what falls on it, and the sentences it was computed from.

    ``day``: "" where the contract counts from a day that it does not give. ``right_on``: for the
    last day of a notice, the day on which the right is used.
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
    return sorted(found, key=lambda event: (not event.day, event.day, event.path, event.what))


def rows(documents: Sequence[Document]) -> Iterator[Row]:
    """The calendar's rows: the days of ``events`` in order."""
    for one in events(documents):
        yield Row((one.day or OPEN, one.what, one.path, one.how), one.citations)


def missed(documents: Sequence[Document]) -> Iterator[Found]:
    """Rights whose last day for notice had passed when another document was written."""
    latest = latest_day(documents)
    for one in events(documents):
        if one.right_on is not None and one.day and one.day < latest <= one.right_on:
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
    end = _end(document, start, named)
    if end is not None:
        yield end
        yield from _renewal(document, end, latest)
    for match in _RIGHT.finditer(text):
        low, high = sentence(text, match.start())
        said = text[low:high]
        length = _notice(said)
        day = _tied_to(said, named)
        if length is None or length.normal is None or day is None:
            continue
        last = moved(day, length.normal, back=True)
        if last is not None:
            how = f"{' '.join(length.words.split())} before {day}"
            quotes = [Citation.of(document, low, high)]
            quotes += [Citation.of(document, *span) for d, span in named.values() if d == day][:1]
            yield Event(last, "Last day for notice", path, how, tuple(dict.fromkeys(quotes)), day)


def _tied_to(said: str, named: dict[str, tuple[str, tuple[int, int]]]) -> str | None:
    """The day on which a right is used: named or defined, and not one after which it may be."""
    words = " ".join(said.split())
    for name, (day, _) in named.items():
        if name in words and not _START.search(name) and not _NOT_ON.search(words.split(name)[0]):
            return day
    for value in read("date", said):
        if value.normal and not _NOT_ON.search(said[: said.find(value.words)]):
            return value.normal
    return None


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


def _end(
    document: Document,
    start: tuple[str, tuple[int, int]] | None,
    named: dict[str, tuple[str, tuple[int, int]]],
) -> Event | None:
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
        quotes = [Citation.of(document, low, high)]
        own = re.search(rf"from (?:and including )?({DATE})", after, re.IGNORECASE)
        told = _FROM.match(follows)
        told = told or _EFFECTIVE.search(text[low : match.start()])
        words = told["base"] if told else ""
        base = (iso(own[1]) or "", None) if own else _base(words, start, named)
        if base is None:
            begun = " ".join(words.split()) or "a beginning that is not dated"
            how = f"{length.words} from {begun}"
            return Event("", "End of the term", document.path, how, tuple(quotes))
        day = moved(base[0], length.normal or "") if base[0] else None
        if day is not None and not _ANNIVERSARY.search(follows):
            day = moved(day, "P1D", back=True)
        if day is not None:
            if base[1] is not None:
                quotes.append(Citation.of(document, *sentence(text, base[1][0])))
            how = f"{length.words} from {base[0]}"
            return Event(day, "End of the term", document.path, how, tuple(dict.fromkeys(quotes)))
    return None


def _base(
    words: str,
    start: tuple[str, tuple[int, int]] | None,
    named: dict[str, tuple[str, tuple[int, int]]],
) -> tuple[str, tuple[int, int] | None] | None:
    """The day a term is counted from, and where it stands; None where the contract gives none."""
    plain = " ".join(words.split())
    for name, found in named.items():
        if name in plain:
            return found
    if plain and not _ITS_OWN.search(plain) and not re.match(r"(?:the )?Effective Date\b", plain):
        return None
    return start


def _renewal(document: Document, end: Event, latest: str) -> Iterator[Event]:
    """The end of the renewal that runs at ``latest``, and the last day for notice against it."""
    text = document.text
    for match in _RENEWS.finditer(text):
        low, high = sentence(text, match.start())
        said = text[low:high]
        lengths = [v for v in read("duration", said) if v.normal]
        length = _notice(said)
        day, by = end.day, "the end of the term"
        if not day:
            if length is not None and _AGAINST.search(said):
                how = f"{length.words} before the end of the term ({end.how})"
                quotes = (Citation.of(document, low, high), *end.citations)
                yield Event("", "Last day for notice against renewal", document.path, how, quotes)
                return
            continue
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
        if _PAST.match(rest):
            continue
        if _NOTICE.match(rest) or (_BEFORE.match(rest) and "notice" in said.casefold()):
            return value
    return None
