import pytest

from kimidoc.cite.edges import cut, significant, stripped, whole, widened


@pytest.mark.parametrize(
    ("text", "quote", "kept"),
    [
        ("shall be required to pay", "shall be requ", "shall be"),
        ("It is required to pay", "ired to pay", "to pay"),
        ("the fee (£", "the fee (£", "the fee (£"),  # whole as it is
        ("x the fee remains (£10) due", "emains (£10) d", "(£10)"),
        ("the 合同终止 clause", "同终", "同终"),  # no spaces, no edges
        ("第30条", "30", "30"),
        ("snake_case_name is long", "case_name is", "is"),
        ("A" * 60 + "BC", "A" * 60, "A" * 60),  # too long for a word
    ],
)
def test_a_cut_word_is_left_out(text: str, quote: str, kept: str) -> None:
    start = text.index(quote)
    low, high = whole(text, start, start + len(quote)) or (0, 0)
    assert text[low:high] == kept


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("payment within 300 days", "payment within 30"),
        ("a cap of £1,640,000", "a cap of £1"),
        ("a cap of £1,640,000", "640,000"),
        ("clause 5.25 applies", "clause 5.2"),
        ("on 2024-01-12", "on 2024"),
        ("is unable to pay", "able to pay"),
        ("if he can't pay", "if he can"),
        ("the non-payment", "payment"),
        ("notwithstanding that", "it is so not"),
        ("up 30% this year", "up 30"),
        ("a change of -12.5 points", "12.5 points"),
    ],
)
def test_a_cut_that_changes_what_is_said_is_no_place(text: str, quote: str) -> None:
    text = "it is so " + text if quote.startswith("it is so") else text
    start = text.index(quote)
    assert whole(text, start, start + len(quote)) is None


def test_a_letter_keeps_its_accent() -> None:
    assert cut("cafe\u0301", 4) and not cut("cafe\u0301", 5)
    assert widened("a cafe\u0301 b", 2, 6) == (2, 7)
    assert not cut("ab", 0) and not cut("ab", 2)


def test_white_space_and_openings_around_it_go() -> None:
    text = "  due “(£"
    assert text[slice(*stripped(text, 0, len(text)))] == "due"


@pytest.mark.parametrize(
    ("quote", "is_significant"),
    [
        ("Fee", True), ("合同终", True), ("2024", True), ("x = 10", True), ("العقد", True),
        ("", False), ("ab", False), ("...!?", False), ("of the and", False), ("合同", False),
        ("\0\0\0", False), ("und der die", False),
    ],
)  # fmt: skip
def test_what_is_worth_looking_for(quote: str, is_significant: bool) -> None:
    assert significant(quote) is is_significant
