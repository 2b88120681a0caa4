"""How far a long step has come: a bar where stderr can be rewritten, else a line per 10 %.

An instance is an ``engine.base.Progress``: rooms call it with what is done and know nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kimidoc.cli.streams import Streams

REDRAW_S = 0.1  # a bar is drawn at most this often
LINE_S = 1.0  # and a line written at most this often, the last of a stage apart
BAR_COLUMNS = 20


@dataclass
class _Stage:
    name: str
    started_s: float
    first: int  # done at the first call: what was reused does not count towards the rate
    shown_s: float = float("-inf")
    shown_tenth: int = 0
    finished: bool = False


class Progress:
    """Call it with ``(stage, done, total, unit)``; a total of 0 is unknown."""

    def __init__(self, streams: Streams, clock: Callable[[], float] = time.monotonic) -> None:
        self._streams, self._clock = streams, clock
        self._stage: _Stage | None = None

    def __call__(self, stage: str, done: int, total: int, unit: str) -> None:
        """Show that ``done`` of ``total`` units of ``stage`` are finished."""
        if self._streams.quiet:
            return
        now = self._clock()
        at = self._stage
        if at is None or at.name != stage or (at.finished and done < total):
            at = self._stage = _Stage(stage, now, done)
        if at.finished:
            return
        at.finished = 0 < total <= done
        elapsed_s = now - at.started_s
        if at.finished:
            self._streams.note(self._sentence(at, done, total, unit, elapsed_s))
        elif self._streams.animated:
            if now - at.shown_s >= REDRAW_S:
                at.shown_s = now
                self._streams.status(self._bar(at, done, total, unit, elapsed_s))
        elif (
            total
            and done * 10 // total > at.shown_tenth
            and now - max(at.shown_s, at.started_s) >= LINE_S
        ):
            at.shown_s, at.shown_tenth = now, done * 10 // total
            self._streams.note(self._sentence(at, done, total, unit, elapsed_s))

    def _sentence(self, at: _Stage, done: int, total: int, unit: str, elapsed_s: float) -> str:
        if at.finished:
            tail = f" in {duration(elapsed_s)}" if elapsed_s >= 1 else ""
            return f"{at.name}: {total:,} {unit}{tail}"
        tail = self._pace(at, done, total, unit, elapsed_s)
        return f"{at.name}: {done * 100 // total} % of {total:,} {unit}{tail}"

    def _bar(self, at: _Stage, done: int, total: int, unit: str, elapsed_s: float) -> str:
        full, empty = ("█", "░") if self._streams.unicode else ("#", ".")
        share = min(1.0, done / total) if total else 0.0
        filled = int(share * BAR_COLUMNS)
        bar = f"{full * filled}{empty * (BAR_COLUMNS - filled)} " if total else ""
        count = f"{done:,}/{total:,}" if total else f"{done:,}"
        line = f"{at.name} {bar}{count} {unit}{self._pace(at, done, total, unit, elapsed_s)}"
        return line[: max(20, self._streams.width() - 1)]

    def _pace(self, at: _Stage, done: int, total: int, unit: str, elapsed_s: float) -> str:
        gained = done - at.first
        if elapsed_s < 0.5 or gained <= 0:
            return ""
        rate = gained / elapsed_s
        pace = f", {rate:,.0f} {unit}/s" if rate >= 10 else f", {rate:.1f} {unit}/s"
        return pace + (f", {duration((total - done) / rate)} left" if total > done else "")


def duration(seconds: float) -> str:
    """Seconds for a human: ``8 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
