"""Keys and queries of late interaction (ColBERT, Khattab & Zaharia 2020) on frozen hidden states.

Departures: the states are a causal reader's, tapped where they enter a few layers, so a token's
key knows everything before it in its document; question tokens are weighted; and each tap has a
map of its own, summed before the norm, so that a window read layer by layer (1M tokens) keeps one
running sum of ``dim`` numbers a token, not the states.

    S tokens, Q question tokens, P taps, C hidden width of the reader, D key width
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from kimidoc.errors import ModelError

QUESTION = "Question: {}\nThe passage that answers it:"
_FORMAT = "kimidoc.indexer/1"


@dataclass(frozen=True, slots=True)
class Shape:
    """What the weights must agree with. ``taps``: the layers whose input is looked at.

    ``expand`` and ``query_expand``: inner widths of the maps beside the linear ones; 0 for none.
    """

    taps: tuple[int, ...] = (0, 6, 12, 18)
    hidden: int = 576
    dim: int = 64
    expand: int = 256
    query_expand: int = 512

    @classmethod
    def of(cls, layers: int, hidden: int) -> Shape:
        """For a reader of that many layers: taps at the start and after each of three fifths."""
        return cls(tuple(sorted({0, *(max(1, layers * n // 5) for n in (1, 2, 3))})), hidden)


class _Map(nn.Module):
    """One tap's states -> its share of the keys: a linear map plus a small MLP."""

    def __init__(self, hidden: int, dim: int, expand: int) -> None:
        super().__init__()
        self.straight = nn.Linear(hidden, dim, bias=False)
        self.inner = nn.Linear(hidden, expand, bias=False) if expand else None
        self.outer = nn.Linear(expand, dim, bias=False) if expand else None
        if self.outer is not None:
            nn.init.zeros_(self.outer.weight)  # starts as the linear map alone

    def forward(self, x: Tensor) -> Tensor:
        """x [S, C], any scale -> [S, D]"""
        x = F.rms_norm(x, x.shape[-1:])
        out: Tensor = self.straight(x)
        if self.inner is not None and self.outer is not None:
            out = out + self.outer(F.silu(self.inner(x)))
        return out


class Indexer(nn.Module):
    """The trained part: small, and independent of the length of the window.

    ``about``: what the file it came from says of itself; ``about["checkpoint"]`` is the fingerprint
    of the only checkpoint whose states it can read.
    """

    def __init__(self, shape: Shape, about: dict[str, str] | None = None) -> None:
        super().__init__()
        self.shape, self.about = shape, about or {}
        self.key_maps = nn.ModuleList(
            _Map(shape.hidden, shape.dim, shape.expand) for _ in shape.taps
        )
        self.query_maps = nn.ModuleList(
            _Map(shape.hidden, shape.dim, shape.query_expand) for _ in shape.taps
        )
        with torch.no_grad():  # the same words match before anything is learned
            for key, query in zip(self.key_maps, self.query_maps, strict=True):
                assert isinstance(key, _Map) and isinstance(query, _Map)
                query.straight.weight.copy_(key.straight.weight)
        self.weigh = nn.ModuleList(_Map(shape.hidden, 1, 0) for _ in shape.taps)
        self.bias = nn.Parameter(torch.zeros(1))
        # log of the sharpness, and how much a block gets of the one before and the one after
        self.sharpness = nn.Parameter(torch.tensor(2.3))
        self.beside = nn.Parameter(torch.zeros(2))

    def key_share(self, tap: int, x: Tensor) -> Tensor:
        """What the ``tap``-th tapped layer adds to the keys, before the norm: [S, C] -> [S, D]"""
        out: Tensor = self.key_maps[tap](x)
        return out

    def keys(self, states: Tensor) -> Tensor:
        """states [S, P, C] -> keys of norm 1, [S, D]"""
        shares = [self.key_share(p, states[:, p]) for p in range(states.shape[1])]
        return F.normalize(torch.stack(shares).sum(0).float(), dim=-1)

    def queries(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """A question's states [Q, P, C] -> queries of norm 1 [Q, D], and their weights [Q] > 0"""
        every = range(states.shape[1])
        q = torch.stack([m(states[:, p]) for p, m in zip(every, self.query_maps, strict=True)])
        w = torch.stack([m(states[:, p]) for p, m in zip(every, self.weigh, strict=True)])
        weights = F.softplus(w.sum(0).float().squeeze(-1) + self.bias)
        return F.normalize(q.sum(0).float(), dim=-1), weights * self.sharpness.exp()

    def save(self, where: Path, about: dict[str, str] | None = None) -> None:
        """Write the weights in fp16 and the shape as safetensors; ``about``: more metadata."""
        kept = {k: v.detach().half().contiguous() for k, v in self.state_dict().items()}
        shape = json.dumps(asdict(self.shape))
        save_file(kept, str(where), {"format": _FORMAT, "shape": shape, **(about or {})})

    @classmethod
    def load(cls, where: Path) -> Indexer:
        """Read what ``save`` wrote, in fp32. Raises ModelError when it is something else."""
        try:
            with safe_open(str(where), framework="pt") as file:
                about = file.metadata() or {}
                if about.get("format") != _FORMAT:
                    raise ValueError(f"its format is {about.get('format')!r}, not {_FORMAT!r}")
                shape: dict[str, Any] = json.loads(about["shape"])
                indexer = cls(Shape(**shape | {"taps": tuple(shape["taps"])}), about)
                indexer.load_state_dict({k: file.get_tensor(k).float() for k in file.keys()})
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as reason:
            raise ModelError(
                f"{where} is no indexer that can be read ({str(reason).splitlines()[0]}).",
                hint="Install kimidoc again, or train it: `kimidoc train indexer --help`.",
            ) from reason
        indexer.requires_grad_(False)
        return indexer.eval()
