"""Reading: tokens a second, ours and the peers', in one interleaved run per size.

Ours is the whole ``prefill``: every layer, compressed and written to disk as a session. The peers
keep what they read in memory. Loading is in nobody's time.
"""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from statistics import median
from time import perf_counter

from kimidoc.bench import peers, text, timing
from kimidoc.bench.base import DTYPE, Result, Setting, workplace
from kimidoc.bench.peers import LlamaCpp, Peer, Transformers
from kimidoc.engine.local import LocalEngine
from kimidoc.types import Window

OURS = "kimidoc"
LOADING_TOKENS = 128  # read once, so that everything is loaded


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant at one size. ``times_slower``: than ours, by medians; at least so much where
    it was stopped after ``read`` of the tokens."""

    tokens: int
    name: str
    read: int
    seconds: tuple[float, ...]
    tokens_per_s: float
    times_slower: float


class _Ours:
    """One engine, loaded; every reading is a session, gone before the next one."""

    def __init__(self, setting: Setting, place: Path) -> None:
        self.place = place
        self.engine = LocalEngine(
            setting.checkpoint,
            sessions_root=place,
            session="one",
            threads=setting.threads,
            options=setting.job.read_options,
            dtype=DTYPE,
        )
        self.read(text.cut(setting.window, LOADING_TOKENS))
        self.forget()

    def read(self, window: Window) -> None:
        """Read ``window``; from nothing, after ``forget``."""
        self.engine.prefill(window)

    def forget(self) -> None:
        """Remove what was read."""
        shutil.rmtree(self.place / "one", ignore_errors=True)
        gc.collect()


def run(
    setting: Setting, who: Sequence[str], gguf: str | None = None, patience: float = inf
) -> Result:
    """Every size, smallest first. ``who``: names of ``peers.NAMES``. Raises UsageError.

    A peer that takes ``patience`` times as long as ours is stopped there.
    """
    found = peers.find_gguf(gguf, setting.cache)
    notes = ["ours includes writing the session to disk; loading is in nobody's time."]
    lacking = peers.missing(found) if "llama.cpp" in who else None
    if lacking:
        notes.append(lacking)
    stock = None
    if "transformers" in who:
        stock = Transformers(setting.checkpoint, setting.threads, DTYPE)
    use = found if "llama.cpp" in who and not lacking else None
    with workplace(setting) as place:
        ours = _Ours(setting, place)
        rows = [
            row
            for tokens in setting.sizes
            for row in _size(setting, tokens, ours, stock, use, patience)
        ]
    if any(row.read < row.tokens for row in rows):
        notes.append("who was stopped before the end is slower by more than is said.")
    return Result("speed", setting.facts, rows, tuple(notes))


def _size(
    setting: Setting,
    tokens: int,
    ours: _Ours,
    stock: Transformers | None,
    gguf: Path | None,
    patience: float,
) -> list[Row]:
    window = text.cut(setting.window, tokens)
    ids = window.tokens.tolist()
    read, own = {OURS: tokens}, inf

    def first() -> None:
        nonlocal own
        since = perf_counter()
        ours.read(window)
        own = perf_counter() - since

    contestants: dict[str, Callable[[], object]] = {OURS: first}
    others: list[Peer] = [] if stock is None else [stock]
    if gguf is not None:
        others.append(LlamaCpp(gguf, tokens, setting.threads))
    for peer in others:
        contestants[peer.name] = partial(_let, peer, ids, lambda: patience * own, read)
    taken = timing.interleaved(
        contestants, setting.runs, setting.progress, f"{tokens:,} tokens", ours.forget
    )
    return [
        Row(
            tokens=tokens,
            name=name,
            read=read[name],
            seconds=seconds,
            tokens_per_s=read[name] / median(seconds),
            times_slower=timing.ratio(seconds, taken[OURS]),
        )
        for name, seconds in taken.items()
    ]


def _let(peer: Peer, ids: list[int], limit: Callable[[], float], read: dict[str, int]) -> None:
    """Let a peer read; where runs end differently, the one that came least far counts."""
    came = peer.read(ids, limit())
    read[peer.name] = min(came, read.get(peer.name, came))
