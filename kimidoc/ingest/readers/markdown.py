"""Markdown as it is written, its headings as sections (CommonMark 0.31, ATX and setext)."""

from __future__ import annotations

import re

from kimidoc.ingest import decode
from kimidoc.ingest.base import Extract, Source
from kimidoc.types import Mark

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*\r?$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*\r?$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_LONGEST_LINE = 1_000


def read(source: Source) -> Extract:
    """The text, with a heading path for every place."""
    decoded = decode.read(source.file, source.limits)
    return Extract(
        text=decoded.text,
        sections=headings(decoded.text),
        notices=decoded.notices(source.path),
        partial=decoded.partial(source.limits.text_bytes),
    )


def headings(text: str) -> tuple[Mark, ...]:
    """Every heading as the path that leads to it: ``Term > Renewal``."""
    found: list[Mark] = []
    path: list[tuple[int, str]] = []
    fence: str | None = None
    at, before, before_at = 0, "", 0
    for line in text.split("\n"):
        short = line if len(line) <= _LONGEST_LINE else ""
        if (match := _FENCE.match(short)) and (fence is None or _closes(match, fence)):
            fence = match[1] if fence is None else None
            short = ""
        elif fence is None:
            level, title, start = 0, "", at
            if match := _ATX.match(short):
                level, title = len(match[1]), match[2] or ""
            elif before.strip() and (match := _SETEXT.match(short)) and not _ATX.match(before):
                level, title, start = (1 if match[1][0] == "=" else 2), before, before_at
            if level and title.strip():
                path = [*(p for p in path if p[0] < level), (level, " ".join(title.split()))]
                found.append(Mark(start, " > ".join(name for _, name in path)))
        before, before_at = ("" if fence is not None else short), at
        at += len(line) + 1
    return tuple(found)


def _closes(match: re.Match[str], fence: str) -> bool:
    return match[1][0] == fence[0] and len(match[1]) >= len(fence) and not match[2].strip()
