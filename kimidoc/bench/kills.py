"""Readings killed at random moments and gone on with: is what comes out the same?

A process that reads is killed (SIGKILL: nothing of it can tidy up) at a moment drawn anew each
time, between its start and the end of an undisturbed reading; a second process then finishes what
the first left. Readings of ``kvcache.session.RESUMABLE_TOKENS`` and more go on from the last layer
that was done; smaller ones begin again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from random import Random

from kimidoc.bench import child
from kimidoc.bench.base import Result, Setting, beyond, workplace
from kimidoc.bench.child import Request


@dataclass(frozen=True, slots=True)
class Row:
    """One size. ``identical``: second processes whose log-probabilities are the undisturbed ones'.

    ``killed_at``: seconds since the start; ``second_seconds``: what reading took the second one.
    """

    tokens: int
    kills: int
    identical: int
    whole_seconds: float
    killed_at: tuple[float, ...]
    second_seconds: tuple[float, ...]


def run(setting: Setting, seed: int = 0) -> Result:
    """``setting.runs`` kills at each size."""
    rng, rows = Random(seed), []
    for tokens in setting.sizes:
        with workplace(setting) as place:
            whole = child.run(Request(setting.elsewhere(place), tokens, ask=True))
        last = sum(whole.seconds(stage) for stage in ("start", "pack", "import", "prefill"))
        at, second, same = list[float](), list[float](), 0
        while len(at) < setting.runs:
            with workplace(setting) as place:
                request = Request(setting.elsewhere(place), tokens, ask=True)
                moment = rng.uniform(whole.seconds("start"), last)
                if not _killed(request, moment):
                    continue  # it had ended already
                told = child.run(request)
            at.append(moment)
            second.append(told.seconds("prefill"))
            same += told.logits == whole.logits
            setting.progress("kills", len(at), setting.runs, "kills")
        rows.append(
            Row(whole.tokens, len(at), same, whole.seconds("prefill"), tuple(at), tuple(second))
        )
    return Result("kills", setting.facts, rows, beyond(setting, setting.sizes[-1]))


def _killed(request: Request, moment: float) -> bool:
    """Start a process and kill it after ``moment`` seconds; False if it was done by then."""
    process = child.start(request)
    try:
        time.sleep(moment)
        return process.poll() is None
    finally:
        process.kill()
        process.communicate()
