"""An earlier report read back, and what is new since."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.errors import ConfigError
from kimidoc.report import baseline, sarif
from kimidoc.report import json as report_json
from kimidoc.report.redact import redacted
from kimidoc.types import Finding, Report
from tests.report.conftest import FINDINGS, empty, full


def test_what_was_written_is_read_back(report: Report) -> None:
    earlier = baseline.load(report_json.render(report))
    assert earlier.findings == redacted(report).findings
    assert earlier.fingerprints == {finding.fingerprint for finding in FINDINGS}


def test_the_same_findings_are_unchanged_and_moved_ones_too() -> None:
    earlier = baseline.load(report_json.render(full()))
    cited = FINDINGS[1].citations[0]
    moved = replace(FINDINGS[1], citations=(replace(cited, start_line=99, end_line=101),))
    marked = baseline.apply((moved, *FINDINGS[2:]), earlier)
    assert [f.baseline for f in marked] == ["unchanged"] * 5 + ["absent"]
    assert marked[-1].fingerprint == "fp-break"


def test_what_was_absent_already_stays_out() -> None:
    earlier = baseline.load(report_json.render(full()))
    second = replace(full(), findings=baseline.apply(FINDINGS[:1], earlier))
    third = baseline.load(report_json.render(second))
    assert [finding.fingerprint for finding in third.findings] == ["fp-break"]
    assert [f.baseline for f in baseline.apply((), third)] == ["absent"]


def test_sarif_is_a_baseline_too(report: Report) -> None:
    earlier = baseline.load(sarif.render(report))
    of_json = baseline.load(report_json.render(report))
    assert earlier.fingerprints == of_json.fingerprints
    known = {(f.rule_id, f.severity, f.path, f.fingerprint) for f in of_json.findings}
    assert {(f.rule_id, f.severity, f.path, f.fingerprint) for f in earlier.findings} == known
    marked = baseline.apply(FINDINGS[1:], earlier)
    assert [f.baseline for f in marked] == ["unchanged"] * 5 + ["absent"]
    assert "24 June 2027" in marked[-1].message and marked[-1].path == FINDINGS[0].path
    again = baseline.load(sarif.render(replace(report, findings=marked)))
    assert again.fingerprints == {f.fingerprint for f in FINDINGS[1:]}


def test_a_baseline_says_what_it_came_to() -> None:
    earlier = baseline.load(report_json.render(replace(full(), findings=FINDINGS[:2])))
    said = baseline.said(baseline.apply(FINDINGS[1:4], earlier)).message
    assert "2 new, 1 unchanged, 1 no longer found" in said


def test_sarif_of_another_tool_is_none() -> None:
    log = json.loads(sarif.render(full()))
    log["runs"][0]["tool"]["driver"]["name"] = "ruff"
    with pytest.raises(ConfigError, match="SARIF file of 'ruff'") as caught:
        baseline.load(json.dumps(log))
    assert "--import-sarif" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        '{"runs": []}',
        '{"version": "2.0.0", "runs": []}',
        '{"version": "2.1.0", "runs": 7}',
        '{"version": "2.1.0", "runs": [7]}',
        '{"version": "2.1.0", "runs": [{"tool": {}}]}',
        '{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "kimidoc", "rules": []}},'
        ' "results": [{"ruleId": "x"}]}]}',
    ],
)
def test_damaged_sarif_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="findings are damaged"):
        baseline.load(text)


_PRINTS = st.lists(st.sampled_from("abcdef"), max_size=8)


@given(_PRINTS, _PRINTS)
def test_every_finding_has_one_fate(before: list[str], now: list[str]) -> None:
    def made(prints: list[str]) -> tuple[Finding, ...]:
        return tuple(replace(FINDINGS[0], fingerprint=p) for p in prints)

    text = report_json.render(replace(empty(), findings=made(before)))
    marked = baseline.apply(made(now), baseline.load(text))
    assert [f.fingerprint for f in marked[: len(now)]] == now
    for finding in marked[: len(now)]:
        assert finding.baseline == ("unchanged" if finding.fingerprint in before else "new")
    gone = marked[len(now) :]
    assert {f.fingerprint for f in gone} == set(before) - set(now) and len(gone) <= len(set(before))
    assert all(finding.baseline == "absent" for finding in gone)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[]", "{}", "null", '"x"', "\x00"])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"The baseline is not") as caught:
        baseline.load(text)
    assert "--json" in caught.value.hint


def test_another_schema_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"kimidoc\.report/7"):
        baseline.load('{"schema": "kimidoc.report/7"}')


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("findings",), None),
        (("findings",), [None]),
        (("findings", 0, "severity"), "grave"),
        (("findings", 0, "baseline"), None),
        (("findings", 0, "title"), 7),
        (("findings", 0, "fingerprint"), None),
        (("findings", 0, "citations"), None),
        (("findings", 0, "citations", 0, "status"), "sure"),
        (("findings", 0, "citations", 0, "start_line"), "9"),
        (("findings", 0, "citations", 0, "start_line"), True),
        (("findings", 0, "citations", 0, "page"), -1),
        (("findings", 0, "citations", 0, "text"), None),
        (("findings", 0, "citations", 0, "section"), []),
    ],
)
def test_damaged_findings_are_refused(path: tuple[Any, ...], value: Any) -> None:
    data = json.loads(report_json.render(full()))
    at = data
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    with pytest.raises(ConfigError, match="findings are damaged"):
        baseline.load(json.dumps(data))


def test_a_missing_key_is_damage_too() -> None:
    data = json.loads(report_json.render(full()))
    del data["findings"][0]["citations"][0]["end_char"]
    with pytest.raises(ConfigError, match="end_char"):
        baseline.load(json.dumps(data))
