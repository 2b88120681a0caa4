"""With budgets that cover everything, answering is what transformers itself computes."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModelForCausalLM

from kimidoc.attention.working_set import Choice
from kimidoc.engine.answering import Batch
from kimidoc.engine.decode import lockstep, read_lead
from tests.engine.answer_models import TinyPrefix, tiny_prefix
from tests.engine.test_decode import program

FAMILIES = ["llama", "qwen3_moe", "gpt_oss", "deepseek_v3"]
FEEDS = (([7, 8, 9, 10, 11], [12], [13, 14]), ([20, 21], [22, 23, 24, 25], [26]))


def everything(prefix: TinyPrefix) -> Choice:
    blocks = torch.arange(-(-prefix.length // prefix.block))
    return Choice(blocks, blocks, 0)


@torch.no_grad()
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_are_stock(family: str) -> None:
    prefix = tiny_prefix(family)
    stock = AutoModelForCausalLM.from_pretrained(
        prefix.folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    batch = Batch([everything(prefix)] * 2, -(-prefix.length // prefix.block), prefix.block)
    rows = lockstep(
        prefix.runner,
        prefix.profile,
        prefix.layers,
        batch,
        [program(f) for f in FEEDS],
        [(0, 2), (0, 2)],
    )
    for feeds, seen in zip(FEEDS, rows, strict=True):
        ids = prefix.ids.tolist() + [t for feed in feeds for t in feed]
        logits = torch.log_softmax(stock(torch.tensor([ids])).logits[0].float(), -1)
        at = prefix.length - 1
        for feed, after in zip(feeds, seen, strict=True):
            at += len(feed)
            torch.testing.assert_close(after, logits[at], rtol=1e-4, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("family", FAMILIES)
def test_what_rows_begin_with_may_be_read_before_them(family: str) -> None:
    prefix, lead = tiny_prefix(family), [30, 31, 32, 33, 34, 35, 36]
    stock = AutoModelForCausalLM.from_pretrained(
        prefix.folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    blocks = -(-prefix.length // prefix.block)
    shared = (prefix.runner, prefix.profile, prefix.layers)
    read = read_lead(*shared, lead, everything(prefix), blocks, prefix.block)
    batch = Batch([everything(prefix)] * 2, blocks, prefix.block, read)
    rows = lockstep(*shared, batch, [program(f) for f in FEEDS], [(0, 2), (0, 2)])
    for feeds, seen in zip(FEEDS, rows, strict=True):
        ids = prefix.ids.tolist() + lead + [t for feed in feeds for t in feed]
        logits = torch.log_softmax(stock(torch.tensor([ids])).logits[0].float(), -1)
        at = prefix.length + len(lead) - 1
        for feed, after in zip(feeds, seen, strict=True):
            at += len(feed)
            torch.testing.assert_close(after, logits[at], rtol=1e-4, atol=1e-4)
    assert batch.mass.shape == (2, blocks) and (batch.mass.sum(-1) > 0).all()


def test_attention_of_the_question_is_counted_where_it_may_look() -> None:
    prefix = tiny_prefix("llama")
    blocks = torch.arange(-(-prefix.length // prefix.block))
    inside = (2 * prefix.block + 3, 4 * prefix.block)
    choice = Choice(blocks[2:4], blocks[2:3], 8, (inside,))
    batch = Batch([choice], len(blocks), prefix.block)
    lockstep(
        prefix.runner,
        prefix.profile,
        prefix.layers,
        batch,
        [program(([7, 8, 9, 10],))],
        [(1, 3)],
    )
    assert (batch.mass[0, 2:4] > 0).all()
    assert not batch.mass[0, :2].any() and not batch.mass[0, 4:].any()
    heads = prefix.runner.model.config.num_attention_heads * len(prefix.layers)
    assert batch.mass.sum() <= 2 * heads  # two words asked, each head gives each at most 1
