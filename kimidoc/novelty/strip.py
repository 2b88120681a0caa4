"""A document as a few cells: where it is new, and where it changes what stands elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from kimidoc.novelty.score import Scored

CELLS = 80
SURE = 6.0  # nats from which a change is marked
_FULL = 4.0  # nats a word at which a cell is as hot as it gets: plain prose, never seen before


@dataclass(frozen=True, slots=True)
class Cell:
    """An equal share of a document's words. ``heat`` 0 to 1; ``lines``: its first and last line."""

    heat: float
    changed: bool
    lines: tuple[int, int]


def cells(found: Scored, most: int = CELLS) -> list[Cell]:
    """At most ``most`` cells; a document of fewer lines has one for each."""
    count = min(most, len(found.lines))
    if not count:
        return []
    made: list[Cell] = []
    for n in range(count):
        own = found.lines[n * len(found.lines) // count : (n + 1) * len(found.lines) // count]
        words = sum(line.words for line in own)
        new = sum(line.new * line.words for line in own) / words
        first, last = found.place(own[0]), found.place(own[-1])
        made.append(
            Cell(
                heat=min(1.0, new / _FULL),
                changed=any(line.change >= SURE for line in own),
                lines=(first.start_line, last.end_line),
            )
        )
    return made
