"""Statements, claims, expectations and risk factors: filings of a company made up for this file."""

from __future__ import annotations

from pathlib import Path

import pytest

from kimidoc import ingest
from kimidoc.playbooks import guidance, judge, recomputed, remarks, risks, statements
from kimidoc.playbooks.load import load
from kimidoc.types import Document

HEAD = "Cask & Sons. Annual report for fiscal year {year}. Amounts are in thousands of dollars.\n\n"
ROWS = (
    "Results | Fiscal 2022 | Fiscal 2021\nNet revenue | 52,000 | 50,000\n"
    "Gross profit | 20,800 | 19,000\nOperating income | 5,200 | (1,000)\n"
    "Net income per share 1.10 0.95\nCapital expenditures | (4,100) | (3,000)\n\n"
)


def filing(text: str, year: int = 2022, path: str = "report.md") -> Document:
    return Document(path, "markdown", "read", HEAD.format(year=year) + text)


REPORT = filing(ROWS + "Net revenue increased 4.0%. Gross margin was 40.0% of revenue.")


def test_rows_below_a_line_of_years() -> None:
    found = {line.label: line.values for line in statements.lines(REPORT)}
    assert {year: str(value) for year, value in found["Operating income"].items()} == {
        "2022": "5200", "2021": "-1000",
    }  # fmt: skip
    assert str(found["Net income per share"]["2022"]) == "1.10"
    assert all(
        REPORT.text[c.start_char : c.end_char] == c.text
        for c in (line.citation for line in statements.lines(REPORT))
    )


STACKED = """\
Years ended December 31,
2022
2021
Net revenue
$
52,000 
$
50,000 
Restructuring
(4
)
—
17
Gross profit 20,800 19,000
Balance at December 31, 2022
7
8
Margin
40.0 %
38.0 %
"""


def test_rows_that_stand_with_one_cell_a_line() -> None:
    lines = statements.lines(filing(STACKED))
    assert {line.label: [str(v) for v in line.values.values()] for line in lines} == {
        "Net revenue": ["52000", "50000"],
        "Restructuring": ["-4"],
        "Gross profit": ["20800", "19000"],
        "Margin": ["40.0", "38.0"],
    }
    assert lines[0].citation.text == "Net revenue\n$\n52,000 \n$\n50,000"


@pytest.mark.parametrize(
    "said",
    [
        "Margin decreased 2.0%.",  # points, not growth
        "Net revenue increased from 3.0% to 4.0% of the market.",
        "Net revenue\n\nStaves increased 9%.",
    ],
)
def test_what_is_no_rate_of_growth(said: str) -> None:
    assert list(recomputed.wrong([filing(f"{STACKED}\n{said}\n")])) == []


def test_claims_that_agree_stand_in_the_table_and_raise_nothing() -> None:
    assert [row.cells[:4] for row in recomputed.rows([REPORT])] == [
        ("gross margin", "fiscal 2022", "40 %", "40.0 %"),
        ("growth of net revenue", "fiscal 2022", "4 %", "4.0 %"),
    ]
    assert list(recomputed.wrong([REPORT])) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Gross margin was 42.5 percent.",
         "gross margin of fiscal 2022 stated as 42.5 %, computed 40.0 % (20,800 / 52,000)"),
        ("Net revenue fell 4.0%.",
         "growth of net revenue of fiscal 2022 stated as -4 %, computed 4.0 % (52,000 / 50,000 "
         "- 1)"),
        ("Operating margin was ten percent.", None),
        ("Revenue was up four percent on the year.", None),
        ("We expect that gross margin will be 45 percent next year.", None),
        ("Gross margin was better than 2019's.", None),
    ],
)  # fmt: skip
def test_a_claim_made_elsewhere(said: str, words: str | None) -> None:
    call = Document("call.txt", "text", "read", f"Call on fiscal year 2022.\n\n{said}\n")
    found = [one.words for one in recomputed.wrong([REPORT, call])]
    assert found == ([words] if words else [])


CALL = Document(
    "call.txt",
    "text",
    "read",
    "Call of 4 March 2022.\n\nTurning to fiscal 2022. We expect revenue of 55 to 57 million "
    "dollars and an operating margin of ten percent. Capital expenditures should be between 4 "
    "and 5 million dollars. Earnings per share will be one dollar ten.\n\n"
    "We opened a shop with 12 million bottles in fiscal 2022.\n",
)


def test_expectations_beside_what_was_reported() -> None:
    rows = {row.cells[0]: (row.cells[2], row.cells[5]) for row in guidance.rows([CALL, REPORT])}
    assert rows == {
        "revenue": ("55 to 57 million dollars", "52.0 million (outside)"),
        "operating margin": ("ten percent", "10.0 %"),
        "capital expenditures": ("4 and 5 million dollars", "4.1 million"),
        "earnings per share": ("one dollar ten", "1.10"),
    }
    (found,) = guidance.missed([CALL, REPORT])
    assert found.words == (
        "revenue of fiscal 2022: 55 to 57 million dollars expected, 52.0 million reported"
    )
    assert [quote.path for quote in found.citations] == ["call.txt", "report.md"]


