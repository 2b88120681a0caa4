"""Whatever is chosen among what is allowed, a quote is verbatim text of the documents."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kimidoc.engine.constrain import MIN_TOKENS, Verbatim, runs, units, words
from tests.engine.answer_models import LEASE, SUPPLY, small_window, tokenizer, window

LETTERS = [*'abcdeT12.,;:!?)" \n\t-', "\r\n", "。", "甲", "é", "👩‍👧", "e\u0301", ". ", "; "]
TEXTS = (
    st.lists(st.sampled_from(LETTERS), min_size=1, max_size=150)
    .map("".join)
    .filter(lambda text: bool(text.strip()))
)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=3), seed=st.integers(0, 10**6))
def test_every_quote_is_text_of_one_document(texts: list[str], seed: int) -> None:
    choose = random.Random(seed)
    packed = window(tokenizer(), [1, 2, 3], *texts)
    a, b = sorted(choose.choices(range(len(packed.tokens) + 1), k=2))
    source = runs(packed, [(a, b)])
    if not source.starts.size:
        return
    verbatim = Verbatim(source, max_tokens=choose.choice([3, 8, 96]))
    written = []
    while True:
        token = choose.choice(verbatim.allowed().tolist())
        verbatim.advance(token)
        written.append(token)
        if verbatim.complete:
            break
    start = verbatim.start()
    assert packed.tokens[start : start + len(written)].tolist() == written
    assert len(written) <= verbatim.max_tokens
    segment = packed.segment_at(start)
    assert segment is not None and segment.body <= start < start + len(written) <= segment.end
    assert words(packed, (start, start + len(written))) in segment.document.text


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=3))
def test_units_are_apart_in_order_and_leave_no_word_out(texts: list[str]) -> None:
    packed = window(tokenizer(), [1, 2, 3], *texts)
    found = units(packed, 0, len(packed.tokens))
    assert all(a < b <= c for (a, b), (c, _) in pairwise(found))
    held = {p for start, end in found for p in range(start, end)}
    for segment in packed.segments:
        for p in range(segment.body, segment.end):
            text = segment.document.text[packed.starts[p] : packed.ends[p]]
            assert p in held or not text.strip(), (p, text, found)


def test_units_are_sentences_lines_and_list_items() -> None:
    found = [words(small_window(), u) for u in units(small_window(), 0, len(small_window().tokens))]
    assert "The deposit is three months' rent;" in found
    assert "A change of control needs the landlord's consent." in found
    assert "- Price: EUR 12.40 per unit" in found
    assert "for row in rows:" in found


def test_a_wrapped_line_of_prose_is_no_end() -> None:
    text = (
        "Each party shall keep the other party's confidential information\n"
        "secret for five years after the end of this agreement.\nNext clause."
    )
    packed = window(tokenizer(), [1], text)
    found = [words(packed, u) for u in units(packed, 0, len(packed.tokens))]
    assert found[0] == text.removesuffix("\nNext clause.")


def test_a_unit_is_whole_where_the_range_cuts_it() -> None:
    every = units(small_window(), 0, len(small_window().tokens))
    a, b = next(u for u in every if u[1] - u[0] > 8)
    assert units(small_window(), a + 3, a + 4) == [(a, b)]


@pytest.mark.parametrize("text", [LEASE, SUPPLY])
def test_forced_is_what_stepping_gives(text: str) -> None:
    packed = window(tokenizer(), [1], text)
    source = runs(packed, [(0, len(packed.tokens))])
    for start in source.starts.tolist():
        quick, slow = Verbatim(source), Verbatim(source)
        at, forced = start, []
        while not quick.complete and not forced:
            forced = quick.forced()
            if not forced:
                for each in (quick, slow):
                    each.advance(packed.tokens[at])
                at += 1
        for token in forced:
            assert not slow.complete and slow.allowed().tolist() == [token]
            quick.advance(token)
            slow.advance(token)
        assert quick.complete and slow.complete
        assert quick.start() == slow.start() and quick.written == slow.written
        assert quick.written >= MIN_TOKENS or not quick.at.size  # the document ends there


def test_what_was_quoted_is_closed() -> None:
    everything = [(0, len(small_window().tokens))]
    first = runs(small_window(), everything)
    rest = runs(small_window(), everything, set(range(int(first.starts[1]))))
    assert rest.starts.tolist() == first.starts.tolist()[1:]


def test_headers_are_never_quoted() -> None:
    source = runs(small_window(), [(0, len(small_window().tokens))])
    for segment in small_window().segments:
        assert not set(range(segment.start, segment.body)) & set(source.limit)
