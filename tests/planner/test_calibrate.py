"""The real child process on a tiny checkpoint; what is kept of it, and for whom."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kimidoc.engine.base import ReadOptions
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.errors import EngineError
from kimidoc.models.checkpoint import Checkpoint, at
from kimidoc.planner import calibrate
from kimidoc.planner.anatomy import anatomy
from kimidoc.planner.calibrate import Setting
from kimidoc.planner.measure import kinds_of, measure, sample_tokens
from tests.engine.answer_models import folder


def setting(checkpoint: Checkpoint) -> Setting:
    return Setting(checkpoint, "a processor", 2, 1, ReadOptions(), "bfloat16")


def test_it_is_measured_once_and_kept(tiny: Checkpoint, tmp_path: Path) -> None:
    wanted = setting(tiny)
    assert calibrate.kept(wanted, tmp_path) is None
    found = calibrate.calibrate(wanted, tmp_path, range(3, 300))
    assert calibrate.kept(wanted, tmp_path) == found
    assert sum(kind.layers for kind in found.kinds) == 3
    assert all(kind.seconds_per_token > 0 for kind in found.kinds)
    assert found.question_s > 0 and found.disk_bytes_per_s > 0
    assert 10**8 <= found.program_bytes < 3 * 10**9
    assert not [f for f in (tmp_path / "calibration").iterdir() if f.name[0] == "."]
    for other in (
        replace(wanted, threads=2),
        replace(wanted, cores=3),
        replace(wanted, options=ReadOptions(weights="bf16")),
        replace(wanted, checkpoint=replace(tiny, fingerprint="another")),
    ):
        assert calibrate.kept(other, tmp_path) is None


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"setting": 3, "measured": {}}'])
def test_a_damaged_file_counts_as_none(damage: str, tiny: Checkpoint, tmp_path: Path) -> None:
    file = setting(tiny).file(tmp_path)
    file.parent.mkdir()
    file.write_text(damage, "utf-8")
    assert calibrate.kept(setting(tiny), tmp_path) is None


def test_a_model_that_cannot_be_tried_says_why(tmp_path: Path) -> None:
    where = folder(tmp_path / "m")
    found = at(where, "m")
    config = json.loads((where / "config.json").read_text("utf-8"))
    (where / "config.json").write_text(json.dumps(config | {"model_type": "nonsense"}), "utf-8")
    with pytest.raises(EngineError, match="nonsense"):
        calibrate.calibrate(setting(found), tmp_path, [3, 4, 5])


def test_measuring_in_this_process(tiny: Checkpoint, tmp_path: Path) -> None:
    found = measure(tiny, list(range(3, 200)), None, "bfloat16", tmp_path, ReadOptions())
    assert found.took_s > found.load_s
    assert json.loads(calibrate.as_measured(found))["kinds"]


def test_kinds_tell_layers_apart_that_cost_otherwise(tmp_path: Path) -> None:
    plan = ReadPlan()
    dense_first = anatomy(at(folder(tmp_path / "d", "deepseek_v3"), "d"))
    sliding = anatomy(at(folder(tmp_path / "g", "gpt_oss"), "g"))
    for sizes in (dense_first, sliding):
        kinds = kinds_of(sizes, plan)
        assert len(kinds) == sizes.layers and kinds[0] != kinds[1]
    assert sample_tokens(plan) % plan.chunk_tokens == 0
