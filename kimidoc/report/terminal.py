"""A summary for a person at a terminal, readable at 80 columns, by rich.

Rich's markup, emoji codes and highlighting are off for every text: a document that says "[red]"
prints "[red]". Control and direction characters are shown, never emitted (``safe.visible``).
"""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule as Line
from rich.text import Text

from kimidoc.report import digest, imported, place, safe
from kimidoc.report.redact import redacted
from kimidoc.types import Answer, Citation, Finding, Report, Severity

_QUOTE = 420
_SHORT = 220  # characters of a quote that is one of many
_TEXT = 1_200
_LISTED = 3
_GROUPS = 12
_FINDINGS = 100
_ANSWERS = 100
_SPREAD = 60  # documents shown of one answer
_UNFOUND = 60
_IMPORTED = 60
_ROWS = 40
_STYLE: dict[Severity, str] = {
    "critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "blue"
}  # fmt: skip
# Words, not signs: a terminal that cannot show ✓ would show "?".
_VERDICT = {
    "exact": "located",
    "normalised": "located, spacing and typography apart",
    "fuzzy": "unverified, not word for word",
    "unverified": "unverified, not found in the documents",
}


def render(report: Report, *, width: int = 80, color: bool = False) -> str:
    """The summary as text of at most ``width`` columns, with ANSI styles only if ``color``."""
    report = redacted(report)
    out = io.StringIO()
    console = Console(
        file=out,
        width=max(width, 30),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    for part in _parts(report):
        console.print(part)
    rows = out.getvalue().splitlines()
    return "\n".join(row.rstrip() for row in rows) + "\n"


def _parts(report: Report) -> Iterable[RenderableType]:
    kinds = place.Kinds(report)
    yield from _read(report)
    yield from _findings(report, kinds)
    yield from _answers(report, kinds)
    yield from _tables(report)
    yield from _imported(report, kinds)
    yield from _warnings(report)
    yield Line(style="dim", characters="─")
    yield Text(digest.outcome(report), style="bold")


def _read(report: Report) -> Iterable[RenderableType]:
    totals, run = digest.counts(report), report.run
    yield _fact("Report", f"kimidoc {report.version}, {run.started}")  # ingest.reports knows it
    yield _fact(
        "Read",
        f"{digest.number(totals.read + totals.partial, 'document')}, {digest.share(report)}",
    )
    yield from _unread(report)
    facts = [
        safe.line(run.model.id),
        digest.parameters(report),
        safe.line(digest.session(report)),
        digest.duration(run.seconds.total),
    ]
    yield _fact("Model", ", ".join(fact for fact in facts if fact))
    if run.playbooks:
        yield _fact("Playbook", ", ".join(map(safe.line, run.playbooks)))
    for said in digest.methods(report):
        yield _fact("Method", safe.clip(safe.line(said), _TEXT))


def _unread(report: Report) -> Iterable[RenderableType]:
    groups = digest.reasons(report)
    for status, reason, rows in groups[:_GROUPS]:
        named = ", ".join(safe.line(row.path) for row in rows[:_LISTED])
        more = f" and {len(rows) - _LISTED:,} more" if len(rows) > _LISTED else ""
        said = f"{len(rows):,} {status if status == 'skipped' else 'in part'}: {safe.line(reason)}"
        yield _fact("", f"{said} ({named}{more})", "yellow" if status == "partial" else "dim")
    if len(groups) > _GROUPS:
        yield _fact("", f"{len(groups) - _GROUPS:,} more reasons are in the other formats", "dim")


def _fact(label: str, value: str, style: str = "") -> RenderableType:
    text = Text.assemble((f"{label:<10}", "dim"), (value, style))
    return _hanging(text, 10)


def _hanging(text: Text, indent: int) -> RenderableType:
    """A paragraph whose further lines are indented: the first ``indent`` cells are its label."""
    label, body = text.divide([indent])
    from rich.table import Table

    table = Table.grid(padding=0)
    table.add_column(width=indent, no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    table.add_row(label, body)
    return table


def _title(text: str) -> RenderableType:
    return Group(Text(""), Line(Text(text, style="bold"), align="left", style="dim"))


def _findings(report: Report, kinds: place.Kinds) -> Iterable[RenderableType]:
    findings, gone = digest.current(report), digest.absent(report)
    compared = digest.compared(report)
    shown = findings[:_FINDINGS]
    for severity, group in digest.by_severity(shown).items():
        total = sum(finding.severity == severity for finding in findings)
        yield _title(f"{severity.upper()}  {digest.number(total, 'finding')}")
        for at, finding in enumerate(group):
            yield from [Text("")] * bool(at)
            yield from _finding(finding, kinds, compared)
    if len(findings) > len(shown):
        yield Text(f"{len(findings) - len(shown):,} more are in the other formats.", style="dim")
    if gone:
        yield _title(f"NO LONGER FOUND  {digest.number(len(gone), 'finding')}")
        yield from _list([f"{f.title} ({f.path or 'all documents'})" for f in gone])


def _finding(finding: Finding, kinds: place.Kinds, compared: bool) -> Iterable[RenderableType]:
    text = Text(" ■ ", style=_STYLE[finding.severity].replace("white on ", ""))
    text.append(safe.line(finding.title), style="bold default")
    if compared:
        text.append(f"  ({finding.baseline})", style="dim")
    yield _hanging(text, 3)
    if finding.path:
        yield _indented(safe.line(finding.path), "cyan")
    if finding.message and finding.message != finding.title:
        yield _indented(safe.clip(finding.message, _TEXT))
    for citation in digest.places(finding.citations):
        yield from _quote(citation, kinds, finding.path)


def _indented(text: str, style: str = "") -> RenderableType:
    return Padding(Text(safe.visible(text), style=style, overflow="fold"), (0, 0, 0, 3))


def _quote(citation: Citation, kinds: place.Kinds, about: str | None) -> Iterable[RenderableType]:
    """The words, then whether they were located and where; no path where it stands above."""
    source = kinds.is_text(citation.path) and "\n" in citation.text.strip()
    words = safe.visible(citation.text).strip("\n") if source else f"“{safe.line(citation.text)}”"
    yield Padding(Text(safe.shorten(words, _QUOTE), style="italic", overflow="fold"), (0, 2, 0, 5))
    said = Text(_VERDICT[citation.status], style="green" if citation.verified else "yellow")
    if citation.path and citation.path != about:
        said.append(f" · {safe.line(citation.path)}", style="cyan")
    if citation.start_char is not None:
        said.append(f" · {place.say(citation, kinds.of(citation.path))}", style="cyan")
    yield Padding(said, (0, 0, 0, 5))


def _answers(report: Report, kinds: place.Kinds) -> Iterable[RenderableType]:
    titles = digest.titles(report)
    told = [answer for answer in report.answers if answer.status == "found"]
    if told:
        asked = digest.number(len(report.answers), "question")
        yield _title(f"QUOTES LOCATED  for {len(told):,} of {asked}")
    under: str | None = None  # whose answers stand together, as one question's to every document
    for at, answer in enumerate(told[:_ANSWERS]):
        heading = digest.heading(answer, titles)
        if not answer.question.each or heading != under:
            yield from [Text("")] * bool(at)
            yield Text(safe.line(heading), style="bold", overflow="fold")
        under = heading if answer.question.each else None
        yield from _answer(answer, kinds)
    if len(told) > _ANSWERS:
        yield Text(f"{len(told) - _ANSWERS:,} more are in the other formats.", style="dim")
    failed = [answer for answer in report.answers if answer.status == "error"]
    if failed:
        yield _title(f"FAILED  {digest.number(len(failed), 'question')}")
        yield from _list([f"{_asked(a, titles)}: {safe.clip(a.text, 300)}" for a in failed])
    unfound = digest.unfound(report)
    if unfound:
        total = sum(len(answers) for answers in unfound.values())
        yield _title(f"NOT FOUND  {digest.number(total, 'question')}")
        rows = [(asked, digest.missing(answers, _LISTED)) for asked, answers in unfound.items()]
        yield from _list([f"{asked} · {where}" if where else asked for asked, where in rows])


def _answer(answer: Answer, kinds: place.Kinds) -> Iterable[RenderableType]:
    """What stands under an answer's question."""
    quotes, documents = digest.places(answer.citations), digest.spread(answer)
    if documents:
        yield _indented(f"{len(documents):,} documents, a quote of each:", "dim")
        for citation in quotes[:_SPREAD]:
            yield from _by_document(citation, kinds)
        if len(quotes) > _SPREAD:
            more = f"{len(quotes) - _SPREAD:,} more are in the other formats."
            yield _indented(more, "dim")
        return
    if answer.question.document:
        yield _indented(safe.line(answer.question.document), "cyan")
    if answer.text:
        yield _indented(safe.clip(answer.text, _TEXT))
    for citation in quotes:
        yield from _quote(citation, kinds, answer.question.document)


def _by_document(citation: Citation, kinds: place.Kinds) -> Iterable[RenderableType]:
    """One of many documents with its place, and its quote in short."""
    name = Text("   ")
    name.append(safe.line(citation.path or ""), style="cyan")
    name.append(f" · {place.say(citation, kinds.of(citation.path))}", style="dim")
    name.append(f" · {_VERDICT[citation.status]}", style="green" if citation.verified else "yellow")
    yield _hanging(name, 3)
    words = safe.shorten(f"“{safe.line(citation.text)}”", _SHORT)
    yield Padding(Text(words, style="italic", overflow="fold"), (0, 2, 0, 5))


def _tables(report: Report) -> Iterable[RenderableType]:
    """Computed tables, a row a paragraph: columns of documents' text would not fit side by side."""
    for table in report.tables:
        yield _title(f"{safe.line(table.title).upper()}  {digest.number(len(table.rows), 'row')}")
        yield Text(safe.clip(safe.line(table.note), _TEXT), style="dim", overflow="fold")
        for row in table.rows[:_ROWS]:
            pairs = zip(table.columns, row.cells, strict=True)
            told = "; ".join(f"{safe.line(c)}: {safe.line(v)}" for c, v in pairs if v)
            yield _hanging(Text(f" - {safe.clip(told, _TEXT)}"), 3)
        if len(table.rows) > _ROWS:
            yield Text(
                f"   {len(table.rows) - _ROWS:,} more are in the other formats.", style="dim"
            )


def _imported(report: Report, kinds: place.Kinds) -> Iterable[RenderableType]:
    """Results of other tools with their reasons; those without a verdict one line each."""
    if not report.imported:
        return
    yield _title(f"OTHER TOOLS  {imported.counts(report)}")
    items = imported.ordered(report)
    for item in items[:_IMPORTED]:
        text = Text(" ■ ", style="dim")
        text.append(f"{item.verdict.upper()}  ", style="bold default")
        text.append(imported.name(item), style="default")
        yield _hanging(text, 3)
        yield _indented(f"{imported.place(item)} · {safe.line(item.reason)}", "dim")
        for citation in item.citations:
            yield from _quote(citation, kinds, item.path)
    if len(items) > _IMPORTED:
        yield Text(f"{len(items) - _IMPORTED:,} more are in the other formats.", style="dim")


def _asked(answer: Answer, titles: dict[tuple[str, str], str]) -> str:
    document = answer.question.document
    return digest.heading(answer, titles) + (f" · {document}" if document else "")


def _list(rows: list[str]) -> Iterable[RenderableType]:
    for row in rows[:_UNFOUND]:
        yield _hanging(Text(f" - {safe.line(row)}"), 3)
    if len(rows) > _UNFOUND:
        yield Text(f"   {len(rows) - _UNFOUND:,} more are in the other formats.", style="dim")


def _warnings(report: Report) -> Iterable[RenderableType]:
    groups = digest.warnings(report)
    if groups:
        yield _title(f"WARNINGS  {len(digest.warned(report)):,}")
    for code, notices in groups:
        for notice in notices[:_LISTED]:
            text = Text(" ! ", style="yellow")
            text.append(f"{safe.line(code)}: ", style="bold default")
            where = f" ({safe.line(notice.path)})" if notice.path else ""
            text.append(safe.clip(safe.line(notice.message), _TEXT) + where, style="default")
            yield _hanging(text, 3)
        if len(notices) > _LISTED:
            yield Text(f"   {code}: {len(notices) - _LISTED:,} more", style="dim")
