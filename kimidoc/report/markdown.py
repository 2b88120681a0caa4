"""GitHub-flavoured Markdown, for a pull-request comment or a file.

All text of documents, models and file names is escaped so that it renders as itself: no image,
link, HTML, mention, issue or commit reference, emoji code or table break survives. The report is
made of blocks; a limit cuts between two of them and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kimidoc.report import digest, imported, place, safe
from kimidoc.report.redact import redacted
from kimidoc.types import Answer, Citation, Finding, Report, Row, Table

_TEXT = 4_000
_QUOTE = 1_200
_ROWS = 200
_LISTED = 5
_BREAK = "&#8203;"  # a zero-width space: GitHub's own way to print @name without a mention
_SPECIAL = re.compile(r"([\\`*_{}\[\]()|~$^!])")
_LEADS = re.compile(r"^(\s*)([#+\-=:]|\d+(?=[.)]))", re.MULTILINE)
_INDENT = re.compile(r"^ {4,}", re.MULTILINE)  # would open a code block
_LINKS = re.compile(
    r"(?P<after>@|\#|://|:(?=[a-z0-9+_-]+:)|(?<=\bGH)-|\bwww(?=\.)|\b(?:mailto|xmpp)(?=:))"
    r"|(?P<sha>\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{7,64}\b)",
    re.IGNORECASE,
)


def render(report: Report, *, limit_bytes: int | None = None) -> str:
    """The whole report, or as many of its blocks as fit ``limit_bytes`` of UTF-8."""
    parts: list[str] = []
    used = 0
    for block in _blocks(redacted(report)):
        text = safe.encodable(block) + "\n\n"
        used += len(text.encode())
        if limit_bytes is not None and used > limit_bytes - 200:
            parts.append("**Cut here: the report is longer than this place allows.**\n\n")
            break
        parts.append(text)
    return "".join(parts).rstrip("\n") + "\n"


def escape(text: str) -> str:
    """Text that renders as itself within a paragraph; line feeds stay line feeds."""
    text = _LINKS.sub(_unlinked, safe.visible(text).replace("&", "&amp;").replace("<", "&lt;"))
    text = _SPECIAL.sub(r"\\\1", text.replace(">", "&gt;"))
    text = _INDENT.sub(lambda match: "\u00a0" * len(match[0]), text)
    return _LEADS.sub(_unled, text).replace(_HASH, "\\#").replace(_MARK, _BREAK)


_MARK, _HASH = "\x00", "\x01"  # placeholders while escaping: ``visible`` lets neither through


def _unlinked(match: re.Match[str]) -> str:
    if match["sha"]:
        # GitHub links 7 digits and more: a break after every 6 leaves none.
        return _MARK.join(match["sha"][at : at + 6] for at in range(0, len(match["sha"]), 6))
    found = match["after"]
    if found == "://":
        return f":{_MARK}//"
    return (_HASH if found == "#" else found) + _MARK


def _unled(match: re.Match[str]) -> str:
    """A character that would open a list, heading or rule at the head of a line, disarmed."""
    indent, lead = match[1], match[2]
    return f"{indent}{lead}{_MARK}" if lead.isdigit() else f"{indent}\\{lead}"


def inline(text: str) -> str:
    """``escape`` on one line, for a heading, a list item or a table cell."""
    return escape(safe.line(text))


def fence(text: str) -> str:
    """A code block whose fence is longer than any run of backticks in it."""
    text = safe.visible(text)
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{ticks}text\n{text}\n{ticks}"


def code(text: str) -> str:
    """A short text as inline code, where GitHub links nothing."""
    text = safe.line(text) or "?"
    ticks = "`" * (1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{ticks} {text} {ticks}" if "`" in text else f"{ticks}{text}{ticks}"


def _blocks(report: Report) -> Iterator[str]:
    kinds, findings = place.Kinds(report), digest.current(report)
    # Unseen; by it a later run knows the file, or a bot its comment, as one of ours.
    yield f"<!-- kimidoc report -->\n# {inline(digest.title(report))}"
    yield f"**{digest.outcome(report)}**"
    yield from _warnings(report)
    if findings:
        yield "## Findings"
    for severity, group in digest.by_severity(findings).items():
        yield f"### {severity.capitalize()} ({len(group):,})"
        for finding in group:
            yield _finding(finding, kinds, digest.compared(report))
    gone = digest.absent(report)
    if gone:
        rows = [f"- {inline(f.title)} ({inline(f.path or 'all documents')})" for f in gone[:_ROWS]]
        yield "## No longer found\n\n" + "\n".join(_capped(rows, len(gone)))
    yield from (_table(table, kinds) for table in report.tables)
    yield from _imported(report, kinds)
    yield from _answers(report, kinds)
    yield from _coverage(report)
    yield from _provenance(report)


def _warnings(report: Report) -> Iterator[str]:
    rows = []
    for code, notices in digest.warnings(report):
        for notice in notices[:_LISTED]:
            where = f" ({inline(notice.path)})" if notice.path else ""
            rows.append(f"- **{inline(code)}**{where}: {inline(safe.clip(notice.message, _TEXT))}")
        if len(notices) > _LISTED:
            rows.append(f"- **{inline(code)}**: {len(notices) - _LISTED:,} more")
    if rows:
        yield "## Warnings\n\n" + "\n".join(rows)


def _finding(finding: Finding, kinds: place.Kinds, compared: bool) -> str:
    state = f" *({finding.baseline})*" if compared else ""
    where = f"{inline(finding.path)}: " if finding.path else ""
    said = escape(safe.clip(finding.message, _TEXT))
    parts = [f"**{where}{inline(finding.title)}**{state}", said]
    parts += [_quote(citation, kinds) for citation in digest.places(finding.citations)]
    return "\n\n".join([*(part for part in parts if part), f"Rule: {inline(finding.rule_id)}"])


def _quote(citation: Citation, kinds: place.Kinds) -> str:
    text = safe.shorten(citation.text, _QUOTE)
    code = kinds.is_text(citation.path) and "\n" in text.strip()
    body = fence(text.strip("\n")) if code else escape(safe.line(text))
    where = place.say(citation, kinds.of(citation.path))
    name = f"{inline(citation.path)}, " if citation.path else ""
    source = f"— {name}{escape(where)}; {place.STATUS[citation.status]}"
    return "\n".join(f"> {row}".rstrip() for row in f"{body}\n\n{source}".split("\n"))


def _table(table: Table, kinds: place.Kinds) -> str:
    """A computed table; its last column says where the first quote of each row stands."""
    head = f"| {' | '.join(map(inline, table.columns))} | where |"
    rows = [
        f"| {' | '.join(inline(cell) or ' ' for cell in row.cells)} | {_where(row, kinds)} |"
        for row in table.rows[:_ROWS]
    ]
    more = len(table.rows) - len(rows)
    lines = [f"## {inline(table.title)}", inline(table.note)]
    lines.append("\n".join([head, "|---" * (len(table.columns) + 1) + "|", *rows]))
    if more > 0:
        lines.append(f"{more:,} more rows are in the JSON report.")
    return "\n\n".join(lines)


def _where(row: Row, kinds: place.Kinds) -> str:
    first = next(iter(digest.places(row.citations)), None)
    if first is None or first.path is None:
        return " "
    return f"{inline(first.path)}, {inline(place.say(first, kinds.of(first.path)))}"


def _imported(report: Report, kinds: place.Kinds) -> Iterator[str]:
    if report.imported:
        yield f"## Other tools\n\n{inline(imported.counts(report))}."
    for item in imported.ordered(report):
        parts = [f"**{item.verdict}**: {inline(imported.name(item))}"]
        parts.append(f"{inline(imported.place(item))}. {inline(item.reason)}")
        parts += [_quote(citation, kinds) for citation in item.citations]
        yield "\n\n".join(parts)


def _answers(report: Report, kinds: place.Kinds) -> Iterator[str]:
    titles = digest.titles(report)
    told = [answer for answer in report.answers if answer.status == "found"]
    if told:
        yield f"## Quotes located ({len(told):,} of {len(report.answers):,} questions)"
    for answer in told:
        parts = [f"**{_asked(answer, titles)}**", escape(safe.clip(answer.text, _TEXT))]
        if documents := digest.spread(answer):
            parts.append(f"A quote of each of {len(documents):,} documents:")
        parts += [_quote(citation, kinds) for citation in digest.places(answer.citations)]
        yield "\n\n".join(part for part in parts if part)
    failed = [answer for answer in report.answers if answer.status == "error"]
    if failed:
        rows = [f"- {_asked(a, titles)}: {inline(safe.clip(a.text, 300))}" for a in failed[:_ROWS]]
        yield f"## Failed ({len(failed):,})\n\n" + "\n".join(_capped(rows, len(failed)))
    unfound = digest.unfound(report)
    if unfound:
        rows = [f"- {_unfound(*item)}" for item in list(unfound.items())[:_ROWS]]
        total = sum(map(len, unfound.values()))
        yield f"## Not found ({total:,})\n\n" + "\n".join(_capped(rows, len(unfound)))


def _unfound(asked: str, answers: list[tuple[int, Answer]]) -> str:
    where = digest.missing(answers, _LISTED)
    return inline(asked) + (f" — {inline(where)}" if where else "")


def _asked(answer: Answer, titles: dict[tuple[str, str], str]) -> str:
    document = answer.question.document
    where = f" — {inline(document)}" if document else ""
    return inline(digest.heading(answer, titles)) + where


def _coverage(report: Report) -> Iterator[str]:
    totals = digest.counts(report)
    yield (
        f"## Coverage\n\n{digest.number(totals.read, 'file')} read, {totals.partial:,} in part, "
        f"{totals.skipped:,} skipped; {digest.share(report)}."
    )
    groups = digest.reasons(report)
    if groups:
        rows = [
            f"| {status} | {len(rows):,} | {inline(reason)} | {_named([r.path for r in rows])} |"
            for status, reason, rows in groups[:_ROWS]
        ]
        head = "| not fully read | files | reason | which |\n|---|---:|---|---|\n"
        yield head + "\n".join(rows)
        if len(groups) > _ROWS:
            yield f"{len(groups) - _ROWS:,} more reasons are in the JSON report."
    packed = [row for row in report.coverage if row.tokens]
    rows = [
        f"| {inline(row.path)} | {inline(row.kind)} | {row.tokens:,} | {row.pages or ''} |"
        for row in packed[:_ROWS]
    ]
    if rows:
        head = "| document | kind | tokens | pages |\n|---|---|---:|---:|\n"
        yield f"<details><summary>{digest.number(len(packed), 'document')} in the window</summary>"
        yield head + "\n".join(rows)
        if len(packed) > _ROWS:
            yield f"{len(packed) - _ROWS:,} more documents are in the JSON report."
        yield "</details>"


def _named(paths: list[str]) -> str:
    more = f" and {len(paths) - _LISTED:,} more" if len(paths) > _LISTED else ""
    return ", ".join(inline(path) for path in paths[:_LISTED]) + more


def _capped(rows: list[str], total: int) -> Iterable[str]:
    return [*rows, f"- {total - len(rows):,} more"] if total > len(rows) else rows


def _provenance(report: Report) -> Iterator[str]:
    run = report.run
    facts = [
        f"seed {run.seed}",
        digest.parameters(report),
        digest.session(report),
        digest.duration(run.seconds.total),
    ]
    made = inline(f"Made by kimidoc {report.version}; model {run.model.id}")
    told = inline("; ".join(fact for fact in facts if fact))
    yield "## How this was made"
    yield from (inline(safe.clip(said, _TEXT)) for said in digest.methods(report))
    yield f"{made} {code(run.model.fingerprint)}; {told}."
