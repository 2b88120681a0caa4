"""Rows of statements as filings give them, and percentages held against the right ones."""

from __future__ import annotations

import pytest

from kimidoc.playbooks import recomputed, statements
from kimidoc.types import Document

HEAD = "Cask & Sons. Annual report for fiscal year 2022. Amounts are in millions of dollars.\n\n"


def filing(text: str, head: str = HEAD) -> Document:
    return Document("annual.txt", "text", "read", head + text)


def read(text: str, head: str = HEAD) -> list[tuple[str, dict[str, str], str]]:
    return [
        (line.label, {year: str(value) for year, value in line.values.items()}, line.period)
        for line in statements.lines(filing(text, head))
    ]


def test_columns_of_shares_and_of_changes_are_left_out() -> None:
    shares = (
        "2022\n2021\nNet sales\n$\n520 \n100.0 %\n$\n500 \n100.0 %\nCosts\n(420)\n(80.8)\n(400)\n"
    )
    assert read(f"{shares}(80.0)\n") == [
        ("Net sales", {"2022": "520", "2021": "500"}, ""),
        ("Costs", {"2022": "-420", "2021": "-400"}, ""),
    ]
    changes = "Results 2022 2021 % Change\nNet sales 520 500 4.0%\nCosts (420) (400) 5.0\n"
    assert read(changes) == [
        ("Net sales", {"2022": "520", "2021": "500"}, ""),
        ("Costs", {"2022": "-420", "2021": "-400"}, ""),
    ]


def test_blank_lines_between_cells_and_a_label_of_two_lines() -> None:
    text = (
        "Fiscal year\n2022\n \n2021\nIncome before income taxes and equity in\nour affiliates\n$\n"
        " 50 \n \n$\n (40) \nInvestments\n \n- \n \n 3 \n"
    )
    assert read(text) == [
        (
            "Income before income taxes and equity in our affiliates",
            {"2022": "50", "2021": "-40"},
            "",
        ),
        ("Investments", {"2021": "3"}, ""),
    ]
    line = statements.lines(filing(text))[0]
    assert statements.named(line, "pre-tax income")
    assert line.citation.text.startswith("Income before") and line.citation.text.endswith("(40)")


def test_years_far_below_their_title_and_in_three_columns() -> None:
    gap = " \n" * 9
    two = "Results\n2022\n2021\nNet sales\n52\n50\n\n"
    text = f"{two}By segment ($ in millions):\n{gap}2022\n \n2021\n \n2020\nStaves(1)\n"
    text += f"{gap[:4]}244\n{gap[:4]}-\n{gap[:4]}102\nHoops\n \n-\n-\n-\n"
    assert read(text)[1:] == [("Staves", {"2022": "244", "2020": "102"}, ""), ("Hoops", {}, "")]


QUARTER = (
    "12 Weeks Ended\n36 Weeks Ended\nMay 7, 2022   May 8, 2021   May 7, 2022   May 8, 2021\n"
    "Net sales\n$\n52    $\n50    $\n160    $\n128 \n"
)


def test_a_year_that_comes_twice_belongs_to_two_periods() -> None:
    assert read(QUARTER) == [
        ("Net sales", {"2022": "52", "2021": "50"}, "quarter"),
        ("Net sales", {"2022": "160", "2021": "128"}, "36 weeks"),
    ]


def test_periods_in_the_names_of_the_columns_and_days_in_two_lines() -> None:
    text = (
        "Q4 FY22\nQ4 FY21\nFY22\nFY21\nNet sales\n52\n50\n160\n128\n \nThree Months Ended\n \n"
        "Twelve Months Ended\n \nJanuary 28, \n2022\n \nJanuary 29, \n2021\n \nJanuary 28, \n"
        "2022\n \nJanuary 29, \n2021\nRevenue \n$\n 52   $\n 50  $\n 160   $\n 128 \n"
    )
    assert read(text) == [
        ("Net sales", {"2022": "52", "2021": "50"}, "quarter"),
        ("Net sales", {"2022": "160", "2021": "128"}, "year"),
        ("Revenue", {"2022": "52", "2021": "50"}, "quarter"),
        ("Revenue", {"2022": "160", "2021": "128"}, "year"),
    ]


def test_a_fiscal_year_that_is_called_otherwise_than_its_days() -> None:
    head = "Second quarter ended July 30, 2022 (“Q2 FY23”).\n\n"
    text = "Three Months Ended\nJuly 30, 2022\nJuly 31, 2021\nRevenue\n$\n 95 \n$\n 103 \n"
    assert read(text, head) == [("Revenue", {"2023": "95", "2022": "103"}, "quarter")]
    assert statements.year_of(filing(text, head)) == "2023"


