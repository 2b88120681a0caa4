"""The main figures of a filing beside those of the year before."""

from __future__ import annotations

import pytest

from kimidoc.playbooks import results
from kimidoc.playbooks.answers import FOUND_IN_ROWS, by_rule, typed
from kimidoc.playbooks.ask import questions
from kimidoc.playbooks.load import load
from kimidoc.types import Document

TABLES = (
    "Annual report for fiscal year 2022.\n\nReconciliation of adjusted measures (in millions)\n"
    "2022 2021\nNet income 70 60\n\nStatements of income (in millions)\nYears ended June 30,\n"
    "2022 2021 2020\nNet sales 480 470 460\nTotal revenue 500 480 470\nOperating income (8) 4 3\n"
    "Net loss before tax 1 1 1\nNet income 50 40 30\nDiluted 1.25 1.00 0.90\n"
    "Diluted 44,000 45,000 46,000\n\nStatements of cash flows (in millions)\n2022 2021 2020\n"
    "Net cash provided by operating activities 90 60 50\n"
    "Purchases of property, plant, and equipment (33) (30) (20)\n\n"
)


def rows(text: str) -> list[tuple[str, ...]]:
    paper = Document("a.txt", "text", "read", text)
    found = list(results.rows([paper]))
    for row in found:
        (quote,) = row.citations
        assert paper.text[quote.start_char : quote.end_char] == quote.text
    return [row.cells[:6] for row in found]


def test_the_rows_of_the_companys_own_statements() -> None:
    assert rows(TABLES) == [
        ("Revenue", "2022, year", "500", "480", "+4.2 %", "millions"),
        ("Operating income", "2022, year", "-8", "4", "-12", "millions"),
        ("Net income", "2022, year", "50", "40", "+25.0 %", "millions"),
        ("Diluted earnings per share", "2022, year", "1.25", "1.00", "+25.0 %", ""),
        ("Cash from operations", "2022", "90", "60", "+50.0 %", "millions"),
        ("Capital expenditures", "2022", "-33", "-30", "+10.0 %", "millions"),
    ]


def test_each_period_of_a_table() -> None:
    text = (
        "12 Weeks Ended\n36 Weeks Ended\nMay 7, 2022 May 8, 2021 May 7, 2022 May 8, 2021\n"
        "Net sales 52 50 160 128\n"
    )
    assert [row[1:5] for row in rows(text)] == [
        ("2022, quarter", "52", "50", "+4.0 %"),
        ("2022, 36 weeks", "160", "128", "+25.0 %"),
    ]


def test_what_others_hold_is_not_the_companys_net_income() -> None:
    text = (
        "2022 2021\nNet income including noncontrolling interests 52 50\n"
        "Net income attributable to noncontrolling interests (2) (5)\n"
        "NET INCOME ATTRIBUTABLE TO CASK 50 45\n"
    )
    assert [row[2] for row in rows(text)] == ["50"]
    assert [row[2] for row in rows(text.replace("NET INCOME ATTRIBUTABLE TO CASK", "X"))] == ["52"]


@pytest.mark.parametrize(
    "text",
    [
        "2022 2019\nNet sales 52 50\n",  # not the year before
        "Guarantors\n2022 2021\nNet sales 52 50\n",
        "2022 2021\nNet sales 4.0% 5.0%\n",
        "2022 2021\nNet sales of staves 52 50\n",
    ],
)
def test_what_is_no_result_of_the_company(text: str) -> None:
    assert rows(text) == []


def test_rows_answer_a_check_and_without_them_the_model_is_asked() -> None:
    book = load("earnings")
    papers = [
        Document("a.txt", "text", "read", TABLES),
        Document("call.txt", "text", "read", "Call on fiscal 2022. Revenue was good, we think.\n"),
    ]
    asked = questions(book, papers)
    ruled, notices = by_rule([book], asked, papers)
    assert FOUND_IN_ROWS in notices
    assert {name.partition("@")[2] for name in ruled} == {"a.txt"}
    answer = next(a for a in typed([book], list(ruled.values())) if a.question.check == "revenue")
    assert (answer.status, answer.by_rule) == ("found", True)
    assert [quote.text for quote in answer.citations] == ["Total revenue 500 480 470"]
    (value,) = answer.values
    assert (value.words, value.normal) == ("500", "500000000")
    assert value.note == "2022, year; in millions, as the table says"
    costs = next(a for a in ruled.values() if a.question.check == "cash-flow")
    assert "operating activities" in costs.citations[0].text
