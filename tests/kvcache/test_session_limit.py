"""The limit: the least recently used go, whole, and never the ones in use."""

from __future__ import annotations

import json
import os
import shutil
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.kvcache import limit, lock, session, snapshot
from tests.kvcache.conftest import write
from tests.kvcache.test_session_kept import unfinished

TOKENS = array("i", range(22))
DAY = 24 * 3600.0
NOW = 100 * DAY


def used(root: Path, name: str, days_ago: float, at_least: int = 0) -> int:
    """A session (or ``.reading-`` folder) as last used so long ago; returns its bytes."""
    if name.startswith(session.READING):
        folder = unfinished(root, name.removeprefix(session.READING))
        file = folder / session.PROGRESS
    else:
        write(root, name, TOKENS)
        folder = root / name
        file = folder / session.MANIFEST
    (folder / "filler").write_bytes(b"x" * at_least)
    os.utime(file, (NOW - days_ago * DAY,) * 2)
    return sum(f.stat().st_size for f in folder.iterdir())


def names(evicted: limit.Evicted) -> list[str]:
    return [s.path.name for s in evicted.removed]


def test_the_least_recently_used_go_until_the_rest_fits(tmp_path: Path) -> None:
    sizes = {
        name: used(tmp_path, name, days) for name, days in zip("abcd", (4, 9, 2, 1), strict=True)
    }
    evicted = limit.evict(tmp_path, sizes["a"] + sizes["c"] + sizes["d"], "d", NOW)
    assert names(evicted) == ["b"]
    assert evicted.left_bytes == evicted.limit_bytes
    assert {s.id for s in session.list_sessions(tmp_path)} == {"a", "c", "d"}
    session.touch(tmp_path / "a")
    assert names(limit.evict(tmp_path, 2 * sizes["a"], "d", NOW)) == ["c"]
    assert all(snapshot.verify(tmp_path / name) == () for name in "ad")


def test_what_fits_stays_and_nothing_is_said(tmp_path: Path) -> None:
    assert limit.evict(tmp_path / "none", 1, "x").notices == ()
    total = sum(used(tmp_path, name, 400) for name in "ab")
    evicted = limit.evict(tmp_path, total, "b")
    assert (evicted.removed, evicted.left_bytes, evicted.notices) == ((), total, ())


def test_the_one_in_use_and_the_locked_stay(tmp_path: Path) -> None:
    for name, days in (("mine", 9), ("locked", 8), ("free", 1)):
        used(tmp_path, name, days)
    with lock.writing(tmp_path, "locked"):
        evicted = limit.evict(tmp_path, 1, "mine", NOW)
    assert names(evicted) == ["free"]
    assert {s.id for s in session.kept(tmp_path)} == {"mine", "locked"}
    (notice,) = evicted.notices
    assert "those in use take" in notice.message and "free (0.0 MB, used 1970-04-10)" in (
        notice.message
    )


def test_unfinished_readings_have_their_place(tmp_path: Path) -> None:
    """First when nobody went on with them for seven days; by their last use until then."""
    for name, days in ((".reading-stale", 8), (".reading-fresh", 2), ("old", 30), ("new", 1)):
        used(tmp_path, name, days)
    order = []
    for _ in range(3):
        total = sum(s.bytes for s in session.kept(tmp_path))
        order += names(limit.evict(tmp_path, total - 1, "new", NOW))
    assert order == [".reading-stale", "old", ".reading-fresh"]
    assert [s.id for s in session.kept(tmp_path)] == ["new"]


def test_an_outdated_session_counts_and_goes_by_its_last_use(tmp_path: Path) -> None:
    used(tmp_path, "outdated", 5)
    used(tmp_path, "whole", 9)
    manifest = tmp_path / "outdated" / session.MANIFEST
    manifest.write_text(json.dumps({"version": session.VERSION + 1}))
    os.utime(manifest, (NOW - 50 * DAY,) * 2)
    total = sum(s.bytes for s in session.kept(tmp_path))
    assert names(limit.evict(tmp_path, total - 1, "x", NOW)) == ["outdated"]


def test_the_reading_that_goes_on_stays_with_its_session(tmp_path: Path) -> None:
    used(tmp_path, "mine", 9)
    used(tmp_path, ".reading-mine", 8)
    assert names(limit.evict(tmp_path, 1, "mine", NOW)) == []


def test_the_notice_names_what_went(tmp_path: Path) -> None:
    used(tmp_path, "big", 3, at_least=150_000_000)
    used(tmp_path, "mine", 0)
    evicted = limit.evict(tmp_path, 100_000_000, "mine", NOW)
    (notice,) = evicted.notices
    assert notice.code == "sessions-limit"
    assert notice.message == (
        "Sessions may take 0.1 GB of disk (sessions_limit_bytes); removed, because not used for "
        "longest: big (0.2 GB, used 1970-04-08)."
    )


def test_the_default_is_a_fifth_of_the_disk_or_20_gib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def disk(total: int) -> None:
        def usage(path: Path) -> object:
            asked.append(path)
            path.stat()
            return shutil._ntuple_diskusage(total, 0, total)  # type: ignore[attr-defined]

        monkeypatch.setattr(shutil, "disk_usage", usage)

    disk(50 * 10**9)
    assert limit.default(tmp_path / "not" / "yet") == 10 * 10**9
    assert asked[-1] == tmp_path
    disk(10**13)
    assert limit.default(tmp_path) == 20 * 2**30
    write(tmp_path, "one", TOKENS)
    assert limit.evict(tmp_path, None, "one").limit_bytes == 20 * 2**30
    monkeypatch.setattr(shutil, "disk_usage", lambda path: (_ for _ in ()).throw(OSError(5, "io")))
    assert limit.default(tmp_path) == 20 * 2**30


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 40), st.booleans()), max_size=8),
    st.integers(0, 300),
)
def test_what_is_left_fits_or_nothing_more_could_go(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[int, int, bool]], room: int
) -> None:
    """Against a twin on plain numbers: the removed are the first in the order, and no more."""
    root = tmp_path_factory.mktemp("sessions")
    for at, (kilobytes, days, whole) in enumerate(made):
        if whole:  # the limit asks for room and last use, not for what the manifest says
            folder = root / f"s{at}"
            folder.mkdir()
            file = folder / session.MANIFEST
            file.write_text("{}")
        else:
            folder = unfinished(root, f"s{at}")
            file = folder / session.PROGRESS
        (folder / "filler").write_bytes(b"x" * kilobytes * 1_000)
        os.utime(file, (NOW - days * DAY,) * 2)
    before = session.kept(root)
    evicted = limit.evict(root, room * 1_000 + 1, "s0", NOW)
    after = session.kept(root)
    assert evicted.left_bytes == sum(s.bytes for s in after)
    assert {s.path for s in before} - {s.path for s in evicted.removed} == {s.path for s in after}
    assert not made or any(s.id == "s0" for s in after)
    assert evicted.left_bytes <= evicted.limit_bytes or {s.id for s in after} == {"s0"}
    if evicted.removed:  # the last one had to go
        assert evicted.left_bytes + evicted.removed[-1].bytes > evicted.limit_bytes
        ages = [
            (s.state != "unfinished" or s.used > NOW - 7 * DAY, s.used) for s in evicted.removed
        ]
        assert ages == sorted(ages)
