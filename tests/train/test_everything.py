"""All stages one after the other, and the rules that are chosen last, on toy documents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kimidoc.engine.votes import Rules
from kimidoc.indexer.kinds import Kinds
from kimidoc.indexer.model import Indexer
from kimidoc.models import nano
from kimidoc.models.checkpoint import Checkpoint, with_reader
from kimidoc.train import calibrate, everything, kept, kinds, sources, spans
from kimidoc.train import indexer as late
from kimidoc.train.sources import cuad, held_out
from tests.train.conftest import HELD
from tests.train.test_reader import RECIPE
from tests.train.test_spans import toy, toy_sets


def test_every_file_and_the_rules(
    more: Path, checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [pair for n, pair in enumerate(kinds.asked(more)) if n % 40 == 0]
    monkeypatch.setattr(kinds, "asked", lambda *_: few)
    monkeypatch.setattr(sources, "paragraphs", lambda: iter(toy(11)))
    monkeypatch.setattr(sources, "asked_of_all", lambda: iter(toy(11)))
    monkeypatch.setattr(sources, "sets", lambda: iter(toy_sets()))
    stages = (
        late.Recipe(steps=3, windows=2), replace(RECIPE, steps=3, tokens=4000),
        spans.Recipe(steps=4, rewarded=1),
    )  # fmt: skip
    out = tmp_path / "out"
    right = everything.run(
        more, [], checkpoint, tmp_path / "work", out, 1, at_once=1500, stages=stages
    )
    assert Indexer.load(out / "indexer.safetensors").about["checkpoint"] == checkpoint.fingerprint
    assert Kinds.load(out / "kinds.safetensors").about["checkpoint"] == checkpoint.fingerprint
    both = with_reader(
        checkpoint, out / "reader.safetensors", out / "spans.safetensors", out / "rules.json"
    )
    assert both.states == checkpoint.fingerprint and both.rules is not None
    rules = Rules.of(nano.rules(both.rules))
    assert rules.found == pytest.approx(right["found"], rel=1e-4) and rules.worth == right["worth"]
    for group in ("", "free_", "of_all_"):
        for name in ("found_when_present", "not_found_when_absent", "right"):
            assert 0 <= right[group + name] <= 1


def test_what_is_held_out_is_in_neither_the_rest_nor_dev(more: Path) -> None:
    root = more / "cuad"
    held = [d.path for d in cuad(root, "train", held=True)]
    rest = [d.path for d in cuad(root, "train", held=False)]
    assert held == [HELD] and not set(held) & set(rest)
    assert sorted(held + rest) == [d.path for d in cuad(root, "train")]
    assert [d.path for d in kept.held_out(root, 3)] == held
    assert sum(held_out(str(n)) for n in range(4000)) == pytest.approx(250, abs=60)


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_has_the_best_sum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    present = rng.random(40) < 0.4
    beliefs = np.round(rng.normal(size=40) + present, 1)
    at = calibrate.threshold(beliefs, present)

    def merit(cut: float) -> float:
        return float((beliefs[present] >= cut).mean() + (beliefs[~present] < cut).mean())

    assert merit(at) == pytest.approx(max(merit(c) for c in np.arange(-5, 5, 0.05)))
