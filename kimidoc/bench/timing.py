"""The one place that times. Runs are interleaved, so that a busy minute hits everybody alike."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import perf_counter

from kimidoc.engine.base import Progress, silent


def interleaved(
    contestants: Mapping[str, Callable[[], object]],
    runs: int,
    progress: Progress = silent,
    stage: str = "runs",
    between: Callable[[], object] = gc.collect,
) -> dict[str, tuple[float, ...]]:
    """Seconds of every run of every contestant: a b c, a b c, …; ``between`` is in no time."""
    assert runs >= 1
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    done, total = 0, runs * len(contestants)
    for _ in range(runs):
        for name, contestant in contestants.items():
            between()
            since = perf_counter()
            contestant()
            seconds[name].append(perf_counter() - since)
            done += 1
            progress(stage, done, total, "runs")
    between()
    return {name: tuple(taken) for name, taken in seconds.items()}


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """How many times longer ``slow`` took, by medians."""
    return median(slow) / median(fast)
