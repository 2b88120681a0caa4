"""One self-contained HTML page: nothing is fetched, and no document can add markup or script.

Escaping is jinja2's, on for every expression; before it, every text passes ``safe.visible``
(``finalize`` below), so control, direction and invisible characters are shown, not obeyed. The
page's policy (Content Security Policy, level 3) admits one style sheet and one script, each by its
hash, and nothing from elsewhere. The report's JSON and the source text around its quotes stand in
the page as inert data with ``<`` written as ``\\u003c``. Without JavaScript everything but that
source text is there; the script filters, sorts and opens a quote where it stands.
"""

from __future__ import annotations

import base64
import hashlib
import json as json_
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from kimidoc.report import digest, imported, json, place, safe
from kimidoc.report.redact import redacted
from kimidoc.report.viewer import Viewer
from kimidoc.types import Citation, Report, Strip

_TEXT = 20_000
_QUOTE = 4_000
_ROWS = 5_000  # of a table; the JSON in the page has the rest
_NAMED = 12  # places of changes beside a strip
_BAR = 1_000  # units of a bar's width
_STATUS = {
    "exact": "Located word for word",
    "normalised": "Located, spacing and typography apart",
    "fuzzy": "Unverified: close, but not word for word",
    "unverified": "Unverified: not found in the documents",
}


def render(report: Report) -> str:
    """The whole page, ending in a newline."""
    report = redacted(report)
    data = embedded(report)
    if report.imported:
        report = replace(report, tables=(*report.tables, imported.table(report)))
    style, script = _asset("style.css"), _asset("script.js")
    viewer = Viewer(report)
    return _environment().get_template("report.html.jinja").render(
        **_context(report, viewer),
        policy=policy(style, script),
        style=Markup(style),
        script=Markup(script),
        data=Markup(data),
        sources=Markup(_inert(viewer.data())),
    )  # fmt: skip


def policy(style: str, script: str) -> str:
    """The content security policy of a page with these two texts between its tags."""
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def embedded(report: Report) -> str:
    """The JSON report on one line, fit to stand in a script element of type application/json."""
    return _inert(json.document(report))


def _inert(data: object) -> str:
    text = json_.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return safe.json_escaped(safe.encodable(text)).replace("<", "\\u003c")


def _hash(text: str) -> str:
    digest_ = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest_).decode('ascii')}"


def _asset(name: str) -> str:
    return files("kimidoc.report").joinpath("page", name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "clip": lambda text: safe.clip(text, _TEXT),
        "line": safe.line,
        "thousands": lambda count: f"{count:,}",
        "shorten": lambda text: safe.shorten(text, _QUOTE),
    }
    return environment


def _shown(value: object) -> object:
    """What an expression prints: our own markup as it is, text with nothing hidden in it."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return safe.encodable(safe.visible(value))
    return value


def _context(report: Report, viewer: Viewer) -> dict[str, Any]:
    """What the template needs beyond the report itself."""
    kinds = place.Kinds(report)
    findings, totals = digest.current(report), digest.counts(report)
    severities = {name: len(group) for name, group in digest.by_severity(findings).items()}
    titles, raised = digest.titles(report), digest.raised(report)
    numbered = list(enumerate(report.answers, 1))
    told = [(at, answer) for at, answer in numbered if answer.status == "found"]
    packed = [row for row in report.coverage if row.tokens or row.status == "read"]
    return {
        "report": report,
        "run": report.run,
        "title": digest.title(report),
        "outcome": _outcome(report),
        "known": frozenset(row.path for row in report.coverage),
        "opened": viewer.place,
        "strips": [(strip, *squares(strip)) for strip in report.strips],
        "started": moment(report.run.started),
        "digest": digest,
        "totals": totals,
        "findings": findings,
        "severities": severities,
        "gone": digest.absent(report),
        "compared": digest.compared(report),
        "hostile": sum(digest.INTEGRITY in notice.code for notice in digest.warned(report)),
        "warned": digest.warned(report),
        "told": told,
        "failed": [(at, answer) for at, answer in numbered if answer.status == "error"],
        "unfound": digest.unfound(report),
        "matrices": digest.matrices(report),
        "packed": packed,
        "rows": _ROWS,
        "finding_documents": _numbered(report, (_paths(f.path, f.citations) for f in findings)),
        "answer_documents": _numbered(
            report, (_paths(a.question.document, a.citations) for _, a in told)
        ),
        "bars": {
            "documents": bar(
                [("ok", totals.read), ("partial", totals.partial), ("skipped", totals.skipped)]
            ),
            "findings": bar(list(severities.items())),
            "answers": bar(
                [("ok", totals.found), ("none", totals.not_found), ("error", totals.error)]
            ),
            "quotes": bar([("ok", totals.verified), ("partial", totals.unverified)]),
        },
        "paths": _paths,
        "heading": lambda answer: digest.heading(answer, titles),
        "say": lambda citation: place.say(citation, kinds.of(citation.path)),
        "is_code": kinds.is_code,
        "cited": digest.places,
        "raised": lambda answer: raised.get(digest.about(answer)),
        "helps": defaultdict(str, {rule.id: rule.help for rule in report.rules}),
        "status": _STATUS,
        "split": _split,
    }


def _outcome(report: Report) -> str:
    """One sentence; a run that only computed tables says which."""
    if report.answers or report.findings or not report.tables:
        return digest.outcome(report)
    listed = (f"{table.title}: {digest.number(len(table.rows), 'row')}" for table in report.tables)
    return f"{'; '.join(listed)}."


def squares(strip: Strip) -> tuple[list[tuple[int, int]], list[int], str]:
    """What is drawn of a strip: (place, level 0 to 4) of each cell, changed ones, and in words."""
    levels = [min(4, round(heat * 4)) for heat in strip.heat]
    marked = [at for at, changed in enumerate(strip.changed) if changed]
    named = [_lines(*strip.lines[at]) for at in marked[:_NAMED]]
    if len(marked) > _NAMED:
        named.append(f"{len(marked) - _NAMED} more")
    return list(enumerate(levels)), marked, ", ".join(named)


def _lines(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}–{last}"


def moment(started: str) -> str:
    """ "1 July 2026, 09:30 UTC"; the text itself where it is no such moment."""
    try:
        at = datetime.fromisoformat(started).astimezone(UTC)
    except ValueError:
        return started
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def bar(parts: Sequence[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """Class, start and width of each part of a bar 1,000 wide; none where all counts are 0."""
    total, at, drawn = sum(count for _, count in parts), 0, []
    for name, count in parts:
        width = round(_BAR * (at + count) / total) - round(_BAR * at / total) if total else 0
        if width:
            drawn.append((name, round(_BAR * at / total), width))
        at += count
    return drawn


def _paths(path: str | None, citations: Iterable[Citation]) -> list[str]:
    """Every document that a finding or an answer is about, its own first."""
    named = [path, *(citation.path for citation in citations)]
    return list(dict.fromkeys(name for name in named if name is not None))


def _numbered(report: Report, groups: Iterable[Iterable[str]]) -> dict[str, int]:
    """The documents that occur, numbered in the order of the coverage."""
    occurring = {path for group in groups for path in group}
    ordered = [row.path for row in report.coverage if row.path in occurring]
    return {path: at for at, path in enumerate(dict.fromkeys([*ordered, *sorted(occurring)]))}


def _split(path: str) -> tuple[list[str], str]:
    """The folders of a path, each with its slash, and the name."""
    *folders, name = path.split("/")
    return [f"{folder}/" for folder in folders], name
