"""Arrays in files: what is mapped, what is let go of, what is damaged."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest
import torch

from kimidoc.errors import SessionError
from kimidoc.kvcache import storage


def resident(path: Path) -> int:
    """Bytes of a mapped file in this process's memory."""
    maps = psutil.Process().memory_maps(grouped=False)
    return sum(m.rss for m in maps if m.path == str(path))


@pytest.mark.parametrize("dtype", [torch.int8, torch.bfloat16, torch.float32])
def test_an_array_comes_back_as_written(tmp_path: Path, dtype: torch.dtype) -> None:
    x = torch.arange(-60, 60).to(dtype).view(5, 4, 6)
    back, mapped = storage.map_array(tmp_path, storage.write_array(tmp_path, "x", x))
    assert torch.equal(back, x) and back.dtype == dtype and mapped is not None


def test_an_empty_array_needs_no_map(tmp_path: Path) -> None:
    spec = storage.write_array(tmp_path, "x", torch.empty(0, 3, dtype=torch.int8))
    back, mapped = storage.map_array(tmp_path, spec)
    assert back.shape == (0, 3) and mapped is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what of a map is resident")
def test_unloaded_pages_leave_and_come_back(tmp_path: Path) -> None:
    x = torch.randint(-127, 128, (64, 1 << 20), dtype=torch.int8)
    back, mapped = storage.map_array(tmp_path, storage.write_array(tmp_path, "x", x))
    assert mapped is not None and torch.equal(back, x)
    assert resident(tmp_path / "x") > 60 << 20
    storage.unload([mapped])
    assert resident(tmp_path / "x") == 0
    assert torch.equal(back, x)


def test_a_file_that_is_cut_or_gone_is_named(tmp_path: Path) -> None:
    spec = storage.write_array(tmp_path, "x", torch.zeros(10, dtype=torch.int8))
    (tmp_path / "x").write_bytes(b"123")
    with pytest.raises(SessionError, match="has 3 bytes instead of 10"):
        storage.map_array(tmp_path, spec)
    (tmp_path / "x").unlink()
    with pytest.raises(SessionError, match="is missing"):
        storage.map_array(tmp_path, spec)
