"""Headings of plain text: contracts, filings, letters, books. Conservative: rather none than wrong.

    EXHIBIT B, SCHEDULE 2, PART I          a part of the document; numbering starts again in it
    ARTICLE IV, CHAPTER 2, Item 1A         within a part
    14 Term, 14.2 Assignment, Section 3.1  within an article, nested by their numbers
    CONFIDENTIALITY                        a short line of capitals between blank lines

The label is the whole path ("ARTICLE IV TERM > 4.2 Renewal"). A title is what stands before the
first full stop or colon, or the term that is defined there; a clause that begins with a sentence
is known by its number. A bare number is a heading only where it goes on counting, which tells
clauses from items of lists and from amounts; lines of a table of contents, which end in a page
number, are none. What looks like prose ("Section 4.2, the", "Exhibit A attached hereto") is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from kimidoc.ingest.outline import JOIN
from kimidoc.types import Mark

_PARTS = "exhibit|schedule|annex|appendix|attachment|part"
_ARTICLES = "article|chapter|item"
_SECTIONS = "section|clause"
_WORDS = "|".join(
    word
    for group in (_PARTS, _ARTICLES, _SECTIONS)
    for name in group.split("|")
    for word in (name.capitalize(), name.upper())
)
_CANDIDATE = re.compile(
    rf"^[ \t\f]{{0,80}}+(?:(?P<word>{_WORDS})[ \t]{{1,4}}"
    r"(?P<id>[IVXLC]{1,6}|[A-Z](?:-?\d{1,3})?|\d{1,3}[A-Z]?(?:\.\d{1,3}){0,3})[.:]?(?![\w.,;)])"
    r"|(?P<number>\d{1,3}(?:\.\d{1,3}){0,4})(?P<stop>[.)]?)(?=[ \t])"
    r"|(?P<capitals>[A-Z][A-Z ,&'’/()-]{3,70}+)(?=[ \t]*\r?$))"
    r"(?P<rest>[^\n]{0,200})",
    re.MULTILINE,
)
# Or an amount, in a row of a table.
_PAGE_NUMBER = re.compile(r"(?:\.{2,}|[ \t])[ \t]*\d{1,4}(?:,\d{3}){0,4}(?:\.\d\d)?[ \t]*\r?$")
_TITLE = re.compile(r"[ \t]*(?:[-–—:][ \t]*)?[\"“'‘(\[]?[A-Z]")
_DEFINED = re.compile(r"[\"“]([^\"”\n]{2,60})[\"”]")
_STOP = re.compile(r"[.:;](?=[\s\])]|$)|[ \t][-–—][ \t](?=[a-z])|[-_]{3}")
_COMPANY = re.compile(r"\b(?:INC|LLC|LTD|CORP|CORPORATION|COMPANY|PLC|GMBH|L\.P)\b")
_SENTENCE = re.compile(r"\b(?:shall|will|may|must|is|are|has|have|agrees?|means?)\b")
_TITLE_CHARS = 80
_MOST_SKIPPED = 5  # numbers that may be missing where counting goes on
_CONTENTS_CHARS = 200  # headings closer together than this are a table of contents


@dataclass(slots=True)
class _Counting:
    """The numbers seen in one part. ``last``: of the last heading that had a bare number."""

    last: tuple[int, ...] = ()
    begun: int = 0
    count: int = 0

    def takes(self, parts: tuple[int, ...], at: int) -> bool:
        """Whether this number goes on from the last, or begins again behind a contents table."""
        if not self.count:
            self.begun = at
            return parts[0] <= _MOST_SKIPPED or len(parts) > 1
        if parts > self.last:
            return parts[0] - self.last[0] <= _MOST_SKIPPED
        contents = at - self.begun < _CONTENTS_CHARS * self.count
        if contents and set(parts) == {1}:
            self.begun, self.count = at, 0
            return True
        return False


@dataclass(slots=True)
class _Path:
    """Where we are: a part, an article, and numbers that are each inside of the one before."""

    part: str = ""
    article: str = ""
    capitals: str = ""
    numbers: list[tuple[tuple[int, ...], str]] = field(default_factory=list)
    counting: _Counting = field(default_factory=_Counting)

    def label(self) -> str:
        """All of it."""
        said = [self.part, self.article, self.capitals, *(label for _, label in self.numbers)]
        return JOIN.join(filter(None, said))

    def enter(self, part: str | None, article: str, capitals: str = "") -> None:
        """Go to a part (None: stay in this one), an article, or a line of capitals in it."""
        if part is not None:
            self.part, self.counting = part, _Counting()
        self.article, self.capitals, self.numbers = article, capitals, []

    def number(self, parts: tuple[int, ...], label: str) -> None:
        """Go to a numbered clause. A line of capitals before it was a title, and no parent."""
        self.capitals = ""
        while self.numbers and self.numbers[-1][0] != parts[: len(self.numbers[-1][0])]:
            self.numbers.pop()
        if self.numbers and self.numbers[-1][0] == parts:
            self.numbers.pop()
        self.numbers.append((parts, label))


def sections(text: str) -> tuple[Mark, ...]:
    """The headings of a text, each with the path to it."""
    path, marks = _Path(), []
    for line in _CANDIDATE.finditer(text):
        if line["word"] is not None:
            found = _named(text, line, path)
        elif line["number"] is not None:
            found = _numbered(line, path)
        else:
            found = _capitals(text, line, path)
        if found:
            marks.append(Mark(line.start(), path.label()))
    return tuple(marks)


def _named(text: str, line: re.Match[str], path: _Path) -> bool:
    word, rest = line["word"], line["rest"]
    alone = not rest.strip(" \t\r.:-–—")
    if alone:
        if not word.isupper() and not _after_break(text, line.start()):
            return False  # a reference that a line break has torn off its sentence
        title = _next_line(text, line.end())
    elif _PAGE_NUMBER.search(rest) or not _TITLE.match(rest):
        return False
    else:
        title = _title(rest)
    said = f"{word} {line['id']}{' ' if title else ''}{title}"
    group = word.lower()
    if group in _PARTS.split("|"):
        path.enter(said, "")
    elif group in _ARTICLES.split("|"):
        path.enter(None, said)
    else:
        digits = re.findall(r"\d+", line["id"])
        path.number(tuple(map(int, digits)), said)
    return True


def _numbered(line: re.Match[str], path: _Path) -> bool:
    rest = line["rest"]
    parts = tuple(map(int, line["number"].split(".")))
    if _PAGE_NUMBER.search(rest) or not _TITLE.match(rest):
        return False
    title = _title(rest)
    if len(parts) == 1:  # which needs more to be believed: a full stop, or a title in capitals
        capitals = title.isupper() and len(title.split()) > 1
        if not title or not (line["stop"] == "." or capitals):
            return False
    if not path.counting.takes(parts, line.start()):
        return False
    path.counting.last, path.counting.count = parts, path.counting.count + 1
    path.number(parts, f"{line['number']}{' ' if title else ''}{title}")
    return True


def _capitals(text: str, line: re.Match[str], path: _Path) -> bool:
    said = " ".join(line["capitals"].split())
    letters = sum(map(str.isalpha, said))
    if letters < 5 or _COMPANY.search(said) or "  " in line["capitals"].strip() or said[-1] in ",&":
        return False
    if not (_after_break(text, line.start()) and _before_break(text, line.end())):
        return False
    if path.label().endswith(said):
        return False  # the title of what has just been entered, repeated
    path.enter(None, "", said)
    return True


def _title(rest: str) -> str:
    """The title that a heading's line begins with; "" when it begins with a sentence."""
    rest = rest.strip().lstrip("-–—: ")
    defined = _DEFINED.match(rest)
    if defined:
        return defined[1].strip()
    stop = _STOP.search(rest)
    title = " ".join((rest[: stop.start()] if stop else rest).strip("[]").split())
    if len(title) > _TITLE_CHARS or (_SENTENCE.search(title) and not title.isupper()):
        return ""
    return title


def _after_break(text: str, start: int) -> bool:
    """Whether a blank line, or nothing, is before the line that begins at ``start``."""
    return not text[max(0, start - 200) : start].rpartition("\n")[0].rpartition("\n")[2].strip()


def _before_break(text: str, end: int) -> bool:
    return not text[end : end + 200].partition("\n")[2].partition("\n")[0].strip()


def _next_line(text: str, end: int) -> str:
    """The next line that is not blank, if it is a title."""
    for following in text[end : end + 400].split("\n")[1:4]:
        said = " ".join(following.split())
        if said:
            other = _CANDIDATE.match(said)  # a heading of its own, unless it is capitals alone
            plain = said[0].isupper() and not said[-1].isdigit()
            return _title(said) if plain and (other is None or other["capitals"]) else ""
    return ""
