"""What this machine makes of a checkpoint: a few seconds of the real thing, kept as JSON.

    <cache>/calibration/<key>.json     one per machine, threads, model, plan and version

The measuring itself is ``measure``, in a process of its own: its memory is then its own too. A file
that cannot be read is measured again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from kimidoc import __version__
from kimidoc.engine.base import ReadOptions
from kimidoc.errors import EngineError
from kimidoc.models.checkpoint import Checkpoint

VERSION = 4
_CODE = "import sys; sys.path.append(sys.argv[1]); from kimidoc.planner.measure import main; main()"


@dataclass(frozen=True, slots=True)
class Kind:
    """Layers that cost alike: how many, and the seconds one of them takes for one token."""

    layers: int
    seconds_per_token: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Seconds and bytes as measured.

    ``program_bytes``: what the process holds above its documents and above what ``predict`` has a
    formula for; ``load_peak_bytes``: most while weights are loaded. ``question_s``: one question on
    its own. ``took_s``: the measuring.
    """

    kinds: tuple[Kind, ...]
    load_s: float
    question_s: float
    program_bytes: int
    load_peak_bytes: int
    disk_bytes_per_s: float
    took_s: float


@dataclass(frozen=True, slots=True)
class Setting:
    """What a calibration holds for: another value of any of these needs another calibration."""

    checkpoint: Checkpoint
    processor: str
    cores: int
    threads: int | None
    options: ReadOptions
    dtype: str

    @property
    def facts(self) -> dict[str, Any]:
        """As written beside the figures."""
        return {
            "version": VERSION,
            "kimidoc": __version__,
            "processor": self.processor,
            "cores": self.cores,
            "threads": self.threads,
            "model": self.checkpoint.fingerprint,
            "options": _plain(self.options),
            "dtype": self.dtype,
        }

    def file(self, cache: Path) -> Path:
        """Where its calibration is, or would be."""
        key = sha256(json.dumps(self.facts, sort_keys=True).encode()).hexdigest()[:16]
        return cache / "calibration" / f"{key}.json"


def _plain(options: ReadOptions) -> dict[str, Any]:
    """As JSON has it: lists for tuples."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(options)))
    return plain


def kept(setting: Setting, cache: Path) -> Calibration | None:
    """An earlier calibration for ``setting``; None where there is none that can be read."""
    try:
        found = json.loads(setting.file(cache).read_text("utf-8"))
        if {name: found["setting"][name] for name in setting.facts} != setting.facts:
            return None
        return _calibration(found["measured"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def calibrate(setting: Setting, cache: Path, tokens: Sequence[int]) -> Calibration:
    """Measure ``setting`` on the first of ``tokens`` and keep it. Raises EngineError."""
    request = {
        "id": setting.checkpoint.id,
        "folder": str(setting.checkpoint.folder.absolute()),
        "fingerprint": setting.checkpoint.fingerprint,
        "reader": str(setting.checkpoint.reader or ""),
        "base": setting.checkpoint.base,
        "threads": setting.threads,
        "dtype": setting.dtype,
        "options": _plain(setting.options),
        "cache": str(cache.absolute()),
        "tokens": list(tokens),
    }
    package = str(Path(__file__).resolve().parents[2])
    cache.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-P", "-c", _CODE, package],
        input=json.dumps(request),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    try:
        measured = json.loads(done.stdout)
        calibration = _calibration(measured)
    except (ValueError, KeyError, TypeError):
        said = done.stderr.strip().splitlines()
        raise EngineError(
            f"the model could not be tried out ({said[-1] if said else done.returncode})",
            hint="`kimidoc doctor` shows what is installed; --no-time plans without trying",
        ) from None
    _write(setting.file(cache), {"setting": setting.facts, "measured": measured})
    return calibration


def _calibration(measured: dict[str, Any]) -> Calibration:
    kinds = tuple(Kind(int(k["layers"]), float(k["seconds_per_token"])) for k in measured["kinds"])
    rest = {name: measured[name] for name in Calibration.__slots__ if name != "kinds"}
    if not all(isinstance(value, int | float) for value in rest.values()):
        raise ValueError("not figures")
    return Calibration(kinds=kinds, **rest)


def as_measured(calibration: Calibration) -> str:
    """The JSON that ``measure`` says and that is kept."""
    return json.dumps(asdict(calibration))


def _write(file: Path, content: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}-{os.getpid()}")
    part.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    part.replace(file)
