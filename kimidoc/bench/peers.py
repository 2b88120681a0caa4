"""The others, in the same run on the same tokens: stock transformers and llama.cpp."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from math import inf
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import torch

from kimidoc.errors import UsageError
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.load import load

CHUNK_TOKENS = 1024  # of transformers; as long as ours
BATCH_TOKENS = 512  # of llama.cpp, its own default
NAMES = ("transformers", "llama.cpp")


class Peer(Protocol):
    """One that reads tokens as we do: everything kept, so that a question could follow."""

    @property
    def name(self) -> str:
        """What it is called in the table, with its version."""
        ...

    def read(self, ids: Sequence[int], seconds: float = inf) -> int:
        """Read the tokens from nothing, for so long at most: how many it came through."""
        ...


class Transformers:
    """The same checkpoint, unmodified: SDPA, DynamicCache, the same dtype and threads."""

    def __init__(self, checkpoint: Checkpoint, threads: int | None, dtype: str) -> None:
        self.model: Any = load(checkpoint, threads, dtype=getattr(torch, dtype)).model
        self.model.set_attn_implementation("sdpa")
        self.name = f"transformers {version('transformers')}"

    def read(self, ids: Sequence[int], seconds: float = inf) -> int:
        """Chunk by chunk; the head for the last token only."""
        until, read = perf_counter() + seconds, 0

        def take(start: int, logits: torch.Tensor) -> bool:
            nonlocal read
            read = min(len(ids), start + CHUNK_TOKENS)
            return perf_counter() < until

        self.through(ids, take, keep=1)
        return read

    @torch.no_grad()
    def through(
        self, ids: Sequence[int], take: Callable[[int, torch.Tensor], object], keep: int = 0
    ) -> Any:
        """Read ``ids``; ``take`` gets each chunk's first token and logits, and says False to end.
        Returns the cache.

        ``keep``: tokens of a chunk whose logits are wanted; 0 is all.
        """
        from transformers import DynamicCache

        cache = DynamicCache(config=self.model.config)
        every = torch.tensor([list(ids)])
        for start in range(0, len(ids), CHUNK_TOKENS):
            out = self.model(
                input_ids=every[:, start : start + CHUNK_TOKENS],
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=keep,
            )
            if take(start, out.logits[0].float()) is False:
                break
        return cache


class LlamaCpp:
    """llama.cpp through llama-cpp-python, flash attention on."""

    def __init__(self, gguf: Path, tokens: int, threads: int | None) -> None:
        module: Any = import_module("llama_cpp")
        self.model: Any = module.Llama(
            model_path=str(gguf),
            n_ctx=tokens + 8,
            n_batch=BATCH_TOKENS,
            n_threads=threads,
            n_threads_batch=threads,
            flash_attn=True,
            verbose=False,
        )
        self.name = f"llama.cpp ({gguf.name})"

    def read(self, ids: Sequence[int], seconds: float = inf) -> int:
        """Batch by batch, as its own ``eval`` cuts them."""
        until = perf_counter() + seconds
        self.model.reset()
        for start in range(0, len(ids), BATCH_TOKENS):
            self.model.eval(list(ids[start : start + BATCH_TOKENS]))
            if perf_counter() >= until:
                return min(len(ids), start + BATCH_TOKENS)
        return len(ids)


def find_gguf(given: str | None, cache: Path) -> Path | None:
    """``given``, or a GGUF file among the cache's downloads. Raises UsageError."""
    if given is not None:
        if not Path(given).is_file():
            raise UsageError(f"There is no file {given!r}.", hint="--gguf takes a .gguf file.")
        return Path(given)
    return next(iter(sorted((cache / "downloads").glob("*.gguf"))), None)


def missing(gguf: Path | None) -> str | None:
    """Why llama.cpp takes no part; None where it does."""
    try:
        import_module("llama_cpp")
    except ImportError as reason:
        return f"llama.cpp takes no part ({reason}): pip install 'kimidoc[bench]' builds it."
    if gguf is None:
        return "llama.cpp takes no part: --gguf FILE names the same weights as GGUF."
    return None
