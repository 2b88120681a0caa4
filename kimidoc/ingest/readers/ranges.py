"""Page, slide and row numbers the way a person writes them: "3-7, 9"."""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN = 12  # runs; a message is one sentence


def said(numbers: Iterable[int]) -> str:
    """Numbers in ascending order, neighbours joined: [3, 4, 5, 9] -> "3-5, 9"."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs[:_SHOWN])
    return shown if len(runs) <= _SHOWN else f"{shown} and {len(runs) - _SHOWN} more"


def counted(noun: str, numbers: Iterable[int]) -> str:
    """The same behind its noun: "page 4", "pages 3-5, 9"."""
    found = sorted(set(numbers))
    return f"{noun}{'s' if len(found) != 1 else ''} {said(found)}"
