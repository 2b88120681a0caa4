"""What the stages train on, in memory: windows with their states, questions with theirs, a teacher.

T tokens, P taps, C hidden width, N blocks, Q question tokens
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from kimidoc.indexer.bm25 import BM25
from kimidoc.train.states import BLOCK, with_embedding

Embed = Callable[[Sequence[str]], Tensor]  # texts -> unit vectors [M, E]
Reads = Callable[[Tensor], Tensor]  # ids [T] -> states [T, P, C]


@dataclass(frozen=True, slots=True)
class Asked:
    """A labelled question of a window: ``blocks`` answer it, out of those in [first, end)."""

    question: str
    category: str | None
    alone: bool
    blocks: tuple[int, ...]
    first: int
    end: int


@dataclass(slots=True)
class Read:
    """A window that was read: states [T, P, C] bf16, and per block what the teachers need."""

    name: str
    states: Tensor
    asked: tuple[Asked, ...]
    texts: list[str]
    kinds: frozenset[str]
    vectors: Tensor | None = None  # [N, E]
    words: BM25 | None = field(default=None, repr=False)


def read_windows(
    folder: Path,
    embedding: Tensor | None,
    decode: Callable[[list[int]], str],
    reads: Reads | None = None,
) -> list[Read]:
    """Every window kept in ``folder``, by name; ``embedding`` [V, C] stands in for tap 0.

    ``reads``: reads those now whose tokens alone were noted.
    """
    return [_one(file, embedding, decode, reads) for file in sorted(folder.glob("*.json"))]


def _one(
    file: Path,
    embedding: Tensor | None,
    decode: Callable[[list[int]], str],
    reads: Reads | None,
) -> Read:
    about = json.loads(file.read_text(encoding="utf-8"))
    if "ids" in about:
        assert reads is not None, f"{file} was noted on another device"
        ids = torch.tensor(about["ids"])
        states = reads(ids).bfloat16()
    else:
        kept = load_file(str(file.with_suffix(".safetensors")))
        ids, states = kept["ids"].long(), kept["states"].bfloat16()
    if embedding is not None:
        states = with_embedding(states, ids, embedding)
    asked = []
    for document in about["documents"]:
        first, end = document["start"] // BLOCK, -(-document["end"] // BLOCK)
        for question, category, alone, blocks in document["golds"]:
            asked.append(Asked(question, category, alone, tuple(blocks), first, end))
    run = ids.tolist()
    texts = [decode(run[a : a + BLOCK]) for a in range(0, len(run), BLOCK)]
    kinds = frozenset(d["kind"] for d in about["documents"])
    return Read(file.stem, states, tuple(asked), texts, kinds)


class Questions:
    """States of questions by their text, [Q, P, C] bf16; kept in one file, read once each."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._states: dict[str, Tensor] = {}
        if file.exists():
            kept = load_file(str(file))
            texts = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
            parts = torch.split(kept["states"], kept["lengths"].tolist())
            self._states = dict(zip(texts, parts, strict=True))

    def __getitem__(self, text: str) -> Tensor:
        return self._states[text]

    def __len__(self) -> int:
        return len(self._states)

    def to(self, device: str) -> Questions:
        """Itself, its states on that device."""
        self._states = {text: states.to(device) for text, states in self._states.items()}
        return self

    def add(self, texts: Iterable[str], states_of: Callable[[Sequence[str]], list[Tensor]]) -> None:
        """Read those that are not there, and write them all down."""
        new = sorted({t for t in texts if t not in self._states})
        if not new:
            return
        for at in range(0, len(new), 256):
            part = new[at : at + 256]
            self._states |= zip(part, states_of(part), strict=True)
        lengths = torch.tensor([len(s) for s in self._states.values()])
        every = {"states": torch.cat(list(self._states.values())), "lengths": lengths}
        self._file.with_suffix(".json").write_text(json.dumps(list(self._states)), encoding="utf-8")
        save_file(every, str(self._file))


class Teacher:
    """Soft labels: a sentence-embedding model and BM25, fused. Not needed once training is over.

    softmax over blocks of ``15 * cosine + 1.5 * (BM25 / its largest)``.
    """

    def __init__(self, vectors: dict[str, Tensor]) -> None:
        self._vectors = vectors

    def labels(self, window: Read, questions: Sequence[str]) -> Tensor:
        """[M, N], rows summing to 1"""
        assert window.vectors is not None
        if window.words is None:
            window.words = BM25(window.texts)
        asked = torch.stack([self._vectors[q] for q in questions]).float()
        close = asked.to(window.vectors.device) @ window.vectors.float().T
        words: NDArray[Any] = np.stack([window.words.scores(q) for q in questions])
        words = words / (words.max(-1, keepdims=True) + 1e-6)
        return torch.softmax(15 * close + 1.5 * torch.from_numpy(words).to(close), -1)
