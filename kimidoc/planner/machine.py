"""The machine as a run will find it: processor, cores, free memory and disk, this process.

Free memory is the least of what the system reports and what every control group around this
process leaves: in a container the system's figure is that of the whole host.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kimidoc.engine.memory import peak_rss_bytes

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")
_PROCESSOR = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is. ``rss_bytes`` and ``peak_rss_bytes``: of this process, now and at most."""

    processor: str
    cores: int
    memory_bytes: int
    free_memory_bytes: int
    free_disk_bytes: int
    rss_bytes: int
    peak_rss_bytes: int


def look(folder: Path) -> Machine:
    """The machine now; ``folder`` says which disk (it need not exist yet)."""
    import psutil  # type: ignore[import-untyped]

    memory, limits = psutil.virtual_memory(), list(_limits())
    rss = int(psutil.Process().memory_info().rss)
    return Machine(
        processor=processor(),
        cores=cores(),
        memory_bytes=min([memory.total, *(limit for limit, _ in limits)]),
        free_memory_bytes=min([memory.available, *(free for _, free in limits)]),
        free_disk_bytes=free_disk(folder),
        rss_bytes=rss,
        peak_rss_bytes=max(rss, peak_rss_bytes()),
    )


def cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """The processor's name as the system gives it."""
    listed = _listed(_PROCESSOR, "model name", "Model", "cpu model")
    return listed or platform.processor() or platform.machine()


def multiplies_int8() -> bool:
    """Whether the processor has the products that ``models.int8`` needs (AVX512-VNNI), as Linux
    lists them; True where nothing lists them: loading a model says so then."""
    listed = _listed(_PROCESSOR, "flags")
    return listed is None or "avx512_vnni" in listed.split()


def _listed(file: Path, *names: str) -> str | None:
    """What a list of processors says first under one of the names."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None  # not Linux
    pairs = (line.partition(":") for line in text.splitlines())
    return next((value.strip() for name, _, value in pairs if name.strip() in names), None)


def free_disk(folder: Path) -> int:
    """Bytes free where ``folder`` is, or will be."""
    for place in (folder, *folder.absolute().parents):
        if place.exists():
            return shutil.disk_usage(place).free
    return 0


def _limits() -> Iterator[tuple[int, int]]:
    """(limit, what is left of it) of every control group this process is in."""
    for folder in _groups():
        for most, used in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            limit, current = _number(folder / most), _number(folder / used)
            if limit is not None and current is not None and limit < 1 << 60:  # above: no limit
                yield limit, max(0, limit - current + _reclaimable(folder))


def _groups() -> Iterator[Path]:
    """The folders of this process's own control group and of those around it."""
    yield _CGROUPS
    yield _CGROUPS / "memory"
    try:
        lines = _OWN_GROUP.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        base = _CGROUPS / "memory" if "memory" in controllers.split(",") else _CGROUPS
        at = base / path.strip("/")
        while at != base and at.is_relative_to(base):
            yield at
            at = at.parent


def _reclaimable(folder: Path) -> int:
    """Cached files count as used by a group, and go when memory is needed."""
    try:
        text = (folder / "memory.stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    fields = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return int(fields.get("inactive_file", 0))


def _number(file: Path) -> int | None:
    try:
        text = file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None  # "max" is none
