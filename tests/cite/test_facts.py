import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.cite import disagreement
from kimidoc.cite.words import words


@pytest.mark.parametrize(
    ("claim", "source", "said"),
    [
        ("within 90 days", "within 30 days", "number: “90” is not “30”"),
        ("within ninety days", "within thirty (30) days", "number: “ninety” is not “thirty”"),
        ("thirty (90) days", "thirty (30) days", "number: only the claim has “90”"),
        ("£1,640,000", "£1,460,000", "number"),
        ("2.5 million", "2.5 billion", "number: “million” is not “billion”"),
        ("one hundred and fifty", "one hundred and sixty", "number"),
        ("a third", "a quarter", "number: “third” is not “quarter”"),
        ("clause 5.2", "clause 5.20", "number"),
        ("10²", "102", "number"),
        ("½ of the shares", "⅓ of the shares", "number"),
        ("x ≤ 5", "x ≥ 5", "number: “≤” is not “≥”"),
        ("a margin of -5", "a margin of 5", "number: “-5” is not “5”"),
        ("model TF-350", "model TF-400", "number"),
        ("3 March 2021", "3 April 2021", "date: “March” is not “April”"),
        ("in May 2021", "in June 2021", "date: “May” is not “June”"),
        ("im Jahr 2024", "im Jahr 2025", "number: “2024” is not “2025”"),
        ("USD 5", "EUR 5", "currency: “USD” is not “EUR”"),
        ("$5", "€5", "currency: “$” is not “€”"),
        ("five dollars", "five euros", "currency"),
        ("10 per cent", "10 times", "percentage: only the claim has “percent”"),
        ("10", "10%", "percentage: only the source has “%”"),
        ("50 percent", "50 basis points", "percentage: “percent” is not “bps”"),
        ("up 2 percent", "up 2 percentage points", "percentage: “percent” is not “pp”"),
        ("siebenundzwanzig Tage", "siebenunddreißig Tage", "number"),
        ("shall pay", "shall not pay", "negation: only the source has “not”"),
        ("shall never pay", "shall always pay", "negation: only the claim has “never”"),
        ("it doesn't apply", "it does apply", "negation"),
        ("it can apply", "it cannot apply", "negation: only the source has “cannot”"),
        ("with cause", "without cause", "negation: only the source has “without”"),
        ("able to pay", "unable to pay", "negation: “able” is not “unable”"),
        ("payment", "non-payment", "negation: only the source has “non”"),
        ("harm", "harmless", "negation: “harm” is not “harmless”"),
        ("not A and B", "A and not B", "negation"),
        ("5 for A, 6 for B", "6 for A, 5 for B", "number"),
        ("darf übertragen werden", "darf nicht übertragen werden", "negation"),
        ("eine Frist von dreißig Tagen", "eine Frist von neunzig Tagen", "number"),
        ("einundzwanzig Tage", "zweiundzwanzig Tage", "number"),
        ("la cession est permise", "la cession n'est pas permise", "negation"),
        ("trente jours", "quarante jours", "number"),
        ("puede ceder", "no puede ceder", "negation: only the source has “no”"),
        ("può cedere", "non può cedere", "negation"),
        ("pode ceder", "não pode ceder", "negation"),
        ("mag overdragen", "mag niet overdragen", "negation"),
        ("drieëntwintig dagen", "vierentwintig dagen", "number"),
        ("合同可转让", "合同不可转让", "negation"),
        ("三十日以内", "九十日以内", "number: “三” is not “九”"),
        ("在30日内付款", "在90日内付款", "number: “30” is not “90”"),
        ("支払います", "支払いません", "negation"),
        ("지급한다", "지급하지 않는다", "negation"),
        ("יכול להעביר", "לא יכול להעביר", "negation"),
        ("٣٠ يوما", "٩٠ يوما", "number"),
    ],
)
def test_facts_that_differ_are_named(claim: str, source: str, said: str) -> None:
    found = disagreement(claim, source)
    assert found is not None and said in found
    assert disagreement(source, claim) is not None


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("within thirty (30) days", "within 30 days"),
        ("within thirty days", "within 30 days"),
        ("one hundred and fifty", "150"),
        ("two thousand five hundred", "2,500"),
        ("twenty-one", "21"),
        ("£2,500,000", "£2500000"),
        ("2'500'000 CHF", "2,500,000 CHF"),
        ("ten per cent of it", "10% of it"),
        ("ten Prozent", "ten percent"),
        ("he doesn't pay", "he does not pay"),
        ("it can't", "it can not"),
        ("the buyer pays", "the Purchaser  shall pay"),
        ("the agree-\nment", "the agreement"),
        ("٣٠ days", "30 days"),
        ("Shall NOT pay", "shall not pay"),
        ("甲方应当在30日内付款", "乙方应当在30日内付款"),
        ("", ""),
    ],
)
def test_what_is_written_another_way_agrees(claim: str, source: str) -> None:
    assert disagreement(claim, source) is None and disagreement(source, claim) is None


@given(st.text(max_size=200))
def test_every_text_agrees_with_itself(text: str) -> None:
    assert disagreement(text, text) is None


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_two_numbers_agree_only_if_they_are_equal(a: int, b: int) -> None:
    said = disagreement(f"a fee of £{a:,} is due", f"a fee of £{b} is due")
    assert (said is None) == (a == b)


def test_long_texts_are_compared_by_their_facts() -> None:
    words_only = "the parties agree on this " * 4000
    assert disagreement(words_only + "5 days", "5 days " + words_only) is None
    assert disagreement(words_only + "5 days", words_only + "6 days") == "number: “5” is not “6”"


@pytest.mark.parametrize(
    "text",
    [
        "9",
        "hundred ",
        "one hundred and ",
        "ein",
        "sieben",
        "1,",
        "a'",
        "(",
        "-1",
        "per cent ",
        "合同",
    ],
)
def test_hostile_texts_are_compared(text: str) -> None:
    assert disagreement(text * 20_000, text * 20_000) is None


def test_words_keep_their_places() -> None:
    text = "It can't exceed thirty (30) days, or 1,640,000."
    assert [(w.key, w.kind) for w in words(text) if w.kind] == [
        ("not", "negation"), ("30", "number"), ("1640000", "number"),
    ]  # fmt: skip
    assert all(text[w.start : w.end] == w.shown for w in words(text) if w.kind == "number")
