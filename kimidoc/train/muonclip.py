"""MuonClip (Kimi K2, 2025): Muon for matrices, AdamW for the rest, and QK-clip after each step.

Muon (Jordan 2024) is torch's own, its update scaled to the size of AdamW's (Liu et al. 2025), so
that one rate serves both. QK-clip looks at the largest attention logit of every query head and
scales the head down where it passed ``limit``; keys are shared by several query heads here, so the
whole factor goes to the query, which has a gain for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

LIMIT = 100.0  # of attention logits, as in K2
BY_ROW = ("router", "queries")


class MuonClip:
    """Both optimisers as one. A matrix whose rows are told apart one by one goes to AdamW, as the
    rest does."""

    def __init__(
        self, trained: Mapping[str, nn.Parameter], rate: float, decay: float, limit: float = LIMIT
    ) -> None:
        matrices, rest = list[nn.Parameter](), list[nn.Parameter]()
        for name, value in trained.items():
            whole = value.dim() == 2 and not name.endswith(BY_ROW)
            (matrices if whole else rest).append(value)
        self.limit = limit
        self._parts: list[torch.optim.Optimizer] = []
        if matrices:
            muon = torch.optim.Muon
            self._parts.append(
                muon(matrices, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw")
            )
        if rest:
            self._parts.append(torch.optim.AdamW(rest, lr=rate, weight_decay=0.0))

    def step(self, rate: float) -> None:
        """Move everything by its gradient, at this rate, and forget the gradients."""
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = rate
            part.step()
            part.zero_grad()

    @torch.no_grad()
    def clip(self, most: Mapping[int, Tensor], gains: Mapping[int, Tensor]) -> int:
        """Scale heads whose largest logit passed the limit; returns how many.

        ``most``: layer -> [H] largest logits since the last call; ``gains``: layer -> [H].
        """
        clipped = 0
        for layer, gain in gains.items():
            if layer not in most:
                continue
            factor = (self.limit / most[layer].clamp_min(1e-6)).clamp_max(1.0)
            clipped += int((factor < 1).sum())
            gain.mul_(factor.to(gain))
        return clipped

    def state_dict(self) -> list[dict[str, Any]]:
        """To go on from."""
        return [part.state_dict() for part in self._parts]

    def load_state_dict(self, state: list[dict[str, Any]]) -> None:
        """What ``state_dict`` gave."""
        for part, own in zip(self._parts, state, strict=True):
            part.load_state_dict(own)
