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


def sequence_loss(scores: Tensor, chosen_per_token: int) -> Tensor:
    """scores [S, E] of one sequence -> E/K * sum_e f_e * P_e; 1 where all are used alike.

    f_e: the share of the tokens that chose e (no gradient); P_e: its mean share of the scores.
    """
    S, E = scores.shape
    chosen = scores.detach().topk(chosen_per_token, -1).indices
    share = torch.bincount(chosen.flatten(), minlength=E).float() / S
    belief = (scores / scores.sum(-1, keepdim=True)).mean(0)
    return E / chosen_per_token * (share * belief).sum()
