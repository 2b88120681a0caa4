"""How likely a unit makes it that just this question is asked: query likelihood.

The pointer and the span head were trained on little; what the model learnt from all its text is
that after a passage comes a question about it. So the log of the probability of the question's own
words behind a unit, and what stands before it, has a vote on which unit answers (Ponte & Croft
1998; by a language model without training: Sachan et al. 2022). It costs a short read of the few
units that the other votes put first.

    N units, Q tokens of the question
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kimidoc.attention.products import in_fp32
from kimidoc.engine import fresh

ASKED = "\n\nQuestion: "
UNITS = 6  # that are compared: those with the best scores
QUESTION_TOKENS = 128  # of a longer question the beginning counts


@in_fp32
@torch.no_grad()
def of_question(
    model: Any, before: Sequence[Sequence[int]], question: Sequence[int]
) -> NDArray[np.float64]:
    """log p of the question's tokens behind each of ``before``, which end with ``ASKED`` and
    are read together: [N]"""
    asked = list(question[:QUESTION_TOKENS])
    said = torch.arange(len(asked)), torch.tensor(asked)
    found = []
    for own, states in zip(before, fresh.read(model, [[*b, *asked] for b in before]), strict=True):
        logits: Tensor = model.lm_head(states[len(own) - 1 : len(own) - 1 + len(asked), -1])
        found.append(float(torch.log_softmax(logits.float(), -1).cpu()[said].sum()))
    return np.array(found)
