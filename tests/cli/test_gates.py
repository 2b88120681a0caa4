"""Exit codes of finished runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kimidoc import config
from kimidoc.cli import gates
from kimidoc.errors import CitationError, CoverageError
from kimidoc.types import Finding, Report, Severity
from tests.report.conftest import ALMOST, ANSWERS, COVERAGE, FINDINGS, empty, full


def _settings(**changes: object) -> config.Settings:
    return replace(config.load(config="none", variables={}).settings, **changes)  # type: ignore[arg-type]


def _of(*severities: Severity) -> Report:
    found: tuple[Finding, ...] = tuple(replace(FINDINGS[0], severity=s) for s in severities)
    return replace(empty(), findings=found)


@pytest.mark.parametrize(
    ("severities", "level", "code"),
    [
        ((), "low", 0),
        (("critical",), "none", 0),
        (("low",), "low", 1),
        (("low", "medium"), "high", 0),
        (("low", "high"), "high", 1),
        (("critical",), "high", 1),
        (("high",), "critical", 0),
    ],
)
def test_fail_on(severities: tuple[Severity, ...], level: str, code: int) -> None:
    assert gates.judge(_of(*severities), _settings(fail_on=level)) == code


def test_only_new_findings_fail() -> None:
    states = tuple(
        replace(f, baseline=s) for f, s in zip(FINDINGS, ("unchanged", "absent"), strict=False)
    )
    report = replace(empty(), findings=states)  # type: ignore[arg-type]
    assert gates.judge(report, _settings(fail_on="low")) == 0
    assert gates.failing(full(), "medium") == 4


def test_coverage_names_what_was_not_read_and_forgives_rules() -> None:
    with pytest.raises(CoverageError) as caught:
        gates.judge(full(), _settings(require_coverage=True))
    assert caught.value.exit_code == 3
    assert caught.value.message == "3 of 21 documents were not read whole."
    assert "board-pack.pdf: encrypted" in caught.value.hint
    assert "vendor" not in caught.value.hint
    whole = tuple(r for r in COVERAGE if r.status == "read" or gates.by_rule(r.reason))
    assert gates.judge(replace(full(), coverage=whole), _settings(require_coverage=True)) == 0


def test_a_long_list_of_unread_documents_is_cut() -> None:
    rows = tuple(replace(COVERAGE[6], path=f"{n}.pdf") for n in range(9))
    with pytest.raises(CoverageError, match="9 of 9") as caught:
        gates.judge(replace(empty(), coverage=rows), _settings(require_coverage=True))
    assert "4.pdf" in caught.value.hint and "and 4 more" in caught.value.hint
    assert "5.pdf" not in caught.value.hint


def test_citations_must_all_be_located() -> None:
    with pytest.raises(CitationError, match="2 of 10 quotes") as caught:
        gates.judge(full(), _settings(require_citations=True))
    assert caught.value.exit_code == 4
    exact = replace(empty(), answers=(ANSWERS[0],))
    assert gates.judge(exact, _settings(require_citations=True)) == 0
    doubtful = replace(FINDINGS[0], citations=(ALMOST,))
    with pytest.raises(CitationError, match="1 of 1"):
        gates.judge(replace(empty(), findings=(doubtful,)), _settings(require_citations=True))


def test_less_than_was_demanded_weighs_more_than_what_was_found() -> None:
    demanding = _settings(fail_on="low", require_coverage=True, require_citations=True)
    with pytest.raises(CoverageError):
        gates.judge(full(), demanding)
