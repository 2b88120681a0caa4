"""``kimidoc sessions`` over folders as the engine leaves them; no torch is needed to list them."""

from __future__ import annotations

import io
import json
import os
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from kimidoc.cli.main import main
from kimidoc.cli.tables import size
from kimidoc.kvcache import limit, lock, session
from tests.cli.conftest import Screen

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def root(work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with two sessions, an unfinished one, a leftover and one of another version."""
    monkeypatch.setenv("KIMIDOC_CACHE_DIR", str(work / "cache"))
    root = work / "cache" / "sessions"
    _session(root / "3f2a91c0aaaa", "2026-07-01T09:30:00Z", 31_270)
    _session(root / "3f99", "2026-07-02T09:30:00Z", 12)
    _session(root / "old", "2020-01-01T00:00:00Z", 1, version=0)
    _used(root / "3f99" / session.MANIFEST, 2_000)
    _used(root / "3f2a91c0aaaa" / session.MANIFEST, 3_000)
    _used(root / "old" / session.MANIFEST, 1_000)
    (root / ".writing-x-999999999").mkdir()
    return root


def _used(file: Path, at: float) -> None:
    os.utime(file, (at, at))


def _session(folder: Path, created: str, tokens: int, version: int = session.VERSION) -> None:
    folder.mkdir(parents=True)
    data = b"x" * 4_900
    (folder / "layer-000.k").write_bytes(data)
    manifest = {
        "version": version,
        "created": created,
        "model": "base",
        "fingerprint": "sha256:5f",
        "tokens": tokens,
        "layers": [],
        "files": {"layer-000.k": sha256(data).hexdigest()},
        "documents": [["a/b.pdf", "00ff"], ["evil\x1b[2J.txt", "11ee"]],
        "roots": ["/data/deal-room"],
    }
    (folder / session.MANIFEST).write_text(json.dumps(manifest))


def _unfinished(root: Path, name: str) -> Path:
    folder = root / f"{session.READING}{name}"
    folder.mkdir()
    progress = {
        "version": 1, "model": "base", "fingerprint": "sha256:5f", "settings": "", "tokens": 900,
        "tokens_sha256": "", "layers_done": 12, "layers": 30, "roots": ["/data/mail"],
    }  # fmt: skip
    (folder / session.PROGRESS).write_text(json.dumps(progress))
    (folder / "layer-000.k").write_bytes(b"x" * 100_000)
    return folder


def test_list_has_the_last_used_first(root: Path, capsys: Capture) -> None:
    assert main(["sessions", "list"]) == 0
    out, err = capsys.readouterr()
    head, first, second, third = out.splitlines()
    assert head.split() == ["id", "last", "used", "model", "tokens", "size", "state", "roots"]
    assert first.split()[:2] == ["3f2a91c0aaaa", "1970-01-01T00:50:00Z"]
    assert "31,270" in first and "whole" in first and first.endswith("/data/deal-room")
    assert second.split()[0] == "3f99"
    assert third.split()[0] == "old" and "outdated: of another version" in third
    assert f"16 kB of at most {size(limit.default(root))} in" in err


def test_list_shows_unfinished_readings_and_the_limit(
    root: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    _unfinished(root, "5c5c")
    monkeypatch.setenv("KIMIDOC_SESSIONS_LIMIT_BYTES", "20 MB")
    assert main(["sessions", "list"]) == 0
    out, err = capsys.readouterr()
    first = out.splitlines()[1]
    assert first.split()[0] == "5c5c" and first.endswith("/data/mail")
    assert "unfinished: 40 % of layers, resumes on the next run" in first
    assert "116 kB of at most 20 MB in" in err


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


def test_show_says_how_far_an_unfinished_one_is(root: Path, capsys: Capture) -> None:
    folder = _unfinished(root, "3f99")
    assert main(["sessions", "show", "3f9"]) == 0
    out = capsys.readouterr().out
    assert "whole" in out and "a/b.pdf" in out
    assert "unfinished: 40 % of layers" in out and str(folder) in out


def test_verify_says_that_all_is_as_written(root: Path, capsys: Capture) -> None:
    _unfinished(root, "5c5c")
    assert main(["sessions", "verify"]) == 0
    out, err = capsys.readouterr()
    results = {line.split()[0]: line for line in out.splitlines()[1:]}
    assert results["3f99"].endswith("as written")
    assert results["3f2a91c0aaaa"].endswith("as written")
    assert results["old"].endswith("outdated: of another version; not checked")
    assert "unfinished" in results["5c5c"] and results["5c5c"].endswith("not checked")
    assert "checking sessions: 4 sessions" in err


@pytest.mark.parametrize("harm", ["flip", "cut", "grow", "delete"])
def test_verify_names_the_damaged_file_and_sets_it_aside(
    root: Path, capsys: Capture, harm: str
) -> None:
    file = root / "3f99" / "layer-000.k"
    data = file.read_bytes()
    if harm == "delete":
        file.unlink()
    else:
        file.write_bytes({"flip": b"y" + data[1:], "cut": data[:-1], "grow": data + b"x"}[harm])
    for _ in range(2):  # and again: it stays damaged until a run replaces it
        assert main(["sessions", "verify", "3f"]) == 2  # more than one
        assert "more than one" in capsys.readouterr().err
        assert main(["sessions", "verify", "3f9", "3f2a"]) == 2
        out, err = capsys.readouterr()
        assert [line.split(maxsplit=3)[3] for line in out.splitlines()[1:]] == [
            "damaged: layer-000.k",
            "as written",
        ]
        assert "1 of 2 sessions are damaged: 3f99." in err
        assert "The next run on the same documents" in err
        assert not file.exists()
        assert (root / "3f99" / "layer-000.k.damaged").exists() == (harm != "delete")
    file.write_bytes(data)  # put back from a copy
    assert main(["sessions", "verify", "3f99"]) == 0


def test_verify_names_a_broken_manifest(root: Path, capsys: Capture) -> None:
    (root / "3f99" / session.MANIFEST).write_text("{")
    assert main(["sessions", "verify"]) == 2
    out, _ = capsys.readouterr()
    assert "damaged: manifest.json" in out
    assert (root / "3f99" / session.MANIFEST).read_text() == "{"
    assert main(["sessions", "list"]) == 0
    assert "damaged" in capsys.readouterr().out


def test_a_session_that_is_being_written_is_left_alone(root: Path, capsys: Capture) -> None:
    (root / "3f99" / "layer-000.k").write_bytes(b"half")
    with lock.writing(root, "3f99"):
        assert main(["sessions", "verify", "3f99"]) == 0
        assert "being written by another process; not checked" in capsys.readouterr().out
        assert (root / "3f99" / "layer-000.k").read_bytes() == b"half"
        assert main(["sessions", "rm", "3f99", "3f2a"]) == 2
        err = capsys.readouterr().err
    assert "removed 3f2a91c0aaaa" in err and "3f99 is being written by another process" in err
    assert {s.id for s in session.kept(root)} == {"3f99", "old"}


def test_verify_without_sessions_is_no_error(work: Path, capsys: Capture) -> None:
    assert main(["sessions", "verify"]) == 0
    assert "there are no sessions in" in capsys.readouterr().err


def test_rm_takes_names(root: Path, capsys: Capture) -> None:
    assert main(["sessions", "rm", "3f2a", "3f2a91"]) == 0
    assert "removed 3f2a91c0aaaa" in capsys.readouterr().err
    assert not (root / "3f2a91c0aaaa").exists() and (root / "3f99").exists()
    _unfinished(root, "5c5c")
    assert main(["sessions", "rm", "5c"]) == 0
    assert "removed 5c5c (100 kB)" in capsys.readouterr().err
    assert {s.id for s in session.kept(root)} == {"3f99", "old"}


def test_rm_all_asks_first(root: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["sessions", "rm", "--all"]) == 2
    assert "3 sessions would be removed" in capsys.readouterr().err
    assert main(["sessions", "rm", "--all", "3f99"]) == 2
    assert "Both names and --all" in capsys.readouterr().err
    assert main(["sessions", "rm", "--all", "--yes", "--no-input"]) == 0
    assert [p.name for p in root.iterdir() if p.suffix != ".lock"] == []


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 0), ("n\n", 2, 3), ("", 2, 3)])
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
    assert "Remove 3 sessions (16 kB)?" in err.getvalue() + out.getvalue()
    assert len(session.kept(root)) == left
