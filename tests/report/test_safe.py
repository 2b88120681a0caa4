"""What hostile text may become: shown, never obeyed, never lost."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.report import safe


@given(st.text())
def test_visible_text_holds_nothing_a_reader_cannot_see(text: str) -> None:
    shown = safe.visible(text)
    for character in shown:
        assert character == "\n" or unicodedata.category(character) not in ("Cc", "Cs")
        assert unicodedata.bidirectional(character) not in ("LRE", "RLE", "LRO", "RLO", "PDF")
    assert safe.visible(shown) == shown
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a␛[31mb"),
        ("a\x00b\x7f", "a␀b␡"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil", "\\u202eevil"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\U000e0041", "\\U000e0041"),  # tag characters smuggle ASCII
        ("caf\udce9", "caf\\udce9"),
        ("a\r\nb\tc", "a\nb   c"),
        ("a\rb", "a␍b"),
        ("می‌خواهم", "می‌خواهم"),  # a joiner that Persian needs
        ("👩‍⚖️ 分销", "👩‍⚖️ 分销"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert safe.visible(text) == shown


def test_a_line_is_one_line() -> None:
    assert safe.line("  a\r\n\tb\n\n c ") == "a b c"


_VALUES = st.recursive(
    st.text(max_size=30) | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@given(_VALUES)
def test_escaped_json_is_the_same_json(value: object) -> None:
    text = safe.json_escaped(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value


@given(st.text(), st.integers(1, 60))
def test_clipped_text_is_a_beginning(text: str, limit: int) -> None:
    clipped = safe.clip(text, limit)
    if len(text) <= limit:
        assert clipped == text
        return
    head, _, tail = clipped.rpartition(" … [")
    assert text.startswith(head) and len(head) <= limit
    assert tail.endswith("more characters]")


@given(st.text(alphabet="abc 语\u0301\n", max_size=400), st.integers(9, 120))
def test_shortened_text_is_two_ends_of_it(text: str, limit: int) -> None:
    short = safe.shorten(text, limit)
    if short == text:
        return
    head, _, tail = short.partition(" … ")
    assert text.startswith(head) and text.endswith(tail)
    assert len(short) <= limit + 3 + 40
    assert not unicodedata.combining(tail[:1] or "a")


def test_clip_counts_what_is_left_out() -> None:
    assert safe.clip("one two three", 8) == "one two … [6 more characters]"
    assert safe.encodable("a\ud800b") == "a\ufffdb"
