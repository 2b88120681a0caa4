"""What was found, in the words of the reports: ranked lines, JSON, a table, strips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kimidoc.novelty import strip
from kimidoc.novelty.score import Line, Scored
from kimidoc.types import Citation, Document, Row, Strip, Table

SCHEMA = "kimidoc.novelty/1"
TEXT_CHARACTERS = 160  # of a line, in a table; its quote has all of it
LEAST = 0.5  # a line below this score stands elsewhere and is nobody's news
METHOD = (
    "The higher the score (in nats), the less the rest of the set leads one to expect the line. "
    "The model that read the window says how unexpected each word was; a rule over words says "
    "whether it stands elsewhere in the same surroundings, and is believed as far as it is right "
    "in this set. New is not wrong, and what changed may be meant."
)

Ranked = list[tuple[Scored, Line]]


def ranked(found: Sequence[Scored], top: int | None = None) -> Ranked:
    """The lines with a score worth telling, highest first."""
    worth = [(each, line) for each in found for line in each.lines if line.score >= LEAST]
    return sorted(worth, key=lambda pair: -pair[1].score)[:top]


def data(found: Sequence[Scored]) -> list[dict[str, Any]]:
    """Every document with every line, in the order of the window; JSON values."""
    return [
        {
            "path": each.document.path,
            "words": each.words,
            "nats": _short(each.nats),
            "new": _short(each.new),
            "copied": _short(each.copied),
            "strip": [
                {"heat": _short(c.heat), "changed": c.changed, "start_line": c.lines[0],
                 "end_line": c.lines[1]}
                for c in strip.cells(each)
            ],
            "sections": [
                {"section": s.label, "start_char": s.start_char, "words": s.words,
                 "new": _short(s.new), "changes": s.changes}
                for s in each.sections
            ],
            "lines": [_line(each, line) for line in each.lines],
        }
        for each in found
    ]  # fmt: skip


def _line(each: Scored, line: Line) -> dict[str, Any]:
    place, changed = each.place(line), line.changed
    return {
        "start_char": line.start_char,
        "end_char": line.end_char,
        "start_line": place.start_line,
        "page": place.page,
        "score": _short(line.score),
        "nats": _short(line.nats),
        "new": _short(line.new),
        "change": _short(line.change),
        "changed": None
        if changed is None
        else {
            "start_char": changed.start_char,
            "end_char": changed.end_char,
            "elsewhere": None
            if changed.path is None
            else {
                "path": changed.path,
                "start_char": changed.other_start,
                "end_char": changed.other_end,
            },
        },
    }


def _short(figure: float) -> float:
    return round(figure, 3)


def wordings(each: Scored, line: Line, texts: Mapping[str, str]) -> tuple[str, str | None] | None:
    """A change's own words, and those elsewhere (None: not one place); None where none is."""
    changed = line.changed
    if changed is None:
        return None
    here = each.document.text[changed.start_char : changed.end_char]
    if changed.path is None:
        return here, None
    return here, texts[changed.path][changed.other_start : changed.other_end]


def table(id_: str, title: str, lines: Ranked, documents: Sequence[Document]) -> Table:
    """Ranked lines as a report's table; each row cites the line, and the place it departs from."""
    by_path = {document.path: document for document in documents}
    texts = {document.path: document.text for document in documents}
    rows = []
    for each, line in lines:
        words = wordings(each, line, texts)
        cited = [_citation(each.document, line.start_char, line.end_char)]
        if words and line.changed and line.changed.path is not None:
            other = by_path[line.changed.path]
            cited.append(_around(other, line.changed.other_start, line.changed.other_end))
        place = each.place(line)
        rows.append(
            Row(
                (
                    each.document.path,
                    str(place.start_line),
                    f"{line.score:.1f}",
                    _beginning(each.document.text[line.start_char : line.end_char]),
                    (words[0] or "(left out)") if words else "",
                    ((words[1] or "(nothing)") if words[1] is not None else "") if words else "",
                ),
                tuple(cited),
            )
        )
    head = ("Document", "Line", "Score", "What it says", "Here", "Elsewhere")
    return Table(id_, title, METHOD, head, tuple(rows))


def _beginning(text: str) -> str:
    """What a line says, on one line, cut between two words."""
    said = " ".join(text.split())
    if len(said) <= TEXT_CHARACTERS:
        return said
    return f"{said[:TEXT_CHARACTERS].rpartition(' ')[0] or said[:TEXT_CHARACTERS]} …"


def _around(document: Document, start: int, end: int) -> Citation:
    """The line around some characters, without the white space at its ends."""
    place = document.place(start, end)
    starts = (*document.line_starts, len(document.text) + 1)
    low, high = starts[place.start_line - 1], starts[place.end_line] - 1
    return _citation(document, max(low, start - 120), min(high, end + 120))


def _citation(document: Document, start: int, end: int) -> Citation:
    text = document.text[start:end]
    start, end = start + len(text) - len(text.lstrip()), start + len(text.rstrip())
    return Citation.of(document, start, end)


def strips(found: Sequence[Scored]) -> tuple[Strip, ...]:
    """A heat strip for every document that has words."""
    made = []
    for each in found:
        if cells := strip.cells(each):
            made.append(
                Strip(
                    path=each.document.path,
                    copied=each.copied,
                    heat=tuple(cell.heat for cell in cells),
                    changed=tuple(cell.changed for cell in cells),
                    lines=tuple(cell.lines for cell in cells),
                )
            )
    return tuple(made)
