"""Planted facts as a picture: depth by window, a panel a kind. One SVG, as ``plot`` makes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

WIDTH, TOP, LEFT, RIGHT, GAP, CELL = 760, 64, 56, 16, 20, 22
STATES = (
    ("the first quote", "#1f5fa8"),
    ("another quote", "#6fa3d8"),
    ("among 8 passages", "#cfe0f1"),
    ("none of these", "#e8a06a"),
)


def state(seen: Mapping[str, Any], who: str) -> int:
    """Which of STATES one planted sentence came to, as ``needles.Seen`` says."""
    if seen["first_quote"]:
        return 0
    if seen["any_quote"]:
        return 1
    rank = seen["ranks"].get(who)
    return 2 if rank is not None and rank <= 8 else 3


def needles(found: Mapping[str, Sequence[Mapping[str, Any]]], who: str, title: str) -> str:
    """``found``: tokens -> what was seen; one panel for each kind that was planted."""
    every = [each for seen in found.values() for each in seen if each["ranks"]]
    kinds = list(dict.fromkeys(each["kind"] for each in every))
    steps = 1 + max((each["step"] for each in every), default=0)
    height = TOP + CELL * steps + 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for step in range(steps):
        y = TOP + CELL * step + CELL / 2 + 4
        depth = f"{100 * (step + 0.5) / steps:.0f} %"
        parts.append(f'<text x="{LEFT - 6}" y="{y:.1f}" text-anchor="end">{depth}</text>')
    room = (WIDTH - LEFT - RIGHT + GAP) / max(1, len(kinds))
    for number, kind in enumerate(kinds):
        parts += _panel(found, kind, who, LEFT + number * room, room - GAP, steps)
    return "\n".join([*parts, *_legend(height - 14), "</svg>"]) + "\n"


def short(tokens: int) -> str:
    """16000 -> 16k, 1000000 -> 1M"""
    return f"{tokens / 10**6:g}M" if tokens >= 10**6 else f"{tokens / 1000:g}k"


def _panel(
    found: Mapping[str, Sequence[Mapping[str, Any]]],
    kind: str,
    who: str,
    left: float,
    width: float,
    steps: int,
) -> list[str]:
    """One kind: a column a window, a row a depth."""
    parts = [f'<text x="{left:.1f}" y="{TOP - 10}">{escape(kind)}</text>']
    wide = width / len(found)
    for column, (tokens, seen) in enumerate(found.items()):
        x = left + column * wide
        for each in (s for s in seen if s["kind"] == kind):
            name, colour = STATES[state(each, who)]
            said = escape(f"{short(int(tokens))}, {100 * each['depth']:.0f} %: {name}")
            parts.append(
                f'<rect x="{x + 1:.1f}" y="{TOP + CELL * each["step"] + 1}" '
                f'width="{wide - 2:.1f}" height="{CELL - 2}" fill="{colour}">'
                f"<title>{said}</title></rect>"
            )
        parts.append(
            f'<text x="{x + wide / 2:.1f}" y="{TOP + CELL * steps + 16}" '
            f'text-anchor="middle">{short(int(tokens))}</text>'
        )
    return parts


def _legend(y: float) -> list[str]:
    parts, x = [], float(LEFT)
    for name, colour in STATES:
        parts += [
            f'<rect x="{x:.1f}" y="{y - 10:.1f}" width="12" height="12" fill="{colour}"/>',
            f'<text x="{x + 17:.1f}" y="{y:.1f}">{name}</text>',
        ]
        x += 40 + 7 * len(name)
    return parts
