"""One row per citation of a finding or an answer, for a spreadsheet (RFC 4180, CR LF).

Findings and answers without citations have one row too, and how places were chosen has one for each
notice ("method"): a table is filtered and forwarded without the report around it. A spreadsheet
runs a cell that begins with =, +, -, @, a tab or a carriage return as a formula; such cells get an
apostrophe in front (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from kimidoc.report import digest, imported, place, safe
from kimidoc.report.redact import redacted
from kimidoc.types import Citation, Report

COLUMNS = (
    "record", "id", "title", "severity", "status", "baseline", "text", "document", "place",
    "citation_status", "quote", "start_char", "end_char", "start_line", "end_line", "page",
    "section", "fingerprint",
)  # fmt: skip
_CELL = 32_000  # spreadsheets hold 32,767 characters in a cell and spill the rest into others
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")

Row = dict[str, object]


def render(report: Report) -> str:
    """The table, a header row first."""
    report = redacted(report)
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in (
        *_findings(report),
        *_answers(report),
        *_tables(report),
        *_imported(report),
        *_methods(report),
    ):
        writer.writerow({column: cell(value) for column, value in row.items()})
    return out.getvalue()


def cell(value: object) -> object:
    """A number as it is, None as an empty cell, text made inert."""
    if not isinstance(value, str):
        return "" if value is None else value
    opens = value.lstrip(" \n\xa0")[:1]
    text = safe.clip(safe.visible(value), _CELL)
    return "'" + text if opens in _FORMULA and opens else text


def _findings(report: Report) -> Iterator[Row]:
    kinds = place.Kinds(report)
    for finding in report.findings:
        row: Row = {
            "record": "finding",
            "id": finding.rule_id,
            "title": finding.title,
            "severity": finding.severity,
            "baseline": finding.baseline,
            "text": finding.message,
            "document": finding.path,
            "fingerprint": finding.fingerprint,
        }
        for citation in finding.citations or (None,):
            yield row | _citation(citation, kinds)


def _answers(report: Report) -> Iterator[Row]:
    kinds, titles = place.Kinds(report), digest.titles(report)
    for answer in report.answers:
        row: Row = {
            "record": "answer",
            "id": answer.question.id,
            "title": digest.heading(answer, titles),
            "status": answer.status,
            "text": answer.text,
            "document": answer.question.document,
        }
        for citation in answer.citations or (None,):
            yield row | _citation(citation, kinds)


def _tables(report: Report) -> Iterator[Row]:
    kinds = place.Kinds(report)
    for table in report.tables:
        for row in table.rows:
            pairs = zip(table.columns, row.cells, strict=True)
            told: Row = {
                "record": "table",
                "id": table.id,
                "title": table.title,
                "text": "; ".join(f"{column}: {text}" for column, text in pairs if text),
            }
            for citation in row.citations or (None,):
                yield told | _citation(citation, kinds)


def _imported(report: Report) -> Iterator[Row]:
    kinds = place.Kinds(report)
    for item in imported.ordered(report):
        row: Row = {
            "record": "imported",
            "id": f"{item.tool} {item.rule_id}",
            "title": item.message,
            "severity": item.level,
            "status": item.verdict,
            "text": item.reason,
            "document": item.path if item.path is not None else item.uri,
        }
        quotes = [item.place, *item.citations] if item.place is not None else [*item.citations]
        for citation in quotes or (None,):
            yield row | _citation(citation, kinds)


def _methods(report: Report) -> Iterator[Row]:
    for notice in report.warnings:
        if notice.code.startswith(digest.METHOD):
            yield {"record": "method", "id": notice.code, "text": notice.message}


def _citation(citation: Citation | None, kinds: place.Kinds) -> Row:
    if citation is None:
        return {}
    row: Row = {
        "place": place.say(citation, kinds.of(citation.path)),
        "citation_status": citation.status,
        "quote": citation.text,
        "start_char": citation.start_char,
        "end_char": citation.end_char,
        "start_line": citation.start_line,
        "end_line": citation.end_line,
        "page": citation.page,
        "section": citation.section,
    }
    return row if citation.path is None else row | {"document": citation.path}
