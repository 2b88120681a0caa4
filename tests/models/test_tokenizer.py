"""No text becomes a special token, in any kind of tokenizer; texts and offsets come back."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from kimidoc.errors import ModelError
from kimidoc.models.tokenizer import FileTokenizer
from tests.models.conftest import WORDS, byte_level


def _byte_level() -> Tokenizer:
    """SmolLM2's kind, with what Qwen and GPT-NeoX add: unflagged tokens, runs of blanks."""
    tokenizer = byte_level()
    for name in ("<think>", "<the>"):
        tokenizer.add_tokens([AddedToken(name, special=False, normalized=True)])
    tokenizer.add_tokens([AddedToken("        ", special=False, normalized=False)])
    greedy = AddedToken("<|pad|>", special=True, lstrip=True, rstrip=True, normalized=True)
    tokenizer.add_special_tokens([greedy])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    return tokenizer


def _unigram() -> Tokenizer:
    """T5's and Gemma's kind: control tokens are pieces of the vocabulary itself."""
    pieces = ["<unk>", "<s>", "</s>", "▁", "a", "b", "<", ">", "/", "s", "u", "n", "k", "▁a", "ab"]
    tokenizer = Tokenizer(models.Unigram([(p, -float(i)) for i, p in enumerate(pieces)], unk_id=0))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return tokenizer


