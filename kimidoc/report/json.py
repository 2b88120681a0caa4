"""``kimidoc.report/1``: the report as JSON, field for field as ``schema.json`` says.

Everything but ``run.started``, ``run.seconds`` and ``run.peak_rss_bytes`` is a function of the
inputs, the model, the seed and the version; ``canonical`` blanks those three for comparisons.
Text is exact (secrets masked, length kept); characters that a terminal or an editor would obey are
written as ``\\uXXXX``, which every parser reads back as the same text. Lone surrogates, which no
UTF-8 file can hold, become U+FFFD.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from kimidoc.report.baseline import SCHEMA, Earlier, load
from kimidoc.report.redact import redacted
from kimidoc.report.safe import encodable, json_escaped
from kimidoc.types import Answer, Citation, Finding, Imported, Report, Table

__all__ = ["Earlier", "canonical", "document", "load", "render", "schema"]


def render(report: Report) -> str:
    """The report as JSON text, two spaces deep, ending in a newline."""
    return _dumps(document(report))


def document(report: Report) -> dict[str, Any]:
    """The report as JSON values, keys in the order of the contract."""
    report = redacted(report)
    statuses = [row.status for row in report.coverage]
    return {
        "schema": SCHEMA,
        "kimidoc": report.version,
        "run": _run(report),
        "coverage": {
            **{status: statuses.count(status) for status in ("read", "partial", "skipped")},
            "documents": [asdict(row) for row in report.coverage],
        },
        "answers": [_answer(answer) for answer in report.answers],
        "findings": [_finding(finding) for finding in report.findings],
        **({"tables": [_table(table) for table in report.tables]} if report.tables else {}),
        **({"imported": [_imported(i) for i in report.imported]} if report.imported else {}),
        "warnings": [
            {"code": notice.code, "path": notice.path, "message": notice.message}
            for notice in report.warnings
        ],
    }


def canonical(report_json: str) -> str:
    """The same report without what a second run may change: two equal runs compare equal."""
    data = json.loads(report_json)
    data["run"]["started"] = ""
    data["run"]["seconds"] = dict.fromkeys(data["run"]["seconds"], 0)
    data["run"]["peak_rss_bytes"] = 0
    return _dumps(data)


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what ``render`` writes."""
    text = files("kimidoc.report").joinpath("schema.json").read_text(encoding="utf-8")
    loaded = json.loads(text)
    assert isinstance(loaded, dict)
    return loaded


def _dumps(data: dict[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=2)
    return json_escaped(encodable(text)) + "\n"


def _run(report: Report) -> dict[str, Any]:
    run = report.run
    return {
        "command": run.command,
        "playbooks": list(run.playbooks),
        "seed": run.seed,
        "started": run.started,
        "model": asdict(run.model),
        "window": {
            "tokens": run.window_tokens,
            "budget": run.window_budget,
            "documents": run.window_documents,
        },
        "session": asdict(run.session),
        "seconds": {stage: round(spent, 3) for stage, spent in asdict(run.seconds).items()},
        "peak_rss_bytes": run.peak_rss_bytes,
    }


def _answer(answer: Answer) -> dict[str, Any]:
    question = answer.question
    return {
        "id": question.id,
        "question": question.text,
        "document": question.document,
        "playbook": question.playbook,
        "check": question.check,
        "status": answer.status,
        "answer": answer.text,
        **({"values": [asdict(value) for value in answer.values]} if answer.values else {}),
        "citations": [_citation(citation) for citation in answer.citations],
        "evidence": [
            # Seven digits: what is left of a float32 score on every machine.
            {**asdict(place), "score": float(f"{place.score:.7g}")}
            for place in answer.evidence
        ],
    }


def _citation(citation: Citation) -> dict[str, Any]:
    unlocated = citation.status == "unverified"
    named = ("start_char", "end_char", "start_line", "end_line", "page", "section")
    return {
        "path": citation.path,
        "status": citation.status,
        "text": citation.text,
        **{name: None if unlocated else getattr(citation, name) for name in named},
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule_id": finding.rule_id,
        "title": finding.title,
        "severity": finding.severity,
        "message": finding.message,
        "path": finding.path,
        "citations": [_citation(citation) for citation in finding.citations],
        "fingerprint": finding.fingerprint,
        "baseline": finding.baseline,
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "id": table.id,
        "title": table.title,
        "note": table.note,
        "columns": list(table.columns),
        "rows": [
            {"cells": list(row.cells), "citations": [_citation(c) for c in row.citations]}
            for row in table.rows
        ],
    }


def _imported(item: Imported) -> dict[str, Any]:
    return {
        "tool": item.tool,
        "rule_id": item.rule_id,
        "level": item.level,
        "message": item.message,
        "uri": item.uri,
        "path": item.path,
        "line": item.first_line,
        "verdict": item.verdict,
        "reason": item.reason,
        "place": _citation(item.place) if item.place is not None else None,
        "citations": [_citation(citation) for citation in item.citations],
    }
