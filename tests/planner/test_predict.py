"""Predictions against what a real tiny run then leaves on disk and holds in memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kimidoc.engine.local import LocalEngine
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.kvcache.layer import Kept, Reading
from kimidoc.models.checkpoint import Checkpoint, at
from kimidoc.planner.anatomy import anatomy
from kimidoc.planner.calibrate import Calibration, Kind
from kimidoc.planner.measure import kinds_of
from kimidoc.planner.predict import PROGRAM_BYTES, layout, predict
from tests.engine.answer_models import LEASE, folder, window
from tests.engine.conftest import plan

CALIBRATION = Calibration(
    kinds=(Kind(2, 1e-5), Kind(1, 4e-5)),
    load_s=2.0,
    question_s=0.5,
    program_bytes=300_000_000,
    load_peak_bytes=10_000_000,
    disk_bytes_per_s=1e9,
    took_s=1.0,
)


@pytest.mark.parametrize("family", ["llama", "qwen3_moe", "gpt_oss", "deepseek_v3"])
@pytest.mark.parametrize("read", [ReadPlan(), plan(storage="int8"), plan()], ids=str)
def test_the_session_on_disk(family: str, read: ReadPlan, tmp_path: Path) -> None:
    where = at(folder(tmp_path / "m", family), "m")
    engine = LocalEngine(where, sessions_root=tmp_path / "s", roots=("r",), plan=read)
    packed = window(engine.tokenizer, engine.preamble, LEASE * 30, LEASE * 10)
    real = engine.prefill(packed).session.bytes
    sizes = anatomy(where)
    found = predict(sizes, layout(read, sizes), len(packed.tokens), documents=len(packed.segments))
    assert found.session_bytes == pytest.approx(real, rel=0.15)
    assert found.disk_bytes >= found.session_bytes


def test_a_window_that_goes_through_some_layers(
    tiny: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = anatomy(tiny)
    monkeypatch.setattr(Checkpoint, "read_layers", property(lambda _: 2))
    read = plan(storage="int8")
    engine = LocalEngine(tiny, sessions_root=tmp_path, roots=("r",), plan=read)
    packed = window(engine.tokenizer, engine.preamble, LEASE * 30)
    sizes = anatomy(tiny)
    found = predict(sizes, layout(read, sizes), len(packed.tokens))
    assert found.session_bytes == pytest.approx(engine.prefill(packed).session.bytes, rel=0.15)
    assert len(kinds_of(sizes, read)) == 2 < len(kinds_of(whole, read))
    assert found.weights_bytes == predict(whole, layout(read, whole), 1000).weights_bytes


def test_hot_and_sealed_are_what_the_layer_holds(tiny: Checkpoint) -> None:
    sizes = anatomy(tiny)
    read = plan(storage="int8", block_tokens=128)
    laid = layout(read, sizes)
    store = Reading(1000, 128)
    for _ in range(10):
        shape = (1, sizes.kv_heads, 100, sizes.key_dim)
        store.append(*(torch.randn(shape, dtype=torch.bfloat16) for _ in "kv"))
    hot = [store.hot.k, store.hot.v, store._means, store._value_means]
    found = predict(sizes, laid, 1000)
    assert found.hot_bytes == sum(x.nbytes for x in hot)
    kept = store.seal("int8")
    assert isinstance(kept, Kept) and kept.sealed.k_scale is not None
    arrays = [kept.sealed.k, kept.sealed.v, kept.sealed.k_scale, kept.sealed.v_scale]
    sealed = sum(x.nbytes for x in [*arrays, kept.all_means, kept.all_value_means] if x is not None)
    assert predict(sizes, laid, 1000, session=False).kept_memory_bytes == sealed * sizes.layers


@pytest.mark.parametrize("able", [True, False])
def test_more_tokens_take_more_of_everything(
    able: bool, tiny: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kimidoc.planner.predict.multiplies_int8", lambda: able)
    sizes = anatomy(tiny)
    laid = layout(ReadPlan(), sizes)
    one, two = (predict(sizes, laid, n, calibration=CALIBRATION) for n in (100_000, 200_000))
    for name in ("hidden_bytes", "hot_bytes", "session_bytes", "peak_rss_bytes", "disk_bytes"):
        assert getattr(two, name) > getattr(one, name)
    in_layers, total = sum(sizes.layer_parameters), sizes.model.parameters_total
    each = 1 if able else 2  # bytes of a weight of a linear layer
    assert two.weights_bytes == one.weights_bytes == in_layers * each + (total - in_layers) * 2
    plain = predict(sizes, layout(ReadPlan(weights="bf16"), sizes), 100_000)
    assert plain.weights_bytes == total * 2
    assert one.prefill_seconds is not None and two.prefill_seconds is not None
    assert two.prefill_seconds - one.prefill_seconds == pytest.approx(6.0, rel=0.05)
    assert two.question_seconds == 0.5


def test_without_a_calibration_there_are_no_seconds(tiny: Checkpoint) -> None:
    sizes = anatomy(tiny)
    found = predict(sizes, layout(ReadPlan(), sizes), 1000, held_bytes=7)
    assert found.prefill_seconds is None and found.question_seconds is None
    assert found.peak_rss_bytes > PROGRAM_BYTES + 7


def test_layers_without_history_keep_tails_and_hidden_states_lie_in_files(tiny: Checkpoint) -> None:
    sizes = anatomy(tiny)
    whole = layout(ReadPlan(), sizes)
    local = replace(
        whole, history=(False, False, True), anchor_tokens=65_536, hidden_file_tokens=32_768
    )
    short, long = predict(sizes, local, 30_000), predict(sizes, local, 300_000)
    assert short.hidden_disk_bytes == 0 and long.hidden_disk_bytes == 2 * 300_000 * sizes.hidden * 2
    assert long.disk_bytes == long.session_bytes + long.hidden_disk_bytes
    in_memory = predict(sizes, replace(whole, hidden_file_tokens=None), 300_000)
    assert long.peak_rss_bytes == in_memory.peak_rss_bytes - in_memory.hidden_bytes
    tails = 2 * 5 * local.tails[0] * sizes.cached * 2  # two layers, one tail and four anchors
    kept = predict(sizes, local, 300_000, session=False).kept_memory_bytes
    third = predict(sizes, whole, 300_000, session=False).kept_memory_bytes // 3
    assert kept == third + tails
