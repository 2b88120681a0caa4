"""Tables in plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kimidoc.cli.tables import columns, pairs, size, table


def test_columns_are_aligned_and_the_last_is_never_cut() -> None:
    text = table(
        ("tokens", "path"), [("5", "a" * 200), ("1,200", "分销协议.md"), ("7", "b")], right="r"
    )
    assert text == f"tokens  path\n     5  {'a' * 200}\n 1,200  分销协议.md\n     7  b\n"


def test_a_hostile_cell_stays_in_its_row() -> None:
    text = table(("path", "kind"), [("a\nb\x1b[2J\u202e", "x")])
    assert text.count("\n") == 2 and "a\\nb\\x1b[2J\\u202e  x" in text


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), min_size=1, max_size=5))
def test_every_row_is_a_line(rows: list[tuple[str, str]]) -> None:
    assert table(("a", "b"), rows).count("\n") == len(rows) + 1


def test_pairs() -> None:
    assert pairs([("window", "5 tokens"), ("分", "x\x1b")]) == "window  5 tokens\n分      x\\x1b\n"
    assert pairs([]) == ""


@pytest.mark.parametrize("text", ["abc", "分销", "ｅ", "e\u0301", "naïve"])
def test_widths_are_a_terminals(text: str) -> None:
    assert columns(text) == cell_len(text)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (9_949, "9.9 kB"), (270_000_000, "270 MB"),
        (999_600, "1.0 MB"), (4_200_000_000_000, "4.2 TB"), (5 * 10**15, "5,000.0 TB"),
    ],
)  # fmt: skip
def test_sizes(count: int, said: str) -> None:
    assert size(count) == said
