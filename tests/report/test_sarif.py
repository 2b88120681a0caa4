"""SARIF against the constraints of its schema and of GitHub's upload."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema
import pytest

from kimidoc.report import baseline, sarif
from kimidoc.report import json as report_json
from kimidoc.types import Report, Rule
from tests.report.conftest import (
    BREAK_CLAUSE,
    CODE,
    ESCAPE,
    FINDINGS,
    MARKUP,
    NOT_UTF8,
    empty,
    full,
)
from tests.report.test_imported import CONFIRMED

CONSTRAINTS = json.loads(
    Path(__file__).with_name("sarif_constraints.json").read_text(encoding="utf-8")
)


def _run(report: Report) -> dict[str, Any]:
    log = json.loads(sarif.render(report))
    jsonschema.Draft202012Validator(CONSTRAINTS).validate(log)
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def test_constraints_are_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(CONSTRAINTS)


def test_results_name_their_rules_and_stand_worst_first(report: Report) -> None:
    run = _run(report)
    rules = run["tool"]["driver"]["rules"]
    assert [rules[r["ruleIndex"]]["id"] for r in run["results"]] == [
        r["ruleId"] for r in run["results"]
    ]
    levels = [result["level"] for result in run["results"]]
    assert levels == ["error", "error", "error", "warning", "note", "note"]
    assert run["automationDetails"]["id"] == "kimidoc/due-diligence+code-review/"


def test_a_region_stands_only_in_text_files(report: Report) -> None:
    by_rule = {result["ruleId"]: result for result in _run(report)["results"]}
    code = by_rule["code-review.authentication"]["locations"][0]["physicalLocation"]
    assert code["artifactLocation"]["uri"] == "data/service/quayline/auth.py"
    assert code["region"] == {"startLine": 31, "endLine": 33, "snippet": {"text": CODE.text}}
    lease = by_rule["due-diligence.break-clause"]
    assert "region" not in lease["locations"][0]["physicalLocation"]
    assert f"p. {BREAK_CLAUSE.page}" in lease["message"]["text"]
    nowhere = by_rule["due-diligence.assignment"]["locations"][0]["physicalLocation"]
    assert nowhere["artifactLocation"]["uri"] == "."


def test_further_quotes_are_related_locations(report: Report) -> None:
    result = next(r for r in _run(report)["results"] if r["ruleId"].endswith("change-of-control"))
    (related,) = result["relatedLocations"]  # the one without a document is not a location
    assert "未经甲方书面同意" in related["message"]["text"]


def test_fingerprints_are_ours_and_hold_no_line(report: Report) -> None:
    prints = [result["partialFingerprints"] for result in _run(report)["results"]]
    assert {f.fingerprint for f in FINDINGS} == {p["kimidoc/v1"] for p in prints}


def test_unread_documents_are_notifications(report: Report) -> None:
    said = _run(report)["invocations"][0]["toolExecutionNotifications"]
    ids = [notification["descriptor"]["id"] for notification in said]
    assert ids.count("coverage-skipped") == 7 and ids.count("coverage-partial") == 1
    assert "document-integrity.instructions" in ids and "secrets-redacted" in ids


def test_baseline_states_only_with_a_baseline(report: Report) -> None:
    assert all("baselineState" not in result for result in _run(report)["results"])
    earlier = baseline.load(report_json.render(replace(report, findings=FINDINGS[:2])))
    marked = baseline.apply(FINDINGS[1:3], earlier)
    results = _run(replace(report, findings=marked))["results"]
    assert {r["partialFingerprints"]["kimidoc/v1"]: r["baselineState"] for r in results} == {
        "fp-auth": "unchanged",
        "fp-coc": "new",
        "fp-break": "absent",
    }


def test_methods_and_results_of_other_tools_are_notes(report: Report) -> None:
    said = _run(replace(report, imported=(CONFIRMED,)))["invocations"][0]
    levels = {n["descriptor"]["id"]: n["level"] for n in said["toolExecutionNotifications"]}
    assert levels["imported-confirmed"] == levels["method.by-word-rules"] == "note"
    assert levels["scanned-pages"] == "warning"


def test_a_finding_of_an_unknown_rule_gets_a_bare_one() -> None:
    run = _run(replace(full(), rules=()))
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {f.rule_id for f in FINDINGS}


def test_a_rule_without_words_is_still_valid() -> None:
    bare = Rule("x", "Title", "low", "", "", tuple("abcabcdefghijklmnopqrstuv"))
    (rule,) = _run(replace(empty(), rules=(bare,)))["tool"]["driver"]["rules"]
    assert rule["help"] == {"text": "Title", "markdown": "Title"}
    assert len(rule["properties"]["tags"]) == 10


def test_no_embedded_link_survives() -> None:
    finding = replace(FINDINGS[0], message="see [here](http://evil.example)", citations=())
    (result,) = _run(replace(empty(), findings=(finding,)))["results"]
    assert "](" not in result["message"]["text"]


@pytest.mark.parametrize("path", [MARKUP, ESCAPE, NOT_UTF8, "a b/%41 #?.txt", "é/✓.md"])
def test_a_uri_is_the_bytes_of_the_path(path: str) -> None:
    encoded = sarif.uri(path)
    assert unquote_to_bytes(encoded) == path.encode("utf-8", "surrogateescape")
    assert all(c.isascii() and (c.isalnum() or c in "%/._~-") for c in encoded)


def test_a_path_that_no_disk_can_hold_is_still_a_uri() -> None:
    assert sarif.uri("a\ud800b") == "a%EF%BF%BDb"
    assert sarif.uri("/etc/passwd") == "etc/passwd"
    assert sarif.uri("") == "."


def test_results_stop_at_githubs_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAX_RESULTS", 3)
    monkeypatch.setattr(sarif, "_MAX_NOTIFICATIONS", 2)
    run = _run(full())
    assert len(run["results"]) == 3
    assert [result["level"] for result in run["results"]] == ["error"] * 3  # the worst stay
    said = run["invocations"][0]["toolExecutionNotifications"]
    assert [n["descriptor"]["id"] for n in said] == [
        "results-left-out",
        "scanned-pages",
        "notifications-left-out",
    ]
    assert "3 of 6" in said[0]["message"]["text"]
