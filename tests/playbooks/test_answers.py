"""Which of several values in a quote answers a check."""

from __future__ import annotations

import pytest

from kimidoc.playbooks.answers import by_rule, typed
from kimidoc.playbooks.ask import questions
from kimidoc.playbooks.load import load
from kimidoc.types import Answer, Citation, Document, Question

DUE = load("due-diligence")


@pytest.mark.parametrize(
    ("said", "agreed", "effective"),
    [
        (
            "This agreement, dated 1 June 2020, is effective as of 1 July 2020.",
            ["2020-06-01"],
            ["2020-07-01"],
        ),
        (
            "This agreement is effective as of 1 July 2020 and was signed on 1 June 2020.",
            ["2020-06-01"],
            ["2020-07-01"],
        ),
        ("From 1 July 2020 to 1 June 2021.", ["2020-07-01", "2021-06-01"], None),
        ("This agreement is made effective as of 1 July 2020.", ["2020-07-01"], None),
    ],
)
def test_the_date_that_the_words_before_it_lead_to(
    said: str, agreed: list[str], effective: list[str] | None
) -> None:
    paper = Document("a.md", "markdown", "read", said)
    for check, days in (("agreement-date", agreed), ("effective-date", effective or agreed)):
        question = Question(check, "?", "a.md", playbook=DUE.id, check=check)
        answer = Answer(question, "found", "", (Citation.of(paper, 0, len(said)),))
        (one,) = typed([DUE], [answer])
        assert [value.normal for value in one.values] == days


def test_signs_answer_last_where_a_sale_of_the_company_is_touched() -> None:
    text = (
        "Supply agreement.\n\nIf Cask, Inc. sells the company to a brewer, Stave may terminate.\n\n"
        "Neither this contract nor an order under it shall be transferred.\n"
    )
    paper = Document("a.md", "markdown", "read", text)
    answers, _ = by_rule([DUE], questions(DUE, [paper]), [paper])
    control = answers["dd.change-of-control@a.md"]
    assert control.status == "found" and control.citations[0].text.startswith("If Cask, Inc.")
    assert {check.id for check in DUE.checks if check.signs_last} == {
        "change-of-control", "assignment",
    }  # fmt: skip
