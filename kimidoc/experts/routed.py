"""A feed-forward network as shared expert plus top-k of many small routed ones.

    s = sigmoid(W_r x);  chosen = top-k of s + b;  g = s / sum of the chosen s
    y = FFN(x) + sum over the chosen of g_e * down_e(silu(gate_e x) * up_e x)

The bias b decides who is chosen and never what is given (auxiliary-loss-free balancing, Wang et
al. 2024). With a capacity an expert takes at most that share of a chunk, its highest scores first;
the shared expert sees every token anyway.

    N tokens, C hidden width, E experts, K chosen of them, I inner width of one
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_LEAST_CAPPED = (
    256  # tokens; in fewer nobody is turned away, so that who shares a batch is no matter
)


@dataclass(frozen=True, slots=True)
class ExpertShape:
    """What the weights must agree with. ``capacity``: of an equal share; 0 is none."""

    hidden: int = 576
    experts: int = 8
    chosen: int = 2
    inner: int = 128
    capacity: float = 2.0


class RoutedExperts(nn.Module):
    """The router and its experts; adds nothing before it was trained (``down`` is zero).

    ``load`` [E]: how many tokens chose each expert since it was last set to zero.
    """

    bias: Tensor
    load: Tensor

    def __init__(self, shape: ExpertShape) -> None:
        super().__init__()
        self.shape = shape
        E, C, inner = shape.experts, shape.hidden, shape.inner
        self.router = nn.Parameter(torch.randn(E, C) * C**-0.5)
        self.register_buffer("bias", torch.zeros(E))
        self.register_buffer("load", torch.zeros(E), persistent=False)
        self.gate = nn.ParameterList(
            nn.Parameter(torch.randn(inner, C) * C**-0.5) for _ in range(E)
        )
        self.up = nn.ParameterList(nn.Parameter(torch.randn(inner, C) * C**-0.5) for _ in range(E))
        self.down = nn.ParameterList(nn.Parameter(torch.zeros(C, inner)) for _ in range(E))
        self.scores: Tensor | None = None  # [N, E] of the last pass while training

    def forward(self, x: Tensor) -> Tensor:
        """x [N, C] -> what the chosen experts add, [N, C] in x's dtype"""
        scores, chosen, gates = self.choose(x)
        places = chosen.flatten().argsort(stable=True)  # of [N * K], those of one expert together
        counts = torch.bincount(chosen.flatten(), minlength=self.shape.experts).tolist()
        parts = list(torch.split(places, counts))
        most = self._most(len(x))
        for e, part in enumerate(parts):
            if len(part) > most:
                best = scores[part // self.shape.chosen, e].sort(descending=True, stable=True)
                parts[e] = part[best.indices[:most].sort().values]
        places = torch.cat(parts)
        # every token once for each expert of its own: a gather whose places are all different
        copies = x[:, None].expand(-1, self.shape.chosen, -1).flatten(0, 1).index_select(0, places)
        split = torch.split(copies, [len(part) for part in parts])
        made = torch.cat([self.expert(e, own) for e, own in enumerate(split)])
        given = made * gates.flatten().index_select(0, places)[:, None].to(x.dtype)
        every = x.new_zeros(chosen.numel(), x.shape[1]).index_copy(0, places, given)
        return every.view(*chosen.shape, -1).sum(1)

    def choose(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x [N, C] -> scores [N, E], the chosen [N, K], and what each of these counts [N, K]"""
        scores = torch.sigmoid(F.linear(x.float(), self.router.float()))
        chosen = (scores + self.bias).topk(self.shape.chosen, -1).indices
        gates = scores.gather(1, chosen)
        if self.training:
            self.scores = scores
        with torch.no_grad():
            self.load += torch.bincount(chosen.flatten(), minlength=self.shape.experts)
        return scores, chosen, gates / gates.sum(-1, keepdim=True)

    def expert(self, e: int, x: Tensor) -> Tensor:
        """What one expert makes of x [N, C]."""
        gate, up, down = (w[e].to(x.dtype) for w in (self.gate, self.up, self.down))
        return F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down)

    def _most(self, tokens: int) -> int:
        shape = self.shape
        if self.training or not shape.capacity or tokens < _LEAST_CAPPED:
            return tokens
        return int(-(-tokens * shape.chosen * shape.capacity // shape.experts))


class Upcycled(nn.Module):
    """Stands where a layer's feed-forward network stood: the network, and what experts add."""

    def __init__(self, shared: nn.Module, routed: RoutedExperts) -> None:
        super().__init__()
        self.shared, self.routed = shared, routed

    def forward(self, x: Tensor) -> Tensor:
        """x [..., C] -> [..., C]"""
        out: Tensor = self.shared(x)
        more: Tensor = self.routed(x.reshape(-1, x.shape[-1]))
        return out + more.view(x.shape)
