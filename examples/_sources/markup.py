"""Owns the small markup the documents are written in: Markdown, plus what contracts need.

Front matter (``key: value`` between two ``---`` lines) says the format and the running header and
footer. After it, blank lines separate blocks:

    # Title           ## Heading 1        ### Heading 2
    1.1 Clause        (a) Sub-clause      - bullet        plain paragraphs
    | a | b |         table; the row of dashes gives the alignment, the row above it is the head,
                      or is empty where there is none
    ~ For X | Name, Role | Date           one signature block
    @ text            right-aligned line  === page break  > boxed text
    inline: **bold**  *italic*  ^[footnote]  {+inserted+}  {-deleted-}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "title", "heading1", "heading2", "clause", "subclause", "bullet", "text",
    "table", "signature", "right", "break", "box",
]  # fmt: skip
Style = Literal["plain", "bold", "italic", "footnote", "insert", "delete"]

INLINE = re.compile(
    r"\*\*(?P<bold>.+?)\*\*|\*(?P<italic>[^*]+?)\*|\^\[(?P<footnote>.+?)\]"
    r"|\{\+(?P<insert>.+?)\+\}|\{-(?P<delete>.+?)-\}"
)
CLAUSE = re.compile(r"\d+(\.\d+)+\s")
SUBCLAUSE = re.compile(r"\((?:[a-z]|[ivx]+)\)\s")


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style."""

    text: str
    style: Style = "plain"


@dataclass(frozen=True, slots=True)
class Block:
    """One block. ``rows`` is filled for tables (head first) and signature blocks (one row)."""

    kind: Kind
    runs: tuple[Run, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    right_columns: frozenset[int] = frozenset()
    has_head: bool = True

    @property
    def text(self) -> str:
        """The block's words without their styles; footnotes are left out."""
        return "".join(run.text for run in self.runs if run.style != "footnote")


@dataclass(frozen=True, slots=True)
class Source:
    """One document as written: its settings and its blocks."""

    settings: dict[str, str]
    blocks: tuple[Block, ...]


def parse(text: str) -> Source:
    """The document written in ``text``; ValueError when the front matter is missing."""
    _, front, body = text.split("---\n", 2)
    settings = dict(line.split(": ", 1) for line in front.splitlines() if line.strip())
    pieces = [piece.strip("\n") for piece in re.split(r"\n\s*\n", body) if piece.strip()]
    return Source(settings, tuple(_block(piece) for piece in pieces))


def runs(text: str) -> tuple[Run, ...]:
    """The styled runs of one line of text."""
    found, at = [], 0
    for match in INLINE.finditer(text):
        if match.start() > at:
            found.append(Run(text[at : match.start()]))
        style = match.lastgroup
        assert style is not None
        found.append(Run(match[style], style))  # type: ignore[arg-type]
        at = match.end()
    if at < len(text):
        found.append(Run(text[at:]))
    return tuple(found)


def _block(piece: str) -> Block:
    if piece.startswith("|"):
        return _table(piece.splitlines())
    if piece.startswith("~ "):
        cells = tuple(cell.strip() for cell in piece[2:].split("|"))
        return Block("signature", rows=(cells,))
    if piece == "===":
        return Block("break")
    line = " ".join(part.strip() for part in piece.splitlines())
    prefixes: dict[str, Kind] = {
        "### ": "heading2", "## ": "heading1", "# ": "title", "- ": "bullet", "@ ": "right",
        "> ": "box",
    }  # fmt: skip
    for prefix, kind in prefixes.items():
        if line.startswith(prefix):
            return Block(kind, runs(line[len(prefix) :]))
    if CLAUSE.match(line):
        return Block("clause", runs(line))
    return Block("subclause" if SUBCLAUSE.match(line) else "text", runs(line))


def _table(lines: list[str]) -> Block:
    rows = [tuple(cell.strip() for cell in line.strip().strip("|").split("|")) for line in lines]
    dashes = (i for i, row in enumerate(rows) if all(c and set(c) <= set("-:") for c in row))
    rule = next(dashes, None)
    right = frozenset() if rule is None else frozenset(
        i for i, cell in enumerate(rows[rule]) if cell.endswith(":")
    )  # fmt: skip
    has_head = rule is not None and any(rows[0])
    kept = tuple(row for i, row in enumerate(rows) if i != rule and any(row))
    assert len({len(row) for row in kept}) == 1, f"ragged table: {lines[0]}"
    return Block("table", rows=kept, right_columns=right, has_head=has_head)
