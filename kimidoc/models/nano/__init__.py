"""What is ours of the embedded model ``nano``: weights that come with the package.

    indexer.safetensors    the weights of ``kimidoc.indexer`` for SmolLM2-135M's states
    kinds.safetensors      which kind of clause a question asks for (``kimidoc.indexer.kinds``)
    reader.safetensors     experts and changes of attention that read chosen passages (``reader``)
    spans.safetensors      which sentence and words of the passages answer (``spans``), and what
                           lets the reader's layers look both ways for that (``both_ways``)
    rules.json             what the votes of all of them weigh (``kimidoc.engine.votes``)

Trained by ``kimidoc train``; a file's metadata says on what. To add another part: write its file
here, name it in this list, and give it a function that says where it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from hashlib import file_digest, sha256
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from kimidoc.errors import ModelError

if TYPE_CHECKING:
    from kimidoc.indexer.kinds import Kinds
    from kimidoc.indexer.model import Indexer

_HERE = Path(__file__).parent
RULES_FORMAT = "kimidoc.rules/1"


def indexer_file() -> Path:
    """The shipped indexer's weights."""
    return _HERE / "indexer.safetensors"


def kinds_file() -> Path:
    """The shipped head over questions."""
    return _HERE / "kinds.safetensors"


def reader_file() -> Path:
    """The shipped reader's weights."""
    return _HERE / "reader.safetensors"


def spans_file() -> Path:
    """The shipped span head's weights."""
    return _HERE / "spans.safetensors"


def rules_file() -> Path:
    """The shipped rules."""
    return _HERE / "rules.json"


@cache
def said(file: Path) -> dict[str, str]:
    """What a file says of itself, without torch (the head of a safetensors file is JSON)."""
    with file.open("rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
        found: dict[str, str] = json.loads(opened.read(size))["__metadata__"]
    return found


@cache
def rules(file: Path) -> dict[str, float | str]:
    """What a file of rules says: a weight under each name, and under ``reader`` the digest of the
    tensors that they were chosen for. Raises ModelError where it holds something else."""
    try:
        found: dict[str, float | str] = json.loads(file.read_text("utf-8"))
        named = found.pop("format")
        if named != RULES_FORMAT:
            raise ValueError(f"its format is {named!r}, not {RULES_FORMAT!r}")
        weights = [value for name, value in found.items() if name != "reader"]
        if not all(isinstance(w, int | float) and isfinite(w) for w in weights):
            raise ValueError("a weight is no number")
        return found
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as reason:
        raise ModelError(
            f"{file} holds no rules that can be used ({reason}).",
            hint="Install kimidoc again, or choose them: `kimidoc train calibrate --help`.",
        ) from reason


def keep_rules(file: Path, reader: Path, weights: Mapping[str, float]) -> None:
    """Write what ``rules`` reads: weights that were chosen for that reader."""
    said = {name: float(f"{value:.6g}") for name, value in weights.items()}
    whole = {"format": RULES_FORMAT, "reader": tensors_digest(reader), **said}
    file.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")


@cache
def digest(file: Path) -> str:
    """What tells a file of weights from others."""
    return sha256(file.read_bytes()).hexdigest()


@cache
def indexer_id(fingerprint: str) -> str | None:
    """What tells the shipped indexer from others, if it is for that checkpoint."""
    if said(indexer_file())["checkpoint"] != fingerprint:
        return None
    return digest(indexer_file())[:8]


def key_width(fingerprint: str) -> int:
    """Numbers in a token's key; 0 where no indexer is shipped for that checkpoint."""
    if indexer_id(fingerprint) is None:
        return 0
    width: int = json.loads(said(indexer_file())["shape"])["dim"]
    return width


def found_by(fingerprint: str) -> int | None:
    """How many layers states go through before the shipped indexer has seen all that it looks at;
    None where none is shipped for that checkpoint."""
    if indexer_id(fingerprint) is None:
        return None
    taps: list[int] = json.loads(said(indexer_file())["shape"])["taps"]
    return max(taps)


def indexer(fingerprint: str) -> Indexer | None:
    """The shipped indexer, if it is for the checkpoint of that fingerprint."""
    if indexer_id(fingerprint) is None:
        return None
    from kimidoc.indexer.model import Indexer

    return Indexer.load(indexer_file())


@cache
def kinds(fingerprint: str) -> Kinds | None:
    """The shipped head over questions, if it is for the checkpoint of that fingerprint."""
    if said(kinds_file())["checkpoint"] != fingerprint:
        return None
    from kimidoc.indexer.kinds import Kinds

    return Kinds.load(kinds_file())


@cache
def tensors_digest(file: Path) -> str:
    """The same of its tensors alone: what a file says of itself may be chosen anew."""
    with file.open("rb") as opened:
        opened.seek(8 + int.from_bytes(opened.read(8), "little"))
        return file_digest(opened, "sha256").hexdigest()


def parameters(file: Path, layers: int) -> tuple[int, int]:
    """What a reader adds to a model of so many layers: (all, for one token). Experts, routers and
    the pointer.

    Changes of attention are merged into weights that are there.
    """
    shape = json.loads(said(file)["shape"])
    own = shape["experts"]
    router = own["experts"] * (own["hidden"] + 1)
    expert = 3 * own["inner"] * own["hidden"]
    changed = layers - int(shape["first"])
    pointer = int(shape["pointed"]) * (2 * own["hidden"] + 2)
    return (
        changed * (router + own["experts"] * expert) + pointer,
        changed * (router + own["chosen"] * expert) + pointer,
    )
