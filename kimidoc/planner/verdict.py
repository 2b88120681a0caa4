"""Does it fit; and if not, which option to change. The check before every prefill is here.

Memory is what the run will need beyond what this process holds already. Both figures are
predictions: the tests hold the disk to 15 % of a real run, ``kimidoc bench memory`` shows how far
memory and seconds are off. Only what is plainly too large is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kimidoc.errors import EngineError
from kimidoc.kvcache.limit import in_gb
from kimidoc.planner.anatomy import Anatomy, anatomy
from kimidoc.planner.machine import Machine
from kimidoc.planner.predict import Layout, Prediction, layout, predict

if TYPE_CHECKING:
    from kimidoc.engine.local import LocalEngine
    from kimidoc.planner.calibrate import Calibration

LEAST_TOKENS = 1_000  # a window smaller than this is no advice


@dataclass(frozen=True, slots=True)
class Verdict:
    """``problems``: what is too large, with its figures; empty where everything fits."""

    problems: tuple[str, ...]
    advice: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether there is room for the run."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class Wish:
    """A window to be read by a model, before it is."""

    anatomy: Anatomy
    layout: Layout
    tokens: int
    documents: int
    session: bool
    calibration: Calibration | None = None

    def predict(self, machine: Machine, tokens: int | None = None) -> Prediction:
        """What it takes on ``machine``; ``tokens`` in the place of all."""
        return predict(
            self.anatomy,
            self.layout,
            self.tokens if tokens is None else tokens,
            session=self.session,
            documents=self.documents,
            held_bytes=machine.rss_bytes,
            calibration=self.calibration,
        )


def needed_memory(prediction: Prediction, machine: Machine) -> int:
    """Bytes that must be free: the peak, less what this process has already."""
    return prediction.peak_rss_bytes - machine.rss_bytes


def judge(wish: Wish, machine: Machine) -> Verdict:
    """Whether ``wish`` fits on ``machine``, and what to change if it does not."""
    whole = wish.predict(machine)

    def memory(found: Prediction) -> bool:
        return needed_memory(found, machine) <= machine.free_memory_bytes

    def disk(found: Prediction) -> bool:
        return found.disk_bytes <= machine.free_disk_bytes

    problems: list[str] = []
    advice: list[str] = []
    if not memory(whole):
        problems.append(
            f"reading needs {in_gb(needed_memory(whole, machine))} of memory and "
            f"{in_gb(machine.free_memory_bytes)} are free"
        )
        advice += _smaller(wish, machine, memory)
        advice.append("close other programs, or use a smaller --model")
    if not disk(whole):
        problems.append(
            f"it needs {in_gb(whole.disk_bytes)} of disk and "
            f"{in_gb(machine.free_disk_bytes)} are free"
        )
        advice += _smaller(wish, machine, disk)
        advice.append("free space with `kimidoc sessions rm`, or set KIMIDOC_CACHE_DIR")
        if wish.session:
            advice.append("--session none keeps nothing on disk (and the cache in memory)")
    return Verdict(tuple(problems), tuple(dict.fromkeys(advice)))


def check(engine: LocalEngine, window_tokens: int, documents: int, machine: Machine) -> None:
    """Refuse a prefill that cannot end well. ``machine``: before the engine loaded anything.

    Raises EngineError with advice.
    """
    sizes = anatomy(engine.checkpoint)
    wish = Wish(
        anatomy=sizes,
        layout=layout(engine.plan, sizes),
        tokens=window_tokens,
        documents=documents,
        session=engine.keeps_session,
    )
    found = judge(wish, machine)
    if not found.fits:
        raise EngineError(
            f"the window of {window_tokens:,} tokens does not fit on this machine: "
            f"{'; '.join(found.problems)}",
            hint=f"{'; '.join(found.advice)}; --no-plan-check reads it all the same",
        )


def _smaller(wish: Wish, machine: Machine, fits: Callable[[Prediction], bool]) -> Sequence[str]:
    """The largest window that fits, as an option."""
    low, high = 0, wish.tokens
    while low < high:
        middle = (low + high + 1) // 2
        if fits(wish.predict(machine, middle)):
            low = middle
        else:
            high = middle - 1
    if low < LEAST_TOKENS:
        return ()
    return (f"--budget {low // 1000}k fits (--overflow drop-largest, or --exclude GLOB)",)
