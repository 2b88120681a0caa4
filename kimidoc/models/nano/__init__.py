"""What is ours of the embedded model ``nano``: weights that come with the package.

    indexer.safetensors    the weights of ``kimidoc.indexer`` for SmolLM2-135M's states

Trained by ``kimidoc train``; the file's metadata says on what. To add another part: write its file
here, name it in this list, and give it a function that says where it is.
"""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kimidoc.indexer.model import Indexer

_HERE = Path(__file__).parent


def indexer_file() -> Path:
    """The shipped indexer's weights."""
    return _HERE / "indexer.safetensors"


@cache
def _header() -> dict[str, str]:
    """What the file says of itself, without torch (the head of a safetensors file is JSON)."""
    with indexer_file().open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        found: dict[str, str] = json.loads(file.read(size))["__metadata__"]
    return found


@cache
def indexer_id(fingerprint: str) -> str | None:
    """What tells the shipped indexer from others, if it is for that checkpoint."""
    if _header()["checkpoint"] != fingerprint:
        return None
    return sha256(indexer_file().read_bytes()).hexdigest()[:8]


def key_width(fingerprint: str) -> int:
    """Numbers in a token's key; 0 where no indexer is shipped for that checkpoint."""
    if indexer_id(fingerprint) is None:
        return 0
    width: int = json.loads(_header()["shape"])["dim"]
    return width


def indexer(fingerprint: str) -> Indexer | None:
    """The shipped indexer, if it is for the checkpoint of that fingerprint."""
    if indexer_id(fingerprint) is None:
        return None
    from kimidoc.indexer.model import Indexer

    return Indexer.load(indexer_file())
