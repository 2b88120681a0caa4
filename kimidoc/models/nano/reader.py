"""What a short reading of chosen passages was trained with, put into the base model.

    from layer ``first`` on: routed experts beside every feed-forward network, low-rank changes of
    the attention's projections, merged into them, and a gain for each query head (QK-clip)
    a pointer: which of the units that were read answers, or none

The layers before ``first`` stay the base model's, so the indexer's states are the same in both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from kimidoc.errors import ModelError
from kimidoc.experts import stored
from kimidoc.experts.routed import ExpertShape, RoutedExperts, Upcycled

FORMAT = "kimidoc.reader/2"
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj")
POINTER = "pointer"  # where a model with a reader has its pointer


@dataclass(frozen=True, slots=True)
class ReaderShape:
    """``first``: the first layer that is changed. ``rank``: of the attention's changes; 0: none.

    ``pointed``: width in which the pointer compares.
    """

    first: int = 18
    rank: int = 32
    pointed: int = 128
    experts: ExpertShape = field(default_factory=ExpertShape)


class Pointer(nn.Module):
    """Which unit answers (pointer networks, Vinyals et al. 2015), with "none of them" beside.

        logit of a unit = (W_q x + b) · W_k y / sqrt(D);  of none = (W_q x + b) · n / sqrt(D)

    x is the model's last hidden state where the answer would begin, y the one at the unit's last
    token, which has read the question, what stands before, and all of the unit. Both of RMS 1.
    """

    def __init__(self, hidden: int, width: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(width, hidden))
        self.key = nn.Parameter(torch.randn(width, hidden) * hidden**-0.5)
        self.bias = nn.Parameter(torch.zeros(width))
        self.none = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """x [B, C], y [B, U, C] -> logits [B, U + 1] fp32, the last of them "none" """
        x, y = (F.rms_norm(v.float(), v.shape[-1:]) for v in (x, y))
        query = F.linear(x, self.query) + self.bias
        keys = F.linear(y, self.key)
        keys = torch.cat([keys, self.none.expand(len(keys), 1, -1)], 1)
        logits: Tensor = (keys @ query[:, :, None])[..., 0] * len(self.bias) ** -0.5
        return logits


@dataclass(frozen=True, slots=True)
class Weights:
    """A reader's file: its shape, what it says of itself, and its tensors in fp32."""

    shape: ReaderShape
    about: Mapping[str, str]
    tensors: Mapping[str, Tensor]


def save(
    where: Path, shape: ReaderShape, state: Mapping[str, Tensor], about: dict[str, str]
) -> None:
    """Write a reader's trained tensors, matrices in int8."""
    words = {"format": FORMAT, "shape": json.dumps(asdict(shape)), **about}
    save_file(stored.packed(state), str(where), words)


def load(where: Path) -> Weights:
    """Read what ``save`` wrote. Raises ModelError when it is something else."""
    try:
        with safe_open(str(where), framework="pt") as file:
            about = file.metadata() or {}
            if about.get("format") != FORMAT:
                raise ValueError(f"its format is {about.get('format')!r}, not {FORMAT!r}")
            shape: dict[str, Any] = json.loads(about["shape"])
            experts = ExpertShape(**shape.pop("experts"))
            tensors = stored.unpacked({name: file.get_tensor(name) for name in file.keys()})
            return Weights(ReaderShape(**shape, experts=experts), about, tensors)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as reason:
        raise ModelError(
            f"{where} holds no reader that can be used ({str(reason).splitlines()[0]}).",
            hint="Install kimidoc again, or train it: `kimidoc train reader --help`.",
        ) from reason


def attach(model: Any, weights: Weights) -> None:
    """Change a loaded base model into the trained one. Raises ModelError where it does not fit."""
    layers = model.get_decoder().layers
    try:
        for number in range(weights.shape.first, len(layers)):
            own = _under(weights.tensors, f"layers.{number}.")
            _merge(layers[number].self_attn, own)
            _upcycle(layers[number], own, weights.shape.experts, model.dtype)
        pointer = Pointer(model.config.hidden_size, weights.shape.pointed)
        pointer.load_state_dict(_under(weights.tensors, f"{POINTER}."))
        model.add_module(POINTER, pointer)
    except (KeyError, RuntimeError, AttributeError) as reason:
        raise ModelError(
            f"The trained reader does not fit this model ({str(reason).splitlines()[0]}).",
            hint="Use it with the checkpoint it was trained for, or --model base.",
        ) from reason
    model.requires_grad_(False)
    model.eval()


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


@torch.no_grad()
def _merge(attention: Any, own: Mapping[str, Tensor]) -> None:
    for name in PROJECTIONS:
        linear: nn.Linear = getattr(attention, name)
        weight = linear.weight.float()
        if f"{name}.a" in own:
            weight = weight + own[f"{name}.b"] @ own[f"{name}.a"]
        if f"{name}.gain" in own:
            weight = weight * own[f"{name}.gain"].repeat_interleave(attention.head_dim)[:, None]
        linear.weight.copy_(weight)


def _upcycle(layer: Any, own: Mapping[str, Tensor], shape: ExpertShape, dtype: torch.dtype) -> None:
    routed = RoutedExperts(shape)
    routed.load_state_dict(_under(own, "experts."))
    for parameters in (routed.gate, routed.up, routed.down):
        parameters.to(dtype)
    layer.mlp = Upcycled(layer.mlp, routed)
