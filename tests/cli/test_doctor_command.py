"""``kimidoc doctor``: what it says of a machine, and what it warns of."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from kimidoc.cli import doctor
from kimidoc.cli.main import main
from kimidoc.config import NAMES
from tests.cli.conftest import Program


def _said(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[str, str]:
    assert main(["doctor", *options]) == 0
    found = capsys.readouterr()
    return found.out, found.err


def test_machine_settings_and_origins(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "kimidoc.toml").write_text('budget_tokens = "200k"\nexclude = ["*.log", "tmp/"]\n')
    monkeypatch.setenv("KIMIDOC_SEED", "7")
    out, err = _said(capsys, "--offline")
    facts, settings = (
        {line.split()[0]: line for line in part.splitlines()} for part in out.split("\n\n")
    )
    assert facts["python"].split()[1] == sys.version.split()[0]
    assert facts["torch"].split()[1][0].isdigit()
    assert facts["model"].endswith("nano, not installed")
    assert facts["sessions"].split() == ["sessions", "0,", "0", "B"]
    assert settings["budget_tokens"].split()[1] == "200000"
    assert settings["budget_tokens"].endswith("kimidoc.toml: budget_tokens")
    assert "*.log, tmp/" in settings["exclude"]
    assert settings["seed"].split() == ["seed", "7", "KIMIDOC_SEED"]
    assert settings["offline"].split() == ["offline", "yes", "--offline"]
    assert settings["threads"].split() == ["threads", "-", "default"]
    assert settings.keys() == {"setting", *NAMES}
    assert "the first run fetches 93 MB, and offline forbids that" in err
    assert not (work.parent / "cache").exists()  # it looks, and changes nothing


def test_what_will_bite(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = SimpleNamespace(total=4 * 10**9, available=10**9)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**9))
    monkeypatch.setattr(doctor, "PACKAGES", ("torch", "kimidoc-no-such-package"))
    monkeypatch.setenv("KIMIDOC_THREADS", "9999")
    monkeypatch.setenv("KIMIDOC_MODEL", "missing-model")
    out, err = _said(capsys)
    assert "only 1.0 GB are free in the cache folder" in err
    assert "only 1.0 GB of memory are available" in err
    assert "threads is 9999, and there are" in err
    assert "kimidoc-no-such-package is not installed" in err
    assert "model is 'missing-model', which is neither a known model nor a folder" in err
    assert "missing-model, not found" in out
    monkeypatch.setenv("KIMIDOC_MODEL", str(work))
    assert f"{work}, a folder" in _said(capsys)[0]


def test_a_cache_that_is_a_file(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "file").touch()
    monkeypatch.setenv("KIMIDOC_CACHE_DIR", str(work / "file"))
    assert "cannot be written to" in _said(capsys)[1]


def test_a_containers_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(doctor, "_CGROUP_LIMITS", (tmp_path / "none", limit))
    limit.write_text("max\n")
    machine = psutil.virtual_memory().total
    assert doctor._memory()[0] == machine
    limit.write_text("1000000\n")
    assert doctor._memory() == (1_000_000, 1_000_000)
    limit.write_bytes(b"\xff")
    assert doctor._memory()[0] == machine


def test_a_wrong_setting_is_an_error(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "kimidoc.toml").write_text("budget_tokens = 0\n")
    assert main(["doctor"]) == 2
    assert "budget_tokens" in capsys.readouterr().err


def test_no_torch(program: Program) -> None:
    code = (
        "import sys\nfrom kimidoc.cli.main import main\n"
        "code = main(['doctor'])\n"
        "loaded = {'torch', 'transformers'} & set(sys.modules)\n"
        "sys.exit(f'loaded {loaded}' if loaded else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=program.variables,
        cwd=program.work,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "budget_tokens" in done.stdout
