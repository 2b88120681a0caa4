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
