"""The head over questions: its regression against a library's, and the whole stage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from kimidoc.clauses.weights import kinds as known
from kimidoc.cli.main import main
from kimidoc.errors import UsageError
from kimidoc.indexer.kinds import Kinds
from kimidoc.indexer.model import Indexer, Shape
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.train import kinds


def blob(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, 300)
    x = rng.normal(size=(4, 12))[y] * 1.2 + rng.normal(size=(300, 12)) * rng.uniform(0.5, 3, 12)
    return torch.from_numpy(x).float(), torch.from_numpy(y)


@pytest.mark.parametrize("seed", range(2))
def test_the_regression_is_the_one_of_a_library(seed: int) -> None:
    x, y = blob(seed)
    weight, bias = kinds.fit(x, y, 3)
    counts = np.bincount(y.numpy(), minlength=4)
    share = np.array([1, 1, 1, kinds.OTHER_WEIGHT]) / counts
    share /= (share * counts).sum()
    z = ((x - x.mean(0)) / x.std(0)).numpy()
    # the ridge is on the sum of squares, theirs on half of it
    theirs = LogisticRegression(C=1 / (2 * kinds.RIDGE), max_iter=2000, tol=1e-8)
    theirs.fit(z, y.numpy(), sample_weight=share[y.numpy()])
    ours = torch.softmax(x @ weight.T + bias, -1).numpy()
    assert np.abs(ours - theirs.predict_proba(z)).max() < 0.02


def test_questions_of_every_side_are_asked_once(data: Path) -> None:
    pairs = kinds.asked(data)
    words = [question for question, _ in pairs]
    assert len(words) == len(set(words)) > 1500
    assert {kind for _, kind in pairs} - {None} == set(known())
    assert dict(pairs)["What is the monthly rent?"] is None
    assert dict(pairs)["What of the compass?"] is None  # of a data set that is there


def test_the_stage_writes_a_head_for_one_checkpoint(
    data: Path, checkpoint: Checkpoint, tmp_path: Path,
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    several = [pair for n, pair in enumerate(kinds.asked(data)) if n % 12 == 0]
    monkeypatch.setattr(kinds, "asked", lambda *_: several)
    file, done = tmp_path / "i.safetensors", tmp_path / "kinds.safetensors"
    Indexer(Shape.of(3, 32)).save(file, {"checkpoint": checkpoint.fingerprint})
    line = [
        "train", "kinds", str(data), "--indexer", str(file), "-o", str(done), "--blocks", "0.25",
        "--model", str(checkpoint.folder), "--offline",
    ]  # fmt: skip
    assert main(line) == 0
    assert "asks_for_none_and_none_is_said: " in capfd.readouterr().out
    made = Kinds.load(done)
    assert made.about["checkpoint"] == checkpoint.fingerprint and made.about["blocks"] == "0.25"
    assert set(made.names) == {kind for _, kind in several} - {None}
    Indexer(Shape.of(3, 32)).save(file, {"checkpoint": "other"})
    with pytest.raises(UsageError, match="another checkpoint"):
        kinds.run(data, checkpoint, Indexer.load(file), done, 0.5)
