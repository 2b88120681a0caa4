"""BM25 over blocks against its formula, and what counts as a word."""

from __future__ import annotations

from collections import Counter
from math import log1p

import numpy as np
import pytest

from kimidoc.bench import text
from kimidoc.engine.lexical import K1, B, LexicalPrior, content, terms
from kimidoc.types import Window
from tests.engine.answer_models import CODE, LEASE, SUPPLY, small_window

L = 16


def naive(window: Window, stems: list[str]) -> list[float]:
    """The textbook formula, word by word: a word belongs to the block its first letter is in."""
    blocks: list[Counter[str]] = [Counter() for _ in range(-(-len(window.tokens) // L))]
    for segment in window.segments:
        for word, start in words_at(segment.document.text):
            token = next(p for p in range(segment.body, segment.end) if window.ends[p] > start)
            blocks[token // L].update(terms(word))
    mean = sum(sum(b.values()) for b in blocks) / len(blocks)
    out = []
    for b in blocks:
        score = 0.0
        for stem in stems:
            holding = sum(stem in other for other in blocks)
            norm = K1 * (1 - B + B * sum(b.values()) / max(mean, 1.0))
            idf = log1p((len(blocks) - holding + 0.5) / (holding + 0.5))
            score += idf * b[stem] * (K1 + 1) / (b[stem] + norm) if b[stem] else 0.0
        out.append(score)
    return out


def words_at(text: str) -> list[tuple[str, int]]:
    """Words of letters and digits with where they start; Chinese by pairs."""
    found, at = [], 0
    while at < len(text):
        end = at
        while end < len(text) and text[end].isalnum() and not chinese(text[end]):
            end += 1
        if end > at:
            found.append((text[at:end], at))
        elif chinese(text[at]):
            alone = not (at and chinese(text[at - 1]))
            if at + 1 < len(text) and chinese(text[at + 1]):
                found.append((text[at : at + 2], at))
            elif alone:
                found.append((text[at], at))
        at = max(end, at + 1)
    return found


def chinese(letter: str) -> bool:
    return "\u3400" <= letter <= "\u9fff"


@pytest.mark.parametrize("question", ["change of control", "rent landlord", "租金 units", "rows"])
def test_scores_are_bm25(question: str) -> None:
    stems = sorted(set(terms(question)))
    scores = LexicalPrior(small_window(), L).scores(stems)
    np.testing.assert_allclose(scores, naive(small_window(), stems), rtol=1e-5)
    assert scores.max() > 0


def test_the_block_that_holds_the_words_comes_first() -> None:
    packed = small_window()
    block = int(
        LexicalPrior(packed, L).scores(content(["Which are the laws of Denmark?"])).argmax()
    )
    text = packed.segments[1].document.text
    assert "laws" in text[packed.starts[block * L] : packed.ends[block * L + L - 1]]


def test_identifiers_count_as_their_parts() -> None:
    assert terms("getUserName") == terms("get_user_name") == ["get", "user", "name"]


def test_chinese_counts_as_pairs_of_letters() -> None:
    assert terms("甲方应 x 租") == ["甲方", "方应", "x", "租"]


def test_words_that_ask_are_not_what_is_asked_about() -> None:
    assert content(["Which state's law is there for the leases?"]) == ["law", "lease", "s"]
    assert content(["What is it?"]) == sorted(terms("what is it"))


def test_idf_of_a_word_nobody_uses_is_nothing() -> None:
    prior = LexicalPrior(small_window(), L)
    assert prior.idf("zebra") == 0.0 and not prior.scores(["zebra"]).any()
    assert prior.idf(terms("landlord")[0]) > prior.idf("the") > 0


def test_a_prior_out_of_a_session_scores_the_same() -> None:
    prior = LexicalPrior(small_window(), L)
    again = LexicalPrior.unpacked(prior.packed())
    assert again.blocks == prior.blocks
    for stems in (["rent", "landl"], terms(SUPPLY), ["zebra"]):
        np.testing.assert_array_equal(again.scores(stems), prior.scores(stems))
        assert [again.idf(t) for t in stems] == [prior.idf(t) for t in stems]


def test_a_cut_document_counts_up_to_where_it_ends() -> None:
    """Words of the text behind the last token stand in no block, and make none."""
    short = text.cut(small_window(), 3 * L)
    prior = LexicalPrior(short, L)
    assert prior.blocks == LexicalPrior.unpacked(prior.packed()).blocks == 3
    assert prior.scores(terms("".join(s.document.text for s in short.segments))).shape == (3,)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"x" * 400])
def test_what_is_no_prior_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        LexicalPrior.unpacked(data)
    whole = LexicalPrior(small_window(), L).packed()
    with pytest.raises(ValueError):
        LexicalPrior.unpacked(whole[: len(whole) // 2])


def test_a_window_keeps_its_texts() -> None:
    assert [s.document.text for s in small_window().segments] == [LEASE, SUPPLY, CODE]
