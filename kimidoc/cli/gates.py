"""What a finished run's exit code is, decided after its reports are written."""

from __future__ import annotations

from kimidoc.config import Settings
from kimidoc.errors import CitationError, CoverageError
from kimidoc.report import digest
from kimidoc.types import SEVERITIES, CoverageRow, Report

FINDINGS = 1
_NAMED = 5


def judge(report: Report, settings: Settings) -> int:
    """0, or 1 with findings at or above ``fail_on`` that the baseline does not excuse.

    Raises CoverageError, then CitationError: a report that rests on less than was demanded is
    said to, whatever it found.
    """
    if settings.require_coverage:
        _coverage(report)
    if settings.require_citations:
        _citations(report)
    return FINDINGS if failing(report, settings.fail_on) else 0


def failing(report: Report, level: str) -> int:
    """How many new findings are at or above ``level``."""
    if level == "none":
        return 0
    severities = SEVERITIES[[str(s) for s in SEVERITIES].index(level) :]
    return sum(f.severity in severities and f.baseline == "new" for f in report.findings)


def incomplete(report: Report) -> list[CoverageRow]:
    """Documents that were not read whole, unless a rule said to leave them."""
    return [row for row in report.coverage if row.status != "read" and not by_rule(row.reason)]


def by_rule(reason: str | None) -> bool:
    """Whether a document was left out because somebody asked for it."""
    return reason is not None and reason.startswith(("ignored by", "excluded by", "not included"))


def _coverage(report: Report) -> None:
    missing = incomplete(report)
    if missing:
        named = "; ".join(f"{row.path}: {row.reason or row.status}" for row in missing[:_NAMED])
        more = f"; and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise CoverageError(
            f"{len(missing)} of {len(report.coverage)} documents were not read whole.",
            hint=f"{named}{more}. Mend them, or leave them out with --exclude.",
        )


def _citations(report: Report) -> None:
    totals = digest.counts(report)  # as the report itself counts them
    if totals.unverified:
        raise CitationError(
            f"{totals.unverified} of {totals.verified + totals.unverified} quotes could not be "
            "located word for word.",
            hint="The report marks them as unverified; check those by hand.",
        )
