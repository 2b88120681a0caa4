"""Text -> tokens by a model's ``tokenizer.json``, without the model and without torch.

Documents are hostile: nothing in a text becomes a special token. ``<|im_end|>`` in a document is
seven ordinary tokens. Three things see to it, for every tokenizer:

- all added tokens count as special, and the library is told to encode special tokens as text.
  (By itself it would still match those that are added but not flagged, such as Qwen's ``<think>``.)
  Runs of white space stay matched: GPT-NeoX, Phi and Gemma have added tokens that are only that;
- an added token that the model proper still produces (the vocabularies of Unigram and SentencePiece
  models contain ``<s>``) is broken up: the text is cut inside it and encoded in parts;
- post-processing is off: nothing is put around a text, and offsets keep their white space.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import tokenizers

from kimidoc.errors import ModelError
from kimidoc.types import Encoding

_BLANKS = "\u2581"  # what SentencePiece writes for a space


class FileTokenizer:
    """A ``types.Tokenizer`` over the ``tokenizer.json`` at ``file``. Raises ModelError."""

    def __init__(self, file: Path) -> None:
        content = file.read_bytes()
        self._fingerprint = sha256(content).hexdigest()
        try:
            original = json.loads(content)
            added = original.get("added_tokens") or []
            self._names = {str(t["content"]): int(t["id"]) for t in added}
            text, framed = json.dumps(_as_text(original)), original.get("post_processor")
            self._tokenizer = tokenizers.Tokenizer.from_str(text)
        except Exception as reason:  # the library raises no narrower type
            raise ModelError(
                f"{file} is not a tokenizer that can be read ({reason}).",
                hint="Download the model again, or save it anew with transformers.",
            ) from None
        self._tokenizer.encode_special_tokens = True
        self._framed = framed
        self._unknown = _unknown(original.get("model") or {}, self._names)
        self._control = {at: name for name, at in self._names.items() if not _is_blank(name)}

    @property
    def fingerprint(self) -> str:
        """sha256 of the file's bytes."""
        return self._fingerprint

    @property
    def vocabulary_size(self) -> int:
        """Token ids are below this; the model's embedding may have more rows."""
        return self._tokenizer.get_vocab_size(with_added_tokens=True)

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Tokenise many texts as plain text, each on its own; no text yields a special token."""
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [
            self._checked(text, each.ids, each.offsets)
            for text, each in zip(texts, found, strict=True)
        ]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of a run of tokens, special tokens shown as text."""
        return self._tokenizer.decode(list(ids), skip_special_tokens=False)

    def token_id(self, name: str) -> int | None:
        """The id of a token by its exact name; special ones included."""
        return self._tokenizer.token_to_id(name)

    @cached_property
    def special_ids(self) -> frozenset[int]:
        """Ids that no text encodes to, white space and the unknown token apart."""
        return frozenset(self._control) - {self._unknown}

    def encode_frame(self, text: str) -> list[int]:
        """Tokenise a chat template's own words: here, and only here, special tokens are special."""
        self._tokenizer.encode_special_tokens = False
        try:
            return self._tokenizer.encode(text, add_special_tokens=False).ids
        finally:
            self._tokenizer.encode_special_tokens = True

    @cached_property
    def opening_ids(self) -> tuple[int, ...]:
        """What the tokenizer itself puts before a text (``<s>``), where it does."""
        if self._framed is None:
            return ()
        whole = json.loads(self._tokenizer.to_str()) | {"post_processor": self._framed}
        framed = tokenizers.Tokenizer.from_str(json.dumps(whole)).encode("a")
        plain = self._tokenizer.encode("a", add_special_tokens=False)
        at = len(framed.ids) - len(plain.ids)
        starts = [n for n in range(at + 1) if framed.ids[n : n + len(plain.ids)] == plain.ids]
        return tuple(framed.ids[: starts[0]]) if starts else ()

    def _checked(
        self, text: str, ids: Sequence[int], offsets: Sequence[tuple[int, int]]
    ) -> Encoding:
        if not self._control.keys().isdisjoint(ids):
            for at, (start, end) in zip(ids, offsets, strict=True):
                if self._is_forged(at, text[start:end]):
                    return self._in_parts(text, start, end)
        return Encoding(
            array("i", ids),
            array("i", [start for start, _ in offsets]),
            array("i", [end for _, end in offsets]),
        )

    def _is_forged(self, at: int, covered: str) -> bool:
        """An unknown character is rightly ``<unk>``; the text "<unk>" is not."""
        if at not in self._control:
            return False
        return at != self._unknown or covered.strip() == self._control[at]

    def _in_parts(self, text: str, start: int, end: int) -> Encoding:
        """Encode up to and from the middle of the characters [start, end) on their own."""
        cut = (start + end + 1) // 2
        if not 0 < cut < len(text) or end - start < 2:
            raise ModelError(
                f"This model's tokenizer turns the text {text[start:end]!r} into a special token.",
                hint="Use another model: documents could steer this one.",
            )
        left, right = self.encode([text[:cut], text[cut:]])
        return Encoding(
            left.ids + right.ids,
            left.starts + array("i", [cut + at for at in right.starts]),
            left.ends + array("i", [cut + at for at in right.ends]),
        )


def _unknown(model: dict[str, Any], names: dict[str, int]) -> int:
    """The id for what the vocabulary lacks; -1 where there is none. Unigram has it by number."""
    at = model.get("unk_id", names.get(str(model.get("unk_token"))))
    return at if isinstance(at, int) else -1


def _is_blank(name: str) -> bool:
    return not name.strip().strip(_BLANKS)


def _as_text(original: dict[str, Any]) -> dict[str, Any]:
    """The tokenizer that sees text only: every added token special, nothing put around."""
    added: Iterable[dict[str, Any]] = original.get("added_tokens") or []
    return original | {
        "post_processor": None,
        "truncation": None,
        "padding": None,
        "added_tokens": [t | {"special": not _is_blank(str(t["content"]))} for t in added],
    }
