"""Figures by segment: which rows they are, what they give, and whether they add up."""

from __future__ import annotations

from pathlib import Path

import pytest

from kimidoc import ingest
from kimidoc.playbooks import segments
from kimidoc.types import Document

EXAMPLE = Path(__file__).parents[2] / "examples" / "earnings"
HEAD = "Annual report for fiscal year 2022. Amounts are in thousands of dollars.\n\n"
NAMES = "We report two segments.\n\nCasks makes barrels of oak.\n\nStaves sells wood.\n\n"
TABLE = (
    "Results | Fiscal 2022 | Fiscal 2021\nCasks | 30,000 | 28,000\nStaves | 12,000 | 11,500\n"
    "Corporate and other | (2,000) | -\nNet revenue | 40,000 | 39,500\nCost of revenue | 9 | 8\n"
)


def filing(text: str) -> Document:
    return Document("annual.md", "markdown", "read", HEAD + text)


def test_every_figure_with_its_period_unit_and_share() -> None:
    rows = list(segments.rows([filing(NAMES + TABLE)]))
    assert [row.cells[:6] for row in rows[:4]] == [
        ("Net revenue", "Casks", "2022", "30,000", "thousands", "75.0 %"),
        ("Net revenue", "Staves", "2022", "12,000", "thousands", "30.0 %"),
        ("Net revenue", "Corporate and other", "2022", "-2,000", "thousands", "-5.0 %"),
        ("Net revenue", "total", "2022", "40,000", "thousands", "the sum of the rows"),
    ]
    assert [row.cells[2] for row in rows[4:]] == ["2021"] * 3
    assert all(len(row.citations) == 1 and row.citations[0].text for row in rows)
    assert rows[0].citations[0].text == "Casks | 30,000 | 28,000"


@pytest.mark.parametrize(
    ("total", "words"),
    [
        ("40,000 | 39,500", None),
        ("41,000 | 39,500", "Net revenue of 2022: the segments give 40,000, the total says 41,000"),
        ("40,001 | 39,500", None),  # rounding
        ("90,000 | 39,500", None),  # rows that were not read
    ],
)
def test_sums_beside_the_total(total: str, words: str | None) -> None:
    paper = filing(NAMES + TABLE.replace("40,000 | 39,500", total))
    found = list(segments.wrong([paper]))
    assert [one.words for one in found] == ([words] if words else [])
    for one in found:
        assert len(one.citations) == 4 and one.citations[0].text.startswith("Net revenue")


@pytest.mark.parametrize(
    "text",
    [
        TABLE,  # no segments are spoken of
        NAMES.replace("Casks", "Vats").replace("Staves", "Hoops") + TABLE,
        NAMES + TABLE.replace("Staves |", "and more about it\n\nStaves |"),
        NAMES + TABLE.replace("Net revenue | 40,000 | 39,500\n", ""),
    ],
)
def test_what_is_no_group_of_segments(text: str) -> None:
    assert list(segments.groups(filing(text))) == []


@pytest.mark.parametrize(
    "names",
    [
        "There are two reportable segments, Casks and Staves.\n\n",
        "We have two segments. The Casks segment grew and so did the Staves segment.\n\n",
    ],
)
def test_segments_are_named_in_other_ways(names: str) -> None:
    (group,) = segments.groups(filing(names + TABLE))
    assert [row.label for row in group.rows] == ["Casks", "Staves", "Corporate and other"]


def test_a_total_that_is_only_called_total() -> None:
    text = TABLE.replace("Net revenue |", "Total |").replace("Results |", "Net sales |")
    (group,) = segments.groups(filing(NAMES + text))
    assert (group.figure, group.unit) == ("Net sales", "thousands")


def test_the_example_set() -> None:
    documents = [d for d in ingest.read([str(EXAMPLE)]) if d.text]
    figures = {row.cells[:4] for row in segments.rows(documents)}
    assert ("Net revenue", "Heat Pumps", "2025", "163,905") in figures
    assert ("Operating income", "Corporate and other", "2025", "-17,915") in figures
    assert ("Operating income", "total", "2025", "28,765") in figures
    assert list(segments.wrong(documents)) == []


DASHES = (
    "Years ended June 30,\n2022\n2021\n2020\nSales including intersegment sales\nCasks\n$\n300\n$\n"
    "280\n$\n250\nStaves\n120\n115\n110\nOther\n—\n—\n—\nTotal sales including intersegment sales\n"
    "420\n395\n360\n"
)


def test_rows_of_dashes_and_a_page_number_between_tables() -> None:
    paper = filing(f"{NAMES}Results\n2022\n2021\nCosts\n9\n8\n17\n{DASHES}")
    (group,) = segments.groups(paper)
    assert (group.figure, [row.label for row in group.rows]) == (
        "sales including intersegment sales", ["Casks", "Staves", "Other"],
    )  # fmt: skip
    assert [str(group.missing(year)) for year in ("2022", "2021", "2020")] == ["0", "0", "0"]


def test_a_table_headed_by_one_segment() -> None:
    text = (
        "Casks Segment\nThe segment makes barrels.\n($ in millions) 2022 2021\nNet sales 300 280\n"
        "Cost of staves 9 8\n\nStaves Segment Results 2022 2021\nNet sales 120 115\n"
        "Operating income 12 11\n\nAdjusted\nStaves Segment Results 2022 2021\n"
        "Operating income 14 13\n"
    )
    rows = [row.cells[:5] for row in segments.rows([filing(text)])]
    assert ("Net sales", "Staves", "2022", "120", "millions") in rows
    assert [row[3] for row in rows if row[0] == "Operating income"] == ["12", "11"]
    assert not [row for row in rows if row[0].startswith("Cost")]


COLUMNS = (
    "The accounts of the segments are those of the group.\nNorthern\nOperations\nOther\nSouthern\n"
    "Operations\nTotal\n2022\nTotal revenue\n$\n111\n$\n21\n$\n132\nOperating income\n(3)\n9\n6\n"
    "Shops\n4\n4\n19\n2021\nTotal revenue\n$\n102\n$\n20\n$\n122\nThat is all there is to say.\n"
)


def test_segments_as_columns() -> None:
    rows = [row.cells[:6] for row in segments.rows([filing(COLUMNS)])]
    assert rows[:3] == [
        ("Total revenue", "Northern Operations", "2022", "111", "thousands", "84.1 %"),
        ("Total revenue", "Other Southern Operations", "2022", "21", "thousands", "15.9 %"),
        ("Total revenue", "total", "2022", "132", "thousands", "the sum of the columns"),
    ]
    assert ("Operating income", "Northern Operations", "2022", "-3", "thousands", "-50.0 %") in rows
    assert ("Total revenue", "total", "2021", "122", "thousands", "the sum of the columns") in rows
    assert not [row for row in rows if row[0] == "Shops"]  # 4 and 4 are not 19


@pytest.mark.parametrize(
    "text",
    [
        COLUMNS.replace("132", "140").replace("\n6\n", "\n16\n"),  # nothing but one row adds up
        COLUMNS.replace("Total\n2022", "2022"),
        COLUMNS.replace("Operations\nOther", "Works\nOther"),  # whose column is whose
    ],
)
def test_columns_that_are_not_told_to_be_segments(text: str) -> None:
    assert list(segments.rows([filing(text)])) == []
