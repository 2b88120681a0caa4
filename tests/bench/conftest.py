"""A tiny checkpoint, a text of a few thousand tokens, and benchmarks as a user starts them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kimidoc.cli.main import main
from tests.engine.answer_models import CODE, LEASE, SUPPLY, folder

Bench = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a tiny random llama."""
    return str(folder(tmp_path_factory.mktemp("bench") / "tiny"))


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two texts in an empty folder; the cache is the test's own."""
    monkeypatch.setenv("KIMIDOC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KIMIDOC_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text(LEASE * 12, "utf-8")
    (tmp_path / "b.txt").write_text((SUPPLY + CODE) * 12, "utf-8")
    return tmp_path


@pytest.fixture
def bench(model: str, work: Path, capfd: pytest.CaptureFixture[str]) -> Bench:
    """Run one benchmark to its JSON."""

    def run(task: str, *arguments: str) -> dict[str, Any]:
        command = ["bench", task, "a.txt", "b.txt", "--model", model, "--json", "-", "--offline"]
        code = main([*command, *arguments])
        out, err = capfd.readouterr()
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        assert found["schema"] == "kimidoc.bench/1" and found["task"] == task
        assert found["machine"]["cores"] >= 1 and found["model"]["parameters_total"] > 0
        return found

    return run
