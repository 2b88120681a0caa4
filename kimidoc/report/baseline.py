"""An earlier report of ours, JSON or SARIF, and which findings are new, unchanged or absent since.

Findings are compared by fingerprint alone (see ``fingerprint``), so a finding that merely moved to
another line is unchanged. A SARIF file holds no quotes of its own: the messages of findings that
are gone repeat them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, get_args

from kimidoc.errors import ConfigError
from kimidoc.types import SEVERITIES, Citation, CitationStatus, Finding, Notice

SCHEMA = "kimidoc.report/1"
CODE = "method.baseline"
_SARIF = "2.1.0"
_PRINT = "kimidoc/v1"
_HINT = "Give --baseline a file that an earlier run wrote with --json or --sarif."


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier report found; findings that were absent already then are not in it."""

    findings: tuple[Finding, ...]
    fingerprints: frozenset[str]


def load(text: str) -> Earlier:
    """Read a report. Raises ConfigError when it is none of ours or not of a schema we know."""
    try:
        # A duplicated key or NaN is legal for this parser and harmless here.
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"The baseline is not JSON: {error}.", hint=_HINT) from error
    if not isinstance(data, dict) or not {"schema", "runs"} & set(data):
        raise ConfigError("The baseline is not a kimidoc report.", hint=_HINT)
    try:
        if "schema" in data:
            findings = tuple(_finding(raw) for raw in _of_schema(data)["findings"])
        else:
            findings = tuple(_results(data))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"The baseline's findings are damaged: {error!r}.", hint=_HINT) from error
    kept = tuple(finding for finding in findings if finding.baseline != "absent")
    return Earlier(kept, frozenset(finding.fingerprint for finding in kept))


def _of_schema(data: dict[str, Any]) -> dict[str, Any]:
    if data["schema"] != SCHEMA:
        raise ConfigError(
            f"The baseline has schema {str(data['schema'])[:60]!r}; this version reads {SCHEMA!r}.",
            hint="Write a new baseline with this version: kimidoc analyze PATH... --json FILE.",
        )
    return data


def apply(findings: Iterable[Finding], earlier: Earlier) -> tuple[Finding, ...]:
    """Today's findings marked new or unchanged, then the earlier ones that are gone, as absent."""
    marked = tuple(
        replace(f, baseline="unchanged" if f.fingerprint in earlier.fingerprints else "new")
        for f in findings
    )
    today = {finding.fingerprint for finding in marked}
    gone = {f.fingerprint: f for f in earlier.findings if f.fingerprint not in today}
    return marked + tuple(replace(finding, baseline="absent") for finding in gone.values())


def said(findings: Iterable[Finding]) -> Notice:
    """What the comparison came to, and what it means for ``--fail-on``."""
    states = [finding.baseline for finding in findings]
    return Notice(
        CODE,
        f"Compared with the baseline: {states.count('new'):,} new, {states.count('unchanged'):,} "
        f"unchanged, {states.count('absent'):,} no longer found. Only new findings count for "
        "--fail-on.",
    )


def _results(log: dict[str, Any]) -> Iterator[Finding]:
    """The findings of a SARIF log of ours."""
    if log.get("version") != _SARIF:
        raise ValueError(f"SARIF {log.get('version')!r} is not {_SARIF}")
    for run in log["runs"]:
        if (driver := run["tool"]["driver"])["name"] != "kimidoc":
            raise ConfigError(
                f"The baseline is a SARIF file of {str(driver['name'])[:60]!r}, not of kimidoc.",
                hint="Results of other tools are read with --import-sarif FILE.",
            )
        titles = {rule["id"]: rule["shortDescription"]["text"] for rule in driver["rules"]}
        for result in run["results"]:
            kept = result["properties"]
            raw = {
                "rule_id": result["ruleId"],
                "title": titles[result["ruleId"]],
                "severity": kept["severity"],
                "message": result["message"]["text"],
                "path": kept.get("document"),
                "citations": (),
                "fingerprint": result["partialFingerprints"][_PRINT],
                "baseline": result.get("baselineState", "new"),
            }
            yield _finding(raw)


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
