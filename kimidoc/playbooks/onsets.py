"""Since when a patient has a condition, as each record says, and where two records differ.

Two kinds of places: a clause that says when a condition was first found ("Atrial fibrillation,
first diagnosed on 9 March 2023"), and a row of a table with a column for it ("Problem | Since").
Relatives' conditions are left out. A year agrees with any day in it, a month with any day in that
month. "Diagnosed in" alone may be one of several episodes and is compared with those two only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kimidoc.playbooks.negation import negated
from kimidoc.playbooks.sweep import Found
from kimidoc.types import Citation, Document
from kimidoc.values import read
from kimidoc.values.dates import MONTH, month

_WHEN = (
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)? {MONTH},? \d{{4}}|{MONTH} \d{{1,2}},? \d{{4}}"
    rf"|{MONTH}(?: of)?,? \d{{4}}|\d{{4}}-\d{{2}}-\d{{2}}|(?:19|20)\d\d)\b"
)
_FIRST = re.compile(
    rf"(?P<what>[^\n.;:|•]{{4,90}}?(?:\n[^\n.;:|•]{{1,60}}?)?),?\s*\(?\b(?P<how>(?:first|initially)"
    r" (?:diagnosed|detected|found|noted|recorded|seen)|known since|present since|diagnosed)"
    rf"(?:\s+(?:in|on|at|since))?\s+(?P<when>{_WHEN})".replace(" ", r"\s+"),
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"^[ \t|]*(?:active )?(?:problems?|diagnos[ie]s|conditions?)\b.*\b(?:since|onset|diagnosed"
    r"|first (?:seen|noted|diagnosed)|date of (?:onset|diagnosis))\b.*$",
    re.IGNORECASE | re.MULTILINE,
)
_ROW = re.compile(
    rf"[ \t|]*(?P<what>[A-Z][A-Za-z0-9 ,'’/-]{{3,60}}?)[ \t]*(?:\||\s{{2,}}|\t)[ \t|]*"
    rf"(?P<when>{_WHEN})",
    re.IGNORECASE,
)
_RULE = re.compile(r"[\s|:-]*$")
_ASIDE = re.compile(r"\s*(?:,| with | without | due to | secondary to | which |\(|\bwas\b).*", re.S)
_RELATIVE = re.compile(
    r"\b(?:mother|father|parents?|sisters?|brothers?|siblings?|sons?|daughters?|family|relatives?"
    r"|wife|husband|partner|uncles?|aunts?|cousins?|grand\w+)\b",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:an?|the|new|known|he|she|has|had|first|initially|also|history of|patient|and|\W)+\s+",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Onset:
    """A condition, since when ("2023", "2023-04", "2023-03-09"); whether that is the first."""

    what: str
    when: str
    first: bool
    citation: Citation


def onsets(document: Document) -> Iterator[Onset]:
    """Every condition of a record with the time since when it is known."""
    text = document.text
    for match in _FIRST.finditer(text):
        what, when = _condition(match["what"]), _time(match["when"])
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.end()]
        if _RELATIVE.search(line) or negated(match[0], 0, len(match[0])):
            continue
        if what and when:
            first = match["how"].casefold() != "diagnosed"
            yield Onset(what, when, first, Citation.of(document, *_trimmed(text, *match.span())))
    for head in _HEAD.finditer(text):
        at = head.end() + 1
        while at < len(text):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            row = _ROW.match(text, at, end)
            if row and (when := _time(row["when"])) and (what := _condition(row["what"])):
                yield Onset(what, when, True, Citation.of(document, *_trimmed(text, at, end)))
            elif not row and not _RULE.fullmatch(text, at, end) and "|" not in text[at:end]:
                break
            elif not text[at:end].strip():
                break
            at = end + 1


def differing(documents: Sequence[Document]) -> Iterator[Found]:
    """Conditions that two records date to different times."""
    every = [one for document in documents for one in onsets(document)]
    told: set[frozenset[Citation]] = set()
    for at, one in enumerate(every):
        for other in every[at + 1 :]:
            pair = frozenset((one.citation, other.citation))
            if one.citation.path == other.citation.path or pair in told:
                continue
            if not (one.first or other.first) or not _same(one.what, other.what):
                continue
            shorter = min(len(one.when), len(other.when))
            if one.when[:shorter] == other.when[:shorter]:
                continue
            told.add(pair)
            said = f"{one.what}: since {one.when}, and since {other.when}"
            yield Found(one.citation.path or "", said, (one.citation, other.citation))


def _condition(words: str) -> str:
    """The name of a condition without what leads to it and what is said of it."""
    clause = " ".join(words.split()).casefold()
    for _ in range(3):
        clause = _LEAD.sub("", f"{clause} ").strip()
    name = _ASIDE.sub("", clause, count=1).strip(" -–•")
    return name if 2 <= len(name.split()) <= 6 or (name.isalpha() and len(name) > 3) else ""


def _same(one: str, other: str) -> bool:
    """Whether the words of the one are those the other begins with: one may say more."""
    few, many = sorted((one.split(), other.split()), key=len)
    return many[: len(few)] == few and (len(few) > 1 or len(many) == 1)


def _time(words: str) -> str:
    """A year, a month or a day in ISO order; "" where it is none."""
    plain = " ".join(words.split())
    if re.fullmatch(r"\d{4}", plain):
        return plain
    named = re.fullmatch(r"([A-Za-z]{3,9})\.?(?: of)?,? (\d{4})", plain)
    if named and (at := month(named[1])):
        return f"{named[2]}-{at:02}"
    return next((value.normal or "" for value in read("date", plain)), "")


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and not (text[start].isalnum() or text[start] in '(“"'):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] == "|"):
        end -= 1
    return start, end
