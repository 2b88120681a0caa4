"""What fits, what does not, and what is then advised."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kimidoc.engine.local import LocalEngine
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.errors import EngineError
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.planner.anatomy import anatomy
from kimidoc.planner.predict import layout
from kimidoc.planner.verdict import Wish, check, judge, needed_memory
from tests.planner.conftest import machine

TOKENS = 1_000_000


def wish(checkpoint: Checkpoint, **changes: Any) -> Wish:
    sizes = anatomy(checkpoint)
    fields = {"tokens": TOKENS, "documents": 1, "session": True}
    return Wish(sizes, layout(ReadPlan(), sizes), **{**fields, **changes})


def test_with_room_it_fits(tiny: Checkpoint) -> None:
    found = judge(wish(tiny), machine())
    assert found.fits and found.advice == ()


@pytest.mark.parametrize("lacking", ["free_memory_bytes", "free_disk_bytes"])
def test_the_advised_budget_fits_and_a_tenth_more_does_not(tiny: Checkpoint, lacking: str) -> None:
    whole = wish(tiny)
    roomy = machine()
    need = {
        "free_memory_bytes": needed_memory(whole.predict(roomy, TOKENS // 2), roomy),
        "free_disk_bytes": whole.predict(roomy, TOKENS // 2).disk_bytes,
    }
    tight = machine(**{lacking: need[lacking]})
    found = judge(whole, tight)
    assert len(found.problems) == 1
    advised = re.search(r"--budget (\d+)k", found.advice[0])
    assert advised is not None and int(advised[1]) == TOKENS // 2 // 1000
    assert judge(wish(tiny, tokens=int(advised[1]) * 1000), tight).fits
    assert not judge(wish(tiny, tokens=int(advised[1]) * 1100), tight).fits


def test_no_budget_is_advised_where_none_helps(tiny: Checkpoint) -> None:
    found = judge(wish(tiny), machine(free_memory_bytes=1000))
    assert not found.fits and not any("--budget" in advice for advice in found.advice)


def test_a_full_disk_can_be_done_without(tiny: Checkpoint) -> None:
    assert not judge(wish(tiny), machine(free_disk_bytes=1000)).fits
    assert judge(wish(tiny, session=False), machine(free_disk_bytes=1000)).fits


def test_the_check_refuses_with_a_next_step(tiny: Checkpoint, tmp_path: Path) -> None:
    engine = LocalEngine(tiny, sessions_root=tmp_path, roots=("r",))
    check(engine, TOKENS, 1, machine())
    with pytest.raises(EngineError, match="does not fit on this machine") as refused:
        check(engine, TOKENS, 1, machine(free_memory_bytes=10**8))
    assert refused.value.exit_code == 2 and "--no-plan-check" in refused.value.hint
