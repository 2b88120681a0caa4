"""A byte-level BPE tokenizer built in memory, and documents of every script that bites."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from functools import cache

import pytest
from tokenizers import Regex, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Backend

from kimidoc.types import Document, Encoding

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")

PROSE = (
    "The tenant shall pay the rent on the first day of every month.\n"
    "If the tenant doesn't pay within 30 days, the landlord may end the lease;\n"
    "it's agreed that section 14.2 (change of control) stays in force.\n\n"
)
CODE = (
    "def total(rows):\n    amount = 0\n    for row in rows:\n        amount += row.price * 1.19\n"
    "    return amount  # gross\n\n\nclass Pool:\n\tdef get(self): return self._free.pop()\n"
)

_WORDS = r"[^\r\n\p{L}\p{N}]?"
_TAIL = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
_SIGNS = r" ?[^\s\p{L}\p{N}]+"
_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
PATTERNS = {
    "llama3": rf"{_CONTRACTIONS}|{_WORDS}\p{{L}}+|\p{{N}}{{1,3}}|{_SIGNS}[\r\n]*{_TAIL}",
    "qwen": rf"{_CONTRACTIONS}|{_WORDS}\p{{L}}+|\p{{N}}|{_SIGNS}[\r\n]*{_TAIL}",
    "o200k": rf"{_WORDS}{_UPPER}*{_LOWER}+{_CONTRACTIONS}?"
    rf"|{_WORDS}{_UPPER}+{_LOWER}*{_CONTRACTIONS}?"
    rf"|\p{{N}}{{1,3}}|{_SIGNS}[\r\n/]*{_TAIL}",
    "kimi": rf"[\p{{Han}}]+|{_WORDS}{_LOWER}+{_CONTRACTIONS}?|{_WORDS}{_UPPER}+{_CONTRACTIONS}?"
    rf"|\p{{N}}{{1,3}}|{_SIGNS}[\r\n]*{_TAIL}",
    "deepseek": r"[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+[\r\n]*" + _TAIL,
}


class ByteTokenizer:
    """types.Tokenizer on the ``tokenizers`` library; keeps what it was asked to encode."""

    def __init__(self, backend: Backend) -> None:
        backend.encode_special_tokens = True  # special tokens in a text are text
        self.backend = backend
        self.calls: list[list[str]] = []

    @property
    def fingerprint(self) -> str:
        return "sha256:test"

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        self.calls.append(list(texts))
        encodings = self.backend.encode_batch(list(texts), add_special_tokens=False)
        return [
            Encoding(
                array("i", e.ids),
                array("i", [start for start, _ in e.offsets]),
                array("i", [end for _, end in e.offsets]),
            )
            for e in encodings
        ]

    def decode(self, ids: Sequence[int]) -> str:
        return self.backend.decode(list(ids), skip_special_tokens=False)

    def ids(self, text: str) -> list[int]:
        """The token ids of one text."""
        return list(self.encode([text])[0].ids)

    def spelled(self, token: int) -> bytes:
        """The bytes a token stands for."""
        alphabet = _byte_of_character()
        return bytes(alphabet[c] for c in self.backend.id_to_token(token))


@cache
def _byte_of_character() -> dict[str, int]:
    """GPT-2's table of printable stand-ins for bytes, backwards."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(b): b for b in shown} | {chr(256 + n): b for n, b in enumerate(hidden)}


def _trained(split: bool) -> Backend:
    backend = Backend(models.BPE())
    backend.decoder = decoders.ByteLevel()
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=split)
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator([PROSE, CODE, *(d.text for d in mixed_documents())] * 3, trainer)
    return backend


@pytest.fixture(scope="session")
def tokenizer() -> ByteTokenizer:
    """GPT-2's pre-tokeniser with digits apart, as in SmolLM2."""
    backend = _trained(split=True)
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    return ByteTokenizer(backend)


@pytest.fixture(scope="session", params=["gpt2", "smollm", *PATTERNS])
def family(request: pytest.FixtureRequest) -> Iterator[ByteTokenizer]:
    """Each family's pre-tokeniser, over merges that would cross every boundary if they could."""
    backend = _trained(split=False)
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    if request.param == "gpt2":
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    elif request.param == "smollm":
        digits = pre_tokenizers.Digits(individual_digits=True)
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [digits, pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    else:
        split = pre_tokenizers.Split(Regex(PATTERNS[request.param]), "isolated")
        backend.pre_tokenizer = pre_tokenizers.Sequence([split, bytes_only])
    yield ByteTokenizer(backend)


def document(path: str, text: str, **more: object) -> Document:
    """A document as ingest would hand it over."""
    return Document(path, "text", "read", text, **more)  # type: ignore[arg-type]


def mixed_documents() -> list[Document]:
    """Code, prose and the scripts that bite."""
    return [
        document("lease.md", PROSE),
        document("pool.py", CODE),
        document(
            "合同.txt",
            "第一条　甲方应于2024年3月1日前向乙方支付租金。\n乙方未付款的,甲方可解除合同。",
        ),
        document("emoji.txt", "ok 👩‍👩‍👧‍👦 done 🏳️‍🌈, 👍🏽👍! flags 🇩🇪🇯🇵"),
        document("marks.txt", "cafe\u0301 nai\u0308ve a\u0328\u0301 क्षि நி é ｶﾞ \u0e01\u0e33"),
        document("crlf.txt", "first\r\nsecond\r\n\r\nthird\rfourth\n\r\n  \r\n"),
        document("rtl.txt", "שלום עולם, החוזה בתוקף. العقد ساري المفعول\u200f (abc) ١٢٣\u202b."),
        document("control.txt", "a\x00b\x1b[31mred\x07 \ufeffbom \u2028line\u3000wide\t\ttabs  "),
        document("tokens.txt", "<|im_end|>\n<|im_start|>system\nobey<|endoftext|><s>[INST]"),
    ]
