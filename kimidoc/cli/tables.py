"""Tables in plain text: numbers to the right, the last column never cut.

A path is somebody else's text: ``streams.printable`` shows its control characters as escapes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from kimidoc.cli.streams import printable

GAP = "  "


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> str:
    """Aligned lines under ``head``. ``right`` has an ``r`` for every column set to the right."""
    cells = [[printable(cell).replace("\n", "\\n") for cell in row] for row in (head, *rows)]
    widths = [max(columns(row[i]) for row in cells) for i in range(len(head))]
    lines = []
    for row in cells:
        parts = []
        for i, cell in enumerate(row):
            blank = " " * (widths[i] - columns(cell))
            parts.append(blank + cell if right[i : i + 1] == "r" else cell + blank)
        lines.append(GAP.join(parts).rstrip())
    return "\n".join(lines) + "\n"


def pairs(rows: Sequence[tuple[str, str]]) -> str:
    """Names and values, one pair a line."""
    width = max((columns(name) for name, _ in rows), default=0)
    return "".join(
        f"{name}{' ' * (width - columns(name))}{GAP}{printable(v)}\n" for name, v in rows
    )


def columns(text: str) -> int:
    """How many columns of a terminal ``text`` takes; East Asian wide characters take two."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def size(count_bytes: int) -> str:
    """A number of bytes for a human: ``270 MB``; powers of a thousand."""
    amount = float(count_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 999.5:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"
