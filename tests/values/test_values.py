"""What is read, what stays text, and that words never leave the quote they stand in."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.types import ValueKind
from kimidoc.values import READERS, dates, numbers, read

ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
ONES += " fifteen sixteen seventeen eighteen nineteen"
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety"


def in_words(number: int) -> str:
    """The inverse of ``numbers.spelled``, British."""
    for size, name in ((10**6, "million"), (10**3, "thousand"), (100, "hundred")):
        if number >= size:
            rest = number % size
            joined = " and " if 0 < rest < 100 else " "
            return in_words(number // size) + f" {name}" + (joined + in_words(rest)) * bool(rest)
    if number < 20:
        return ONES.split()[number]
    return TENS.split()[number // 10] + f"-{ONES.split()[number % 10]}" * bool(number % 10)


def normal(kind: ValueKind, text: str) -> list[str | None]:
    return [value.normal for value in read(kind, text)]


@given(st.integers(0, 10**9 - 1))
def test_numbers_in_words(number: int) -> None:
    assert numbers.spelled(in_words(number)) == number
    assert numbers.spelled(in_words(number).upper()) == number


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_a_day_in_every_form(day: date) -> None:
    forms = [day.isoformat(), f"{day.day} {day:%B} {day.year}", f"{day:%B} {day.day}, {day.year}"]
    forms += [f"{day.day}th day of {day:%B}, {day.year}", f"{day.day} {day:%b}. {day.year}"]
    forms += [f"{day:%d.%m.%Y}"]
    for form in forms:
        assert normal("date", f"made on {form} between") == [day.isoformat()], form


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_a_numeric_day_is_read_only_where_it_can_be_one(day: date) -> None:
    (value,) = read("date", f"due {day:%d/%m/%Y}.")
    if day.day == day.month or day.day > 12:
        assert value.normal == day.isoformat()
    else:
        assert value.normal is None and value.note == "day and month can be exchanged"


@given(st.integers(1, 400), st.sampled_from(["day", "week", "month", "year"]))
def test_a_duration_in_every_form(count: int, unit: str) -> None:
    forms = [f"{count} {unit}s", f"{in_words(count)} ({count}) {unit}s", f"{count}-{unit}"]
    forms += [f"{in_words(count)} {unit}s", f"{count} ({in_words(count)}) calendar {unit}s"]
    for form in forms:
        said = normal("duration", f"not less than {form} after")
        assert said == [f"P{count}{unit[0].upper()}"], form


@given(st.integers(1, 10**9), st.integers(0, 99), st.sampled_from(["£", "€", "US$"]))
def test_an_amount_in_every_form(whole: int, cents: int, sign: str) -> None:
    code = {"£": "GBP", "€": "EUR", "US$": "USD"}[sign]
    amount = Decimal(whole) + Decimal(cents) / 100
    for form in (f"{sign}{amount:,.2f}", f"{sign} {amount:.2f}", f"{code} {amount:,.2f}"):
        (found,) = normal("money", f"shall pay {form} a year")
        assert found is not None
        said, number = found.split()
        assert (said, Decimal(number)) == (code, amount), form


@pytest.mark.parametrize(
    ("kind", "text", "note"),
    [
        ("date", "on 01/02/2024", "day and month can be exchanged"),
        ("date", "on 5/8/14", "the year has two digits"),
        ("date", "on 31 February 2024", "there is no such day"),
        ("duration", "thirty (60) days", "words and figures differ"),
        ("duration", "one and a half years", "a part of a unit"),
        ("money", "a fee of €1.234", "the stop may divide thousands or parts"),
        ("money", "two thousand pounds (£3,000)", "words and figures differ"),
        ("percentage", "fifty (15%) per cent", "words and figures differ"),
    ],
)
def test_what_can_be_read_in_two_ways_stays_text(kind: ValueKind, text: str, note: str) -> None:
    (value,) = read(kind, text)
    assert (value.normal, value.note) == (None, note)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("duration", "ten business days' notice", ["10 business days"]),
        ("money", "up to £2.5 million in total", ["GBP 2500000"]),
        ("money", "EUR 1.234,50 or CHF 1'000", ["EUR 1234.5", "CHF 1000"]),
        ("money", "£11.40 for each, US$ 21.5 million EUR 5", ["GBP 11.4", "USD 21500000", "EUR 5"]),
        ("money", "one hundred dollars ($100)", ["$ 100"]),
        ("money", "thirty (30) of them; clause 5.2", []),
        ("percentage", "32 per cent, thirty-six percent and 50 basis points",
         ["32 %", "36 %", "0.5 %"]),
        ("date", "section 1.2.2024 of 13/02/2024", ["2024-02-01", "2024-02-13"]),
    ],
)  # fmt: skip
def test_what_is_read(kind: ValueKind, text: str, said: list[str]) -> None:
    assert normal(kind, text) == said


def test_a_sign_of_several_currencies_says_so() -> None:
    (value,) = read("money", "$5,000")
    assert (value.normal, value.note) == ("$ 5000", "the sign stands for several dollars")


AMERICAN = (
    "This Agreement is entered into by and between Corvane Labs, Inc., a Delaware corporation (the "
    '"Supplier"), and Ode Marsh & Sons Ltd ("Buyer").\n\nWHEREAS Other Company Inc. sells.'
)
BRITISH = (
    "This deed is dated 4 May 2021\n(1) BRAMLEY ORCHARD LIMITED (company number 0712), whose office"
    " is at Mill Road (the\nSeller); and\n(2) DR ANNA VOSS of 3 Lane End (the “Buyer”)."
)


@pytest.mark.parametrize(
    ("text", "parties"),
    [
        (AMERICAN, [("Corvane Labs, Inc.", "Supplier"), ("Ode Marsh & Sons Ltd", "Buyer")]),
        (BRITISH, [("BRAMLEY ORCHARD LIMITED", "Seller"), ("DR ANNA VOSS", "Buyer")]),
        ("(1) **HOLM PLC** of 1 Quay (**Holm**)", [("HOLM PLC", "Holm")]),
        ("made between Ann Lee, an individual, and Tor AB", [("Ann Lee", ""), ("Tor AB", "")]),
        ("The weather was fine on Monday.", []),
    ],
)
def test_parties(text: str, parties: list[tuple[str, str]]) -> None:
    assert [(value.normal, value.note) for value in read("party", text)] == parties


@given(st.text(alphabet="0123456789 /.,-()$£%abdehmnorstuy", max_size=80))
def test_words_always_stand_in_the_text(text: str) -> None:
    for kind in READERS:
        for value in read(kind, text):
            assert value.kind == kind and value.words in text
            assert value.normal or value.note


def test_every_kind_has_a_reader() -> None:
    assert set(READERS) == set(get_args(ValueKind))


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 3000))
def test_days_move_there_and_back(day: date, count: int) -> None:
    there = dates.moved(day.isoformat(), f"P{count}D")
    assert there == (day + timedelta(days=count)).isoformat()
    assert dates.moved(there, f"P{count}D", back=True) == day.isoformat()


@pytest.mark.parametrize(
    ("day", "step", "back", "to"),
    [
        ("2027-03-25", "P9M", True, "2026-06-25"),
        ("2024-01-31", "P1M", False, "2024-02-29"),
        ("2024-02-29", "P1Y", False, "2025-02-28"),
        ("2024-01-01", "P1Y2M3W4D", False, "2025-03-26"),
        ("2024-01-01", "10 business days", False, None),
        ("2024-01-01", "P", False, None),
        ("2024-01-01", "P9999Y", False, None),
    ],
)
def test_months_end_where_the_law_ends_them(
    day: str, step: str, back: bool, to: str | None
) -> None:
    assert dates.moved(day, step, back=back) == to
