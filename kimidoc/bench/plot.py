"""Memory over time as a picture: one SVG, no library, no font but the reader's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 40, 48  # margins
COLOURS = ("#1f5fa8", "#b3541e", "#3b7d3b", "#7a3f8f")
STEPS = 5


def memory(runs: Mapping[str, Any], title: str) -> str:
    """``runs``: tokens -> {"samples": [[s, bytes]], "stages": [[name, s]]}, as ``memory`` says."""
    samples = [point for run in runs.values() for point in run["samples"]]
    most_s = max((s for s, _ in samples), default=0) or 1.0
    most = (max((rss for _, rss in samples), default=0) or 1) / 1e9
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
            f"{_x(s, most_s):.1f},{_y(rss / 1e9, most):.1f}" for s, rss in run["samples"]
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


def _axes(most_s: float, most: float) -> list[str]:
    parts = []
    for step in range(STEPS + 1):
        gb, s = most * step / STEPS, most_s * step / STEPS
        y, x = _y(gb, most), _x(s, most_s)
        parts += [
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>',
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{gb:.1f}</text>',
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{s:.0f}</text>',
        ]
    parts.append(f'<text x="{LEFT - 6}" y="{TOP - 8}" text-anchor="end">GB</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 12}" text-anchor="end">seconds</text>')
    return parts


def _stages(stages: Sequence[Sequence[Any]], most_s: float) -> list[str]:
    """Where each stage of the largest run ended."""
    parts = []
    for name, end in stages:
        x = _x(min(end, most_s), most_s)
        parts += [
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" '
            'stroke="#999999" stroke-dasharray="3 3"/>',
            f'<text x="{x - 4:.1f}" y="{HEIGHT - BOTTOM - 6}" text-anchor="end" '
            f'fill="#666666">{escape(str(name))}</text>',
        ]
    return parts
