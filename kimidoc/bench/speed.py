"""Reading: tokens a second, ours and the peers', in one interleaved run per size.

Ours is the whole ``prefill``: every layer, compressed and written to disk as a session. The peers
keep what they read in memory. Loading is in nobody's time.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from statistics import median

from kimidoc.bench import peers, text, timing
from kimidoc.bench.base import DTYPE, Result, Setting
from kimidoc.bench.peers import LlamaCpp, Transformers
from kimidoc.engine.local import LocalEngine
from kimidoc.kvcache import session
from kimidoc.types import Window

OURS = "kimidoc"


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant at one size. ``times_slower``: than ours, by medians."""

    tokens: int
    name: str
    seconds: tuple[float, ...]
    tokens_per_s: float
    times_slower: float


class _Ours:
    """Every reading is a session of its own, removed after it."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.number = setting, count()

    def read(self, window: Window) -> None:
        """Read ``window`` from nothing."""
        root, name = session.root(self.setting.cache), f"bench-{os.getpid()}-{next(self.number)}"
        engine = LocalEngine(
            self.setting.checkpoint,
            sessions_root=root,
            session=name,
            threads=self.setting.threads,
            dtype=DTYPE,
        )
        try:
            engine.prefill(window)
        finally:
            shutil.rmtree(root / name, ignore_errors=True)


def run(setting: Setting, who: Sequence[str], gguf: str | None = None) -> Result:
    """Every size, smallest first. ``who``: names of ``peers.NAMES``. Raises UsageError."""
    found = peers.find_gguf(gguf, setting.cache)
    notes = ["ours includes loading the weights and writing the session to disk."]
    stock = (
        Transformers(setting.checkpoint, setting.threads, DTYPE) if "transformers" in who else None
    )
    lacking = peers.missing(found) if "llama.cpp" in who else None
    if lacking:
        notes.append(lacking)
    ours, rows = _Ours(setting), []
    for tokens in setting.sizes:
        window = text.cut(setting.window, tokens)
        ids = window.tokens.tolist()
        contestants: dict[str, Callable[[], object]] = {OURS: lambda w=window: ours.read(w)}  # type: ignore[misc]
        if stock is not None:
            contestants[stock.name] = lambda i=ids: stock.read(i)  # type: ignore[misc]
        if "llama.cpp" in who and found is not None and not lacking:
            llama = LlamaCpp(found, tokens, setting.threads)
            contestants[llama.name] = lambda i=ids, peer=llama: peer.read(i)  # type: ignore[misc]
        taken = timing.interleaved(
            contestants, setting.runs, setting.progress, f"{tokens:,} tokens"
        )
        rows += [
            Row(
                tokens=tokens,
                name=name,
                seconds=seconds,
                tokens_per_s=tokens / median(seconds),
                times_slower=timing.ratio(seconds, taken[OURS]),
            )
            for name, seconds in taken.items()
        ]
    return Result("speed", setting.facts, tuple(rows), tuple(notes))
