"""An earlier JSON report, and which findings are new, unchanged or absent since.

Findings are compared by fingerprint alone (rule, path, section or symbol, normalised quote), so a
finding that merely moved to another line is unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, get_args

from kimidoc.errors import ConfigError
from kimidoc.types import SEVERITIES, Citation, CitationStatus, Finding

SCHEMA = "kimidoc.report/1"
_HINT = "Give --baseline a file that an earlier run wrote with --json."


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier report found; findings that were absent already then are not in it."""

    findings: tuple[Finding, ...]
    fingerprints: frozenset[str]


def load(text: str) -> Earlier:
    """Read a JSON report. Raises ConfigError when it is not one or not of this schema."""
    try:
        # A duplicated key or NaN is legal for this parser and harmless here.
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"The baseline is not JSON: {error}.", hint=_HINT) from error
    if not isinstance(data, dict) or "schema" not in data:
        raise ConfigError("The baseline is not a kimidoc report.", hint=_HINT)
    if data["schema"] != SCHEMA:
        raise ConfigError(
            f"The baseline has schema {str(data['schema'])[:60]!r}; this version reads {SCHEMA!r}.",
            hint="Write a new baseline with this version: kimidoc analyze PATH... --json FILE.",
        )
    try:
        findings = tuple(_finding(raw) for raw in data["findings"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"The baseline's findings are damaged: {error!r}.", hint=_HINT) from error
    kept = tuple(finding for finding in findings if finding.baseline != "absent")
    return Earlier(kept, frozenset(finding.fingerprint for finding in kept))


def apply(findings: Iterable[Finding], earlier: Earlier) -> tuple[Finding, ...]:
    """Today's findings marked new or unchanged, then the earlier ones that are gone, as absent."""
    marked = tuple(
        replace(f, baseline="unchanged" if f.fingerprint in earlier.fingerprints else "new")
        for f in findings
    )
    today = {finding.fingerprint for finding in marked}
    gone = {f.fingerprint: f for f in earlier.findings if f.fingerprint not in today}
    return marked + tuple(replace(finding, baseline="absent") for finding in gone.values())


def _finding(raw: dict[str, Any]) -> Finding:
    if raw["severity"] not in SEVERITIES or raw["baseline"] not in ("new", "unchanged", "absent"):
        raise ValueError(f"{raw['severity']!r} or {raw['baseline']!r} is unknown")
    return Finding(
        rule_id=_text(raw["rule_id"]),
        title=_text(raw["title"]),
        severity=raw["severity"],
        message=_text(raw["message"]),
        path=None if raw["path"] is None else _text(raw["path"]),
        citations=tuple(_citation(c) for c in raw["citations"]),
        fingerprint=_text(raw["fingerprint"]),
        baseline=raw["baseline"],
    )


_NUMBERS = ("start_char", "end_char", "start_line", "end_line", "page")


def _citation(raw: dict[str, Any]) -> Citation:
    if raw["status"] not in get_args(CitationStatus):
        raise ValueError(f"citation status {raw['status']!r} is unknown")
    for name in _NUMBERS:
        if raw[name] is not None and (type(raw[name]) is not int or raw[name] < 0):
            raise ValueError(f"{name} is {raw[name]!r}")
    return Citation(
        status=raw["status"],
        text=_text(raw["text"]),
        path=None if raw["path"] is None else _text(raw["path"]),
        section=None if raw["section"] is None else _text(raw["section"]),
        **{name: raw[name] for name in _NUMBERS},
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
