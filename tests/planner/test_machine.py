"""The machine: plausible here, and a container's limit counts."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from kimidoc.models import int8
from kimidoc.planner import machine


def test_this_machine_is_plausible(tmp_path: Path) -> None:
    found = machine.look(tmp_path / "not" / "yet")
    assert 0 < found.free_memory_bytes <= psutil.virtual_memory().total
    assert found.rss_bytes <= found.peak_rss_bytes < found.memory_bytes
    assert found.cores >= 1 and found.processor
    assert found.free_disk_bytes == pytest.approx(machine.free_disk(tmp_path), rel=0.1)


@pytest.mark.parametrize(
    ("most", "used", "stat"),
    [
        ("memory.max", "memory.current", "anon 5\ninactive_file 100000\n"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "inactive_file 100000\n"),
    ],
)
def test_a_containers_limit_is_the_machines(
    most: str, used: str, stat: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "own").write_text("0::/a/b\n", "ascii")
    (inner / most).write_text("max\n", "ascii")
    (inner / used).write_text("1\n", "ascii")
    (inner.parent / most).write_text("400000\n", "ascii")
    (inner.parent / used).write_text("300000\n", "ascii")
    (inner.parent / "memory.stat").write_text(stat, "ascii")
    monkeypatch.setattr(machine, "_CGROUPS", tmp_path)
    monkeypatch.setattr(machine, "_OWN_GROUP", tmp_path / "own")
    found = machine.look(tmp_path)
    assert (found.memory_bytes, found.free_memory_bytes) == (400_000, 200_000)


def test_a_system_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_CGROUPS", "_OWN_GROUP", "_PROCESSOR"):
        monkeypatch.setattr(machine, name, tmp_path / "nothing")
    assert machine.look(tmp_path).memory_bytes == psutil.virtual_memory().total
    assert machine.multiplies_int8(), "loading a model says so then"


@pytest.mark.parametrize("flags", ["fpu avx2 avx512f avx512_vnni", "fpu avx2 avx_vnni"])
def test_what_the_processor_multiplies(
    flags: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "cpuinfo"
    listed.write_text(f"processor\t: 0\nmodel name\t: A: fast one\nflags\t\t: {flags}\n", "ascii")
    monkeypatch.setattr(machine, "_PROCESSOR", listed)
    assert machine.multiplies_int8() == ("avx512_vnni" in flags)
    assert machine.processor() == "A: fast one"


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="nothing lists the processor")
def test_the_list_and_the_kernel_agree() -> None:
    assert machine.multiplies_int8() or not int8.supported()
