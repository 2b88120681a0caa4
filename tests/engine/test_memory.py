"""How much memory this process has held."""

from __future__ import annotations

import subprocess
import sys

from kimidoc.engine import memory


def test_what_was_held_is_counted_and_only_grows() -> None:
    before = memory.peak_rss_bytes()
    held = bytearray(b"x") * (before + (64 << 20))
    assert memory.peak_rss_bytes() >= len(held)
    held.clear()
    assert memory.peak_rss_bytes() >= before + (64 << 20)


def test_what_the_parent_held_is_not_counted() -> None:
    held = bytearray(b"x") * (400 << 20)
    code = "from kimidoc.engine.memory import peak_rss_bytes as peak; print(peak())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if sys.platform == "linux":  # elsewhere the system's own word is all there is
        assert int(done.stdout) < len(held)
    assert int(done.stdout) > 1 << 20


def test_freed_memory_goes_back_to_the_system() -> None:
    """Freed blocks below one that lives on: the heap alone would keep them."""
    if sys.platform != "linux":
        assert memory.release() is False
        return
    code = (
        "import ctypes, psutil\n"
        "from kimidoc.engine import memory\n"
        "libc, rss = ctypes.CDLL(None), lambda: psutil.Process().memory_info().rss\n"
        "libc.malloc.restype = ctypes.c_void_p\n"
        "held = [libc.malloc(100_000) for _ in range(2000)]\n"
        "for p in held: ctypes.memset(ctypes.c_void_p(p), 1, 100_000)\n"
        "for p in held[:-1]: libc.free(ctypes.c_void_p(p))\n"
        "before = rss(); memory.release(); print(before - rss())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 100_000_000
