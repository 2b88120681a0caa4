"""Memory over time of a process that reads, from its start; beside it what the planner said."""

from __future__ import annotations

from dataclasses import dataclass

from kimidoc.bench import child
from kimidoc.bench.base import DTYPE, Result, Setting, beyond, workplace
from kimidoc.bench.child import Request
from kimidoc.engine.local import LocalEngine
from kimidoc.planner import machine
from kimidoc.planner.anatomy import anatomy
from kimidoc.planner.plan import calibrated
from kimidoc.planner.predict import layout, predict


@dataclass(frozen=True, slots=True)
class Row:
    """One size: what was measured, and what was predicted for it."""

    tokens: int
    peak_rss_bytes: int
    predicted_rss_bytes: int
    session_bytes: int
    predicted_session_bytes: int
    prefill_seconds: float
    predicted_seconds: float | None


def run(setting: Setting) -> Result:
    """Every size in a process of its own. ``more``: samples and stages of each."""
    engine = LocalEngine(
        setting.checkpoint,
        sessions_root=None,
        threads=setting.threads,
        options=setting.job.read_options,
    )
    sizes = anatomy(setting.checkpoint)
    laid = layout(engine.plan, sizes, DTYPE)
    here = machine.look(setting.cache)
    calibration = calibrated(
        engine, setting.window, here, setting.cache, setting.threads, setting.progress
    )
    rows, more = [], {}
    for number, tokens in enumerate(setting.sizes, 1):
        samples: list[tuple[float, int]] = []
        with workplace(setting) as place:
            told = child.run(
                Request(setting.elsewhere(place), tokens, ask=False),
                lambda *s, into=samples: into.append(s),
            )
        found = predict(
            sizes,
            laid,
            told.tokens,
            documents=told.documents,
            held_bytes=told.packed_rss_bytes,
            calibration=calibration,
        )
        rows.append(
            Row(
                tokens=told.tokens,
                peak_rss_bytes=max([told.peak_rss_bytes, *(rss for _, rss in samples)]),
                predicted_rss_bytes=found.peak_rss_bytes,
                session_bytes=told.session_bytes,
                predicted_session_bytes=found.session_bytes,
                prefill_seconds=told.seconds("prefill"),
                predicted_seconds=found.prefill_seconds,
            )
        )
        more[str(told.tokens)] = {
            "samples": [[round(at, 2), rss] for at, rss in samples],
            "stages": [[stage, round(end, 3)] for stage, end in told.stages],
        }
        setting.progress("memory", number, len(setting.sizes), "sizes")
    return Result(
        "memory", setting.facts, rows, beyond(setting, setting.sizes[-1]), {"over_time": more}
    )
