"""Answering: what is chosen, where it is placed, and what comes of attending to it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.attention import reference, working_set
from kimidoc.attention.working_set import Choice
from tests.attention.conftest import Plain, inv_freq, noise, rotary

K, G, D, Dv, L = 2, 2, 8, 6, 4


def _past(tokens: int) -> Plain:
    class Open(Plain):  # the last block may be open: its mean is over the tokens it has
        def means(self, first: int, end: int) -> torch.Tensor:
            return super().means(first, end)

    return Open(noise(K, tokens, D, seed=1), noise(K, tokens, Dv, seed=2), L)


def _ids(*blocks: int) -> torch.Tensor:
    return torch.tensor(blocks, dtype=torch.int64)


@given(
    allowed=st.sets(st.integers(0, 11), min_size=1),
    must=st.sets(st.integers(0, 11), max_size=4),
    top_k=st.integers(0, 6),
    seed=st.integers(0, 99),
)
def test_choose_is_its_twin(allowed: set[int], must: set[int], top_k: int, seed: int) -> None:
    past, must = _past(45), must & allowed
    mean_query = noise(K, D, seed=seed)
    choice = Choice(_ids(*sorted(allowed)), _ids(*sorted(must)), top_k)
    chosen = working_set.choose(mean_query, past, choice)
    for head in range(K):
        expected = reference.choose(
            mean_query[head], past.means(0, 12)[head], sorted(allowed), sorted(must), top_k
        )
        assert chosen[head].tolist() == expected


def test_ranges_hide_the_neighbours_of_a_document() -> None:
    choice = Choice(_ids(1, 2), _ids(), 2, ranges=((6, 9), (10, 11)))
    seen = working_set.tokens_seen(_ids(1, 2)[None], 12, L, choice)
    assert [4 + i for i, s in enumerate(seen[0].tolist()) if s] == [6, 7, 8, 10]


def test_the_open_block_shows_its_tokens_only() -> None:
    choice = Choice(_ids(0, 1), _ids(), 2)
    seen = working_set.tokens_seen(_ids(0, 1)[None], 6, L, choice)
    assert seen[0].tolist() == [True] * 6 + [False] * 2


@pytest.mark.parametrize(
    "choice",
    [Choice(_ids(0, 1, 2, 3, 4, 5), _ids(0, 5), 1), Choice(_ids(0, 1, 2), _ids(), 1, ((0, 10),))],
    ids=["at the open end", "of a part"],
)
def test_a_row_attends_as_its_twin_does(choice: Choice) -> None:
    """Of four tokens the first three are the question's own words."""
    past, turn, S, asked, scaling = _past(22), rotary(D), 4, 3, 0.4
    query, key = noise(K * G, S, D, seed=4), noise(K, S, D, seed=5)
    value = noise(K, S, Dv, seed=6)
    work = working_set.build(query[:, :asked], past, choice, turn, kv_heads=K, block_tokens=L)
    own = torch.ones(S, S, dtype=torch.bool).tril()
    out, share = working_set.attend(
        turn.rotate(query, work.length), (work.k, work.v), work.seen[:, None],
        (turn.rotate(key, work.length), value), own, scaling=scaling,
    )  # fmt: skip
    real = query[:, :asked].reshape(K, -1, D).mean(1)
    low, high = choice.ranges[0] if choice.ranges else (0, 22)
    for h in range(K * G):
        head = h // G
        allowed, must = choice.allowed.tolist(), choice.must.tolist()
        blocks = reference.choose(real[head], past.means(0, 6)[head], allowed, must, choice.top_k)
        tokens = [t for n in blocks for t in range(n * L, n * L + L) if t < past.length]
        for s in range(S):
            k = torch.cat([past.k[head][tokens], key[head, : s + 1]])
            v = torch.cat([past.v[head][tokens], value[head, : s + 1]])
            turned = torch.stack([reference.rotate(x, i, inv_freq(D)) for i, x in enumerate(k)])
            keep = [i for i, t in enumerate(tokens) if low <= t < high]
            keep += range(len(tokens), len(tokens) + s + 1)
            q = reference.rotate(query[h, s], len(tokens) + s, inv_freq(D))
            expected = reference.one(q, turned[keep], v[keep], scaling=scaling)
            torch.testing.assert_close(out[s, h], expected, atol=1e-5, rtol=0)
    assert bool(((share.sum(-1) > 0) & (share.sum(-1) < 1)).all())


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("sink", [False, True])
def test_rows_that_share_a_prefix_are_each_a_row(masked: bool, sink: bool) -> None:
    """Three rows with one token each, and more or fewer own tokens before it."""
    R, U, P = 3, 4, 9
    query, k, v = noise(K * G, R, D, seed=1), noise(K, P, D, seed=2), noise(K, P, Dv, seed=3)
    own = noise(R, K, U, D, seed=4), noise(R, K, U, Dv, seed=5)
    near = noise(R, P, seed=6) > -0.5 if masked else None
    seen = torch.arange(U) < torch.tensor([[4], [1], [3]])
    more = {"scaling": 0.4, "softcap": 5.0, "s_aux": noise(K * G, seed=7) if sink else None}
    out = working_set.attend_each(query, (k, v), near, own, seen, **more)
    for r in range(R):
        alone, _ = working_set.attend(
            query[:, r : r + 1], (k, v), None if near is None else near[None, r : r + 1],
            (own[0][r], own[1][r]), seen[r : r + 1], **more,
        )  # fmt: skip
        torch.testing.assert_close(out[r], alone[0], atol=1e-6, rtol=1e-5)
