"""``kimidoc sessions`` over folders as the engine leaves them; no torch is needed to list them."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from kimidoc.cli.main import main
from kimidoc.kvcache import session
from tests.cli.conftest import Screen

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def root(work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with two sessions, one half-written folder and one of another version."""
    monkeypatch.setenv("KIMIDOC_CACHE_DIR", str(work / "cache"))
    root = work / "cache" / "sessions"
    _session(root / "3f2a91c0aaaa", "2026-07-01T09:30:00Z", 31_270)
    _session(root / "3f99", "2026-07-02T09:30:00Z", 12)
    _session(root / "old", "2020-01-01T00:00:00Z", 1, version=0)
    (root / ".writing-x-999999999").mkdir()
    return root


def _session(folder: Path, created: str, tokens: int, version: int = session.VERSION) -> None:
    folder.mkdir(parents=True)
    manifest = {
        "version": version,
        "created": created,
        "model": "base",
        "fingerprint": "sha256:5f",
        "tokens": tokens,
        "layers": [],
        "files": {},
        "documents": [["a/b.pdf", "00ff"], ["evil\x1b[2J.txt", "11ee"]],
        "roots": ["/data/deal-room"],
    }
    (folder / session.MANIFEST).write_text(json.dumps(manifest))
    (folder / "layer-000.k").write_bytes(b"x" * 4_900)


def test_list_is_newest_first(root: Path, capsys: Capture) -> None:
    assert main(["sessions", "list"]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["id", "3f99", "3f2a91c0aaaa"]
    assert "31,270" in out and "/data/deal-room" in out
    assert "10 kB in" in err


def test_without_sessions_it_says_where_they_would_be(work: Path, capsys: Capture) -> None:
    assert main(["sessions", "list"]) == 0
    out, err = capsys.readouterr()
    assert out == "" and "there are no sessions in" in err


def test_show_takes_a_beginning(root: Path, capsys: Capture) -> None:
    assert main(["sessions", "show", "3f2a"]) == 0
    out = capsys.readouterr().out
    assert "3f2a91c0aaaa" in out and "a/b.pdf" in out and "\x1b" not in out
    for name in ("3f", "zzz"):
        assert main(["sessions", "show", name]) == 2
        assert f"session is called {name!r}" in capsys.readouterr().err


def test_rm_takes_names(root: Path, capsys: Capture) -> None:
    assert main(["sessions", "rm", "3f2a", "3f2a91"]) == 0
    assert "removed 3f2a91c0aaaa" in capsys.readouterr().err
    assert not (root / "3f2a91c0aaaa").exists() and (root / "3f99").exists()


def test_rm_all_asks_first(root: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["sessions", "rm", "--all"]) == 2
    assert "2 sessions would be removed" in capsys.readouterr().err
    assert main(["sessions", "rm", "--all", "3f99"]) == 2
    assert "Both names and --all" in capsys.readouterr().err
    assert main(["sessions", "rm", "--all", "--yes", "--no-input"]) == 0
    assert sorted(p.name for p in root.iterdir()) == ["old"]


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 0), ("n\n", 2, 2), ("", 2, 2)])
def test_somebody_at_the_terminal_is_asked(
    root: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, left: int
) -> None:
    class Keyboard(io.StringIO):
        def isatty(self) -> bool:
            return True

    out, err = Screen(terminal=True), Screen(terminal=True)
    monkeypatch.setattr(sys, "stdin", Keyboard(answer))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["sessions", "rm", "--all"]) == code
    assert "Remove 2 sessions (10 kB)?" in err.getvalue() + out.getvalue()
    assert len(session.list_sessions(root)) == left
