"""Headings of plain text: contracts and filings get their clauses, prose and tables get none."""

from __future__ import annotations

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.ingest import headings, symbols


def sections(text: str) -> list[str]:
    return [mark.label for mark in headings.sections(text)]


def section_of(text: str, words: str) -> str:
    marks = headings.sections(text)
    found = bisect_right([mark.start for mark in marks], text.index(words)) - 1
    return marks[found].label if found >= 0 else ""


CONTRACT = """\
SUPPLY AGREEMENT

between Quillon Ltd and Tarnwick

TABLE OF CONTENTS

1. Definitions ........ 3
2. Supply 4
Exhibit A .... 9

1. DEFINITIONS

1.1 "Affiliate" means any company that controls a party.
1.2 The "Term" is three years.

2. Supply. The supplier delivers the goods.

2.1 Delivery: at the works.
(a) in boxes
2.1.1 Late delivery - the buyer may refuse.
2.2 The supplier shall insure the goods.

3 CHANGE OF CONTROL

Either party may end this agreement. Section 2.2, the insurance, stays.
30 days later it ends.

Section 4 Assignment

Nobody may assign.

EXHIBIT A
PRICE LIST

1. Hulls
Price 5.
2. Masts

SIGNATURES
"""


def test_a_contract():
    assert sections(CONTRACT) == [
        "SUPPLY AGREEMENT",
        "TABLE OF CONTENTS",
        "1 DEFINITIONS",
        "1 DEFINITIONS > 1.1 Affiliate",
        "1 DEFINITIONS > 1.2",
        "2 Supply",
        "2 Supply > 2.1 Delivery",
        "2 Supply > 2.1 Delivery > 2.1.1 Late delivery",
        "2 Supply > 2.2",
        "3 CHANGE OF CONTROL",
        "Section 4 Assignment",
        "EXHIBIT A PRICE LIST",
        "EXHIBIT A PRICE LIST > 1 Hulls",
        "EXHIBIT A PRICE LIST > 2 Masts",
        "EXHIBIT A PRICE LIST > SIGNATURES",
    ]
    assert section_of(CONTRACT, "in boxes") == "2 Supply > 2.1 Delivery"
    assert section_of(CONTRACT, "Price 5") == "EXHIBIT A PRICE LIST > 1 Hulls"


FILING = """\
PART I

Item 1. Financial Statements

None.

Item 1A. Risk Factors

We may lose.

PART II

ITEM 2 - PROPERTIES

One office.
"""


def test_a_filing():
    assert section_of(FILING, "None.") == "PART I > Item 1 Financial Statements"
    assert section_of(FILING, "We may") == "PART I > Item 1A Risk Factors"
    assert section_of(FILING, "One office") == "PART II > ITEM 2 PROPERTIES"


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("ARTICLE IV\n\nTERM\n\n4.1 Rent. It", ["ARTICLE IV TERM", "ARTICLE IV TERM > 4.1 Rent"]),
        ("CHAPTER 2: Rights\nwords", ["CHAPTER 2 Rights"]),
        ("Schedule 2 – Prices\nwords", ["Schedule 2 Prices"]),
        ("\n\nClause 3\n\nDuties of the tenant\n", ["Clause 3 Duties of the tenant"]),
        ("Section 3.1 [Reserved]\n", ["Section 3.1 Reserved"]),
        ("1.2 Term of the lease is five years\n", ["1.2"]),  # a sentence is no title
        ("1. Term of the lease is five years\n", []),  # and one number needs a title
        ("1. T" + "erm " * 30 + "\n", []),
        ("Exhibit A attached hereto is part of this.\n", []),
        ("as said in\nSection 4\nof this agreement\n", []),  # torn off its sentence
        ("Section 4.2, the insurance, stays.\n", []),
        ("12 apples and 3 pears\n", []),
        ("100 Main Street\n", []),
        ("7. Late\n", []),  # counting does not begin with seven
        ("1. One\n9. Nine\n", ["1 One"]),  # nor does it leap
        ("1. One\n2. Two\n2. Again\n1. Back\n", ["1 One", "2 Two", "1 Back"]),
        ("1. Hulls\t1,200\n", []),  # a line of a table
        ("2026 was a good year.\n", []),
        ("words\nSHOUTING IN A PARAGRAPH\nmore words\n", []),
        ("\nQUILLON LTD\n\n", []),
        ("\nUS, UK &\n\n", []),
        ("\nABC\n\n", []),
        ("\nNAME      AMOUNT\n\n", []),
        ("\nRENEWAL\n\n\nRENEWAL\n\n", ["RENEWAL"]),
        ("", []),
    ],
)  # fmt: skip
def test_what_is_a_heading_and_what_is_not(text, labels):
    assert sections(text) == labels


def test_a_contents_table_does_not_count():
    contents = "".join(f"{n}. Chapter {n}x\n" for n in range(1, 6))
    body = "".join(f"{n}. Chapter {n}x\n\n{'Words and words. ' * 30}\n\n" for n in range(1, 6))
    text = contents + "\n" + body
    assert section_of(text[len(contents) :], "Words") == "1 Chapter 1x"
    marks = headings.sections(text)
    assert marks[-5].start >= len(contents) and marks[-1].label == "5 Chapter 5x"


def test_plain_kinds_have_headings_and_data_has_none():
    for kind in ("text", "rst", "latex"):
        assert [mark.label for mark in symbols.sections("1. Term\n", kind)] == ["1 Term"]
    assert symbols.sections("1. Term\n", "csv") == ()


@given(st.lists(st.sampled_from(CONTRACT.splitlines() + FILING.splitlines()), max_size=40))
def test_any_lines_give_sorted_sections_within_the_text(lines):
    text = "\n".join(lines)
    marks = headings.sections(text)
    assert [m.start for m in marks] == sorted({m.start for m in marks})
    assert all(m.label and "\n" not in m.label and m.start < len(text) for m in marks)


def test_hostile_lines_cost_linear_time():
    for piece in ("1.", "1. ", "A ", "SECTION ", "SECTION 1 ", "\t", "1. A\n", "ARTICLE I\n\n"):
        assert isinstance(headings.sections(piece * 60_000), tuple)
