import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kimidoc.cite import places
from kimidoc.cite.fold import fold, key, plain
from kimidoc.cite.forms import forms
from tests.cite.conftest import twin

# Everything that folding looks at, dense, so that short texts meet every rule and its neighbours.
SIGNS = [
    *"ab1 \n-\t,.",
    *("\xa0", "\r", "\u2028", "\u3000", "–", "—", "‐", "−", "\xad", "\x02", "\ufffe", "\u200b"),
    *("’", "“", "«", "…", "ﬁ", "½", "²", "①", "Ａ", "é", "e", "\u0301", "\u0302", "\ufe0f"),
    *(
        "中",
        "文",
        "，",
        "。",
        "한",
        "\u1112",
        "\u1161",
        "\u11ab",
        "क",
        "\u093e",
        "א",
        "\u05b0",
        "😀",
    ),
]
texts = st.text(st.sampled_from(SIGNS), max_size=14)


@st.composite
def text_and_quote(draw: st.DrawFn) -> tuple[str, str]:
    text = draw(texts)
    start = draw(st.integers(0, len(text)))
    quote = text[start : draw(st.integers(start, len(text)))]
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(quote)))
        put = draw(st.sampled_from(["", *SIGNS, "-\n", " \n", "fi", "...", '"', "'"]))
        quote = quote[:at] + put + quote[at + draw(st.integers(0, 2)) :]
    return text, quote


@settings(max_examples=1000, deadline=None)
@given(text_and_quote())
@example(("a-\nb", "ab"))
@example(("a-\nb", "a-b"))
@example(("a-b", "ab"))
@example(("a- b", "a-b"))
@example(("1-\n2", "12"))
@example(("e\u0301a", "e"))
@example(("中，\n文", "中,文"))
@example(("aﬁb", "af"))
def test_the_fast_way_finds_what_the_slow_twin_finds(case: tuple[str, str]) -> None:
    text, quote = case
    assert list(places.same(text, fold(text), key(quote))) == twin(text, quote)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the  final\n charges", "the ﬁnal charges"),
        ("agree-\nment", "agreement"),
        ("agree\xad\nment", "agreement"),
        ("agree\x02\nment", "agreement"),  # pdfium's hyphen
        ("change-of-\n  control", "change-of-control"),
        ("2024-\n2025", "2024–2025"),
        ("“quoted” — ‘so’…", "\"quoted\" - 'so'..."),
        ("caf\u00e9", "cafe\u0301"),
        ("ＡＢＣ１２", "ABC12"),
        ("合同，\n终止", "合同，终止"),
        ("合同 终止", "合同终止"),
        ("한국", unicodedata.normalize("NFD", "한국")),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("👩\u200d🚒 ❤️", "👩🚒 ❤"),
        ("ال\u200eعقد", "العقد"),
        ("a\u00a0b\u202fc\u2009d", "a b c d"),
    ],
)
def test_the_same_up_to_typography(one: str, other: str) -> None:
    assert key(one).equals(key(other)) and key(other).equals(key(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10²", "102"),
        ("1½", "11/2"),
        ("①", "1"),
        ("re-sign", "resign"),
        ("re- sign", "resign"),
        ("pre- and post", "pre-and post"),
        ("12-\n34", "1234"),
        ("a b", "ab"),
        ("No", "no"),
        ("‘x’", '"x"'),
        ("cafe", "café"),
        ("a_b", "a-b"),
        ("x--y", "x-y"),
        ("word—\nword", "wordword"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    assert not key(one).equals(key(other)) and not key(other).equals(key(one))


@given(st.text(max_size=60))
def test_folding_once_is_enough(text: str) -> None:
    once = key(text).text
    assert fold(once).text == once or "-" in text or "\u2010" <= max(text, default="") <= "\u2212"


@given(st.text(max_size=80))
def test_a_whole_text_maps_back_to_itself(text: str) -> None:
    folded = fold(text)
    if folded.text:
        start, end = folded.span(0, len(folded.text), snap=True) or (0, 0)
        assert key(text[start:end]).text == key(text).text


def test_plain_rejoins_words_and_keeps_hyphens() -> None:
    assert (
        plain("agree-\nment of 2024-01-12, “fi” = ﬁ, a-b")
        == 'agreement of 2024-01-12, "fi" = fi, a-b'
    )


def test_no_replacement_is_itself_replaced() -> None:
    table = forms()
    assert not {ord(c) for new in table.every.values() for c in new} & table.single.keys() - {32}


def test_digits_are_never_made_out_of_longer_forms() -> None:
    for code, new in forms().every.items():
        digits = [c for c in new if c.isnumeric()]
        assert not digits or len(new) == 1, (hex(code), new)
        if digits:
            assert unicodedata.numeric(chr(code), value := unicodedata.numeric(new)) == value
