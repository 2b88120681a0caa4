"""What a playbook computed over all documents, and values read in quotes, in every text format."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import jsonschema
import pytest

from kimidoc.report import FORMATS
from kimidoc.report import json as report_json
from kimidoc.types import Report, Row, Table, Value
from tests.report.conftest import ANSWERS, AWS_KEY, BREAK_CLAUSE, LEASE, empty, full

CALENDAR = Table(
    "calendar",
    "Ends and notices",
    "Computed from cited dates by a rule.",
    ("Document", "Ends", "Notice by"),
    (
        Row((LEASE, "2027-06-24", ""), (BREAK_CLAUSE,)),
        Row((f"key {AWS_KEY}", "2028-01-01", "2027-10-01")),
    ),
)
VALUES = (
    Value("date", "24 June 2027", "2027-06-24"),
    Value("date", "1/2/27", None, "day or month first"),
)


@pytest.fixture
def computed() -> Report:
    answers = (replace(ANSWERS[6], values=VALUES), *ANSWERS[1:3])
    return replace(full(), tables=(CALENDAR,), answers=answers)


@pytest.mark.parametrize("name", ["terminal", "markdown", "json", "csv", "html"])
def test_rows_stand_in_the_report(name: str, computed: Report) -> None:
    text = FORMATS[name].render(computed)
    for words in ("2027-06-24", "2028-01-01", "2027-10-01", "Computed from cited dates by a rule"):
        assert words in text or (name == "csv" and words.startswith("Computed"))
    assert AWS_KEY not in text


def test_the_schema_knows_tables_and_values(computed: Report) -> None:
    data = json.loads(report_json.render(computed))
    jsonschema.Draft202012Validator(report_json.schema()).validate(data)
    assert data["tables"][0]["rows"][0]["citations"][0]["page"] == BREAK_CLAUSE.page
    assert [v["normal"] for v in data["answers"][0]["values"]] == ["2027-06-24", None]
    assert not {"tables", "imported"} & set(json.loads(report_json.render(empty())))


def test_markdown_says_where_a_row_comes_from(computed: Report) -> None:
    rows = [row for row in FORMATS["markdown"].render(computed).split("\n") if "2027-06-24" in row]
    assert any("p. 7" in row and row.count("|") == 5 for row in rows)


def test_a_long_table_is_cut_and_says_so(computed: Report) -> None:
    many = replace(CALENDAR, rows=CALENDAR.rows * 150)
    long = replace(computed, tables=(many,))
    assert "260 more are in the other formats" in FORMATS["terminal"].render(long)
    assert "100 more rows are in the JSON report" in FORMATS["markdown"].render(long)
    table = csv.DictReader(io.StringIO(FORMATS["csv"].render(long), newline=""))
    assert sum(row["record"] == "table" for row in table) == 300
