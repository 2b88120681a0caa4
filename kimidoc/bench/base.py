"""What a benchmark is given, and what it says."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kimidoc.engine.base import Progress, silent
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.types import ModelFacts, Window

if TYPE_CHECKING:
    from kimidoc.pipeline import Job

DTYPE = "bfloat16"


@dataclass(frozen=True, slots=True)
class Setting:
    """One model and one text. ``job`` reads the same paths again, in a process of its own."""

    job: Job
    checkpoint: Checkpoint
    facts: ModelFacts
    trained_tokens: int | None
    window: Window
    sizes: tuple[int, ...]
    runs: int = 3
    progress: Progress = silent

    @property
    def cache(self) -> Path:
        """Where models, sessions and calibrations are."""
        return self.job.cache_dir

    def elsewhere(self, place: Path) -> Job:
        """The same paths and the same model, with sessions in another folder."""
        return replace(self.job, sessions_dir=place, session="one")

    @property
    def threads(self) -> int | None:
        """Of torch and of every peer; None: as many as there are cores."""
        return self.job.threads


@contextmanager
def workplace(setting: Setting) -> Iterator[Path]:
    """A folder for one benchmark's sessions, gone afterwards: the user's are left alone."""
    place = setting.cache / f"bench-{os.getpid()}"
    place.mkdir(parents=True, exist_ok=True)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Result:
    """A benchmark's rows, each a frozen dataclass, and what must be known to read them.

    ``more``: what is no table, such as memory over time; JSON values.
    """

    task: str
    model: ModelFacts
    rows: Sequence[Any]
    notes: tuple[str, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)


def beyond(setting: Setting, tokens: int) -> tuple[str, ...]:
    """A note where a run is longer than what the checkpoint was trained on."""
    trained = setting.trained_tokens
    if trained is None or tokens <= trained:
        return ()
    return (
        f"{tokens:,} tokens are more than the {trained:,} the checkpoint was trained on: dense "
        "attention is then out of its range, and no measure of what is right.",
    )
