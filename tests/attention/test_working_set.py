"""Answering: what is chosen, where it is placed, and what comes of attending to it."""

from __future__ import annotations

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


def test_rows_attend_as_their_twins_do() -> None:
    """Two questions of different length, different blocks, one of them at the open end."""
    past, turn, S, scaling = _past(22), rotary(D), 3, 0.4
    query, key = noise(2, K * G, S, D, seed=4), noise(2, K, S, D, seed=5)
    value = noise(2, K, S, Dv, seed=6)
    asked = torch.tensor([[True, True, True], [True, True, False]])
    choices = [
        Choice(_ids(0, 1, 2, 3, 4, 5), _ids(0, 5), 1),
        Choice(_ids(0, 1, 2), _ids(), 1, ranges=((0, 10),)),
    ]
    work = working_set.build(query, asked, past, choices, turn, kv_heads=K, block_tokens=L)
    assert work.lengths.tolist() == [10, 4]  # 3 blocks, the open one holds 2; 1 block
    at = work.lengths[:, None] + torch.arange(S)
    own = asked[:, None] & torch.ones(S, S, dtype=torch.bool).tril()
    own |= torch.eye(S, dtype=torch.bool)
    out, share = working_set.attend(
        turn.rotate_at(query, at), work.k, work.v, work.seen[:, :, None],
        turn.rotate_at(key, at), value, own, scaling=scaling,
    )  # fmt: skip
    for b in range(2):
        real = query[b][:, asked[b]].view(K, G, -1, D).mean((1, 2))
        for h in range(K * G):
            head = h // G
            allowed, must = choices[b].allowed.tolist(), choices[b].must.tolist()
            blocks = reference.choose(
                real[head], past.means(0, 6)[head], allowed, must, choices[b].top_k
            )
            low, high = (0, 22) if choices[b].ranges is None else (0, 10)
            tokens = [t for n in blocks for t in range(n * L, n * L + L) if t < past.length]
            for s in range(int(asked[b].sum())):
                k = torch.cat([past.k[head][tokens], key[b, head, : s + 1]])
                v = torch.cat([past.v[head][tokens], value[b, head, : s + 1]])
                turned = torch.stack([reference.rotate(x, i, inv_freq(D)) for i, x in enumerate(k)])
                keep = [i for i, t in enumerate(tokens) if low <= t < high]
                keep += range(len(tokens), len(tokens) + s + 1)
                q = reference.rotate(query[b, h, s], len(tokens) + s, inv_freq(D))
                expected = reference.one(q, turned[keep], v[keep], scaling=scaling)
                torch.testing.assert_close(out[b, s, h], expected, atol=1e-5, rtol=0)
    assert bool(((share.sum(-1) > 0) & (share.sum(-1) < 1)).all())


def test_a_prefix_that_rows_share_is_each_rows_own() -> None:
    """One row of keys for three rows of queries: the same as three copies of it."""
    B, S, U, P = 3, 2, 4, 9
    query, k, v = (
        noise(B, K * G, S, D, seed=1),
        noise(1, K, P, D, seed=2),
        noise(1, K, P, Dv, seed=3),
    )
    own = noise(B, K, U, D, seed=4), noise(B, K, U, Dv, seed=5)
    seen = noise(B, 1, S, P, seed=6) > -0.5
    own_seen = torch.ones(B, S, U, dtype=torch.bool).tril(U - S)
    for mask in (seen, None):
        every = seen if mask is not None else torch.ones_like(seen)
        said = working_set.attend(query, k, v, mask, *own, own_seen, scaling=0.4, softcap=5.0)
        twin = working_set.attend(
            query, k.repeat(B, 1, 1, 1), v.repeat(B, 1, 1, 1), every, *own, own_seen,
            scaling=0.4, softcap=5.0,
        )  # fmt: skip
        for a, b in zip(said, twin, strict=True):
            torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)
