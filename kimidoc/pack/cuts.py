"""The tokens of texts that were packed before, so that the same text need not be cut again.

A text is known by its digest: a document that changed, or that is read otherwise than before, is
another text. What its tokens depend on besides, the tokenizer and how ``encode`` cuts, is for the
caller to compare.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from kimidoc.types import Window

Integers = NDArray[np.int32]

DIGEST_BYTES = 32
_ARRAYS = ("texts", "spans", "starts", "ends")


@dataclass(frozen=True, slots=True)
class Cut:
    """A whole text's tokens: ``ids[i]`` covers its characters [starts[i], ends[i])."""

    ids: Integers
    starts: Integers
    ends: Integers


Cuts = Mapping[bytes, Cut]
"""``digest`` of a text -> its tokens."""


def digest(text: str) -> bytes:
    """What a text is known by."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def packed(window: Window) -> bytes:
    """The cuts of a window without its token ids, which are kept anyway: an ``npz`` file's bytes.

    texts [N, 32] digests, spans [N, 2] tokens of each text, starts and ends [T] of every token.
    """
    texts = b"".join(digest(segment.document.text) for segment in window.segments)
    file = BytesIO()
    np.savez(
        file,
        texts=np.frombuffer(texts, np.uint8).reshape(-1, DIGEST_BYTES),
        spans=np.array([(s.body, s.end) for s in window.segments], np.int64).reshape(-1, 2),
        starts=np.frombuffer(window.starts, np.int32),
        ends=np.frombuffer(window.ends, np.int32),
    )
    return file.getvalue()


def unpacked(data: bytes, tokens: array[int]) -> Cuts:
    """What ``packed`` gave, with the window's token ids. Raises ValueError for anything else."""
    if not data.startswith(b"PK"):
        raise ValueError("it is no npz file")
    try:
        with np.load(BytesIO(data), allow_pickle=False) as kept:
            texts, spans, starts, ends = (kept[name] for name in _ARRAYS)
    except (KeyError, OSError, BadZipFile) as reason:
        raise ValueError(str(reason)) from reason
    ids = np.frombuffer(tokens, np.int32)
    if not len(ids) == len(starts) == len(ends) or len(texts) != len(spans):
        raise ValueError("its parts do not fit together")
    return {
        text.tobytes(): Cut(ids[a:b], starts[a:b], ends[a:b])
        for text, (a, b) in zip(texts, spans.tolist(), strict=True)
    }
