"""Results of other tools in every format: their place, the verdict, the reason, the quotes."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest
from defusedxml.ElementTree import fromstring

from kimidoc.report import FORMATS, imported
from kimidoc.report import json as report_json
from kimidoc.types import Imported, Report
from tests.report.conftest import AUTH, AWS_KEY, CODE, SETTINGS, empty, full

CONFIRMED = Imported(
    "ruff", "S608", "error", "Possible SQL injection", AUTH, AUTH, 31, "confirmed",
    "The value comes from outside.", CODE, (replace(CODE, path=SETTINGS, start_line=5),),
)  # fmt: skip
OPEN = replace(CONFIRMED, rule_id="S324", verdict="open", reason="No rule decides.", citations=())
UNREAD = Imported(
    "Bandit",
    "B101",
    "note",
    f"Secret {AWS_KEY}",
    "gone/x.py",
    None,
    3,
    "unread",
    "It was not read.",
)


@pytest.fixture
def others() -> Report:
    return replace(full(), imported=(UNREAD, OPEN, CONFIRMED))


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_dropped(name: str, others: Report) -> None:
    text = " ".join(FORMATS[name].render(others).split())
    at = [text.index(word) for word in ("S608", "S324", "B101")]
    assert at == sorted(at) or name in ("json", "junit", "html")
    for item in (CONFIRMED, OPEN, UNREAD):
        assert item.reason.rstrip(".") in text
    assert AWS_KEY not in text and "gone/x.py" in text
    assert "confirmed" in text.lower()


def test_counts_name_the_tools(others: Report) -> None:
    assert imported.counts(others) == (
        "3 results of Bandit, ruff: 1 confirmed, 1 open, 1 in files that were not read"
    )
    assert imported.place(UNREAD) == "gone/x.py, line 3"
    nameless = replace(UNREAD, uri="", first_line=None)
    assert imported.place(nameless) == "no file named"


def test_the_schema_knows_them(others: Report) -> None:
    data = json.loads(report_json.render(others))
    jsonschema.Draft202012Validator(report_json.schema()).validate(data)
    assert [item["verdict"] for item in data["imported"]] == ["unread", "open", "confirmed"]
    data["imported"][0]["path"] = AUTH
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(report_json.schema()).validate(data)
    assert "imported" not in json.loads(report_json.render(empty()))


def test_only_what_is_confirmed_fails_in_junit(others: Report) -> None:
    top = fromstring(FORMATS["junit"].render(replace(others, findings=(), answers=())).encode())
    suites = {suite.attrib["name"]: suite for suite in top}
    assert set(suites) == {"imported: Bandit", "imported: ruff"}
    assert (top.attrib["failures"], top.attrib["skipped"]) == ("1", "2")
