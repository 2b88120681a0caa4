"""The reader's upper layers once more, looking both ways.

A causal reader sees of a passage only what stands before: it cannot know at a sentence that the
next one answers better. So the same layers, from ``first`` on, go once more over what entered them,
every token attending to every other, with low-rank changes of their projections (LoRA, Hu et al.
2022) that are in force for that pass alone. As in LLM2Vec (BehnamGhader et al. 2024) a little
training is enough for that; the weights themselves are the reader's.

    B contexts, S tokens, C hidden width, R rank
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kimidoc.models.nano.reader import PROJECTIONS

CHANGED = (
    *(f"self_attn.{name}" for name in PROJECTIONS),
    *(f"mlp.shared.{name}" for name in ("gate_proj", "up_proj", "down_proj")),
)
Pairs = Mapping[str, tuple[Tensor, Tensor]]


class BothWays(nn.Module):
    """``pairs``: of each projection, as "18/self_attn/q_proj", a [R, in] and b [out, R]."""

    def __init__(self, first: int, pairs: Pairs) -> None:
        super().__init__()
        self.first = first
        self.a = nn.ParameterDict({name: a for name, (a, _) in pairs.items()})
        self.b = nn.ParameterDict({name: b for name, (_, b) in pairs.items()})

    @classmethod
    def beginning(cls, model: Any, first: int, rank: int) -> BothWays:
        """Changes that are nothing yet, for every layer of ``model`` from ``first`` on."""
        pairs = {}
        for number, layer in enumerate(model.get_decoder().layers):
            for path in CHANGED if number >= first else ():
                out, inputs = layer.get_submodule(path).weight.shape
                a = torch.randn(rank, inputs) * inputs**-0.5
                pairs[f"{number}.{path}".replace(".", "/")] = a, torch.zeros(out, rank)
        return cls(first, pairs)

    @classmethod
    def of(cls, first: int, state: Mapping[str, Tensor]) -> BothWays:
        """What a state dict holds. Raises KeyError where a pair is not whole."""
        names = [name.removeprefix("a.") for name in state if name.startswith("a.")]
        return cls(first, {n: (state[f"a.{n}"], state[f"b.{n}"]) for n in names})

    def forward(
        self, model: Any, entered: Tensor, real: Tensor, taps: Sequence[int]
    ) -> list[Tensor]:
        """entered [B, S, C], what entered the first layer, real [B, S] -> what enters the layers
        ``taps``, none of them before the first, and the last hidden states: [B, S, C] each

        The model attends as transformers' SDPA does.
        """
        decoder, x = model.get_decoder(), entered
        at = torch.arange(x.shape[1], device=x.device)[None]
        turns = decoder.rotary_emb(x, at)
        mask = real[:, None, None].expand(-1, 1, x.shape[1], -1)
        found: dict[int, Tensor] = {}
        with self._changing(decoder.layers):
            for number in range(self.first, len(decoder.layers)):
                if number in taps:
                    found[number] = x
                out = decoder.layers[number](
                    x, attention_mask=mask, position_ids=at, position_embeddings=turns
                )
                x = out[0] if isinstance(out, tuple) else out
        return [*(found[tap] for tap in taps), decoder.norm(x)]

    @contextmanager
    def _changing(self, layers: Sequence[nn.Module]) -> Iterator[None]:
        hooks = []
        for name in self.a:
            number, path = name.split("/", 1)
            projection = layers[int(number)].get_submodule(path.replace("/", "."))
            hooks.append(projection.register_forward_hook(_change(self.a[name], self.b[name])))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def _change(a: Tensor, b: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
    def changed(_: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> Tensor:
        (x,) = given
        return out + F.linear(F.linear(x, a.to(x.dtype)), b.to(x.dtype))

    return changed
