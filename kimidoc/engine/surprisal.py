"""How unexpected each token of a window was to the model that read it: its negative log-likelihood.

A by-product of reading: the head over what left the last layer says, for every token, what the
model expected next. Only the next token's own probability is kept, a piece of the window at a
time: logits of the whole window ([T, vocabulary], 200 GB for a million tokens) never exist. It is
work of its own, so a session has it only where it was asked for (``LocalEngine.hears``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from kimidoc.engine.base import Progress, silent
from kimidoc.engine.remembered import SURPRISAL
from kimidoc.engine.runner import Runner
from kimidoc.kvcache import session

PIECE = 256  # tokens whose logits exist at once: 256 x 49,152 fp32 is 50 MB

Surprisal = npt.NDArray[np.float16]  # [T], nats


@torch.no_grad()
def surprisal(
    runner: Runner,
    hidden: Tensor,
    ids: Tensor,
    *,
    firsts: Sequence[int] = (),
    progress: Progress = silent,
) -> Surprisal:
    """-ln p(token | what stands before it) of ``ids`` [T], in nats, float16: [T]

    ``hidden`` [T', hidden]: what left the last layer for the last T' tokens, as ``layer_major``
    returns it; it may be mapped from a file. 0 where nothing is known: for the window's first
    token, for the tokens ``firsts``, and for the first T - T' + 1 where a session spared the tokens
    before them (whoever kept their figures puts them back).
    """
    T, known = ids.numel(), ids.numel() - hidden.shape[0]
    assert known >= 0, (hidden.shape, T)
    out = np.zeros(T, dtype=np.float16)
    for a in range(known, T - 1, PIECE):
        b = min(T - 1, a + PIECE)
        logits = runner.head(hidden[a - known : b - known].to(runner.device)[None])[0]
        following = ids[a + 1 : b + 1, None].to(logits.device)
        nats = logits.logsumexp(-1) - logits.gather(-1, following)[:, 0]
        out[a + 1 : b + 1] = nats.clamp_(0, 1e4).cpu().numpy()
        progress("surprisal", b + 1, T, "tokens")
    out[list(firsts)] = 0
    return out


def packed(nats: Surprisal) -> bytes:
    """As a session keeps it, little-endian; ``kept`` reads it."""
    return nats.astype("<f2").tobytes()


def kept(where: Path) -> Surprisal | None:
    """What the session at ``where`` keeps of its tokens; None where it was not asked for.

    Raises OSError, and ValueError where the file is not as it was written.
    """
    manifest = session.read_manifest(where)
    if manifest is None or SURPRISAL not in manifest["files"]:
        return None
    found = np.frombuffer(session.read_part(where, SURPRISAL), dtype="<f2").astype(np.float16)
    if len(found) != manifest["tokens"]:
        raise ValueError(f"{len(found)} figures for {manifest['tokens']} tokens")
    return found
