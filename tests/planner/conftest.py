"""A tiny checkpoint on disk, and a machine of any size."""

from __future__ import annotations

from typing import Any

import pytest

from kimidoc.models.checkpoint import Checkpoint, at
from kimidoc.planner.machine import Machine
from tests.engine.answer_models import folder

GB = 10**9


def machine(**changes: Any) -> Machine:
    """A machine with room for anything tiny."""
    sizes: dict[str, Any] = {
        "processor": "a processor",
        "cores": 2,
        "memory_bytes": 24 * GB,
        "free_memory_bytes": 20 * GB,
        "free_disk_bytes": 50 * GB,
        "rss_bytes": 100_000_000,
        "peak_rss_bytes": 100_000_000,
    }
    return Machine(**{**sizes, **changes})


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A tiny llama."""
    return at(folder(tmp_path_factory.mktemp("planner") / "tiny"), "tiny")
