"""``kimidoc pack PATH...``: the window without a model run.

``--format json`` is ``"schema": "kimidoc.pack/1"``: the ``coverage`` of a report, the window's
size, and the warnings.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from kimidoc import __version__, config
from kimidoc.cli import gates, jobs, output
from kimidoc.cli.app import command, new_app
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.options import Budget, Manner, Paths, Reading, Reports
from kimidoc.cli.streams import Streams, utf8
from kimidoc.cli.tables import columns, pairs, table
from kimidoc.errors import UsageError
from kimidoc.types import CoverageRow, Document, Window

app = new_app()

SCHEMA = "kimidoc.pack/1"
BOUNDLESS = 2**31 - 1  # tokens: positions in a window are 32-bit
LISTED = 20  # skipped by a rule, for each rule; --format json has them all
EXAMPLES = """
  kimidoc pack .
  kimidoc pack contracts/ --exclude "drafts/**" --budget 200k
  kimidoc pack contracts/ --show-text annex/lease.pdf | grep -n "break clause"
"""


def _option(*names: str, metavar: str, about: str) -> Any:
    return typer.Option(
        *names, metavar=metavar, help=about, rich_help_panel="What is shown", show_default=False
    )


@command(app, examples=EXAMPLES)
@flat
def pack(
    ctx: typer.Context,
    paths: Paths,
    *,
    show_text: Annotated[
        str | None,
        _option(
            "--show-text",
            metavar="PATH",
            about="Only the text of one document, exactly as offsets count it; PATH as listed.",
        ),
    ] = None,
    form: Annotated[
        str | None,
        _option("--format", metavar="NAME", about="terminal (default) or json."),
    ] = None,
    out: Annotated[
        str | None, _option("-o", "--output", metavar="FILE|-", about="Into a file, not to stdout.")
    ] = None,
    as_json: Annotated[
        str | None, _option("--json", metavar="FILE|-", about="Also write JSON.")
    ] = None,
    reading: Reading,
    budget: Budget,
    manner: Manner,
) -> None:
    """Show what would be read: tokens per file, what is skipped and why.

    Counts with the model's own tokenizer over exactly what the model would be given, headers
    included. No model runs; only its tokenizer is needed. Over budget it ends with 3.
    """
    streams = ctx.find_object(Streams)
    assert streams is not None
    settings = settle(streams, manner, reading, budget, roots=paths).settings
    if show_text is not None:
        _show(streams, _document(show_text, jobs.job("pack", paths, settings, reading), streams))
        return
    if form not in (None, "terminal", "json"):
        raise UsageError(f"pack has no format {form!r}.", hint="Formats: terminal, json.")
    wished = Reports(format=form, output=out, json=as_json)
    targets = output.plan(wished, paths, default=form, origin="--format")
    _run(streams, paths, settings, reading, targets)


def _run(
    streams: Streams,
    paths: Sequence[str],
    settings: config.Settings,
    reading: Reading,
    targets: Sequence[output.Target],
) -> None:
    from kimidoc import pipeline
    from kimidoc.ingest import base_directory

    own = output.own_files(targets, base_directory(paths))
    job = jobs.job("pack", paths, settings, reading, own_files=own)
    # Without a bound first: a table of what does not fit says more than that it does not.
    window = pipeline.window(replace(job, budget_tokens=BOUNDLESS), streams.progress)
    over = len(window.tokens) > settings.budget_tokens
    if over and settings.overflow != "error":
        window = pipeline.window(job, streams.progress, window.documents)
        over = False
    window = replace(window, budget=settings.budget_tokens)
    for target in targets:
        text = as_json(window, job.model) if target.format == "json" else as_table(window)
        if target.where == output.STDOUT:
            streams.result(text)
            continue
        text = text if target.format == "json" else output.headed(text)
        output.replace_file(Path(target.where), utf8(text))
    if over:
        from kimidoc.pack import suggest

        costs = {s.document.path: s.end - s.start for s in window.segments}
        raise suggest.over_budget(costs, len(window.tokens), settings.budget_tokens)


def _document(path: str, job: Any, streams: Streams) -> Document:
    from kimidoc import ingest

    documents = ingest.read(job.paths, job.selection, job.limits, streams.progress)
    for document in documents:
        if document.path == path:
            return document
    from difflib import get_close_matches

    close = get_close_matches(path, [d.path for d in documents], 3)
    raise UsageError(
        f"There is no document {path!r} in what was read.",
        hint=f"Did you mean {' or '.join(close)}?"
        if close
        else "`kimidoc pack PATH...` lists all.",
    )


def _show(streams: Streams, document: Document) -> None:
    if document.status == "skipped":
        raise UsageError(
            f"{document.path!r} was skipped: {document.reason}.", hint="There is no text to show."
        )
    streams.result(document.text, newline=False)


def as_json(window: Window, model: str) -> str:
    """The window as ``kimidoc.pack/1``."""
    from kimidoc.pipeline import coverage

    listed = coverage(window)
    counts = Counter(row.status for row in listed)
    notices = [*window.notices, *(n for d in window.documents for n in d.notices)]
    data = {
        "schema": SCHEMA,
        "kimidoc": __version__,
        "model": model,
        "window": {
            "tokens": len(window.tokens),
            "budget": window.budget,
            "documents": len(window.segments),
        },
        "coverage": {
            **{status: counts[status] for status in ("read", "partial", "skipped")},
            "documents": [asdict(row) for row in listed],
        },
        "warnings": [{"code": n.code, "path": n.path, "message": n.message} for n in notices],
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def as_table(window: Window) -> str:
    """The window for a terminal: largest first, then what was not read, then the sums."""
    from kimidoc.pipeline import coverage

    listed = coverage(window)
    packed = sorted((r for r in listed if r.tokens), key=lambda r: (-r.tokens, r.path))
    total = len(window.tokens)
    lines = [
        (f"{r.tokens:,}", f"{100 * r.tokens / total:.1f} %", r.kind, r.status, r.path)
        for r in packed
    ]
    text = table(("tokens", "share", "kind", "status", "path"), lines, right="rr")
    partial = [(r.path, r.reason or "") for r in packed if r.status == "partial"]
    skipped = [r for r in listed if not r.tokens]
    failed = [(r.path, r.reason or "empty") for r in skipped if not gates.by_rule(r.reason)]
    text += _section("Read in part", partial) + _section("Not read", failed)
    text += _left_out([r for r in skipped if gates.by_rule(r.reason)])
    for notice in window.notices:
        text += f"\nNote: {notice.message}\n"
    return text + "\n" + _sums(window, listed)


def _section(title: str, lines: Sequence[tuple[str, str]]) -> str:
    if not lines:
        return ""
    body = table(("path", "reason"), lines) if _narrow(lines) else pairs(lines)
    return f"\n{title}\n{body.partition(chr(10))[2] if _narrow(lines) else body}"


def _narrow(lines: Sequence[tuple[str, str]]) -> bool:
    return max(columns(path) for path, _ in lines) <= 60


def _left_out(skipped: Sequence[CoverageRow]) -> str:
    if not skipped:
        return ""
    text = "\nLeft out by rule\n"
    reasons = Counter(r.reason or "" for r in skipped)
    for reason, count in reasons.most_common():
        paths = [r.path for r in skipped if r.reason == reason]
        text += pairs([(path, reason) for path in paths[:LISTED]])
        if count > LISTED:
            text += f"and {count - LISTED:,} more {reason}\n"
    return text


def _sums(window: Window, listed: Sequence[CoverageRow]) -> str:
    counts = Counter(row.status for row in listed)
    total, budget = len(window.tokens), window.budget
    return pairs(
        [
            ("window", f"{total:,} tokens in {len(window.segments):,} documents"),
            ("budget", f"{budget:,} tokens, {100 * total / budget:.1f} % used"),
            (
                "coverage",
                f"{counts['read']:,} read, {counts['partial']:,} partial, "
                f"{counts['skipped']:,} skipped",
            ),
        ]
    )
