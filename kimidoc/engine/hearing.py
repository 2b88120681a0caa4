"""A window read for its surprisal alone, where no session kept what its reading heard."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from kimidoc.engine.base import Progress, silent
from kimidoc.engine.flow import Flow, InFiles, InMemory
from kimidoc.engine.prefill import layer_major, token_ids
from kimidoc.engine.reading import Reader
from kimidoc.engine.surprisal import Surprisal, surprisal
from kimidoc.kvcache.session import RESUMABLE_TOKENS
from kimidoc.kvcache.snapshot import Layer
from kimidoc.types import Window


def heard(
    reader: Reader, window: Window, near: Path | None = None, progress: Progress = silent
) -> Surprisal:
    """The surprisal of ``window`` by a reading that keeps nothing else.

    ``near``: a folder on the disk, for the hidden states of a long one (/tmp may be memory).
    """
    T, ids = len(window.tokens), token_ids(window)
    if near is not None:
        near.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="surprisal-", dir=near, ignore_cleanup_errors=True) as folder:
        flow: Flow = InMemory(T)
        if T >= RESUMABLE_TOKENS:
            flow = InFiles(Path(folder), T, reader.width, reader.loaded.model.dtype)
        _, hidden = layer_major(
            reader.runner, reader.profile, ids, reader.plan, _forget, flow=flow, progress=progress
        )
        return surprisal(reader.runner, hidden, ids, progress=progress)


def _forget(layer: Layer) -> Layer:
    """Nobody is going to ask these layers anything."""
    return cast("Layer", None)
