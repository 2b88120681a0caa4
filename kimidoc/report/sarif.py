"""SARIF 2.1.0 (OASIS, 2020; errata 01), shaped for GitHub code scanning.

One run; ``tool.driver.rules`` is the catalogue, each finding a result. A region is given only
where line numbers of the extracted text are those of the file; for a PDF or an office file the
message says the page. ``primaryLocationLineHash`` is left to GitHub: our fingerprint does not
depend on lines and stands under ``kimidoc/v1``.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from kimidoc.report import digest, imported, place, safe
from kimidoc.report.redact import redacted
from kimidoc.types import Citation, Finding, Notice, Report, Rule, Severity

Json = dict[str, Any]

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
MAX_RESULTS = 25_000  # GitHub rejects an upload with more
_MAX_NOTIFICATIONS = 1_000
_MAX_RELATED = 50
_MAX_TAGS = 10
_NOTES = ("coverage-skipped", "imported-", digest.METHOD)
_MESSAGE = 2_000
_QUOTE = 600
_LEVEL: dict[Severity, str] = {
    "critical": "error", "high": "error", "medium": "warning", "low": "note"
}  # fmt: skip
# GitHub's bands: critical from 9.0, high from 7.0, medium from 4.0. Middles, not measurements.
_SECURITY: dict[Severity, str] = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
_PROBLEM: dict[Severity, str] = {
    "critical": "error", "high": "error", "medium": "warning", "low": "recommendation"
}  # fmt: skip


def render(report: Report) -> str:
    """The log as JSON text, ending in a newline."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(redacted(report))]}
    text = json.dumps(log, ensure_ascii=False, allow_nan=False, indent=1)
    return safe.json_escaped(safe.encodable(text)) + "\n"


