"""The example sets, their answers, and their documents as kimidoc reads them."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from kimidoc import ingest
from kimidoc.types import Document

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SETS = ("deal-room", "earnings", "records", "service-repo")


@cache
def answers(name: str) -> dict[str, Any]:
    """The sidecar of one set."""
    return tomllib.loads((EXAMPLES / "answers" / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def documents(name: str) -> tuple[Document, ...]:
    """One set as it is read."""
    return tuple(ingest.read((str(EXAMPLES / name),)))