@pytest.mark.parametrize(
    "prose",
    [
        "Sales rose in 2020 and 2019, and so did costs\n",
        "The notes of 2030 and those of 2027\n",
    ],
)
def test_years_in_prose_open_no_table(prose: str) -> None:
    assert read(f"Results | 2022 | 2021\n{prose}Net sales | 52 | 50\n") == [
        ("Net sales", {"2022": "52", "2021": "50"}, "")
    ]


INCOME = (
    "Consolidated statements of income\n2022 2021\nNet sales 1,000 900\nOperating income 120 99\n"
    "Income before income taxes 100 90\nIncome tax expense (25) (20)\n\n"
)
ADJUSTED = (
    "Reconciliation of non-GAAP measures\n2022 2021\nIncome before income taxes 150 90\n"
    "Income tax expense (30) (20)\n\n"
)
GUARANTORS = (
    "Deed of guarantee\nStatements of income of the guarantors\n2022 2021\n"
    "Income before income taxes 300 290\nNet sales 80 70\n\n"
)


@pytest.mark.parametrize("tables", [ADJUSTED + INCOME, GUARANTORS + INCOME, INCOME + ADJUSTED])
def test_a_ratio_comes_from_one_table_of_the_company_itself(tables: str) -> None:
    paper = filing(f"{tables}The effective tax rate was 25.0% in fiscal year 2022.\n")
    assert [row.cells[2:5] for row in recomputed.rows([paper])] == [("25 %", "25.0 %", "-25 / 100")]
    other = filing(f"{tables}The effective tax rate was 31.0% in fiscal year 2022.\n")
    assert [one.words for one in recomputed.wrong([other])] == [
        "effective tax rate of fiscal 2022 stated as 31 %, computed 25.0 % (-25 / 100)"
    ]


def test_rows_of_two_tables_make_no_ratio() -> None:
    tables = INCOME.replace("Income before income taxes 100 90\n", "") + GUARANTORS
    assert list(recomputed.rows([filing(f"{tables}The effective tax rate was 25.0%.\n")])) == []


@pytest.mark.parametrize(
    ("said", "row"),
    [
        ("On a non-GAAP basis, the effective tax rate was 19.0%.", None),
        ("The adjusted operating margin was 14.0%.", None),
        ("In fiscal 2021, the effective tax rate was 22.2%.", ("fiscal 2021", "22.2 %", "22.2 %")),
        ("Net sales increased $100 or 11% during 2022.", ("fiscal 2022", "11 %", "11.1 %")),
        ("Net sales increased by $100 million, or by 11.1%.", ("fiscal 2022", "11.1 %", "11.1 %")),
        ("Net sales increased $100 or 14%.", ("fiscal 2022", "14 %", "11.1 % (differs)")),
        ("Net sales increased by $30 million, or by 14.0%.", None),  # of something else
        ("Excluding the new shops, net sales increased 3%. Net sales increased 11%.",
         ("fiscal 2022", "11 %", "11.1 %")),
        ("Net sales for the quarter increased 3%.", None),
        ("Net sales increased 11% to 1,000, driven by shops that were opened in 2021.",
         ("fiscal 2022", "11 %", "11.1 %")),
    ],
)  # fmt: skip
def test_what_a_sentence_speaks_of(said: str, row: tuple[str, str, str] | None) -> None:
    found = [one.cells[1:4] for one in recomputed.rows([filing(f"{INCOME}{said}\n")])]
    assert found == ([row] if row else [])


def test_the_row_nearest_above_is_the_one_that_is_spoken_of() -> None:
    section = "Staves segment\n2022 2021\nNet sales 60 50\n\nNet sales increased 20.0%.\n"
    assert list(recomputed.wrong([filing(INCOME + section)])) == []


def test_a_quarter_is_held_against_the_quarter() -> None:
    head = "Results for the third quarter of fiscal 2022.\n\n"
    said = (
        "Net sales for the quarter increased 4.0 percent. Net sales for the first 36 weeks "
        "increased 25.0 percent.\n"
    )
    rows = [row.cells[2:4] for row in recomputed.rows([filing(QUARTER + said, head)])]
    assert rows == [("4 %", "4.0 %"), ("25 %", "25.0 %")]


def test_rounded_figures_bear_a_rounded_rate() -> None:
    text = "2022 2021\nNet sales 13 12\n\nNet sales increased 9.6%.\n"  # 12.6 and 11.5, rounded
    assert list(recomputed.wrong([filing(text)])) == []


def test_a_segment_is_held_against_its_own_table() -> None:
    text = (
        "Second quarter ended July 30, 2022 (“Q2 FY23”).\n\nStaves revenue of $1.85 billion "
        "decreased 7.5% versus last year.\n\nThree Months Ended\n"
        "Staves Segment Results July 30, 2022 July 31, 2021\nRevenue 1,850 2,000\n\n"
    )
    rows = [row.cells[:4] for row in recomputed.rows([filing(text, "")])]
    assert rows == [("growth of staves revenue", "fiscal 2023", "-7.5 %", "-7.5 %")]
