"""What stands elsewhere, compared with the obvious search."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kimidoc.novelty import memory
from kimidoc.novelty.memory import CONTEXTS
from kimidoc.novelty.words import Words
from tests.novelty.conftest import heard


def _naive(words: Words, reference: list[bool], at: int) -> tuple[int, float]:
    """The longest context of word ``at`` that stands elsewhere, and who goes on with the word."""
    ids = words.ids.tolist()
    start = max(b for b in words.bounds if b <= at)
    for k in CONTEXTS:
        if at - k < start:
            continue
        others = []
        for p in range(len(ids)):
            first = max(b for b in words.bounds if b <= p)
            if p != at and reference[p] and p - k >= first and ids[p - k : p] == ids[at - k : at]:
                others.append(ids[p])
        if others:
            return k, others.count(ids[at]) / len(others)
    return 0, 0.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=40), min_size=1, max_size=3),
    st.randoms(use_true_random=False),
)
def test_contexts_are_those_that_a_search_finds(texts: list[list[str]], random: object) -> None:
    words = heard(*(" ".join(text) for text in texts))
    known = [random.random() < 0.7 for _ in words.ids]  # type: ignore[attr-defined]
    found = memory.forwards(words, np.array(known, dtype=bool))
    for at in range(len(words.ids)):
        length, agree = _naive(words, known, at)
        assert found.length[at] == length
        assert found.agree[at] == pytest.approx(agree)
        if length:
            other = int(found.where[at])
            assert known[other] and other != at
            assert words.ids[other - length : other].tolist() == (
                words.ids[at - length : at].tolist()
            )


def test_backwards_is_forwards_of_the_text_turned_round() -> None:
    text = "a b c d a b c e b c d a b c d a b x c d a b c d a"
    words, turned = heard(text), heard(" ".join(reversed(text.split())))
    everything = np.ones(len(words.ids), dtype=bool)
    back = memory.backwards(words, everything)
    ahead = memory.forwards(turned, everything)
    assert back.length.tolist() == ahead.length[::-1].tolist()
    assert back.agree.tolist() == ahead.agree[::-1].tolist()
    shown = [len(words.ids) - 1 - p if p >= 0 else -1 for p in ahead.where[::-1]]
    held = back.length > 0
    assert back.where[held].tolist() == np.array(shown)[held].tolist()


def test_the_mixture_is_a_probability_between_its_two_readers() -> None:
    words = heard("one two three four five six seven " * 6)
    found = memory.forwards(words, np.ones(len(words.ids), dtype=bool))
    mixed = memory.mixed(words.nats, found)
    assert (mixed >= 0).all() and np.isfinite(mixed).all()
    alone = found.length == 0
    np.testing.assert_allclose(mixed[alone], words.nats[alone], rtol=1e-5)
    assert (mixed[~alone] < words.nats[~alone]).all()  # all of it stands elsewhere
    assert not found.departs().any()
