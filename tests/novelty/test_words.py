"""Words and their nats: nothing lost, nothing counted twice."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.novelty import words
from tests.novelty.conftest import HEADER, LEASE, OTHER, document, window


@given(st.lists(st.text("ab 1.\n-é字", min_size=1, max_size=60), min_size=1, max_size=3))
def test_every_tokens_nats_go_to_one_word_of_its_document(texts: list[str]) -> None:
    made = window(*(document(f"{n}.txt", text) for n, text in enumerate(texts)))
    nats = np.arange(1, len(made.tokens) + 1, dtype=np.float32)
    found = words.of(made, nats)
    for i, segment in enumerate(made.segments):
        own = slice(found.bounds[i], found.bounds[i + 1])
        if own.stop > own.start:
            assert found.nats[own].sum() == nats[segment.body : segment.end].sum()
        text = segment.document.text
        shown = [text[a:b] for a, b in zip(found.starts[own], found.ends[own], strict=True)]
        assert shown == [found.text(at) for at in range(own.start, own.stop)]
        assert "".join(shown).replace(" ", "") == "".join(text.split())


def test_equal_words_have_equal_ids_wherever_they_stand() -> None:
    made = window(document("a", LEASE), document("b", OTHER + LEASE))
    found = words.of(made, np.zeros(len(made.tokens)))
    ids: dict[str, int] = {}
    for at in range(len(found.ids)):
        assert ids.setdefault(found.text(at), int(found.ids[at])) == found.ids[at]
    assert len(set(ids.values())) == len(ids)


def test_a_rule_of_dashes_is_one_word() -> None:
    made = window(document("a", "By: - - - - ----- Title"))
    found = words.of(made, np.ones(len(made.tokens)))
    assert [found.text(at) for at in range(len(found.ids))] == [
        "By", ":", "- - - - -----", "Title",
    ]  # fmt: skip


def test_headers_have_no_words_and_a_cut_document_ends_where_its_tokens_do() -> None:
    made = window(document("a", LEASE))
    made.ends[-1] = made.starts[-1]  # as if the last token had not been packed
    nats = np.zeros(len(made.tokens))
    nats[:HEADER] = 50
    found = words.of(made, nats)
    assert found.nats.sum() == 0
    assert found.ends.max() < len(LEASE.rstrip())
