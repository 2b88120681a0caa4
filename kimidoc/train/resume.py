"""Where a run stopped, in its work folder: written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

_NAME = "resume.pt"


def save(work: Path, state: Mapping[str, Any]) -> None:
    """Keep ``state`` in place of what was kept before."""
    new = work / f"{_NAME}.new"
    torch.save(dict(state), new)
    new.replace(work / _NAME)


def saved(work: Path | None, device: str | torch.device) -> dict[str, Any] | None:
    """What was kept, its tensors on ``device``; None where nothing was."""
    if work is None or not (work / _NAME).exists():
        return None
    found: dict[str, Any] = torch.load(work / _NAME, weights_only=True, map_location=device)
    return found
