"""Changed lines of two texts, beside difflib's."""

from __future__ import annotations

from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.changes import lines

_TEXTS = st.lists(st.sampled_from(["a", "b", "c", "", "d "]), max_size=12).map("\n".join)


def _numbers(found: lines.Lines) -> set[int]:
    return {n for start, end in found.runs for n in range(start, end)}


@given(_TEXTS, _TEXTS)
def test_what_did_not_change_is_a_common_subsequence(old: str, new: str) -> None:
    changed = _numbers(lines.changed(old, new))
    rows = [row.rstrip() for row in new.split("\n")]
    kept = [row for n, row in enumerate(rows, 1) if n not in changed]
    rest = iter(row.rstrip() for row in old.split("\n"))
    assert all(row in rest for row in kept)  # in order, each once
    matcher = SequenceMatcher(None, [r.rstrip() for r in old.split("\n")], rows, autojunk=False)
    assert len(kept) >= sum(block.size for block in matcher.get_matching_blocks())


@given(_TEXTS)
def test_nothing_changed_in_the_same_text(text: str) -> None:
    assert lines.changed(text, text).runs == ()
    assert _numbers(lines.whole(text)) >= {1}


@given(_TEXTS, _TEXTS, st.integers(1, 14), st.integers(0, 4))
def test_touching_is_membership(old: str, new: str, first: int, more: int) -> None:
    found = lines.changed(old, new)
    assert found.touch(first, first + more) == bool(
        _numbers(found) & set(range(first, first + more + 1))
    )
    assert found.count == len(_numbers(found))


def test_a_comparison_that_would_be_too_large_takes_what_lies_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "_MOST_CELLS", 3)
    assert lines.changed("a\nb\nc\nd", "a\nx\nc\ny\nd").runs == ((2, 5),)
