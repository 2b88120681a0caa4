"""Which kind of clause a question asks for, if any: a linear head on the question's own states.

The states are those that the queries are made from, so nothing is read for it. What is looked at is
each tap's mean over the question's tokens and its last token, which has read them all.

    Q question tokens, P taps, C hidden width, K kinds
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from kimidoc.errors import ModelError

_FORMAT = "kimidoc.kinds/1"


def summary(states: Tensor) -> Tensor:
    """states [Q, P, C], any scale -> [2 * P * C] fp32"""
    even = F.rms_norm(states.float(), states.shape[-1:])
    return torch.cat([even.mean(0).flatten(), even[-1].flatten()])


@dataclass(frozen=True, slots=True)
class Kinds:
    """``weight`` [K + 1, 2 * P * C] and ``bias`` [K + 1]; the last row is "none of them".

    ``about``: what the file says of itself; ``about["checkpoint"]`` is the only checkpoint whose
    states it can read.
    """

    names: tuple[str, ...]
    weight: Tensor
    bias: Tensor
    about: dict[str, str] = field(default_factory=dict)

    def likely(self, states: Tensor) -> Tensor:
        """states [Q, P, C] of one question -> how likely it asks for each kind: [K]"""
        return torch.softmax(self.weight @ summary(states) + self.bias, -1)[:-1]

    def save(self, where: Path) -> None:
        """Write the weights in fp32 and the names as safetensors."""
        kept = {"weight": self.weight.contiguous(), "bias": self.bias.contiguous()}
        said = {**self.about, "format": _FORMAT, "names": json.dumps(self.names)}
        save_file(kept, str(where), said)

    @classmethod
    def load(cls, where: Path) -> Kinds:
        """Read what ``save`` wrote, in fp32. Raises ModelError when it is something else."""
        try:
            with safe_open(str(where), framework="pt") as file:
                about = dict(file.metadata() or {})
                if about.pop("format", None) != _FORMAT:
                    raise ValueError("its format is another")
                names = tuple(json.loads(about.pop("names")))
                weight, bias = (file.get_tensor(name).float() for name in ("weight", "bias"))
            if weight.shape[0] != len(names) + 1 or bias.shape != weight.shape[:1]:
                raise ValueError("its parts do not fit together")
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as reason:
            raise ModelError(
                f"{where} holds no kinds that can be read ({str(reason).splitlines()[0]}).",
                hint="Install kimidoc again, or train it: `kimidoc train kinds --help`.",
            ) from reason
        return cls(names, weight, bias, about)
