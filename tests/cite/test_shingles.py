import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.cite.shingles import Shingles


def _texts() -> list[str]:
    pick = random.Random(7)
    words = ["".join(pick.choices("abcdefghijklmno", k=pick.randint(3, 9))) for _ in range(300)]
    return [" ".join(pick.choices(words, k=400)) for _ in range(5)] + ["", "short"]


@pytest.mark.parametrize("entries", [1 << 20, 2000])
@given(st.data())
def test_a_window_holds_what_was_changed_a_little(entries: int, data: st.DataObject) -> None:
    texts = _texts()
    number = data.draw(st.integers(0, 4))
    start = data.draw(st.integers(0, len(texts[number]) - 200))
    quote = list(texts[number][start : start + 200])
    for at in data.draw(st.lists(st.integers(0, 199), max_size=6)):
        quote[at] = "Z"
    for only in (None, number):
        windows = Shingles(texts, entries).windows("".join(quote), only)
        assert any(t == number and a <= start and start + 200 <= b for t, a, b in windows)


def test_a_window_stays_inside_its_text_and_their_number_is_bounded() -> None:
    texts = ["the same words again and again " * 5000, "the same words again and again"]
    windows = Shingles(texts).windows("the same words again and again")
    assert 0 < len(windows) <= 8
    assert all(0 <= a < b <= len(texts[t]) for t, a, b in windows)
    assert {t for t, _, _ in Shingles(texts).windows("the same words", 1)} == {1}


def test_nothing_in_common_no_window() -> None:
    assert Shingles(["one text"]).windows("quite different") == []
    assert Shingles(["one text"]).windows("one") == []  # shorter than a shingle
    assert Shingles([]).windows("anything at all") == []
    assert Shingles(["", "one text"]).windows("one text", 0) == []


def test_letter_case_does_not_count() -> None:
    assert Shingles(["THE FEES ARE DUE"]).windows("the fees are due") == [(0, 0, 16)]


def test_lone_surrogates_are_text() -> None:
    assert Shingles(["\ud800 lone surrogates"]).windows("lone surrogates")
