"""Memory over time as a picture: one SVG, no library, no font but the reader's own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 40, 48  # margins
COLOURS = ("#1f5fa8", "#b3541e", "#3b7d3b", "#7a3f8f")
STEPS = 6  # marks on an axis, about
LABEL_WIDTH = 64  # a stage's name that would stand closer to the last one is left out


def memory(runs: Mapping[str, Any], title: str) -> str:
    """``runs``: tokens -> {"samples": [[s, bytes]], "stages": [[name, s]]}, as ``memory`` says."""
    samples = [point for run in runs.values() for point in run["samples"]]
    most_s = marks(max((s for s, _ in samples), default=0) or 1.0)[-1]
    most = marks((max((rss for _, rss in samples), default=0) or 1) / 1e9)[-1]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="14" font-weight="bold">{escape(title)}</text>',
        *_axes(most_s, most),
    ]
    for number, (tokens, run) in enumerate(runs.items()):
        colour = COLOURS[number % len(COLOURS)]
        line = " ".join(
            f"{_x(s, most_s):.1f},{_y(rss / 1e9, most):.1f}"
            for s, rss in thinned(run["samples"], most_s)
        )
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(
            f'<text x="{WIDTH - RIGHT}" y="{TOP + 16 * number}" text-anchor="end" '
            f'fill="{colour}">{int(tokens):,} tokens</text>'
        )
    parts += _stages(list(runs.values())[-1]["stages"], most_s) if runs else []
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(s: float, most_s: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * s / most_s


def _y(gb: float, most: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * gb / most


def marks(most: float) -> list[float]:
    """Round numbers from 0 to the first that is not below ``most`` > 0, about STEPS of them."""
    rough = most / STEPS
    ten = 10 ** math.floor(math.log10(rough))
    step = next(n * ten for n in (1, 2, 2.5, 5, 10) if n * ten >= rough)
    return [step * n for n in range(math.ceil(most / step - 1e-9) + 1)]


def thinned(samples: Sequence[Sequence[float]], most_s: float) -> list[Sequence[float]]:
    """The highest sample of every half pixel: what a line of that width can show."""
    highest: dict[int, Sequence[float]] = {}
    for sample in samples:
        column = int(2 * _x(sample[0], most_s))
        if column not in highest or sample[1] > highest[column][1]:
            highest[column] = sample
    return list(highest.values())


def _axes(most_s: float, most: float) -> list[str]:
    parts = []
    for gb in marks(most):
        y = _y(gb, most)
        parts += [
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>',
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{gb:g}</text>',
        ]
    for s in marks(most_s):
        x = _x(s, most_s)
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{s:,g}</text>'
        )
    parts.append(f'<text x="{LEFT - 6}" y="{TOP - 12}" text-anchor="end">GB</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 12}" text-anchor="end">seconds</text>')
    return parts


def _stages(stages: Sequence[Sequence[Any]], most_s: float) -> list[str]:
    """Where each stage of the largest run ended; named where there is room, from the last back."""
    parts, free = list[str](), float(WIDTH)
    for name, end in reversed(stages):
        x = _x(min(end, most_s), most_s)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" '
            'stroke="#999999" stroke-dasharray="3 3"/>'
        )
        if LEFT + LABEL_WIDTH <= x <= free:
            free = x - LABEL_WIDTH
            parts.append(
                f'<text x="{x - 4:.1f}" y="{HEIGHT - BOTTOM - 6}" text-anchor="end" '
                f'fill="#666666">{escape(str(name))}</text>'
            )
    return parts
