"""The program as a process, and its streams with a terminal that is not there."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from kimidoc.cli.streams import Streams
from kimidoc.config import Environment


class Screen(io.StringIO):
    """A text stream that may be a terminal, in any encoding."""

    def __init__(self, terminal: bool = False, encoding: str = "utf-8") -> None:
        super().__init__()
        self.terminal, self._encoding = terminal, encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self.terminal


def made(
    *, terminal: bool = False, encoding: str = "utf-8", around: Environment | None = None
) -> tuple[Streams, Screen, Screen]:
    """Streams, and their stdout and stderr."""
    out, err = Screen(terminal, encoding), Screen(terminal, encoding)
    return Streams(out, err, around or Environment()), out, err


# File modes mean nothing to root: the capabilities that let it past them do not survive this.
_DROP = (
    "import ctypes, os, sys; libc = ctypes.CDLL(None); "
    "[libc.prctl(24, capability, 0, 0, 0) for capability in (1, 2)]; "  # PR_CAPBSET_DROP
    "os.execv(sys.argv[1], sys.argv[1:])"
)


class Program:
    """Runs ``kimidoc`` as a user's shell would, in an empty folder with an empty home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.work.mkdir()
        kept = {
            k: v for k, v in os.environ.items() if k in ("PATH", "SYSTEMROOT", "LANG", "TMPDIR")
        }
        self.variables = kept | {
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XDG_STATE_HOME": str(folder / "state"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "kimidoc", *arguments]

    def unprivileged(self, *arguments: str) -> list[str]:
        """The command for a user whom file modes bind, whoever runs the tests."""
        as_root = sys.platform == "linux" and os.geteuid() == 0
        return [*([sys.executable, "-c", _DROP] if as_root else []), *self.command(*arguments)]

    def __call__(
        self, *arguments: str, stdin: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return self.run(self.command(*arguments), stdin, **variables)

    def run(
        self, command: Sequence[str], stdin: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            cwd=self.work,
            env=self.variables | variables,
            timeout=120,
            check=False,
        )


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with an empty home, for the program inside this process."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name, place in (("CONFIG", "config"), ("CACHE", "cache"), ("STATE", "state")):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / place))
    for variable in list(os.environ):
        if variable.startswith("KIMIDOC_") or variable in (
            "FORCE_COLOR",
            "COLUMNS",
            "GITHUB_STEP_SUMMARY",
        ):
            monkeypatch.delenv(variable)
    return folder
