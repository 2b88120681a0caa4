"""Annotations and a step summary for GitHub Actions.

Workflow commands are lines of standard output that the runner obeys: ``::error file=…::message``
(and the older ``##[…]`` anywhere in a line). Annotations carry only escaped text; the quotes below
them stand between ``::stop-commands::TOKEN`` and ``::TOKEN::``, a token that the text between does
not hold, so no document can issue a command.
"""

from __future__ import annotations

import hashlib

from kimidoc.report import digest, imported, markdown, place, safe
from kimidoc.report.redact import redacted
from kimidoc.types import Finding, Report, Severity

_MAX_ANNOTATIONS = 45  # GitHub shows 10 per level and step, 50 per run
_MESSAGE = 1_000
_QUOTE = 400
SUMMARY_BYTES = 1_000_000  # GitHub takes 1 MiB of a step, whoever wrote it
_COMMAND: dict[Severity, str] = {
    "critical": "error", "high": "error", "medium": "warning", "low": "notice"
}  # fmt: skip


def render(report: Report) -> str:
    """Annotations, worst first, then what is inert: their quotes, how it was done, the outcome."""
    report = redacted(report)
    findings = [finding for finding in digest.current(report) if finding.baseline == "new"]
    shown = findings[:_MAX_ANNOTATIONS]
    kinds = place.Kinds(report)
    rows = [f"kimidoc {safe.line(report.version)} report"]  # ingest.reports knows the file by it
    rows += [_annotation(report, finding, kinds) for finding in shown]
    if len(findings) > len(shown):
        more = digest.number(len(findings) - len(shown), "finding")
        rows.append(f"::notice title=kimidoc::{data(f'{more} more, none worse, in the report.')}")
    for code, notices in digest.warnings(report)[:3]:
        said = safe.clip(safe.line(notices[0].message), _MESSAGE)
        more = f" ({len(notices) - 1:,} more like it)" if len(notices) > 1 else ""
        rows.append(f"::warning title={prop(code)}::{data(said + more)}")
    told = [f"How places were chosen: {safe.line(said)}" for said in digest.methods(report)]
    quotes = [_quotes(finding, kinds) for finding in shown]
    others = [
        f"[{item.verdict}] {imported.name(item)} ({imported.place(item)}; {safe.line(item.reason)})"
        for item in imported.ordered(report)
    ]
    body = "\n".join([*quotes, *others, *told, digest.outcome(report)])
    return "\n".join([*rows, inert(body), ""])


def summary(report: Report, limit_bytes: int = SUMMARY_BYTES) -> str:
    """Markdown for ``GITHUB_STEP_SUMMARY``, cut between blocks where it would grow too large."""
    return markdown.render(report, limit_bytes=limit_bytes)


def data(text: str) -> str:
    """Text as a command's message: the runner decodes %25, %0D and %0A, and nothing else."""
    text = safe.encodable(safe.visible(text))
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def prop(text: str) -> str:
    """Text as a command's property value, where ":" and "," end it as well."""
    return data(safe.line(text)).replace(":", "%3A").replace(",", "%2C")


def inert(text: str) -> str:
    """The text as the runner prints it without obeying a line of it."""
    text = safe.encodable(safe.visible(text))
    token = hashlib.sha256(text.encode()).hexdigest()
    while token in text:  # a text that holds its own hash is not expected, but costs nothing
        token = hashlib.sha256(token.encode()).hexdigest()
    return f"::stop-commands::{token}\n{text}\n::{token}::"


def _annotation(report: Report, finding: Finding, kinds: place.Kinds) -> str:
    citation = next(iter(digest.places(finding.citations)), None)
    cited = citation.path if citation is not None else None
    path = cited or finding.path
    properties = []
    if path is not None:
        properties.append(f"file={prop(report.path_prefix + path)}")
    if citation is not None and citation.start_line is not None and kinds.is_text(path):
        last = max(citation.end_line or 0, citation.start_line)
        properties += [f"line={citation.start_line}", f"endLine={last}"]
    properties.append(f"title={prop(f'{finding.severity}: {finding.title}')}")
    message = safe.clip(finding.message or finding.title, _MESSAGE)
    if citation is not None:
        message += f"\n{place.say(citation, kinds.of(path))} ({place.STATUS[citation.status]})"
    return f"::{_COMMAND[finding.severity]} {','.join(properties)}::{data(message)}"


def _quotes(finding: Finding, kinds: place.Kinds) -> str:
    rows = [f"[{finding.severity}] {safe.line(finding.title)}"]
    for citation in digest.places(finding.citations):
        where = place.say(citation, kinds.of(citation.path))
        name = safe.line(citation.path) if citation.path else "no document named"
        rows.append(f"  {name}, {where}:")
        rows.append(f"    “{safe.shorten(safe.line(citation.text), _QUOTE)}”")
    return "\n".join(rows)
