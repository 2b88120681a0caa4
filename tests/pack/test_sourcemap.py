"""Every token leads to the characters it stands for, and every character to its tokens."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Backend
from tokenizers import models, pre_tokenizers

from kimidoc.pack import fit, sourcemap
from kimidoc.types import Document, Mark, Segment, Window
from tests.pack.conftest import ByteTokenizer, document, mixed_documents

EXAMPLES = Path(__file__).parents[2] / "examples"
PLENTY = 1 << 30
BITING = [
    *(
        "合同",
        "第一条　",
        "ｶﾞ",
        "👩‍👩‍👧‍👦",
        "🏳️‍🌈",
        "🇩🇪",
        "👍🏽",
        "e\u0301",
        "a\u0328\u0301",
        "क्षि",
        "\u0e01\u0e33",
    ),
    *(
        "\r\n",
        "\r",
        "\n\n",
        "\t",
        "  ",
        "\x00",
        "\ufeff",
        "\u200f",
        "العقد",
        "שלום",
        "\ud800",
        "\U0010ffff",
    ),
    *("rent", " the", "30", "it's", "<|im_end|>", "ﬁ", "½", "_", "\u2028"),
]
TEXTS = st.lists(st.sampled_from(BITING), min_size=1, max_size=25).map("".join)
MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def real_documents() -> list[Document]:
    """The text files of the examples: contracts, letters, code, settings, scripts, styles."""
    suffixes = {".md", ".py", ".js", ".sql", ".yaml", ".html", ".css", ".toml", ".eml"}
    files = [f for f in sorted(EXAMPLES.rglob("*")) if f.suffix in suffixes and f.is_file()]
    assert len(files) > 20
    texts = ((f.relative_to(EXAMPLES).as_posix(), f.read_bytes().decode()) for f in files)
    return [document(path, text[:4000]) for path, text in texts if text]


def as_bytes(text: str) -> bytes:
    """What a tokenizer is given: half a character is U+FFFD."""
    return text.replace("\ud800", "\ufffd").encode()


def _mapped(window: Window, token: int) -> tuple[Segment, int, int] | None:
    found = sourcemap.characters(window, token, token + 1)
    assert len(found) <= 1
    return found[0] if found else None


def _check_every_token(window: Window, tokenizer: ByteTokenizer) -> None:
    """The mapped text of a token re-tokenises to it, or contains it (part of a character)."""
    texts, tokens = [], []
    for segment in window.segments:
        assert _mapped(window, segment.start) is None
        at = 0  # bytes of the text that the tokens so far have spelled
        raw = as_bytes(segment.document.text)
        for token in range(segment.body, segment.end):
            found = _mapped(window, token)
            assert found is not None
            assert found[0] is segment
            spelled = tokenizer.spelled(window.tokens[token])
            text = as_bytes(segment.document.text[found[1] : found[2]]).decode()
            assert raw[at : at + len(spelled)] == spelled
            at += len(spelled)
            if spelled == text.encode():
                texts.append(text)
                tokens.append(window.tokens[token])
            else:
                assert spelled in text.encode()
        assert at == len(raw)
    for text, token, again in zip(texts, tokens, tokenizer.encode(texts), strict=True):
        assert list(again.ids) == [token], text


def test_every_token_of_a_real_mixed_set(family):
    window = fit([*real_documents(), *mixed_documents()], family, PLENTY)
    assert len(window.tokens) > 20_000
    _check_every_token(window, family)


@MANY
@given(texts=st.lists(TEXTS, min_size=1, max_size=3))
def test_every_token_of_texts_that_bite(tokenizer, texts):
    documents = [document(f"{n}", text) for n, text in enumerate(texts)]
    _check_every_token(fit(documents, tokenizer, PLENTY), tokenizer)


@MANY
@given(text=TEXTS, data=st.data())
def test_characters_lead_to_all_tokens_that_touch_them_and_no_other(tokenizer, text, data):
    window = fit([document("before", "x"), document("it", text)], tokenizer, PLENTY)
    segment = window.segments[1]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    first, last = sourcemap.tokens(window, "it", start, end)
    touching = [
        token
        for token in range(segment.body, segment.end)
        if start < end and window.starts[token] < end and window.ends[token] > start
    ]
    assert list(range(first, last)) == touching
    if start == end:
        assert first == last
        return
    ((found, low, high),) = sourcemap.characters(window, first, last)
    assert found is segment
    assert low <= start < end <= high
    assert sourcemap.tokens(window, "it", low, high)[0] == first or low < start


@MANY
@given(text=TEXTS, data=st.data())
def test_tokens_lead_to_characters_that_lead_back(tokenizer, text, data):
    window = fit([document("it", text), document("after", "x")], tokenizer, PLENTY)
    segment = window.segments[0]
    first = data.draw(st.integers(segment.body, segment.end - 1))
    last = data.draw(st.integers(first + 1, segment.end))
    ((_, start, end),) = sourcemap.characters(window, first, last)
    low, high = sourcemap.tokens(window, "it", start, end)
    assert low <= first < last <= high
    # More tokens than asked for only where a character is split between two tokens.
    spelled = [tokenizer.spelled(window.tokens[t]) for t in range(segment.body, segment.end)]
    if b"".join(spelled[: first - segment.body]) == as_bytes(text[:start]):
        assert low == first
    if b"".join(spelled[: last - segment.body]) == as_bytes(text[:end]):
        assert high == last


@MANY
@given(texts=st.lists(TEXTS, min_size=1, max_size=4), data=st.data())
def test_a_run_of_tokens_across_documents_is_cut_at_their_bounds(tokenizer, texts, data):
    documents = [document(f"{n}", text) for n, text in enumerate(texts)]
    window = fit(documents, tokenizer, PLENTY, preamble=[0, 1])
    start = data.draw(st.integers(0, len(window.tokens)))
    end = data.draw(st.integers(start, len(window.tokens)))
    naive: dict[str, tuple[int, int]] = {}
    for token in range(start, end):
        segment = window.segment_at(token)
        if segment is not None and token >= segment.body:
            low, high = naive.get(segment.document.path, (1 << 40, 0))
            bounds = min(low, window.starts[token]), max(high, window.ends[token])
            naive[segment.document.path] = bounds
    found = sourcemap.characters(window, start, end)
    assert {s.document.path: (low, high) for s, low, high in found} == naive
    assert [s for s, _, _ in found] == [s for s in window.segments if s.document.path in naive]


@MANY
@given(text=TEXTS, data=st.data())
def test_a_token_knows_its_line_page_and_section(tokenizer, text, data):
    page = data.draw(st.integers(0, len(text)))
    source = document("it", text, pages=(0, page), sections=(Mark(page, "Term > 14.2"),))
    window = fit([source], tokenizer, PLENTY, preamble=[0])
    segment = window.segments[0]
    token = data.draw(st.integers(segment.body, segment.end - 1))
    place = sourcemap.place(window, token)
    assert place is not None
    start, end = window.starts[token], window.ends[token]
    assert place.start_line == 1 + text.count("\n", 0, start)
    assert place.end_line == 1 + text.count("\n", 0, end - 1)
    assert place.page == (2 if start >= page else 1)
    assert place.section == ("Term > 14.2" if start >= page else None)


def test_nothing_leads_out_of_a_document(tokenizer):
    window = fit([document("a", "one"), document("b", "two")], tokenizer, PLENTY, preamble=[0, 1])
    a, b = window.segments
    for token in [*range(2), *range(a.start, a.body), *range(a.end, b.body)]:
        assert sourcemap.characters(window, token, token + 1) == []
        assert sourcemap.place(window, token) is None
    assert sourcemap.characters(window, len(window.tokens), len(window.tokens)) == []
    assert [s for s, _, _ in sourcemap.characters(window, 0, len(window.tokens))] == [a, b]


def test_what_was_not_packed_is_our_own_mistake(tokenizer):
    window = fit([document("a", "one")], tokenizer, PLENTY)
    with pytest.raises(AssertionError, match="not packed: 'b'"):
        sourcemap.tokens(window, "b", 0, 0)
    with pytest.raises(AssertionError):
        sourcemap.tokens(window, "a", 0, 4)
    with pytest.raises(AssertionError):
        sourcemap.characters(window, 2, 1)


def test_white_space_that_a_tokenizer_skips_belongs_to_no_token():
    vocabulary = {"rent": 0, "due": 1, "?": 2}
    backend = Backend(models.WordLevel(vocabulary, unk_token="?"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    text = "rent   due"
    window = fit([document("a", text)], ByteTokenizer(backend), PLENTY)
    segment = window.segments[0]
    assert [_mapped(window, t)[1:] for t in range(segment.body, segment.end)] == [(0, 4), (7, 10)]  # type: ignore[index]
    assert sourcemap.tokens(window, "a", 4, 7) == (segment.body + 1, segment.body + 1)
    assert sourcemap.tokens(window, "a", 3, 8) == (segment.body, segment.end)


def test_looking_up_touches_a_handful_of_tokens_not_all(tokenizer):
    class Counted:
        def __init__(self, values: object) -> None:
            self.values, self.reads = values, 0

        def __len__(self) -> int:
            return len(self.values)  # type: ignore[arg-type]

        def __getitem__(self, at: int) -> int:
            self.reads += 1
            return self.values[at]  # type: ignore[index,no-any-return]

    plain = fit([document(f"{n}", "rent due " * 500) for n in range(50)], tokenizer, PLENTY)
    starts, ends = Counted(plain.starts), Counted(plain.ends)
    window = Window(plain.tokens, starts, ends, plain.segments, (), 0, plain.nonce)  # type: ignore[arg-type]
    middle = len(plain.tokens) // 2
    sourcemap.characters(window, middle, middle + 9)
    sourcemap.tokens(window, "25", 700, 709)
    sourcemap.place(window, middle)
    assert starts.reads + ends.reads < 60
