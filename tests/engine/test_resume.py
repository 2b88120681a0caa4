"""A long reading that is interrupted, at any moment and in any manner, is gone on with."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from kimidoc.engine import reading
from kimidoc.engine.base import Progress, silent
from kimidoc.engine.local import LocalEngine
from kimidoc.errors import SessionError
from kimidoc.kvcache import lock, session, storage
from kimidoc.types import Window
from tests.engine.answer_models import CODE, LEASE, SUPPLY
from tests.engine.test_local import engine, packed

TEXTS = (LEASE, SUPPLY, CODE)
KILLED = """
import os, signal, sys
from pathlib import Path
from kimidoc.engine import reading
from tests.engine.test_local import engine, packed
from tests.engine.test_resume import TEXTS
reading.RESUMABLE_TOKENS = 1
calls = 0
def progress(*said):
    global calls
    calls += 1
    if calls == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
of = engine(Path(sys.argv[1]), session="deal")
of.prefill(packed(of, *TEXTS), progress)
"""


@pytest.fixture(autouse=True)
def long_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "RESUMABLE_TOKENS", 1)


class Stop:
    """A Progress that presses Ctrl-C at its ``at``-th report, and counts what was read."""

    def __init__(self, at: int | None = None) -> None:
        self.at, self.calls = at, 0

    def __call__(self, stage: str, done: int, total: int, unit: str) -> None:
        self.calls += 1
        if self.calls == self.at:
            raise KeyboardInterrupt


def opened(root: Path, family: str = "llama") -> tuple[LocalEngine, Window]:
    of = engine(root, family=family, session="deal")
    return of, packed(of, *TEXTS)


def files(root: Path) -> dict[str, bytes]:
    """The session's arrays; its manifest holds the time."""
    return {
        p.name: p.read_bytes()
        for p in sorted((root / "deal").iterdir())
        if p.name != session.MANIFEST
    }


def read(root: Path, progress: Progress = silent, family: str = "llama") -> dict[str, bytes]:
    of, window = opened(root, family)
    of.prefill(window, progress)
    return files(root)


def interrupted(root: Path, at: int, family: str = "llama") -> None:
    of, window = opened(root, family)
    with pytest.raises(KeyboardInterrupt):
        of.prefill(window, Stop(at))


@pytest.mark.parametrize("family", ["llama", "gpt_oss", "deepseek_v3"])
def test_the_same_bytes_from_wherever_it_stopped(tmp_path: Path, family: str) -> None:
    whole = Stop()
    wanted = read(tmp_path / "whole", whole, family)
    assert whole.calls > 8
    for at in range(1, whole.calls + 1):
        root = tmp_path / str(at)
        interrupted(root, at, family)
        again = Stop()
        assert read(root, again, family) == wanted, at
        assert again.calls <= whole.calls
        assert [p.name for p in root.iterdir() if p.is_dir()] == ["deal"]


def test_layers_that_were_done_are_not_read_again(tmp_path: Path) -> None:
    whole, again = Stop(), Stop()
    read(tmp_path / "whole", whole)
    interrupted(tmp_path / "cut", whole.calls)  # in the last layer
    (left,) = session.kept(tmp_path / "cut")
    assert left.state == "unfinished" and left.layers == (2, 3)
    read(tmp_path / "cut", again)
    assert again.calls == whole.calls // 3


def test_stopped_twice(tmp_path: Path) -> None:
    whole = Stop()
    wanted = read(tmp_path / "whole", whole)
    interrupted(tmp_path / "cut", whole.calls // 2)
    interrupted(tmp_path / "cut", 2)
    assert read(tmp_path / "cut") == wanted


@pytest.mark.parametrize("at", [3, 9])
def test_killed(tmp_path: Path, at: int) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path / "cut"), str(at)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert not lock.held(tmp_path / "cut", "deal")
    assert read(tmp_path / "cut") == read(tmp_path / "whole")


@pytest.mark.parametrize(
    ("what", "damage"),
    [
        *product(["hidden-0", "hidden-1", "progress.json"], ["cut", "gone", "flipped"]),
        *product(["layer-000.k"], ["cut", "gone"]),  # flipped bits are for `sessions verify`
    ],
)
def test_what_is_damaged_is_read_anew(tmp_path: Path, what: str, damage: str) -> None:
    whole = Stop()
    wanted = read(tmp_path / "whole", whole)
    root = tmp_path / "cut"
    interrupted(root, whole.calls // 2)
    file = root / f"{session.READING}deal" / what
    data = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        middle = len(data) // 2
        rest = b"" if damage == "cut" else bytes([data[middle] ^ 0x55]) + data[middle + 1 :]
        file.write_bytes(data[:middle] + rest)
    assert read(root) == wanted


def test_another_window_does_not_go_on_from_it(tmp_path: Path) -> None:
    interrupted(tmp_path, 9)
    of = engine(tmp_path, session="deal")
    calls = Stop()
    of.prefill(packed(of, CODE, LEASE), calls)
    fresh = engine(tmp_path / "fresh", session="deal")
    fresh.prefill(packed(fresh, CODE, LEASE))
    assert files(tmp_path) == files(tmp_path / "fresh")


def test_progress_says_whose_it_is(tmp_path: Path) -> None:
    interrupted(tmp_path, 9)
    found = session.read_progress(tmp_path / f"{session.READING}deal")
    assert found is not None and 0 < found["layers_done"] < found["layers"] == 3
    assert found["roots"] == ["/documents"]
    json.dumps(found)


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, left = storage.write_file, iter(range(7))

    def full(path: Path, data: bytes | memoryview) -> None:
        if next(left, None) is None:
            raise storage.disk_error(path.parent, OSError(28, "No space left on device"))
        real(path, data)

    monkeypatch.setattr(storage, "write_file", full)
    of, window = opened(tmp_path)
    with pytest.raises(SessionError, match="disk is full"):
        of.prefill(window)
    assert [p for p in tmp_path.iterdir() if p.is_dir()] == []
