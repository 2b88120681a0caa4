"""Tables in text: the file as it is decoded, a section for every run of rows."""

from __future__ import annotations

from kimidoc.ingest.base import Extract, Source
from kimidoc.ingest.readers.text import as_written
from kimidoc.types import Mark

ROWS = 20  # to a section: the line says the rest
LONGEST_RECORD = 200  # lines; a quote that stays open for longer was an inch mark


def read(source: Source) -> Extract:
    """The text; sections are called by their rows, the first line being row 1."""
    return as_written(source, _rows)


def _rows(text: str) -> tuple[Mark, ...]:
    """A record with line ends in quotes counts as one row, if its quotes close soon enough."""
    starts, opened, at = [0], 0, 0
    for line in text.split("\n"):
        at += len(line) + 1
        if line.count('"') % 2:
            opened = 0 if opened else 1
        elif opened:
            opened = opened + 1 if opened < LONGEST_RECORD else 0
        if not opened and at < len(text):
            starts.append(at)
    last = len(starts)
    return tuple(
        Mark(starts[row], f"rows {row + 1}-{min(row + ROWS, last)}") for row in range(0, last, ROWS)
    )
