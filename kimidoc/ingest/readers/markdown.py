"""Markdown as it is written, its headings as sections (CommonMark 0.31, ATX and setext).

What stands in fences, in front matter or in a list is no heading. Only headings of one line count.
"""

from __future__ import annotations

import re

from kimidoc.ingest.base import Extract, Source
from kimidoc.ingest.readers.text import as_written
from kimidoc.types import Mark

_ATX = re.compile(r" {0,3}(#{1,6})(?=[ \t\r]|$)")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*\r?$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_NO_TITLE = re.compile(r" {0,3}(?:#{1,6}[ \t]|[-*+>|]|\d{1,9}[.)][ \t])|[ \t]{4}")
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(?:[^\n]*\n){0,200}?(?:---|\.\.\.)[ \t]*\r?(?:\n|\Z)")
_LONGEST_LINE = 1_000


def read(source: Source) -> Extract:
    """The text, with a heading path for every place."""
    return as_written(source, headings)


def headings(text: str) -> tuple[Mark, ...]:
    """Every heading as the path that leads to it: ``Term > Renewal``."""
    found: list[Mark] = []
    path: list[tuple[int, str]] = []
    fence: str | None = None
    front = _FRONT_MATTER.match(text)
    at, before, before_at = front.end() if front else 0, "", 0
    for line in text[at:].split("\n"):
        short = line if len(line) <= _LONGEST_LINE else ""
        match = _FENCE.match(short)
        if match and (_opens(match) if fence is None else _closes(match, fence)):
            fence = match[1] if fence is None else None
            short = ""
        elif fence is None:
            level, title, start = 0, "", at
            if match := _ATX.match(short):
                level, title = len(match[1]), _title(short[match.end() :])
            elif (match := _SETEXT.match(short)) and before.strip() and not _NO_TITLE.match(before):
                level, title, start = (1 if match[1][0] == "=" else 2), before, before_at
            if level and title.strip():
                path = [*(p for p in path if p[0] < level), (level, " ".join(title.split()))]
                found.append(Mark(start, " > ".join(name for _, name in path)))
        before, before_at = ("" if fence is not None else short), at
        at += len(line) + 1
    return tuple(found)


def _title(rest: str) -> str:
    """What follows the signs of a heading, without those that may close it."""
    bare = rest.strip()
    open_end = bare.rstrip("#")
    return open_end.rstrip() if not open_end or open_end[-1] in " \t" else bare


def _opens(match: re.Match[str]) -> bool:
    return match[1][0] == "~" or "`" not in match[2]  # else it is code within a line


def _closes(match: re.Match[str], fence: str) -> bool:
    return match[1][0] == fence[0] and len(match[1]) >= len(fence) and not match[2].strip()
