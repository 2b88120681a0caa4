"""A patient's records beside one another: what contradicts, what is missing, what was not supplied.

Word rules over sentences and dated lines, each finding with the places it rests on. Nothing is
diagnosed, and a contradiction is not resolved. "Known none" (a record that says there is none) is
told from no information (a record that says nothing).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from kimidoc.playbooks import onsets
from kimidoc.playbooks.sweep import Found
from kimidoc.types import Citation, Document, Row
from kimidoc.values import read
from kimidoc.values.dates import moved
from kimidoc.values.numbers import spelled

CHRONOLOGY = ("Day", "Document", "Entry")
ALLERGIES = ("Document", "Allergies")
GAP_DAYS = 365
LATE_DAYS = 7  # a supply may be fetched this long after the last one ran out
WORDS = 16
_DAY = (
    r"(?:\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})\b|\d{4}-\d{2}-\d{2}\b"
    r"|\d{1,2} [A-Z][a-z]{2,8} \d{4}\b)"
)
_ENTRY = re.compile(rf"^[ \t|*-]*(?P<day>{_DAY})(?:[ \t|,:]|$)", re.MULTILINE)
_BORN = re.compile(
    rf"\b(?:born|date of birth|dob|d\.o\.b\.)\b\W{{0,6}}(?P<day>{_DAY})", re.IGNORECASE
)
_NO_ALLERGY = re.compile(
    r"no known (?:drug )?allerg\w*|\bNKD?A\b"
    r"|allerg\w*\b[^.;\n]{0,20}[:|]?\s*(?:none|nil)\b[^.;\n]{0,20}"
    r"|asked about allergies[^.;]{0,12}none",
    re.IGNORECASE,
)
_ALLERGY = re.compile(
    r"\ballerg\w*\b(?:\s*(?:and sensitivities|to|:|\||-|\n)\s*)+"
    r"(?P<what>(?!none|nil|no\b|known|on\b|and\b)[A-Za-z][\w-]{3,})"
    r"|(?P<known>[A-Za-z][\w-]{3,})\s*\((?:anaphylaxis|rash|hives|urticaria|angioedema)\)"
    r"|(?P<has>[A-Za-z][\w-]{3,}) allergy\b",
    re.IGNORECASE,
)
_NEVER = re.compile(r"\bnever smoked\b|\bnon-?smoker\b|\blifelong non", re.IGNORECASE)
_SMOKED = re.compile(
    r"\bex-?smoker\b|\bpack[- ]years?\b|\bsmokes \w+|\bstopped smoking\b|\bcurrent smoker\b", re.I
)
_PART = r"(?:knee|hip|shoulder|ankle|eye|breast|kidney|lung|hand|foot|leg|arm|elbow|wrist|ear)"
_ACT = (
    r"(?:replacement|arthroplasty|amputation|repair|resection|removal|fracture|operation|surgery)"
)
_SIDED = re.compile(
    rf"\b(?P<a>left|right)\s+(?:\w+\s+){{0,2}}?(?P<part1>{_PART})\s+(?P<act1>{_ACT})"
    rf"|\b(?P<part2>{_PART})\s+(?P<act2>{_ACT})\W{{1,3}}(?P<b>left|right)\b",
    re.IGNORECASE,
)
_DOSE = re.compile(
    r"\b(?P<name>[A-Za-z][a-z]{5,})(?: fumarate| sodium| succinate)?(?:\W{1,4}| (?:to|at) )"
    r"(?P<dose>\d+(?:\.\d+)?) ?(?P<unit>mg|mcg|micrograms?|g|units?)\b"
)
_NOT_DRUGS = frozenset(
    "weighing weight glucose about least under sodium protein excess exceed".split()
)
_SUPPLY = re.compile(
    rf"^(?P<day>{_DAY})\s+(?P<name>[A-Z][a-z]+(?: [a-z]+)?) (?P<dose>[\d.]+ ?\w+).*?\s{{2,}}"
    r"(?P<count>\d+)\s{2,}(?P<each>one|two|three|four|\d)\s+(?P<often>.*?)(?:\s{2,}|$)",
    re.MULTILINE,
)
_OFTEN = {"twice": 2, "three times": 3, "four times": 4}


@dataclass(frozen=True, slots=True)
class Entry:
    """A dated line, or a document by its own date."""

    day: str
    citation: Citation


def entries(documents: Sequence[Document]) -> list[Entry]:
    """Every dated entry of all documents, in order of days; births and prints left out."""
    found = []
    for document in documents:
        for match in _ENTRY.finditer(document.text):
            day = day_of(match["day"])
            end = document.text.find("\n", match.end())
            end = len(document.text) if end < 0 else end
            if day:
                start = match.start("day")
                found.append(Entry(day, Citation.of(document, start, max(start + 1, end))))
    return sorted(
        found, key=lambda one: (one.day, one.citation.path or "", one.citation.start_char)
    )


def rows(documents: Sequence[Document]) -> Iterator[Row]:
    """The chronology: each dated line with its first words."""
    for one in entries(documents):
        words = one.citation.text.split()
        said = " ".join(words[:WORDS]) + " …" * (len(words) > WORDS)
        yield Row((one.day, one.citation.path or "", said), (one.citation,))


def allergies(documents: Sequence[Document]) -> Iterator[Row]:
    """What each record says of allergies: which, that none is known, or nothing."""
    for document in documents:
        named = [m for m in _ALLERGY.finditer(document.text) if not _denied(document.text, m)]
        none = _NO_ALLERGY.search(document.text)
        if named:
            names = {(m["what"] or m["known"] or m["has"]).casefold() for m in named}
            said = f"names {', '.join(sorted(names))}" + "; also says none" * bool(none)
            quotes = tuple(dict.fromkeys(line_of(document, m) for m in named))
        else:
            said = "says that none is known" if none else "no information"
            quotes = (line_of(document, none),) if none else ()
        yield Row((document.path, said), quotes)


def contradictions(documents: Sequence[Document]) -> Iterator[Found]:
    """Allergies, birth, smoking, sides, doses and onsets on which two records differ."""
    yield from _allergies(documents)
    yield from _births(documents)
    yield from _two(documents, "smoking", _NEVER, _SMOKED)
    yield from _sides(documents)
    yield from _doses(documents)
    yield from onsets.differing(documents)


def _allergies(documents: Sequence[Document]) -> Iterator[Found]:
    known = [(d, m) for d in documents for m in _ALLERGY.finditer(d.text)]
    known = [(d, m) for d, m in known if not _denied(d.text, m)]
    for document in documents:
        none = _NO_ALLERGY.search(document.text)
        if none is None or not known:
            continue
        others = [(d, m) for d, m in known if d.path != document.path]
        names = sorted({(m["what"] or m["known"] or m["has"]).casefold() for _, m in others})
        if others:
            said = f"none known here; elsewhere {', '.join(names)}"
            quotes = [line_of(d, m) for d, m in others]
            yield Found(document.path, said, (line_of(document, none), *dict.fromkeys(quotes)))


def _denied(text: str, match: re.Match[str]) -> bool:
    after = text[match.end() : match.end() + 20]
    before = text[max(0, match.start() - 16) : match.start()]
    no = re.search(r"\bno(?: known)?(?: drug)?\s+$", before, re.IGNORECASE)
    return bool(re.match(r"\W{0,3}(?:none|no )", after) or no)


def _births(documents: Sequence[Document]) -> Iterator[Found]:
    found: dict[str, list[Citation]] = {}
    for document in documents:
        for match in _BORN.finditer(document.text):
            if re.search(r"\d{4}", match["day"]) and (day := day_of(match["day"])):
                found.setdefault(day, []).append(Citation.of(document, *match.span()))
    if len(found) > 1:
        usual = max(found, key=lambda day: (len(found[day]), day))
        for day, quotes in found.items():
            if day != usual:
                said = f"born {day}; {len(found[usual])} other places say {usual}"
                yield Found(quotes[0].path or "", said, (quotes[0], found[usual][0]))


def _two(
    documents: Sequence[Document], what: str, one: re.Pattern[str], two: re.Pattern[str]
) -> Iterator[Found]:
    first = [(d, m) for d in documents if (m := one.search(d.text))]
    second = [(d, m) for d in documents if (m := two.search(d.text))]
    for document, match in first[:1]:
        others = [(d, m) for d, m in second if d.path != document.path]
        if others:
            words = " ".join(others[0][1][0].split())
            quotes = (line_of(document, match), *(line_of(d, m) for d, m in others))
            yield Found(document.path, f"{what}: “{match[0]}” and “{words}”", quotes)


def _sides(documents: Sequence[Document]) -> Iterator[Found]:
    found: dict[tuple[str, str], dict[str, Citation]] = {}
    for document in documents:
        for match in _SIDED.finditer(document.text):
            what = ((match["part1"] or match["part2"]), (match["act1"] or match["act2"]))
            side = (match["a"] or match["b"]).casefold()
            key = (what[0].casefold(), what[1].casefold())
            found.setdefault(key, {}).setdefault(side, line_of(document, match))
    for (part, act), sides in found.items():
        if len(sides) == 2 and len({quote.path for quote in sides.values()}) == 2:
            quotes = tuple(sides[side] for side in sorted(sides))
            yield Found(quotes[0].path or "", f"{part} {act}: left, and right", quotes)


def _doses(documents: Sequence[Document]) -> Iterator[Found]:
    """Medicines that the latest documents give in two doses."""
    found: dict[str, dict[str, Citation]] = {}
    for document in documents:
        for match in _DOSE.finditer(document.text):
            name = match["name"].casefold()
            if name not in _NOT_DRUGS:
                dose = f"{Decimal(match['dose']):f} {match['unit']}"
                found.setdefault(name, {}).setdefault(dose, line_of(document, match))
    for name, doses in found.items():
        paths = {quote.path for quote in doses.values()}
        if len(doses) > 1 and len(paths) > 1:
            yield Found(
                next(iter(doses.values())).path or "",
                f"{name}: {' and '.join(doses)}",
                tuple(doses.values()),
            )


def gaps(documents: Sequence[Document]) -> Iterator[Found]:
    """Stretches of more than a year between two dated entries in the record."""
    found = entries(documents)
    recent = [one for one in found if one.day >= _years_before(found[-1].day, 3)] if found else []
    for before, after in pairwise(recent):
        days = (date.fromisoformat(after.day) - date.fromisoformat(before.day)).days
        if days > GAP_DAYS:
            said = f"nothing dated between {before.day} and {after.day} ({days} days)"
            yield Found(after.citation.path or "", said, (before.citation, after.citation))


def _years_before(day: str, years: int) -> str:
    return moved(day, f"P{years}Y", back=True) or day


def supplies(documents: Sequence[Document]) -> Iterator[Found]:
    """Medicines whose quantity cannot have lasted until they were dispensed again."""
    for document in documents:
        last: dict[str, tuple[str, int, re.Match[str]]] = {}
        for match in _SUPPLY.finditer(document.text):
            day, name = day_of(match["day"]), f"{match['name']} {match['dose']}"
            each = int(match["each"]) if match["each"].isdigit() else spelled(match["each"]) or 1
            times = next((n for words, n in _OFTEN.items() if words in match["often"]), 1)
            if day is None:
                continue
            if name in last:
                before, lasts, earlier = last[name]
                late = (date.fromisoformat(day) - date.fromisoformat(before)).days - lasts
                if late > LATE_DAYS:
                    said = (
                        f"{name}: {earlier['count']} of {before} last {lasts} days, and the next "
                        f"were dispensed on {day}, {late} days later"
                    )
                    yield Found(
                        document.path, said, (line_of(document, earlier), line_of(document, match))
                    )
            last[name] = (day, int(match["count"]) // (each * times), match)


def day_of(words: str) -> str | None:
    """A day in records: day first, two digits of a year in this century or the last."""
    numeric = re.fullmatch(r"(\d{1,2})[./](\d{1,2})[./](\d{2}|\d{4})", words)
    if numeric is None:
        return next((value.normal for value in read("date", words)), None)
    day, month, year = (int(part) for part in numeric.groups())
    year += (2000 if year < 70 else 1900) if year < 100 else 0
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def line_of(document: Document, match: re.Match[str]) -> Citation:
    """The whole lines of a match: records are kept in lines."""
    start = document.text.rfind("\n", 0, match.start()) + 1
    end = document.text.find("\n", max(match.end() - 1, match.start()))
    end = len(document.text) if end < 0 else end
    start += len(document.text[start:end]) - len(document.text[start:end].lstrip())
    return Citation.of(document, min(start, match.start()), max(match.start() + 1, end))
