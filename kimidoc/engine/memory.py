"""How much memory this process has held, on every system, and giving back what it does not need."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_rss_bytes() -> int:
    """The most memory this process has held since it was started, in bytes."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    if sys.platform == "linux" and (peak := _high_water_bytes()):
        return peak
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024


def _high_water_bytes() -> int | None:
    """What Linux says of this program; ``ru_maxrss`` would count the one that started it too."""
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found[0]) * 1024 if found else None


def release() -> bool:
    """Give freed memory back to the system; returns whether there was any to give.

    glibc keeps what lies between live allocations: over 30 layers that was 100 to 200 MB.
    """
    if sys.platform != "linux":
        return False
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none and needs none
    return bool(trim(0)) if trim else False
