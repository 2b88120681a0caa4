"""Sessions on disk: what comes back, what survives a crash, and what is said of damage."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from array import array
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.errors import SessionError
from kimidoc.kvcache import session, snapshot, storage
from kimidoc.kvcache.layer import Kept, Recent
from tests.kvcache.conftest import FACTS, kept, write

TOKENS = array("i", range(22))
OTHER = array("i", range(100, 130))


def test_what_is_loaded_is_what_was_written(tmp_path: Path) -> None:
    while_writing = write(tmp_path, "one", TOKENS)
    layers = snapshot.load(tmp_path / "one")
    expected = kept(22)
    for full, sliding in (while_writing, layers):
        assert isinstance(full, Kept) and isinstance(sliding, Recent)
        assert torch.equal(full.span(0, 20)[0], expected.span(0, 20)[0])
        assert torch.equal(full.all_means, expected.all_means)
        assert torch.equal(full.all_value_means, expected.all_value_means)
        assert (full.length, sliding.window) == (22, 3)
        assert sliding.last()[0].shape[2] == 2
    assert session.read_tokens(tmp_path / "one") == TOKENS
    assert snapshot.verify(tmp_path / "one") == ()
    assert [p.name for p in tmp_path.iterdir()] == ["one"]


def test_raw_layers_come_back_exactly(tmp_path: Path) -> None:
    with snapshot.Writer(tmp_path, "raw") as writer:
        writer.add(kept(22, "raw"))
        writer.finish(TOKENS, FACTS)
    (layer,) = snapshot.load(tmp_path / "raw")
    assert isinstance(layer, Kept)
    assert torch.equal(layer.sealed.k, kept(22, "raw").sealed.k)
    assert layer.sealed.k.dtype == torch.float32


def test_list_show_and_remove(tmp_path: Path) -> None:
    assert session.list_sessions(tmp_path / "none") == []
    write(tmp_path, "ab12", TOKENS)
    write(tmp_path, "ab34", OTHER)
    (tmp_path / "not-a-session").mkdir()
    (tmp_path / "a file").write_text("x")
    assert {s.id for s in session.list_sessions(tmp_path)} == {"ab12", "ab34"}
    (found,) = session.find(tmp_path, "ab3")
    assert (found.id, found.tokens, found.model) == ("ab34", 30, "tiny")
    assert found.documents == (("a.txt", "s1"), ("b.txt", "s2"))
    assert found.bytes == sum(f.stat().st_size for f in (tmp_path / "ab34").iterdir())
    with pytest.raises(SessionError, match="more than one"):
        session.find(tmp_path, "ab")
    with pytest.raises(SessionError, match="no session") as e:
        session.find(tmp_path, "zz")
    assert "sessions list" in e.value.hint
    session.remove(session.find(tmp_path, "ab12")[0])
    assert {s.id for s in session.list_sessions(tmp_path)} == {"ab34"}


@pytest.mark.parametrize(
    "name", ["", ".hidden", "../up", "a/b", "a\\b", "x" * 65, "a b", "ä", "a\n"]
)
def test_names_that_are_no_folder_names(name: str) -> None:
    with pytest.raises(SessionError, match="not a session name"):
        session.check_name(name)


def test_derived_ids_depend_on_everything_and_are_names() -> None:
    base = session.derive_id(("/a", "/b"), "m", "s")
    assert session.check_name(base) == base
    others = {
        session.derive_id(*x)
        for x in ((("/a/b",), "m", "s"), (("/a", "/b"), "n", "s"), (("/a", "/b"), "m", "t"))
    }
    assert len(others | {base}) == 4


@pytest.mark.parametrize("step", ["add", "tokens", "manifest", "rename"])
def test_a_failed_write_leaves_the_old_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    write(tmp_path, "one", TOKENS)
    before = {p.name: p.read_bytes() for p in (tmp_path / "one").iterdir()}
    real, rename = storage.write_file, Path.rename

    def fail(path: Path, data: bytes | memoryview) -> None:
        wanted = {"add": "layer-001.k", "tokens": session.TOKENS, "manifest": session.MANIFEST}
        if path.name == wanted.get(step):
            raise storage.disk_error(path.parent, OSError(errno.ENOSPC, "full"))
        real(path, data)

    def fail_rename(self: Path, target: Path) -> Path:
        if step == "rename" and self.name.startswith(".writing-"):
            raise OSError(errno.EIO, "input/output error")
        return rename(self, target)

    for module in (storage, snapshot):
        monkeypatch.setattr(module, "write_file", fail)
    monkeypatch.setattr(Path, "rename", fail_rename)
    with pytest.raises(SessionError):
        write(tmp_path, "one", OTHER, seed=9)
    assert {p.name: p.read_bytes() for p in (tmp_path / "one").iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["one"]


@pytest.mark.parametrize("call", ["posix_fallocate", "fsync"])
def test_a_full_disk_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    if not hasattr(os, call):
        pytest.skip(f"this system has no {call}")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(SessionError, match="disk is full") as e:
        write(tmp_path, "one", TOKENS)
    assert "sessions rm" in e.value.hint and "--session none" in e.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SessionError, match="could not be written") as e:
        write(tmp_path / "file", "one", TOKENS)
    assert "KIMIDOC_CACHE_DIR" in e.value.hint


def test_a_killed_writer_costs_nothing(tmp_path: Path) -> None:
    """A process that dies in the middle of a write: the old session is whole, the rest goes."""
    write(tmp_path, "one", TOKENS)
    script = (
        "import os, sys, torch\n"
        "from pathlib import Path\n"
        "from tests.kvcache.conftest import kept\n"
        "from kimidoc.kvcache import snapshot\n"
        "writer = snapshot.Writer(Path(sys.argv[1]), 'one').__enter__()\n"
        "writer.add(kept(30))\n"
        "os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert done.returncode == 9
    assert len(list(tmp_path.glob(".writing-one-*"))) == 1
    assert [s.id for s in session.list_sessions(tmp_path)] == ["one"]
    assert snapshot.verify(tmp_path / "one") == ()
    assert session.remove_unfinished(tmp_path) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["one"]


def test_a_writer_killed_between_its_renames_is_undone(tmp_path: Path) -> None:
    write(tmp_path, "one", TOKENS)
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    (tmp_path / "one").rename(tmp_path / f".replaced-one-{gone}")
    assert session.list_sessions(tmp_path) == []
    session.remove_unfinished(tmp_path)
    assert session.find(tmp_path, "one")[0].tokens == 22
    # and once the new one is in place, the old one goes
    write(tmp_path, f"copy-{gone}", OTHER)
    (tmp_path / f"copy-{gone}").rename(tmp_path / f".replaced-one-{gone}")
    assert session.remove_unfinished(tmp_path) == 1
    assert session.find(tmp_path, "one")[0].tokens == 22


def test_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    with snapshot.Writer(tmp_path, "one"):
        assert session.remove_unfinished(tmp_path) == 0
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["layer-000.k", "layer-000.v_scale", "layer-001.v"])
def test_a_cut_file_is_named(tmp_path: Path, file: str) -> None:
    write(tmp_path, "one", TOKENS)
    whole = (tmp_path / "one" / file).read_bytes()
    (tmp_path / "one" / file).write_bytes(whole[:-1])
    with pytest.raises(SessionError, match=file) as e:
        snapshot.load(tmp_path / "one")
    assert "sessions rm one" in e.value.hint
    assert snapshot.verify(tmp_path / "one") == (file,)
    (tmp_path / "one" / file).unlink()
    with pytest.raises(SessionError, match=file):
        snapshot.load(tmp_path / "one")
    assert snapshot.verify(tmp_path / "one") == (file,)


def test_a_flipped_bit_is_found_by_verify(tmp_path: Path) -> None:
    write(tmp_path, "one", TOKENS)
    path = tmp_path / "one" / "layer-000.v"
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)
    assert snapshot.verify(tmp_path / "one") == ("layer-000.v",)


@pytest.mark.parametrize("size", [0, 4, 87, 84])
def test_cut_token_ids_are_named(tmp_path: Path, size: int) -> None:
    write(tmp_path, "one", TOKENS)
    path = tmp_path / "one" / session.TOKENS
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(SessionError, match=session.TOKENS):
        session.read_tokens(tmp_path / "one")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 1}', '{"version": 999}', "\x00"])
def test_a_broken_manifest_is_no_session(tmp_path: Path, text: str) -> None:
    write(tmp_path, "one", TOKENS)
    (tmp_path / "one" / session.MANIFEST).write_text(text)
    assert session.list_sessions(tmp_path) == []
    assert snapshot.verify(tmp_path / "one") == (session.MANIFEST,)
    with pytest.raises(SessionError, match="no readable session"):
        snapshot.load(tmp_path / "one")


def test_the_manifest_lists_every_file(tmp_path: Path) -> None:
    write(tmp_path, "one", TOKENS)
    manifest = json.loads((tmp_path / "one" / session.MANIFEST).read_text())
    names = {p.name for p in (tmp_path / "one").iterdir()} - {session.MANIFEST}
    assert set(manifest["files"]) == names
    assert manifest["fingerprint"] == "sha256:m" and manifest["settings"] == "plan"


@given(
    a=st.lists(st.integers(0, 2), max_size=30),
    b=st.lists(st.integers(0, 2), max_size=30),
    same=st.lists(st.integers(0, 9), max_size=30),
)
def test_common_prefix_is_its_twin(a: list[int], b: list[int], same: list[int]) -> None:
    x, y = array("i", same + a), array("i", same + b)
    naive = 0
    while naive < min(len(x), len(y)) and x[naive] == y[naive]:
        naive += 1
    assert session.common_prefix(x, y) == naive


def test_directory_functions_load_no_torch() -> None:
    code = "import sys, kimidoc.kvcache.session; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
