"""The keys of a whole window in int8, and how they are collected while it is read.

T tokens, D key width
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from kimidoc.errors import SessionError
from kimidoc.indexer.model import Indexer

_FINISHED_AT_ONCE = 65_536  # tokens whose keys stand in fp32


@dataclass(frozen=True, slots=True)
class Keys:
    """Every token's key: ``codes`` [T, D] int8 times ``scales`` [T] fp16; 66 bytes a token."""

    codes: Tensor
    scales: Tensor

    @classmethod
    def of(cls, keys: Tensor) -> Keys:
        """keys [T, D] of norm 1, rounded to 127 steps of each token's largest entry."""
        scales = (keys.abs().amax(-1).clamp_min(1e-6) / 127).half()
        codes = (keys / scales[:, None].float()).round().clamp(-127, 127).to(torch.int8)
        return cls(codes, scales)

    def followed_by(self, more: Keys) -> Keys:
        """These keys and then ``more``: an earlier session's, and those of what was read after."""
        return Keys(torch.cat([self.codes, more.codes]), torch.cat([self.scales, more.scales]))

    def packed(self) -> bytes:
        """Both as a safetensors file's bytes."""
        return save({"codes": self.codes.contiguous(), "scales": self.scales.contiguous()})

    def save(self, where: Path) -> None:
        """Write ``packed`` to a file."""
        where.write_bytes(self.packed())

    @classmethod
    def load(cls, where: Path) -> Keys:
        """Read what ``save`` wrote. Raises SessionError when it is something else."""
        try:
            kept = load_file(str(where))
            return cls(kept["codes"], kept["scales"])
        except (OSError, KeyError, SafetensorError) as reason:
            raise SessionError(
                f"the keys in {where} are damaged or missing", hint="read the documents again"
            ) from reason

    def first(self, tokens: int) -> Keys:
        """Those of the first ``tokens``."""
        return Keys(self.codes[:tokens], self.scales[:tokens])

    def span(self, start: int, end: int) -> Tensor:
        """Keys of tokens [start, end), fp32: [S, D]"""
        return self.codes[start:end].float() * self.scales[start:end, None].float()

    def __len__(self) -> int:
        return self.codes.shape[0]


class Collector:
    """Has the signature of ``engine.prefill``'s ``tap``: sums up the keys as the layers go by.

    Layers come in rising order, each with every token once. Keeps T x D fp16 meanwhile; shares of
    a key are a few units in size, so fp16 costs less than the int8 that follows.
    """

    def __init__(self, indexer: Indexer, tokens: int, first: int = 0) -> None:
        self._indexer, self._first = indexer, first
        self._taps = {layer: p for p, layer in enumerate(indexer.shape.taps)}
        self._sum = torch.zeros(tokens, indexer.shape.dim, dtype=torch.float16)
        self._seen = [0] * len(self._taps)

    @torch.no_grad()
    def __call__(self, layer: int, start: int, entered: Tensor) -> None:
        """What enters ``layer`` for tokens from ``start`` on: [S, C]"""
        tap = self._taps.get(layer)
        if tap is None:
            return
        a = start - self._first
        share = self._indexer.key_share(tap, entered.float())
        self._sum[a : a + len(share)] += share.to(self._sum)
        self._seen[tap] += len(share)

    def looks_at(self, layer: int) -> bool:
        """Whether what enters ``layer`` is part of the keys."""
        return layer in self._taps

    def packed(self) -> bytes:
        """How far it came, for a reading that may be interrupted after this layer."""
        return save({"sum": self._sum, "seen": torch.tensor(self._seen)})

    def go_on(self, where: Path) -> None:
        """Take up what ``packed`` gave. Raises SessionError when it does not fit."""
        try:
            kept = load_file(str(where))
            fits = kept["sum"].shape == self._sum.shape and len(kept["seen"]) == len(self._seen)
        except (OSError, KeyError, SafetensorError):
            fits = False
        if not fits:
            raise SessionError(
                f"{where} does not belong to this reading", hint="read the documents again"
            )
        self._sum, self._seen = kept["sum"], kept["seen"].tolist()

    def finish(self) -> Keys:
        """The keys, once the highest tapped layer is through."""
        assert all(n == len(self._sum) for n in self._seen), f"tokens seen by layer: {self._seen}"
        parts = [
            Keys.of(torch.nn.functional.normalize(part.float(), dim=-1))
            for part in torch.split(self._sum, _FINISHED_AT_ONCE)
        ]
        return Keys(torch.cat([p.codes for p in parts]), torch.cat([p.scales for p in parts]))
