"""Sections of a PDF from its outline (bookmarks): heading path, page, and where the title stands.

Outlines are the only structure a PDF states; headings are not guessed from type size. A title
that is found on its page marks the section's start there, any other the start of the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

import pypdfium2 as pdfium  # type: ignore[import-untyped]

_ENTRIES = 20_000
_TITLE = 200  # characters of one title in a label


@dataclass(frozen=True, slots=True)
class Entry:
    """One bookmark: the page it leads to (0-based), its title and its whole path."""

    page: int
    title: str
    label: str


def entries(document: pdfium.PdfDocument) -> dict[int, list[Entry]]:
    """The outline by page, each page's entries in outline order."""
    found: dict[int, list[Entry]] = {}
    path: list[str] = []
    for bookmark in islice(document.get_toc(), _ENTRIES):
        title = " ".join(bookmark.get_title().split())[:_TITLE]
        del path[bookmark.level :]
        path += [""] * (bookmark.level - len(path)) + [title]
        destination = bookmark.get_dest()
        page = destination.get_index() if destination else None
        if title and page is not None:
            label = " > ".join(part for part in path if part)
            found.setdefault(page, []).append(Entry(page, title, label))
    return found


def starts(text: str, listed: list[Entry]) -> list[tuple[int, str]]:
    """Where each entry of one page begins in that page's text: (character, label), ascending."""
    found, at = [], 0
    for entry in listed:
        match = _line_of(entry.title, text, at)
        at = match if match is not None else at
        found.append((at, entry.label))
    return found


def _line_of(title: str, text: str, at: int) -> int | None:
    """The title at the start of a line if it is there, else its first occurrence."""
    words = r"\s+".join(re.escape(word) for word in title.split())
    for pattern in (rf"^[^\S\n]*(?:\d[\d.]*[^\S\n]+)?({words})", rf"({words})"):
        match = re.compile(pattern, re.MULTILINE | re.IGNORECASE).search(text, at)
        if match:
            line = match.start()
            return line if pattern[0] == "^" else match.start(1)
    return None
