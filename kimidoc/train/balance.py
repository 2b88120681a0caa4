"""Experts used alike, without a loss that fights the task's (Wang et al. 2024; DeepSeek-V3).

After every step the bias of an expert that was chosen more often than the mean goes down a little,
and that of one chosen less often goes up. A small auxiliary loss beside it keeps single sequences
from using one expert only.

    N tokens, E experts, K chosen of them
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from kimidoc.experts.routed import RoutedExperts

SPEED = 1e-2  # how far a bias goes in one step


@torch.no_grad()
def shift(routed: Iterable[RoutedExperts], speed: float = SPEED) -> float:
    """Move every bias and set the counts to zero; returns the largest load over the mean one."""
    worst = 1.0
    for experts in routed:
        load = experts.load
        if load.sum() > 0:
            worst = max(worst, float(load.max() / load.mean()))
            experts.bias += speed * torch.sign(load.mean() - load)
            load.zero_()
    return worst


def sequence_loss(scores: Tensor, real: Tensor, chosen_per_token: int) -> Tensor:
    """scores [B, S, E] -> mean over sequences of E/K * sum_e f_e * P_e; 1 where all are used alike.

    ``real`` [B, S]: 1.0 where a token is, 0.0 where padding is. f_e: the share of the tokens that
    chose e (no gradient); P_e: its mean share of the scores.
    """
    E, real = scores.shape[-1], real[..., None]
    chosen = scores.detach().topk(chosen_per_token, -1).indices
    count = torch.zeros_like(scores).scatter_(-1, chosen, 1.0)
    share = (count * real).sum(1) / real.sum(1)
    belief = (scores / scores.sum(-1, keepdim=True) * real).sum(1) / real.sum(1)
    return E / chosen_per_token * (share * belief).sum(-1).mean()
