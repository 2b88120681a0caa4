"""The process: exit codes, what is said where, interrupts and crashes."""

from __future__ import annotations

import errno
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kimidoc import __version__
from kimidoc.cli import app
from kimidoc.cli import main as module
from kimidoc.cli.main import main
from kimidoc.errors import (
    BudgetError,
    CitationError,
    ConfigError,
    CoverageError,
    KimidocError,
    SessionError,
)
from tests.cli.conftest import Program


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (["frobnicate"], "There is no command 'frobnicate'.", "Commands: analyze, ask"),
        (["analyse", "."], "There is no command 'analyse'.", "Did you mean `kimidoc analyze`?"),
        (["--frobnicate"], "No such option: --frobnicate", "`kimidoc --help` shows how"),
        (["ask"], "Missing argument 'PATH... QUESTION'.", "`kimidoc ask --help`"),
        (["ask", "Who signs?"], "no path to read", 'kimidoc ask . "Who signs?"'),
        (["analyze"], "Missing argument", "`kimidoc analyze --help`"),
        (["pack", ".", "--budgte", "5"], "No such option: --budgte", "`kimidoc pack --help`"),
        (["pack", ".", "--format", "yaml"], "pack has no format 'yaml'", "terminal, json"),
        (["sessions", "frob"], "frob", "`kimidoc sessions --help`"),
        (["ask", ".", "x?", "--budget", "lots"], "--budget: expected", "budget_tokens is"),
        (["ask", ".", "x?", "--config", "gone.toml"], "no settings file 'gone.toml'", "TOML"),
        (["ask", ".", "--questions", "gone.jsonl"], "gone.jsonl: cannot be read", "JSON Lines"),
        (["ask", "-", "--questions", "-"], "come from stdin", "into a file"),
        (["ask", ".", "x?", "--json", "no/where.json"], "There is no folder 'no'", "mkdir -p no"),
        (["ask", ".", "x?", "--baseline", "gone.json"], "baseline 'gone.json' cannot", "--json"),
        (
            ["analyze", ".", "--playbook", "frob"],
            "no playbook 'frob'",
            "Playbooks: brief, code-review",
        ),
        (["sessions", "rm"], "Which sessions?", "--all"),
    ],
)
def test_a_wrong_line_ends_with_2_and_says_what_to_do(
    work: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str, hint: str
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "kimidoc: error: " in err and said in err
    assert "  hint: " in err and hint in err
    assert "Traceback" not in err and "internal error" not in err


def test_a_process_ends_as_it_should(program: Program) -> None:
    done = program("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"kimidoc {__version__}\n", "")
    done = program("frobnicate")
    assert (done.returncode, done.stdout) == (2, "") and "no command" in done.stderr
    installed = Path(sys.executable).with_name("kimidoc")
    done = program.run([str(installed), "--help"])
    assert done.returncode == 0 and done.stdout.startswith("Usage: kimidoc ")


def test_the_module_is_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["kimidoc", "frobnicate"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("kimidoc", run_name="__main__")
    assert ended.value.code == 2
    assert "There is no command 'frobnicate'" in capsys.readouterr().err


def test_the_first_sign_of_life_is_on_stderr(program: Program) -> None:
    done = program("ask", ".", "x?", "--budget", "lots")
    assert done.stderr.startswith(f"kimidoc {__version__}\n") and done.stdout == ""
    assert not program("ask", ".", "x?", "--budget", "lots", "-q").stderr.startswith("kimidoc 0")
    quiet = program("ask", ".", "x?", "--budget", "lots", KIMIDOC_QUIET="1")
    assert not quiet.stderr.startswith("kimidoc 0")


def test_a_reader_that_goes_away_is_no_error(program: Program) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            program.command("playbooks", "show", "due-diligence"),
            stdout=write,
            stderr=subprocess.PIPE,
            cwd=program.work,
            env=program.variables,
            timeout=120,
            check=False,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_ctrl_c_ends_with_130(program: Program) -> None:
    running = subprocess.Popen(
        program.command("ask", ".", "--questions", "-"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=program.work,
        env=program.variables,
        # a test run in the background of a shell ignores interrupts, and so would its children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert running.stderr is not None
    greeting = running.stderr.readline()  # it is waiting for questions, or about to
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=120)
    assert greeting == f"kimidoc {__version__}\n".encode()
    assert running.returncode == 130 and out == b""
    assert err.decode().endswith("kimidoc: error: interrupted\n") and b"Traceback" not in err


class Raises:
    """In the place of ``app.run``."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __call__(self, arguments: object, streams: app.Streams) -> int:
        raise self.error


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("it is wrong", hint="mend it"), 2, "error: it is wrong\n  hint: mend it\n"),
        (SessionError("a", hint="b"), 2, "error: a"),
        (BudgetError("a", hint="b"), 3, "error: a"),
        (CoverageError("a", hint="b"), 3, "error: a"),
        (CitationError("a", hint="b"), 4, "error: a"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (BrokenPipeError(), 0, ""),
        (MemoryError(), 2, "out of memory\n  hint: read fewer documents"),
        (OSError(errno.ENOSPC, "No space left on device", "/x"), 2, "No space left on device: /x"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 2, "check who may read"),
        (OSError("odd"), 2, "the system refused: OSError"),
        (KimidocError("\x1b[2Jx\u202e", hint="y"), 2, "error: \\x1b[2Jx\\u202e"),
    ],
)
def test_every_end_has_its_code(
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    said: str,
) -> None:
    monkeypatch.setattr(app, "run", Raises(error))
    if isinstance(error, BrokenPipeError):
        monkeypatch.setattr(module.Streams, "abandon_stdout", lambda self: None)
    assert main(["doctor"]) == code
    out, err = capfd.readouterr()
    assert out == "" and said in err and "Traceback" not in err


def test_a_crash_is_one_line_and_a_file(
    work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "run", Raises(ZeroDivisionError("our mistake")))
    assert main(["pack", "secret folder\udce9"]) == 2
    err = capsys.readouterr().err
    assert "internal error: ZeroDivisionError: our mistake" in err and "Traceback" not in err
    (file,) = (work.parent / "state" / "kimidoc").iterdir()
    assert str(file) in err
    kept = file.read_text(encoding="utf-8")
    assert "ZeroDivisionError: our mistake" in kept and f"kimidoc {__version__}" in kept


def test_a_crash_is_told_even_when_nothing_can_be_kept(
    work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (work / "file").touch()
    monkeypatch.setenv("KIMIDOC_STATE_DIR", str(work / "file" / "below"))
    monkeypatch.setattr(app, "run", Raises(ZeroDivisionError("our mistake")))
    assert main(["pack"]) == 2
    assert "the output of --debug" in capsys.readouterr().err


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_debug_shows_where(
    work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    if how == "variable":
        monkeypatch.setenv("KIMIDOC_DEBUG", "1")
    flags = ["--debug"] if how == "flag" else []
    for error in (ConfigError("a", hint="b"), ZeroDivisionError("c"), OSError(5, "d")):
        monkeypatch.setattr(app, "run", Raises(error))
        assert main(["pack", *flags]) == 2
        assert f"{type(error).__name__}" in capsys.readouterr().err.partition("Traceback")[2]
