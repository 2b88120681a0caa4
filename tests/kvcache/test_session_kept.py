"""All that takes room: unfinished readings, damaged and outdated sessions; and what removes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from array import array
from pathlib import Path
from typing import Any

import pytest

from kimidoc.errors import SessionError
from kimidoc.kvcache import lock, session, snapshot
from tests.kvcache.conftest import write

TOKENS = array("i", range(22))
PROGRESS: dict[str, Any] = {
    "version": 1, "model": "tiny", "fingerprint": "sha256:m", "settings": "plan", "tokens": 22,
    "tokens_sha256": "00", "layers_done": 2, "layers": 5, "roots": ["/data"],
}  # fmt: skip


def unfinished(root: Path, name: str, **changed: Any) -> Path:
    """A reading that was interrupted after two of five layers, 1,000 bytes of them written."""
    folder = root / f"{session.READING}{name}"
    folder.mkdir(parents=True)
    (folder / "layer-000.k").write_bytes(b"x" * 1_000)
    (folder / session.PROGRESS).write_text(json.dumps(PROGRESS | changed))
    return folder


def test_an_unfinished_reading_is_kept_and_described(tmp_path: Path) -> None:
    folder = unfinished(tmp_path, "one")
    os.utime(folder / session.PROGRESS, (1_000, 1_000))
    assert session.remove_unfinished(tmp_path) == 0
    (found,) = session.kept(tmp_path)
    assert (found.id, found.state, found.layers, found.used) == ("one", "unfinished", (2, 5), 1_000)
    assert (found.model, found.tokens, found.roots) == ("tiny", 22, ("/data",))
    assert found.bytes == 1_000 + (folder / session.PROGRESS).stat().st_size
    assert session.list_sessions(tmp_path) == []
    assert session.read_progress(folder) == PROGRESS


@pytest.mark.parametrize(
    "text",
    [
        None, "", "[]", "{", "\x00", json.dumps(PROGRESS | {"version": 2}),
        json.dumps({k: v for k, v in PROGRESS.items() if k != "settings"}),
        json.dumps(PROGRESS | {"layers_done": 6}), json.dumps(PROGRESS | {"tokens": "22"}),
    ],
)  # fmt: skip
def test_what_nothing_can_go_on_from_is_deleted(tmp_path: Path, text: str | None) -> None:
    folder = unfinished(tmp_path, "one")
    (folder / session.PROGRESS).unlink()
    if text is not None:
        (folder / session.PROGRESS).write_text(text)
    assert session.kept(tmp_path) == []
    with lock.writing(tmp_path, "one"):  # whoever begins to read has the lock, and no progress yet
        assert session.remove_unfinished(tmp_path) == 0
    assert session.remove_unfinished(tmp_path) == 1
    assert [p.name for p in tmp_path.iterdir()] == [".one.lock"]


def test_one_name_may_have_both(tmp_path: Path) -> None:
    unfinished(tmp_path, "one")
    write(tmp_path, "one", TOKENS)
    write(tmp_path, "other", TOKENS)
    both = session.find(tmp_path, "on")
    assert [s.state for s in both] == ["whole", "unfinished"]
    for each in both:
        session.remove(each)
    assert [s.id for s in session.kept(tmp_path)] == ["other"]
    assert {p.name for p in tmp_path.iterdir()} == {"other", ".one.lock"}


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("{", "damaged"),
        (f'{{"version": {session.VERSION}}}', "damaged"),
        ('{"version": 1}', "outdated"),
    ],
)
def test_what_cannot_be_read_still_takes_room(tmp_path: Path, text: str, state: str) -> None:
    write(tmp_path, "one", TOKENS)
    (tmp_path / "one" / session.MANIFEST).write_text(text)
    (tmp_path / "not-a-session").mkdir()
    (found,) = session.kept(tmp_path)
    assert (found.id, found.state) == ("one", state)
    assert found.bytes == sum(f.stat().st_size for f in (tmp_path / "one").iterdir())
    session.remove(found)
    assert session.kept(tmp_path) == [] and (tmp_path / "not-a-session").is_dir()


def test_the_last_used_is_first_and_use_changes_no_byte(tmp_path: Path) -> None:
    for at, name in enumerate(("a", "b", "c")):
        write(tmp_path, name, TOKENS)
        os.utime(tmp_path / name / session.MANIFEST, (at, at))
    before = (tmp_path / "a" / session.MANIFEST).read_bytes()
    assert [s.id for s in session.kept(tmp_path)] == ["c", "b", "a"]
    session.touch(tmp_path / "a")
    assert [s.id for s in session.kept(tmp_path)] == ["a", "c", "b"]
    assert (tmp_path / "a" / session.MANIFEST).read_bytes() == before
    assert snapshot.verify(tmp_path / "a") == ()
    session.touch(tmp_path / "none")  # a session that has just gone is no error
    assert not (tmp_path / "none").exists()


def test_a_session_that_is_being_written_is_not_removed(tmp_path: Path) -> None:
    write(tmp_path, "one", TOKENS)
    (found,) = session.find(tmp_path, "one")
    with lock.writing(tmp_path, "one"), pytest.raises(SessionError, match="being written") as e:
        session.remove(found)
    assert e.value.hint and snapshot.verify(tmp_path / "one") == ()
    session.remove(found)
    session.remove(found)  # another process was faster
    assert not found.path.exists()


def test_a_refused_rename_leaves_the_session_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Windows refuses while a process has files of it mapped."""
    write(tmp_path, "one", TOKENS)

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(SessionError, match="one could not be removed: in use"):
        session.remove(session.find(tmp_path, "one")[0])
    assert snapshot.verify(tmp_path / "one") == ()