def _sentencepiece_bpe() -> Tokenizer:
    """Llama 2's and Mistral's kind: blanks as ▁, bytes for what the vocabulary lacks."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{i:02X}>" for i in range(256))]
    pieces += ["▁", "a", "b", "s", "<", ">", "/", "ab", "▁a", "<s", "▁▁"]
    merges = [("a", "b"), ("▁", "a"), ("<", "s"), ("▁", "▁"), ("<s", ">")]
    vocabulary = {piece: at for at, piece in enumerate(pieces)}
    model = models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    return tokenizer


def _whole_words() -> Tokenizer:
    """Words by look-up, lower case: a special token may be a word."""
    names = ["[unk]", "[sep]", "a", "b", "ab", "[", "sep", "]"]
    tokenizer = Tokenizer(models.WordLevel({n: i for i, n in enumerate(names)}, unk_token="[unk]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.add_special_tokens(["[unk]", "[sep]"])
    return tokenizer


KINDS = {
    "byte-level": _byte_level,
    "unigram": _unigram,
    "sentencepiece-bpe": _sentencepiece_bpe,
    "whole-words": _whole_words,
}
HOSTILE = [
    "<|im_end|>",
    "<|im_start|>",
    "<think>",
    "<the>",
    "<|pad|>",
    "<s>",
    "</s>",
    "＜s＞",
    "<unk>",
    "[SEP]",
]
PARTS = st.sampled_from(
    [*HOSTILE, " ", "a", "b", "ab", "<", ">", "\n", "é", "日本", "😀", "12", "[sep]"]
)
TEXTS = st.one_of(st.lists(PARTS, max_size=8).map("".join), st.text(max_size=30))


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    file = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    KINDS[request.param]().save(str(file))
    return FileTokenizer(file)


@settings(max_examples=150)
@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_no_text_becomes_a_special_token(tokenizer: FileTokenizer, texts: list[str]) -> None:
    texts = [t.encode("utf-8", "replace").decode() for t in texts]
    found = tokenizer.encode(texts)
    assert len(found) == len(texts)
    for text, encoding in zip(texts, found, strict=True):
        assert tokenizer.special_ids.isdisjoint(encoding.ids)
        starts, ends = list(encoding.starts), list(encoding.ends)
        assert len(starts) == len(ends) == len(encoding.ids)
        assert starts == sorted(starts) and ends == sorted(ends)
        assert all(0 <= s <= e <= len(text) for s, e in zip(starts, ends, strict=True))


def _made(make, folder: Path) -> FileTokenizer:  # type: ignore[no-untyped-def]
    make().save(str(folder / "tokenizer.json"))
    return FileTokenizer(folder / "tokenizer.json")


@settings(max_examples=150)
@given(text=TEXTS.map(lambda t: t.encode("utf-8", "replace").decode()))
def test_byte_level_texts_come_back_and_offsets_leave_no_gap(
    text: str, smol: FileTokenizer
) -> None:
    (encoding,) = smol.encode([text])
    assert smol.decode(encoding.ids) == text
    reached = 0
    for start, end in zip(encoding.starts, encoding.ends, strict=True):
        assert start <= reached <= end  # white space included, although the file says trim
        reached = end
    assert reached == len(text)


@pytest.fixture(scope="module")
def smol(tmp_path_factory: pytest.TempPathFactory) -> FileTokenizer:
    return _made(_byte_level, tmp_path_factory.mktemp("smol"))


def test_ordinary_text_is_encoded_as_the_library_does(smol: FileTokenizer) -> None:
    library = byte_level()
    for text, encoding in zip(WORDS, smol.encode(WORDS), strict=True):
        assert list(encoding.ids) == library.encode(text, add_special_tokens=False).ids


@settings(max_examples=150)
@given(text=TEXTS.map(lambda t: t.encode("utf-8", "replace").decode()))
def test_names_of_special_tokens_are_no_seams(
    text: str, smol: FileTokenizer, without_added: Tokenizer
) -> None:
    if " " * 8 not in text:
        (encoding,) = smol.encode([text])
        assert list(encoding.ids) == without_added.encode(text).ids


@pytest.fixture(scope="module")
def without_added() -> Tokenizer:
    """The twin: the same model, and no added token at all."""
    return Tokenizer.from_str(json.dumps(json.loads(byte_level().to_str()) | {"added_tokens": []}))


def test_special_tokens_are_ordinary_text(smol: FileTokenizer) -> None:
    end, think = smol.token_id("<|im_end|>"), smol.token_id("<think>")
    assert end is not None and think is not None and {end, think} <= smol.special_ids
    for text in ("<|im_end|>", "<think>", "  <|pad|>  "):
        (encoding,) = smol.encode([text])
        assert smol.special_ids.isdisjoint(encoding.ids) and len(encoding.ids) > 3
        assert smol.decode(encoding.ids) == text
    assert smol.encode_frame("<|im_end|>") == [end]
    assert smol.special_ids.isdisjoint(smol.encode(["<|im_end|>"])[0].ids)  # and again plain
    assert smol.decode([end]) == "<|im_end|>"
    assert max(smol.special_ids) < smol.vocabulary_size


def test_runs_of_blanks_stay_one_token(smol: FileTokenizer) -> None:
    blank = smol.token_id(" " * 8)
    assert blank is not None and blank not in smol.special_ids
    assert blank in smol.encode([" " * 8 + "return"])[0].ids


def test_a_forged_piece_is_broken_up_an_unknown_character_is_not(tmp_path: Path) -> None:
    tokenizer = _made(_unigram, tmp_path)
    forged, plain, unknown = tokenizer.encode(["ab<s>ab", "＜s＞", "a日b"])
    assert 1 not in forged.ids and 1 not in plain.ids
    assert list(forged.ends)[-1] == 7 and list(forged.starts) == sorted(forged.starts)
    assert 0 in unknown.ids  # there is no other way to say it
    assert 0 not in tokenizer.encode(["<unk>"])[0].ids


def test_a_tokenizer_that_can_be_steered_is_refused(tmp_path: Path) -> None:
    def steered() -> Tokenizer:
        tokenizer = Tokenizer(models.WordLevel({"?": 0, "¤": 1}, unk_token="?"))
        tokenizer.add_special_tokens(["¤"])
        return tokenizer

    with pytest.raises(ModelError, match="turns the text '¤' into a special token"):
        _made(steered, tmp_path).encode(["¤"])


def test_what_the_tokenizer_puts_first(tmp_path: Path, smol: FileTokenizer) -> None:
    assert _made(_unigram, tmp_path).opening_ids == (1,)
    assert _made(_sentencepiece_bpe, tmp_path).opening_ids == (1,)
    assert smol.opening_ids == () and _made(_whole_words, tmp_path).opening_ids == ()


def test_the_fingerprint_is_the_files(tmp_path: Path) -> None:
    tokenizer = _made(_unigram, tmp_path)
    content = (tmp_path / "tokenizer.json").read_bytes()
    assert tokenizer.fingerprint == sha256(content).hexdigest()


@pytest.mark.parametrize("text", ["{", "[]", '{"model": 3}', '{"added_tokens": [{}]}'])
def test_a_file_that_is_no_tokenizer(tmp_path: Path, text: str) -> None:
    (tmp_path / "tokenizer.json").write_text(text)
    with pytest.raises(ModelError, match="not a tokenizer that can be read"):
        FileTokenizer(tmp_path / "tokenizer.json")


def test_truncation_and_padding_of_a_file_are_not_ours(tmp_path: Path) -> None:
    tokenizer = byte_level()
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=50)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert "truncation" in json.loads((tmp_path / "tokenizer.json").read_text())
    (encoding,) = FileTokenizer(tmp_path / "tokenizer.json").encode([WORDS[0]])
    assert list(encoding.ends)[-1] == len(WORDS[0])
