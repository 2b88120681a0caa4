"""Tables in text: the file as it is decoded, a section for every run of rows."""

from __future__ import annotations

from kimidoc.ingest import decode
from kimidoc.ingest.base import Extract, Source
from kimidoc.types import Mark

ROWS = 20


def read(source: Source) -> Extract:
    """The text; sections are called by their rows, the first line being row 1."""
    decoded = decode.read(source.file, source.limits)
    return Extract(
        text=decoded.text,
        sections=_rows(decoded.text),
        notices=decoded.notices(source.path),
        partial=decoded.partial(source.limits.text_bytes),
    )


def _rows(text: str) -> tuple[Mark, ...]:
    """A record with line ends in quotes counts as one row."""
    starts, quoted, at = [0], False, 0
    for line in text.split("\n"):
        quoted ^= line.count('"') % 2 == 1
        at += len(line) + 1
        if not quoted and at < len(text):
            starts.append(at)
    last = len(starts)
    return tuple(
        Mark(starts[row], f"rows {row + 1}-{min(row + ROWS, last)}") for row in range(0, last, ROWS)
    )
