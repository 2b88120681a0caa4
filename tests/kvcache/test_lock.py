"""Locks between real processes: one writes, the other waits, says so, and uses what was written."""

from __future__ import annotations

import subprocess
import sys
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kimidoc.errors import SessionError
from kimidoc.kvcache import lock, session, snapshot

HOLD = (
    "import sys\n"
    "from pathlib import Path\n"
    "from kimidoc.kvcache import lock\n"
    "with lock.writing(Path(sys.argv[1]), 'one', lambda: print('waits', flush=True)):\n"
    "    print('has it', flush=True)\n"
    "    sys.stdin.readline()\n"
)
READ = (  # as the engine does: look under the lock, write only what is not there
    "import sys\n"
    "from array import array\n"
    "from pathlib import Path\n"
    "from kimidoc.kvcache import lock, session, snapshot\n"
    "from tests.kvcache.conftest import write\n"
    "root, tokens = Path(sys.argv[1]), array('i', range(22))\n"
    "print('ready', flush=True)\n"
    "sys.stdin.readline()\n"
    "with lock.writing(root, 'one'):\n"
    "    there = session.info(root / 'one') is not None\n"
    "    if not (there and session.read_tokens(root / 'one') == tokens):\n"
    "        write(root, 'one', tokens)\n"
    "    layers = snapshot.load(root / 'one')\n"
    "print('used' if there else 'wrote', len(layers), layers[0].length)\n"
)


@contextmanager
def _process(script: str, root: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", script, str(root)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_a_second_process_waits_and_says_so(tmp_path: Path) -> None:
    with _process(HOLD, tmp_path) as first:
        assert _line(first) == "has it"
        assert lock.held(tmp_path, "one") and not lock.held(tmp_path, "two")
        with _process(HOLD, tmp_path) as second:
            assert _line(second) == "waits"
            assert second.poll() is None
            _go(first)
            assert first.wait(60) == 0
            assert _line(second) == "has it"
            _go(second)
            assert second.wait(60) == 0
    assert not lock.held(tmp_path, "one")


def test_a_killed_process_lets_go(tmp_path: Path) -> None:
    with _process(HOLD, tmp_path) as first:
        assert _line(first) == "has it"
        first.kill()
        first.wait(60)
    said: list[str] = []
    with lock.writing(tmp_path, "one", lambda: said.append("waits")) as waited:
        assert not waited and said == []


def test_two_processes_at_once_write_once_and_both_have_it(tmp_path: Path) -> None:
    with _process(READ, tmp_path) as one, _process(READ, tmp_path) as two:
        assert (_line(one), _line(two)) == ("ready", "ready")
        _go(one)
        _go(two)
        assert sorted((_line(one), _line(two))) == ["used 2 22", "wrote 2 22"]
        assert (one.wait(60), two.wait(60)) == (0, 0)
    assert snapshot.verify(tmp_path / "one") == ()
    assert session.read_tokens(tmp_path / "one") == array("i", range(22))
    assert {p.name for p in tmp_path.iterdir()} == {"one", ".one.lock"}


def test_this_process_counts_too(tmp_path: Path) -> None:
    assert not lock.held(tmp_path, "one")
    assert list(tmp_path.iterdir()) == []  # asking leaves nothing
    with lock.writing(tmp_path, "one"):
        assert lock.held(tmp_path, "one")
        with lock.attempt(tmp_path, "one") as free:
            assert not free
        with lock.attempt(tmp_path, "two") as free:
            assert free and lock.held(tmp_path, "two")
    assert not lock.held(tmp_path, "one")


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lock.writing(tmp_path, "one"):
        1 / 0  # noqa: B018
    with pytest.raises(ZeroDivisionError), lock.attempt(tmp_path, "one"):
        1 / 0  # noqa: B018
    assert not lock.held(tmp_path, "one")


@pytest.mark.parametrize("manner", [lock.writing, lock.attempt])
def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path, manner: object) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / ".one.lock").mkdir()
    for root in (tmp_path / "file", tmp_path):
        with pytest.raises(SessionError, match="no session can be written") as e:
            with manner(root, "one"):  # type: ignore[operator]
                pass
        assert "--session none" in e.value.hint


def test_locks_load_no_torch() -> None:
    code = "import sys, kimidoc.kvcache.lock; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
