"""Cutting long texts never costs an offset, and where it says so, no token."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Backend
from tokenizers import models, pre_tokenizers, trainers

from kimidoc.pack import encode
from kimidoc.pack.encode import SEAM, pieces
from tests.pack.conftest import CODE, PROSE, ByteTokenizer, mixed_documents

TEXTS = st.lists(
    st.sampled_from(
        [
            *"ab Z.,'\n\r\t1½_-/é中の\u0301\u200d👍",
            "  ",
            "\n\n",
            "it's",
            " the",
            "rent.\n",
            "\r\n",
            "½ x",
        ]
    ),
    max_size=40,
).map("".join)
MANY = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def _joined(text: str, tokenizer: ByteTokenizer, piece_chars: int) -> tuple[list, list, list]:
    parts = list(pieces([text], tokenizer, piece_chars))
    return tuple(  # type: ignore[return-value]
        np.concatenate([getattr(part, name) for part in parts]).tolist()
        for name in ("ids", "starts", "ends")
    )


@MANY
@given(text=TEXTS)
def test_a_seam_changes_no_token_in_any_family(family, text):
    whole = family.ids(text)
    for match in SEAM.finditer(text):
        left, right = text[: match.start()], text[match.start() :]
        assert family.ids(left) + family.ids(right) == whole, (left, right)


@pytest.mark.parametrize("text", [PROSE * 8, CODE * 8, "no line feed at all but words " * 60])
@pytest.mark.parametrize("piece_chars", [150, 200, 401])
def test_text_with_seams_is_encoded_as_if_whole(family, text, piece_chars):
    expected = family.encode([text])[0]
    ids, starts, ends = _joined(text, family, piece_chars)
    assert ids == list(expected.ids)
    assert starts == list(expected.starts)
    assert ends == list(expected.ends)


@MANY
@given(text=TEXTS, piece_chars=st.integers(2, 30))
def test_any_cut_keeps_text_and_offsets(tokenizer, text, piece_chars):
    ids, starts, ends = _joined(text, tokenizer, piece_chars)
    assert tokenizer.decode(ids) == text
    spelled, raw = b"".join(map(tokenizer.spelled, ids)), text.encode()
    assert spelled == raw
    at = 0
    for token, start, end in zip(ids, starts, ends, strict=True):
        assert tokenizer.spelled(token) in text[start:end].encode()
        assert len(text[:start].encode()) <= at
        at += len(tokenizer.spelled(token))
        assert at <= len(text[:end].encode())


@pytest.mark.parametrize("unit", ["👩‍👩‍👧‍👦", "e\u0301\u0328", "\r\n", "👍🏽"])
def test_a_text_without_any_seam_is_cut_between_graphemes(tokenizer, unit):
    cuts = [p.chars for p in pieces([unit * 60], tokenizer, 50)]
    assert len(cuts) > 1
    if unit != "👩‍👩‍👧‍👦":
        assert all(chars % len(unit) == 0 for chars in cuts)
    else:  # two emoji that are not joined may be told apart, joined ones may not
        assert all(chars % len(unit) == 0 for chars in cuts)


def test_a_tokenizer_that_puts_something_before_every_text_keeps_its_offsets():
    backend = Backend(models.BPE(unk_token="?"))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.BpeTrainer(special_tokens=["?"], vocab_size=300, show_progress=False)
    backend.train_from_iterator([PROSE], trainer)
    tokenizer = ByteTokenizer(backend)
    text = PROSE * 5
    _, starts, ends = _joined(text, tokenizer, 100)
    assert starts == sorted(starts)
    assert ends == sorted(ends)
    assert ends[-1] == len(text)
    assert "".join(text[s:e] for s, e in zip(starts, ends, strict=True)).replace("\n", "") != ""


def test_the_tokenizer_never_gets_more_than_a_batch(tokenizer, monkeypatch):
    monkeypatch.setattr(encode, "BATCH_CHARS", 3000)
    monkeypatch.setattr(encode, "BATCH_TEXTS", 20)
    texts = [PROSE * 100, *["short"] * 50, "", CODE]
    tokenizer.calls.clear()
    found = list(pieces(texts, tokenizer, 1000))
    assert max(sum(map(len, call)) for call in tokenizer.calls) < 4000
    assert max(map(len, tokenizer.calls)) <= 20
    assert [p.number for p in found if p.last] == list(range(len(texts)))
    assert sum(p.chars for p in found) == sum(map(len, texts))


def test_lone_surrogates_keep_their_place(tokenizer):
    (piece,) = pieces(["ab\ud800cd"], tokenizer)
    assert tokenizer.decode(piece.ids) == "ab\ufffdcd"
    assert piece.ends[-1] == 5


@pytest.mark.parametrize("text", [d.text for d in mixed_documents()])
def test_special_tokens_in_texts_are_text(tokenizer, text):
    (piece,) = pieces([text + "<|im_end|>"], tokenizer)
    special = {tokenizer.backend.token_to_id(t) for t in ("<|im_end|>", "<|endoftext|>")}
    assert not special & set(piece.ids.tolist())
    assert tokenizer.decode(piece.ids).endswith("<|im_end|>")
