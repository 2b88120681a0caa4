"""The rule for found and not found: its regression against another's, and the whole stage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from kimidoc.cli.main import main
from kimidoc.engine.finding import Verdict
from kimidoc.errors import UsageError
from kimidoc.indexer.model import Indexer, Shape
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.train import verdict


@pytest.mark.parametrize("seed", range(3))
def test_the_regression_is_the_one_of_a_library(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal([0.3, 4.0, 1.0], [0.1, 2.0, 0.5], (400, 3))
    present = (x @ [6.0, 0.4, 0.5] + rng.normal(0, 0.6, 400) > 4.6).astype(float)
    weights, bias = verdict.logistic(x, present)
    z = (x - x.mean(0)) / x.std(0)
    # sums 400 terms where ours is a mean, hence C
    theirs = LogisticRegression(class_weight="balanced", C=1 / (400 * verdict.RIDGE))
    theirs.fit(z, present)
    ours = x @ weights + bias
    assert np.corrcoef(ours, theirs.decision_function(z))[0, 1] > 0.999
    assert np.mean((ours >= 0) == theirs.predict(z)) > 0.98


def test_one_class_only_is_no_reason_to_fail() -> None:
    x = np.random.default_rng(0).normal(size=(20, 3))
    weights, bias = verdict.logistic(x, np.ones(20))
    assert np.isfinite([*weights, bias]).all() and (x @ weights + bias > 0).all()


def test_the_stage_writes_the_rule_into_the_weights(
    data: Path, checkpoint: Checkpoint, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file, done = tmp_path / "i.safetensors", tmp_path / "done.safetensors"
    Indexer(Shape.of(3, 32)).save(file, {"checkpoint": checkpoint.fingerprint, "seed": "7"})
    line = [
        "train", "verdict", str(data), "--indexer", str(file), "-o", str(done),
        "--model", str(checkpoint.folder), "--offline",
    ]  # fmt: skip
    assert main(line) == 0
    said = capfd.readouterr().out
    assert "found_when_present: " in said and "not_found_when_absent: " in said
    written = Indexer.load(done)
    assert written.about["seed"] == "7" and Verdict.of(written) is not None
    assert Verdict.of(Indexer.load(file)) is None
    for name, tensor in Indexer.load(file).state_dict().items():
        assert tensor.equal(written.state_dict()[name])


def test_weights_of_another_checkpoint_are_refused(
    data: Path, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    Indexer(Shape.of(3, 32)).save(tmp_path / "i.safetensors", {"checkpoint": "other"})
    out = tmp_path / "o.safetensors"
    with pytest.raises(UsageError, match="another checkpoint"):
        verdict.run(data, checkpoint, tmp_path / "i.safetensors", out, 1000)
    with pytest.raises(UsageError, match="cuad is not there"):
        verdict.run(tmp_path, checkpoint, tmp_path / "i.safetensors", out, 1000)
