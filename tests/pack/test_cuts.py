"""Tokens that were cut before are taken, and the window is the one that is cut anew."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.errors import BudgetError
from kimidoc.pack import Overflow, cuts, encode, fit
from kimidoc.types import Document, Window
from tests.pack.conftest import PROSE, ByteTokenizer, document, mixed_documents
from tests.pack.test_fit import FEW, PLENTY, TEXTS

NAMES = "abcdef"
POLICIES: tuple[Overflow, ...] = get_args(Overflow)


def hashed(path: str, text: str) -> Document:
    return document(path, text, sha256=cuts.digest(text).hex())


def known(window: Window) -> dict[str, str]:
    return {s.document.path: s.document.sha256 or "" for s in window.segments}


def taken(window: Window) -> cuts.Cuts:
    """The window's cuts, through what a session keeps of them."""
    return cuts.unpacked(cuts.packed(window), window.tokens)


SETS = st.dictionaries(st.sampled_from(NAMES), TEXTS.filter(bool), min_size=1)


@FEW
@given(before=SETS, after=SETS, less=st.integers(0, 60), overflow=st.sampled_from(POLICIES))
def test_the_window_is_the_same_with_and_without(tokenizer, before, after, less, overflow):
    """Documents stay, change, come and go between two runs; some do not fit."""
    earlier = fit([hashed(p, t) for p, t in before.items()], tokenizer, PLENTY)
    documents = [hashed(path, text) for path, text in after.items()]
    whole = len(fit(documents, tokenizer, PLENTY, known=known(earlier)).tokens)

    def second(cut: cuts.Cuts | None) -> Window | str:
        try:
            return fit(
                documents,
                tokenizer,
                whole - less,
                overflow=overflow,
                known=known(earlier),
                cuts=cut,
            )
        except BudgetError as error:
            return f"{error} {error.hint}"

    assert second(taken(earlier)) == second(None)


def test_long_texts_of_several_pieces_are_the_same(tokenizer, monkeypatch):
    monkeypatch.setattr(encode.pieces, "__defaults__", (64,))
    monkeypatch.setattr(encode, "BATCH_TEXTS", 3)
    documents = [document(str(n), d.text * 9) for n, d in enumerate(mixed_documents())]
    earlier = fit(documents, tokenizer, PLENTY)
    for dropped in (0, 1, len(earlier.tokens) // 3):
        budget = len(earlier.tokens) - dropped
        given = {"overflow": "drop-largest"}
        twin = fit(documents, tokenizer, budget, **given)
        assert fit(documents, tokenizer, budget, cuts=taken(earlier), **given) == twin


def seen(tokenizer: ByteTokenizer, documents: Sequence[Document], cut: cuts.Cuts) -> str:
    tokenizer.calls.clear()
    fit(documents, tokenizer, PLENTY, cuts=cut)
    return "".join(text for call in tokenizer.calls for text in call)


def test_the_tokenizer_sees_only_what_is_new(tokenizer):
    documents = [document(name, f"{name} {PROSE}") for name in NAMES]
    cut = taken(fit(documents, tokenizer, PLENTY))
    assert PROSE not in seen(tokenizer, documents, cut)
    renamed = [replace(d, path=f"new/{d.path}") for d in documents]
    assert PROSE not in seen(tokenizer, renamed, cut)
    changed = [*documents[:2], document("c", f"edited {PROSE}"), *documents[3:]]
    assert seen(tokenizer, changed, cut).count(PROSE) == 1


def test_lone_surrogates_are_not_what_replaces_them(tokenizer):
    halves = [document("a", "x\ud800y"), document("b", "x\ufffdy")]
    twin = fit(halves, tokenizer, PLENTY)
    assert fit(halves, tokenizer, PLENTY, cuts=taken(twin)) == twin
    assert len(taken(twin)) == 2


def test_what_is_no_file_of_cuts_is_refused(tokenizer):
    window = fit(mixed_documents(), tokenizer, PLENTY)
    data = cuts.packed(window)
    other = np.frombuffer(b"PK", np.uint8).tobytes()
    for bad in (b"", b"\x80\x04", other, data[: len(data) // 2], data[:400] + data[500:]):
        with pytest.raises(ValueError):
            cuts.unpacked(bad, window.tokens)
    with pytest.raises(ValueError, match="fit together"):
        cuts.unpacked(data, array("i", window.tokens[:-1]))
