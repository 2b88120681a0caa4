"""What the model itself says next on a window that was read: no rule chooses, none restricts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from kimidoc.attention.working_set import Choice
from kimidoc.engine.answering import Batch
from kimidoc.engine.decode import Row, best, lockstep

if TYPE_CHECKING:
    from kimidoc.engine.reading import Layers, Reader

TOP_K = 16  # blocks that each head chooses by its own gate


def ask(
    reader: Reader, layers: Layers, tokens: int, ids: Sequence[int], count: int
) -> tuple[Tensor, list[int]]:
    """``ids`` after a window of ``tokens`` tokens.

    Returns the log-probabilities [V] of what comes next, and the ``count`` most likely tokens, one
    after the other.
    """
    block = reader.plan.budget.block_tokens
    blocks = -(-tokens // block)
    batch = Batch([Choice(torch.arange(blocks), torch.tensor([0]), TOP_K)], blocks, block)

    def row() -> Row[tuple[Tensor, list[int]]]:
        first = after = yield list(ids)
        said: list[int] = []
        while len(said) < count:
            said.append(best(after))
            if len(said) < count:
                after = yield [said[-1]]
        return first, said

    found = lockstep(reader.runner, reader.profile, layers, batch, [row()], [(0, len(ids))])
    return found[0]