@pytest.mark.skipif(sys.platform == "win32", reason="there the removal is refused")
def test_mapped_layers_outlive_their_session(tmp_path: Path) -> None:
    write(tmp_path, "one", TOKENS)
    layer = snapshot.load(tmp_path / "one")[0]
    before = layer.sealed.k.sum().item()  # type: ignore[union-attr]
    session.remove(session.find(tmp_path, "one")[0])
    assert layer.sealed.k.sum().item() == before  # type: ignore[union-attr]


def test_a_removal_that_was_killed_is_finished_later(tmp_path: Path) -> None:
    write(tmp_path, "one", TOKENS)
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    (tmp_path / "one").rename(tmp_path / f".removing-one-{dead}")
    write(tmp_path, "two", TOKENS)
    (tmp_path / "two").rename(tmp_path / f".removing-two-{os.getpid()}")
    assert session.kept(tmp_path) == []
    assert session.remove_unfinished(tmp_path) == 1
    assert [p.name for p in tmp_path.iterdir()] == [f".removing-two-{os.getpid()}"]


def test_leftovers_of_a_name_that_is_being_written_stay(tmp_path: Path) -> None:
    """A writer in another container has a number that nobody has here."""
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    (tmp_path / f".writing-one-{dead}").mkdir()
    with lock.writing(tmp_path, "one"):
        assert session.remove_unfinished(tmp_path) == 0
    assert session.remove_unfinished(tmp_path) == 1


@pytest.mark.parametrize("file", ["layer-000.v", session.TOKENS])
def test_a_file_set_aside_is_missed_by_name(tmp_path: Path, file: str) -> None:
    """A flipped bit is as good as a missing file from then on: no run takes wrong numbers."""
    write(tmp_path, "one", TOKENS)
    where = tmp_path / "one" / file
    data = bytearray(where.read_bytes())
    data[3] ^= 1
    where.write_bytes(data)
    session.set_aside(tmp_path / "one", snapshot.verify(tmp_path / "one"))
    assert (tmp_path / "one" / f"{file}.damaged").read_bytes() == data
    use = session.read_tokens if file == session.TOKENS else snapshot.load
    with pytest.raises(SessionError, match=file):
        use(tmp_path / "one")
    assert snapshot.verify(tmp_path / "one") == (file,)
    session.set_aside(tmp_path / "one", (file,))  # again: nothing is lost
    assert (tmp_path / "one" / f"{file}.damaged").read_bytes() == data