def test_old_stands_above_new() -> None:
    later = Document(
        "may.txt", "text", "read",
        "Call of 9 May 2022.\n\nFor fiscal 2022 we now expect revenue of 51 to 53 million.\n",
    )  # fmt: skip
    rows = [row.cells for row in guidance.rows([later, CALL]) if row.cells[0] == "revenue"]
    assert [row[2] for row in rows] == ["55 to 57 million dollars", "51 to 53 million"]


RELEASE = Document(
    "release.txt", "text", "read",
    "Results of the quarter, August 29, 2022\n\nOur guidance for FY22 is the following:\n\n"
    "Revenue of $53 million to $54 million, which compares to prior guidance of $55 million to $57 "
    "million\n\nComparable sales decline of 4.5% to 6.0%\n\nNon-GAAP diluted EPS2 of $1.00 to "
    "$1.05, which compares to prior guidance of $0.90 to $1.10\n\nCapital expenditures of about "
    "$4 million, which is unchanged\n\nRevenue of $12 million was a record\n\nFor the third "
    "quarter we expect an operating margin of 3.4%.\n",
)  # fmt: skip


def test_a_release_with_the_guidance_before_it() -> None:
    rows = [row.cells[:4] + row.cells[5:] for row in guidance.rows([RELEASE, REPORT])]
    said, before = "2022-08-29", "before 2022-08-29"
    assert rows == [
        ("adjusted earnings per share", "fiscal 2022", "$0.90 to $1.10", before, ""),
        ("adjusted earnings per share", "fiscal 2022", "$1.00 to $1.05", said, ""),
        ("capital expenditures", "fiscal 2022", "$4 million", said, "4.1 million"),
        ("comparable sales", "fiscal 2022", "4.5% to 6.0%", said, ""),
        ("operating margin", "fiscal 2022, a quarter", "3.4%", said, ""),
        ("revenue", "fiscal 2022", "$55 million to $57 million", before, "52.0 million (outside)"),
        ("revenue", "fiscal 2022", "$53 million to $54 million", said, "52.0 million (outside)"),
    ]
    (found,) = guidance.missed([RELEASE, REPORT])  # the earlier range has a document of its own
    assert found.words.startswith("revenue of fiscal 2022: $53 million to $54 million expected")


def test_expectations_that_were_changed() -> None:
    (found,) = guidance.revised([RELEASE, REPORT])
    assert found.path == "release.txt"
    assert found.words == (
        "adjusted earnings per share of fiscal 2022: $0.90 to $1.10 before, $1.00 to $1.05 now; "
        "revenue of fiscal 2022: $55 million to $57 million before, $53 million to $54 million now"
    )
    later = Document(
        "may.txt", "text", "read",
        "Call of 9 May 2022.\n\nFor fiscal 2022 we now expect revenue of 51 to 53 million.\n",
    )  # fmt: skip
    (found,) = guidance.revised([later, CALL])
    assert (found.path, len(found.citations)) == ("may.txt", 2)
    assert found.words.startswith("revenue of fiscal 2022: 55 to 57 million dollars before, 51 to")
    assert list(guidance.revised([CALL, REPORT])) == []


TITLE, NEXT = "Item 1A. Risk factors\n\n", "Item 2. Properties\n\nA yard.\n"
SNOW = "Snow may block the pass. In 2019 it did so for nine days.\n\n"
OAK = "Oaks grow slowly. We buy staves from one forest."
OLD = (
    f"{TITLE}{OAK} A second forest could be used within a month.\n\n"
    f"Fire may close the yard. The yard is insured for $3 million.\n\n{SNOW}{NEXT}"
)
NEW = (
    f"{TITLE}{SNOW}{OAK} No other forest has staves of this kind.\n\n"
    f"Beetles have been found in the oak. They may spread to our staves.\n\n{NEXT}"
)


def test_risk_factors_of_two_years() -> None:
    papers = [filing(NEW, 2023, "b.md"), filing(OLD, 2022, "a.md")]
    rows = {row.cells for row in risks.rows(papers)}
    assert rows == {
        ("reworded", "A second forest could be used within a month.",
         "No other forest has staves of this kind."),
        ("added", "", "Beetles have been found in the oak. They may spread to our staves."),
        ("removed", "Fire may close the yard. The yard is insured for $3 million.", ""),
    }  # fmt: skip
    by_path = {paper.path: paper.text for paper in papers}
    found = {one.words.partition(":")[0]: one for one in risks.changed(papers)}
    assert {name: one.path for name, one in found.items()} == {
        "added": "b.md", "reworded": "b.md", "removed": "a.md",
    }  # fmt: skip
    for quote in (quote for one in found.values() for quote in one.citations):
        assert by_path[quote.path or ""][quote.start_char : quote.end_char] == quote.text