def _run(report: Report) -> Json:
    findings = [*digest.current(report), *digest.absent(report)]
    shown = findings[:MAX_RESULTS]
    rules = _catalogue(report, shown)
    index = {rule.id: at for at, rule in enumerate(rules)}
    kinds, states = place.Kinds(report), digest.compared(report)
    notices = list(report.warnings)
    if len(findings) > len(shown):
        notices.insert(
            0,
            Notice(
                "results-left-out",
                f"{len(findings) - len(shown):,} of {len(findings):,} findings, the least severe, "
                f"are left out: code scanning takes {MAX_RESULTS:,}.",
            ),
        )
    return {
        "tool": {
            "driver": {
                "name": "kimidoc",
                "semanticVersion": report.version,
                "version": report.version,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "automationDetails": {"id": f"kimidoc/{'+'.join(report.run.playbooks) or 'ask'}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report, notices)],
        "results": [_result(report, finding, index, kinds, states) for finding in shown],
    }


def _catalogue(report: Report, findings: list[Finding]) -> list[Rule]:
    """The report's rules, and a bare one for each finding of a baseline whose rule is gone."""
    rules = {rule.id: rule for rule in report.rules}
    for f in findings:
        rules.setdefault(f.rule_id, Rule(f.rule_id, f.title, f.severity, f.title, f.title))
    return list(rules.values())


def _rule(rule: Rule) -> Json:
    tags = list(dict.fromkeys(safe.line(tag) for tag in rule.tags))[:_MAX_TAGS]
    title, help_ = safe.line(rule.title), safe.visible(rule.help)
    return {
        "id": rule.id,
        "name": "".join(word[:1].upper() + word[1:] for word in _words(rule.id)),
        "shortDescription": {"text": title},
        "fullDescription": {"text": safe.clip(safe.visible(rule.description), 1_000) or title},
        "help": {"text": help_ or title, "markdown": help_ or title},
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
        "properties": {
            "tags": tags,
            # How often a rule is right has not been measured: the lowest of SARIF's four words.
            "precision": "low",
            "problem.severity": _PROBLEM[rule.severity],
            "security-severity": _SECURITY[rule.severity],
        },
    }


def _words(rule_id: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in rule_id).split()


def _result(
    report: Report, finding: Finding, index: dict[str, int], kinds: place.Kinds, states: bool
) -> Json:
    main, *others = digest.places(finding.citations) or (None,)
    result: Json = {
        "ruleId": finding.rule_id,
        "ruleIndex": index[finding.rule_id],
        "level": _LEVEL[finding.severity],
        "message": {"text": _message(finding, main, kinds)},
        "locations": [_location(report, finding.path, main, kinds)],
        "partialFingerprints": {"kimidoc/v1": finding.fingerprint},
        "properties": {
            "severity": finding.severity,
            "citation": "none" if main is None else main.status,
        },
    }
    if finding.path is not None:  # as the other formats name it, for a baseline
        result["properties"]["document"] = finding.path
    related = [
        {"id": at, **_location(report, finding.path, citation, kinds)}
        | {"message": {"text": _cited(citation, kinds)}}
        for at, citation in enumerate((c for c in others if c and c.path), 1)
    ]
    if related:
        result["relatedLocations"] = related[:_MAX_RELATED]
    if states:
        result["baselineState"] = finding.baseline
    return result


def _message(finding: Finding, citation: Citation | None, kinds: place.Kinds) -> str:
    text = safe.visible(finding.message) or safe.line(finding.title)
    if citation is not None:
        text = f"{text}\n\n{_cited(citation, kinds)}"
    elif finding.path is None:
        text = f"{text}\n\nThis concerns the documents as a whole."
    # "](" would open an embedded link (3.11.6), which text from a document must not.
    return safe.clip(text.replace("](", "] ("), _MESSAGE)


def _cited(citation: Citation, kinds: place.Kinds) -> str:
    where = place.say(citation, kinds.of(citation.path))
    name = f"{safe.line(citation.path)}, " if citation.path else ""
    words = safe.shorten(safe.line(citation.text), _QUOTE).replace("](", "] (")
    return f"“{words}” ({name}{where}; {place.STATUS[citation.status]})"


def _location(
    report: Report, path: str | None, citation: Citation | None, kinds: place.Kinds
) -> Json:
    """A physical location: GitHub rejects results without one, so the whole set is "."."""
    cited = citation.path if citation is not None and citation.path else None
    path = path if path is not None and cited is None else cited
    name = uri(report.path_prefix + path) if path is not None else "."
    physical: Json = {"artifactLocation": {"uri": name, "uriBaseId": "%SRCROOT%"}}
    if citation is not None and citation.start_line is not None and kinds.is_text(path):
        physical["region"] = {
            "startLine": citation.start_line,
            "endLine": max(citation.end_line or 0, citation.start_line),
            "snippet": {"text": safe.visible(citation.text)},
        }
    return {"physicalLocation": physical}


def uri(path: str) -> str:
    """A relative path as a relative URI reference (RFC 3986), every byte but the plainest encoded.

    A file name that is not UTF-8 is encoded byte for byte as it stands on disk.
    """
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = safe.encodable(path).encode()
    return quote(raw.lstrip(b"/"), safe="/") or "."


def _invocation(report: Report, notices: list[Notice]) -> Json:
    unread = [
        Notice(
            f"coverage-{row.status}", f"{row.status}: {row.reason or 'no reason given'}", row.path
        )
        for row in report.coverage
        if row.status != "read"
    ]
    others = [
        Notice(
            f"imported-{item.verdict}",
            f"{imported.name(item)} ({imported.place(item)}). {item.reason}",
            item.path,
        )
        for item in imported.ordered(report)
    ]
    shown = [*notices, *others, *unread]
    if len(shown) > _MAX_NOTIFICATIONS:
        more = len(shown) - _MAX_NOTIFICATIONS
        rest = Notice("notifications-left-out", f"{more:,} more are in the JSON report.")
        shown = [*shown[:_MAX_NOTIFICATIONS], rest]
    invocation: Json = {
        "executionSuccessful": True,
        "toolExecutionNotifications": [_notification(report, notice) for notice in shown],
    }
    if report.run.started:
        invocation["startTimeUtc"] = report.run.started
    return invocation


def _notification(report: Report, notice: Notice) -> Json:
    said: Json = {
        "descriptor": {"id": notice.code},
        "level": "note" if notice.code.startswith(_NOTES) else "warning",
        "message": {"text": safe.clip(safe.visible(notice.message).replace("](", "] ("), _MESSAGE)},
    }
    if notice.path is not None:
        physical = {"artifactLocation": {"uri": uri(report.path_prefix + notice.path)}}
        said["locations"] = [{"physicalLocation": physical}]
    return said
