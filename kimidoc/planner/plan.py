"""Everything that is known of a run before it: sizes, seconds, prices and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kimidoc.engine.base import Progress, silent
from kimidoc.planner import calibrate
from kimidoc.planner.anatomy import Anatomy, anatomy
from kimidoc.planner.calibrate import Calibration
from kimidoc.planner.machine import Machine
from kimidoc.planner.measure import sample_tokens
from kimidoc.planner.predict import Prediction, layout
from kimidoc.planner.prices import Price
from kimidoc.planner.verdict import Verdict, Wish, judge
from kimidoc.types import Window

if TYPE_CHECKING:
    from kimidoc.engine.local import LocalEngine

DTYPE = "bfloat16"


@dataclass(frozen=True, slots=True)
class Plan:
    """One window on one machine. ``calibration`` is None where no time was asked for.

    ``costs``: each price with what one question on the window costs at it; None: too long for it.
    """

    anatomy: Anatomy
    machine: Machine
    threads: int
    tokens: int
    documents: int
    prediction: Prediction
    calibration: Calibration | None
    costs: tuple[tuple[Price, float | None], ...]
    verdict: Verdict

    @property
    def beyond_trained(self) -> bool:
        """Whether the window is longer than what the model was trained on."""
        trained = self.anatomy.trained_tokens
        return trained is not None and self.tokens > trained


def make(
    engine: LocalEngine,
    window: Window,
    machine: Machine,
    *,
    cache: Path,
    threads: int | None,
    prices: Sequence[Price],
    timed: bool = True,
    progress: Progress = silent,
) -> Plan:
    """The plan for reading ``window``. ``machine``: looked at before torch was imported.

    ``timed`` False tries nothing out. Raises ModelError, and EngineError where the model cannot be
    tried out.
    """
    sizes, tokens = anatomy(engine.checkpoint), len(window.tokens)
    wish = Wish(
        anatomy=sizes,
        layout=layout(engine.plan, sizes, DTYPE),
        tokens=tokens,
        documents=len(window.segments),
        session=engine.keeps_session,
    )
    found = judge(wish, machine)
    calibration = None
    if timed and _loads(wish, machine):
        calibration = calibrated(engine, window, machine, cache, threads, progress)
        wish = Wish(
            sizes, wish.layout, tokens, wish.documents, wish.session, calibration=calibration
        )
        found = judge(wish, machine)
    return Plan(
        anatomy=sizes,
        machine=machine,
        threads=threads or machine.cores,
        tokens=tokens,
        documents=wish.documents,
        prediction=wish.predict(machine),
        calibration=calibration,
        costs=tuple((price, price.usd(tokens)) for price in prices),
        verdict=found,
    )


def _loads(wish: Wish, machine: Machine) -> bool:
    """Whether the model itself fits, so that it can be tried out."""
    small = Wish(wish.anatomy, wish.layout, 1, 1, session=False)
    return judge(small, machine).fits


def calibrated(
    engine: LocalEngine,
    window: Window,
    machine: Machine,
    cache: Path,
    threads: int | None,
    progress: Progress,
) -> Calibration:
    setting = calibrate.Setting(
        engine.checkpoint, machine.processor, machine.cores, threads, engine.options, DTYPE
    )
    if (kept := calibrate.kept(setting, cache)) is not None:
        return kept
    progress("trying the model out", 0, 1, "times")
    tokens = window.tokens[: sample_tokens(engine.plan)]
    measured = calibrate.calibrate(setting, cache, tokens)
    progress("trying the model out", 1, 1, "times")
    return measured
