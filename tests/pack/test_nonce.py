from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.pack import nonce

FIRST, SECOND = islice(nonce.sequence(), 2)


def test_the_sequence_never_changes():
    # Golden: a different sequence would make every saved session unusable.
    assert list(islice(nonce.sequence(), 3)) == GOLDEN


GOLDEN = ["18b3f732", "dc63014c", "29a0697a"]


def test_nothing_in_the_way():
    assert nonce.choose(["some text", "path/a.txt"]) == FIRST


@pytest.mark.parametrize("how_many", [1, 15, 16, 50, 5000])
def test_a_document_made_of_the_sequence_forges_nothing(how_many):
    words = list(islice(nonce.sequence(), how_many + 1))
    for joined in (" ".join(words[:-1]), "".join(words[:-1])):
        chosen = nonce.choose(["before", joined])
        assert chosen not in joined
        assert nonce.choose(["before " * 1000, joined, "after"]) == chosen
    assert nonce.choose([" | ".join(words[:-1])]) == words[-1]


@pytest.mark.parametrize(
    "disguise",
    [
        str.upper,
        " ".join,
        "\r\n".join,
        "\u200b".join,
        "\ufeff\u2060".join,
        "\xad".join,
        "\U000e0020".join,
        "\x00\x1b\x7f".join,
        "\u3000\xa0\u2028".join,
        "\ufe0f".join,
        lambda word: "".join(chr(ord(c) + 0xFEE0) for c in word),  # full-width forms
    ],
)
def test_disguises_are_seen_through(disguise):
    assert nonce.choose(["x" + disguise(FIRST) + "y"]) == SECOND
    assert nonce.choose(["ü" + disguise(FIRST) + "y"]) == SECOND


def test_a_ligature_that_folds_to_two_letters_is_seen_through():
    word = next(word for word in nonce.sequence() if "ff" in word)
    before = [w for w in islice(nonce.sequence(), 5000)]
    before = before[: before.index(word)]
    assert nonce.choose([" | ".join(before), word.replace("ff", "\ufb00", 1)]) not in (
        word,
        *before,
    )


def test_a_word_across_two_chunks_is_found(monkeypatch):
    monkeypatch.setattr(nonce, "_CHUNK_CHARS", 10)
    for padding in range(12):
        for filler in ("-", "ü"):
            assert nonce.choose([filler * padding + FIRST[:3] + " " * 25 + FIRST[3:]]) == SECOND


def test_words_next_to_each_other_in_two_texts_do_not_count():
    assert nonce.choose([FIRST[:4], FIRST[4:]]) == FIRST


@given(st.lists(st.text(alphabet="0123456789abcdefABCDEF \u200bü\n"), max_size=4))
def test_the_chosen_word_is_never_in_the_text(texts):
    chosen = nonce.choose(texts)
    for text in texts:
        bare = "".join(c for c in text.lower() if not c.isspace() and c != "\u200b")
        assert chosen not in bare