def test_a_page_ends_in_the_middle_of_a_sentence() -> None:
    broken = OLD.replace("be used within", "be used\n\n10\nTable of Contents\nwithin")
    assert list(risks.changes([filing(OLD, 2022, "a.md"), filing(broken, 2023, "b.md")])) == []
    other = broken.replace("a month", "one month or two at most")
    (change,) = risks.changes([filing(OLD, 2022, "a.md"), filing(other, 2023, "b.md")])
    assert change.later[0].text == "A second forest could be used within one month or two at most."
    papers = [filing(OLD, 2022, "a.md"), filing(other, 2023, "b.md")]
    (row,) = risks.rows(papers)
    assert "Table of Contents" in row.citations[1].text  # as it stands there


def test_what_is_told_otherwise_in_another_place_was_reworded() -> None:
    moved = (
        f"{TITLE}The pass may be blocked by heavy snow. In 2019 it was blocked for nine days.\n\n"
    )
    moved += f"{OAK} A second forest could be used within a month.\n\n"
    moved += f"Fire may close the yard. The yard is insured for $3 million.\n\n{NEXT}"
    told = {c.what for c in risks.changes([filing(OLD, 2022, "a.md"), filing(moved, 2023, "b.md")])}
    assert told == {"reworded"}


def test_only_figures_changed_or_only_one_filing() -> None:
    older = filing(OLD, 2022, "a.md")
    newer = filing(OLD.replace("nine", "eight").replace("$3", "$4"), 2023, "b.md")
    assert list(risks.changed([older, newer])) == []
    assert list(risks.changed([older])) == list(risks.changed([older, filing("x", 2023)])) == []
    assert list(risks.changed([older, filing(NEW, 2022, "c.md")])) == []


SET = filing(
    ROWS + "Balance | Fiscal 2022 | Fiscal 2021\nAccounts receivable | 9,000 | 6,000\n\n"
    "Quarters | First | Second | Third | Fourth\n2022 | 12,000 | 13,000 | 13,500 | 13,500\n"
    "2021 | 11,000 | 14,000 | 12,500 | 12,500\n\n"
    "Barrelworks contributed $1,000 thousand from May.\n\n"
    "The new cooperage in Tarn was finished at a cost of $9.1 million.\n\n"
    "We had budgeted $8 million for the new cooperage in Tarn.\n"
)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("It was a record second quarter.", "record second quarter: 13,000, and that of 2021 was"),
        ("It was a record third quarter.", None),
        ("Days sales outstanding were flat.", "days sales outstanding: 43.8 before, 63.2 now"),
        ("Days sales outstanding rose.", None),
        ("Growth was four percent, all of it organic.",
         "organic growth stated as 4 %; without $1,000 thousand it is 2.0 %"),
        ("Organic growth was two percent.", None),
        ("The new cooperage in Tarn came in on budget.",
         "“on budget”: $9.1 million against a budget of $8 million"),
        ("The bottling line at Moss came in on budget.", None),
    ],
)  # fmt: skip
def test_remarks_without_a_figure(said: str, words: str | None) -> None:
    call = Document("call.txt", "text", "read", f"Call on fiscal year 2022.\n\n{said}\n")
    found = list(remarks.contradicted([SET, call]))
    assert len(found) == bool(words)
    for one in found:
        assert one.path == "call.txt" and one.words.startswith(words or "")
        assert len(one.citations) >= 2


def test_the_example_set() -> None:
    """The traps of examples/earnings that rules see; figures that agree raise nothing."""
    root = Path(__file__).parents[2] / "examples" / "earnings"
    documents = [d for d in ingest.read((str(root),)) if d.text]
    found = judge.findings(load("earnings"), [], documents)
    said = {
        (f.rule_id.removeprefix("er."), f.path): f.message
        for f in found
        if f.rule_id in ("er.does-not-recompute", "er.risk-factors")
    }
    assert set(said) >= {
        ("does-not-recompute", "earnings-call-2025-11-20.md"),
        ("risk-factors", "annual-report-2024.html"),
        ("risk-factors", "annual-report-2025.pdf"),
    }
    wrong = [f for f in found if f.rule_id == "er.does-not-recompute"]
    assert len(wrong) == 1 and "34.6 %, computed 34.0 %" in wrong[0].message
    remarked = " ".join(f.message for f in found if f.rule_id == "er.remark-contradicted")
    for words in ("record fourth quarter", "days sales outstanding", "organic", "on budget"):
        assert words in remarked
    missed = " ".join(f.message for f in found if f.rule_id == "er.guidance-missed")
    for figure in ("354.0 million", "8.1 %", "0.70", "22.6 million"):
        assert figure in missed
    quotes = " ".join(
        " ".join(c.text.split())
        for f in found
        if f.rule_id == "er.risk-factors"
        for c in f.citations
    )
    for words in (
        "The end of rebate programs", "a material weakness", "benefits of acquisitions",
        "The new hall at Saltmere may be late", "An outbreak of disease",
        "alternative sources are available", "an intruder had access",
    ):  # fmt: skip
        assert words in quotes
