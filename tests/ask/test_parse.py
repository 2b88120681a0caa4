"""Drafts are read as models write them, and never believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.ask.parse import MAX_QUOTES, Claim, parse
from kimidoc.types import Quote


def test_the_form_the_instruction_asks_for():
    claim = parse("<quote>ends on 3 May</quote>\n<quote>a\nb</quote>\n<answer>3 May</answer>")
    assert claim == Claim("3 May", (Quote("ends on 3 May"), Quote("a\nb")), False)


@pytest.mark.parametrize(
    "text",
    ["NOT FOUND", "  not found.", '"NOT FOUND"', "<answer>NOT FOUND</answer>", "", "  \n ",
     "<answer></answer>", "NOT_FOUND", "<quote></quote>", "Not found in the documents."],
)  # fmt: skip
def test_abstaining_in_many_ways(text):
    assert parse(text) == Claim("", (), True)


def test_an_abstention_carries_no_quote():
    assert parse("<quote>some words</quote><answer>not found</answer>").quotes == ()


@pytest.mark.parametrize(
    ("text", "quotes", "answer"),
    [
        ("<QUOTE>x y</Quote><Answer>z</ANSWER>", ["x y"], "z"),
        ("<quote>one <quote>two</quote><answer>z", ["one", "two"], "z"),
        ("<quote>left open\n<answer>z</answer>", ["left open"], "z"),
        ("Sure! <quote>a b</quote> so <answer> the\n answer </answer> bye", ["a b"], "the answer"),
        ("The answer is in clause 4.", [], "The answer is in clause 4."),
        ("<quote>only a quote</quote>", ["only a quote"], ""),
        ("<quote>same</quote><quote>same</quote><answer>z</answer>", ["same"], "z"),
        ("<answer></answer><quote>q</quote><answer>second</answer>", ["q"], "second"),
    ],
)
def test_drift(text, quotes, answer):
    claim = parse(text)
    assert [q.text for q in claim.quotes] == quotes
    assert claim.answer == answer
    assert not claim.abstains


def test_a_path_is_kept_and_cannot_hold_a_line():
    assert parse('<quote path="a/b c.pdf">x</quote>').quotes == (Quote("x", "a/b c.pdf"),)
    assert parse('<quote path="a\nb">x</quote>').quotes == ()


def test_quotes_are_bounded():
    claim = parse("".join(f"<quote>q{i}</quote>" for i in range(1000)))
    assert len(claim.quotes) == MAX_QUOTES


@given(
    st.lists(st.text(alphabet="ab<>/\n\"' é", min_size=1, max_size=30), max_size=4),
    st.text(alphabet="ab \n", max_size=20),
)
def test_what_is_written_is_read_back(quotes, answer):
    quotes = [q.strip() for q in quotes if q.strip()]
    text = "".join(f"<quote>{q}</quote>" for q in quotes) + f"<answer>{answer}</answer>"
    claim = parse(text)
    assert [q.text for q in claim.quotes] == list(dict.fromkeys(quotes))
    assert claim.answer == " ".join(answer.split())


@given(st.text(alphabet="<quoteansw/> notfud\n", max_size=300))
def test_anything_at_all_can_be_read(text):
    claim = parse(text)
    assert claim.abstains == (not claim.quotes and not claim.answer)
