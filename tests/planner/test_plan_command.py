"""``kimidoc plan`` and the check before a run, as a user meets them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kimidoc.cli.main import main
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.planner import calibrate, machine
from tests.engine.answer_models import LEASE
from tests.planner.test_predict import CALIBRATION

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lease in an empty folder; the cache is the test's own; nothing is tried out."""
    monkeypatch.setenv("KIMIDOC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KIMIDOC_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(calibrate, "calibrate", lambda *_: CALIBRATION)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lease.md").write_text(LEASE, "utf-8")
    return tmp_path


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the machine has no memory left."""
    real = machine.look
    monkeypatch.setattr(machine, "look", lambda folder: replace(real(folder), free_memory_bytes=0))


def test_a_table_says_everything(tiny: Checkpoint, capsys: Capture) -> None:
    assert main(["plan", "lease.md", "--model", str(tiny.folder)]) == 0
    out = capsys.readouterr().out
    for word in ("tokens in 1 documents", "weights", "hot", "peak memory", "disk", "reading once"):
        assert word in out
    assert "gpt-4.1" in out and "It fits." in out


def test_json_agrees_with_the_run(tiny: Checkpoint, capsys: Capture) -> None:
    common = ["lease.md", "--model", str(tiny.folder), "--format", "json"]
    assert main(["plan", *common, "--no-time"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert planned["schema"] == "kimidoc.plan/1" and planned["fits"]
    assert planned["calibration"] is None and planned["prediction"]["prefill_seconds"] is None
    assert main(["ask", *common[:1], "Who pays?", *common[1:]]) == 0
    run = json.loads(capsys.readouterr().out)["run"]
    assert planned["window"]["tokens"] == run["window"]["tokens"]
    assert planned["model"]["parameters_total"] == run["model"]["parameters_total"]
    assert planned["prediction"]["session_bytes"] == pytest.approx(
        run["session"]["bytes"], rel=0.15
    )


def test_what_does_not_fit_ends_with_2_and_advice(
    tiny: Checkpoint, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    small(monkeypatch)
    assert main(["plan", "lease.md", "--model", str(tiny.folder)]) == 2
    out, err = capsys.readouterr()
    assert "It does not fit" in out and "smaller --model" in out and "does not fit" in err


def test_a_run_is_refused_unless_told_otherwise(
    tiny: Checkpoint, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    small(monkeypatch)
    asked = ["ask", "lease.md", "Who pays?", "--model", str(tiny.folder)]
    assert main(asked) == 2
    assert "does not fit on this machine" in capsys.readouterr().err
    assert main([*asked, "--no-plan-check"]) == 0
    assert main(asked) == 0  # what is kept needs no reading


def test_prices_of_ones_own(tiny: Checkpoint, work: Path, capsys: Capture) -> None:
    (work / "p.toml").write_text(
        '[[price]]\nmodel = "ours"\ndate = 2026-01-01\nsource = "x"\nusd_per_million_input = 1e6\n',
        "utf-8",
    )
    command = ["plan", "lease.md", "--model", str(tiny.folder), "--no-time", "--prices", "p.toml"]
    assert main([*command, "--format", "json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    (price,) = planned["elsewhere"]
    assert price["model"] == "ours" and price["usd_per_question"] == planned["window"]["tokens"]


@pytest.mark.parametrize("wrong", [["--format", "html"], ["--prices", "nowhere.toml"]])
def test_mistakes_end_with_2(wrong: list[str], tiny: Checkpoint, capsys: Capture) -> None:
    assert main(["plan", "lease.md", "--model", str(tiny.folder), *wrong]) == 2
    assert "hint" in capsys.readouterr().err


def test_over_budget_ends_with_3(tiny: Checkpoint, capsys: Capture) -> None:
    assert main(["plan", "lease.md", "--model", str(tiny.folder), "--budget", "20"]) == 3
