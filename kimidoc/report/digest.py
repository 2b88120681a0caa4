"""What the formats say in common: counts, groups, sentences, and the document x check matrix.

Everything here is derived from the report and nothing is judged: numbers are counts, and a
sentence never claims more than the counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kimidoc.report import imported
from kimidoc.types import (
    SEVERITIES,
    Answer,
    Citation,
    CoverageRow,
    Finding,
    Notice,
    ReadStatus,
    Report,
    Severity,
)

INTEGRITY = "integrity"  # notices whose code holds this word are about hostile documents
RULED = " (no quote with the answer; a word rule raised a finding, see there)"
COMPARED = "method.baseline"  # its notice says that there was a baseline
SEVERAL = 2  # documents that an answer of one place may cite; more were each asked by themselves
METHOD = "method."  # notices whose code begins so say how the engine works; no warnings

_ROOTS = 3  # named in a title


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers a summary shows. Citations are counted once however often they are used."""

    read: int
    partial: int
    skipped: int
    found: int
    not_found: int
    error: int
    verified: int
    unverified: int


def counts(report: Report) -> Counts:
    """All numbers of a report in one pass."""
    rows = [row.status for row in report.coverage]
    answers = [answer.status for answer in report.answers]
    citations = {c for answer in report.answers for c in answer.citations}
    citations |= {c for finding in current(report) for c in finding.citations}
    verified = sum(citation.verified for citation in citations)
    return Counts(
        read=rows.count("read"),
        partial=rows.count("partial"),
        skipped=rows.count("skipped"),
        found=answers.count("found"),
        not_found=answers.count("not_found"),
        error=answers.count("error"),
        verified=verified,
        unverified=len(citations) - verified,
    )


def worst_first() -> tuple[Severity, ...]:
    """critical, high, medium, low."""
    return tuple(reversed(SEVERITIES))


def current(report: Report) -> list[Finding]:
    """Findings that hold today, worst first, else in the report's order."""
    rank = {severity: at for at, severity in enumerate(worst_first())}
    present = [finding for finding in report.findings if finding.baseline != "absent"]
    return sorted(present, key=lambda finding: rank[finding.severity])


def absent(report: Report) -> list[Finding]:
    """Findings of the baseline that are gone."""
    return [finding for finding in report.findings if finding.baseline == "absent"]


def compared(report: Report) -> bool:
    """Whether there was a baseline, even one under which everything is new."""
    return any(finding.baseline != "new" for finding in report.findings) or any(
        notice.code == COMPARED for notice in report.warnings
    )


def by_severity(findings: Iterable[Finding]) -> dict[Severity, list[Finding]]:
    """Findings under each severity that occurs, worst first."""
    groups: dict[Severity, list[Finding]] = {severity: [] for severity in worst_first()}
    for finding in findings:
        groups[finding.severity].append(finding)
    return {severity: group for severity, group in groups.items() if group}


def reasons(report: Report) -> list[tuple[ReadStatus, str, list[CoverageRow]]]:
    """Documents not fully read, grouped by fate and reason: partial first, larger groups first."""
    groups: dict[tuple[ReadStatus, str], list[CoverageRow]] = {}
    for row in report.coverage:
        if row.status != "read":
            groups.setdefault((row.status, row.reason or "no reason given"), []).append(row)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0] != "partial", -len(item[1])))
    return [(status, reason, rows) for (status, reason), rows in ordered]


def warnings(report: Report) -> list[tuple[str, list[Notice]]]:
    """Warnings grouped by code, those about hostile documents first; ``methods`` are none."""
    groups: dict[str, list[Notice]] = {}
    for notice in warned(report):
        groups.setdefault(notice.code, []).append(notice)
    return sorted(groups.items(), key=lambda item: INTEGRITY not in item[0])


def warned(report: Report) -> list[Notice]:
    """The notices that warn of something."""
    return [notice for notice in report.warnings if not notice.code.startswith(METHOD)]


def methods(report: Report) -> list[str]:
    """How places and quotes were chosen, in the engine's own words."""
    return [notice.message for notice in report.warnings if notice.code.startswith(METHOD)]


def spread(answer: Answer) -> list[str]:
    """The documents that an answer cites, where they are more than one question would be put to."""
    paths = dict.fromkeys(c.path for c in answer.citations if c.verified and c.path is not None)
    return [*paths] if len(paths) > SEVERAL else []


def places(citations: tuple[Citation, ...]) -> tuple[Citation, ...]:
    """Verified citations first, otherwise as they came."""
    return tuple(sorted(citations, key=lambda citation: not citation.verified))


def number(count: int, noun: str, plural: str | None = None) -> str:
    """ "1 finding", "1,200 findings", "no findings"."""
    return f"{count:,}" * bool(count) + "no" * (not count) + " " + (
        noun if count == 1 else plural or noun + "s"
    )  # fmt: skip


def share(report: Report) -> str:
    """ "412,000 of 1,000,000 tokens (41 %)"; just the tokens without a budget."""
    tokens, budget = report.run.window_tokens, report.run.window_budget
    if not budget:
        return f"{tokens:,} tokens"
    percent = 100 * tokens / budget
    said = f"{percent:.0f}" if percent >= 1 or not tokens else "under 1"
    return f"{tokens:,} of {budget:,} tokens ({said} %)"


def duration(seconds: float) -> str:
    """ "0.4 s", "42 s", "3 min 20 s", "2 h 5 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: int) -> str:
    """Bytes in decimal units, as disks are sold: "3.2 GB"."""
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def parameters(report: Report) -> str:
    """ "135 M parameters", with the active ones where they are fewer; "" where none are known."""
    total, active = report.run.model.parameters_total, report.run.model.parameters_active
    if not total:
        return ""
    said = f"{_scaled(total)} parameters"
    return said if active in (0, total) else f"{said}, {_scaled(active)} active per token"


def _scaled(count: int) -> str:
    for divisor, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k")):
        if count >= divisor:
            return f"{count / divisor:.3g} {letter}"
    return str(count)


def session(report: Report) -> str:
    """What was computed and what a session saved, in one clause."""
    facts = report.run.session
    said = f"{facts.prefilled_tokens:,} tokens prefilled"
    if facts.reused_tokens:
        said += f", {facts.reused_tokens:,} reused"
    return f"{said} (session {facts.id})" if facts.id else f"{said}, no session kept"


def located(report: Report) -> str:
    """What was done with the questions, and no more: a located quote need not answer its own."""
    totals = counts(report)
    asked = number(len(report.answers), "question")
    return (
        f"quotes located for {totals.found:,} of {asked}; not found {totals.not_found:,}; "
        f"errors {totals.error:,}"
    )


def outcome(report: Report) -> str:
    """One sentence that says how the run ended."""
    totals, findings = counts(report), current(report)
    parts = []
    if findings or report.run.playbooks:
        said = number(len(findings), "finding")
        groups = by_severity(findings)
        if findings:
            said += f" ({', '.join(f'{len(group)} {name}' for name, group in groups.items())})"
        parts.append(said)
    if report.answers:
        parts.append(located(report))
    cited = totals.verified + totals.unverified
    parts.append(
        f"{totals.verified:,} of {number(cited, 'quote')} shown "
        f"stand{'s' * (totals.verified == 1)} in the documents"
        if cited
        else "no quotes"
    )
    if report.imported:
        parts.append(imported.outcome(report))
    unread = totals.partial + totals.skipped
    if unread:
        parts.append(f"{number(unread, 'file')} not fully read")
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def title(report: Report) -> str:
    """What a report is about, in a few words."""
    said = {"analyze": "Analysis of", "ask": "Questions about"}.get(
        report.run.command, f"{report.run.command.capitalize()}:"
    )
    names = [_root(root) for root in report.roots]
    if not names:
        return f"{said} {number(len(report.coverage), 'document')}"
    more = len(names) - _ROOTS
    listed = names[:_ROOTS] + ([f"{more:,} more"] if more > 0 else [])
    return f"{said} {', '.join(listed[:-1])}{' and ' * (len(listed) > 1)}{listed[-1]}"


def _root(root: str) -> str:
    name = root.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return {"": root, ".": "this folder", "..": "the folder above", "-": "standard input"}.get(
        name, name
    )


def titles(report: Report) -> dict[tuple[str, str], str]:
    """The title of each (playbook, check) that answers refer to, from the rules where they say."""
    rules = {rule.id: rule.title for rule in report.rules}
    found: dict[tuple[str, str], str] = {}
    for answer in report.answers:
        playbook, check = answer.question.playbook or "", answer.question.check
        if check is None or (playbook, check) in found:
            continue
        ending = [title for id_, title in rules.items() if id_.rpartition(".")[2] == check]
        named = rules.get(check) or rules.get(f"{playbook}.{check}") or next(iter(ending), None)
        fallback = check.rpartition(".")[2].replace("-", " ").replace("_", " ").capitalize()
        found[playbook, check] = named or fallback
    return found


def heading(answer: Answer, known: dict[tuple[str, str], str]) -> str:
    """What an answer is about: its check's title, else its question."""
    question = answer.question
    return known.get((question.playbook or "", question.check or ""), question.text)


def about(answer: Answer) -> tuple[str, str, str]:
    """The playbook, the check and the document of an answer; "" where it has none."""
    question = answer.question
    check = (question.check or "").rpartition(".")[2]
    return question.playbook or "", check, question.document or ""


def raised(report: Report) -> dict[tuple[str, str, str], tuple[int, Finding]]:
    """The findings that a check made of a document, by ``about``: number on the page, finding.

    A rule can see what the answer to its check missed; without this the two would contradict.
    """
    books = {rule.id: rule.tags for rule in report.rules}
    found: dict[tuple[str, str, str], tuple[int, Finding]] = {}
    for at, finding in enumerate(current(report), 1):
        check = finding.rule_id.rpartition(".")[2]
        for book in {*books.get(finding.rule_id, ()), finding.rule_id.rpartition(".")[0]}:
            found.setdefault((book, check, finding.path or ""), (at, finding))
    return found


def unfound(report: Report) -> dict[str, list[tuple[int, Answer]]]:
    """Answers not found, each with its place in ``Report.answers``, under what was asked.

    Those of which a rule raised a finding all the same stand apart, and say so.
    """
    known, groups = titles(report), dict[str, list[tuple[int, Answer]]]()
    ruled = raised(report)
    for at, answer in enumerate(report.answers):
        if answer.status == "not_found":
            name = heading(answer, known) + (RULED if about(answer) in ruled else "")
            groups.setdefault(name, []).append((at, answer))
    return groups


def missing(answers: Iterable[tuple[int, Answer]], listed: int) -> str:
    """The documents that answers not found were asked of, ``listed`` of them by name."""
    named = [answer.question.document for _, answer in answers if answer.question.document]
    more = f" and {len(named) - listed:,} more" if len(named) > listed else ""
    return ", ".join(named[:listed]) + more


@dataclass(frozen=True, slots=True)
class Matrix:
    """One playbook's checks over the documents they were asked of, or questions put to each.

    ``cells[row][column]`` is the answer and its place in ``Report.answers``; None: not asked.
    """

    playbook: str
    checks: tuple[tuple[str, str], ...]
    documents: tuple[str, ...]
    cells: tuple[tuple[tuple[int, Answer] | None, ...], ...]


def matrices(report: Report) -> list[Matrix]:
    """One matrix per playbook whose checks were asked of at least two documents.

    Questions that were put to every document (``Question.each``) are one more, of no playbook.
    """
    asked: dict[str, dict[tuple[str, str], tuple[int, Answer]]] = {}
    for at, answer in enumerate(report.answers):
        question = answer.question
        check = question.check or (question.text if question.each else None)
        if check is not None and question.document is not None:
            cells = asked.setdefault(question.playbook or "", {})
            cells.setdefault((question.document, check), (at, answer))
    known, found = titles(report), []
    for playbook, cells in asked.items():
        documents = tuple(dict.fromkeys(document for document, _ in cells))
        checks = tuple(dict.fromkeys(check for _, check in cells))
        if len(documents) < 2:
            continue
        rows = tuple(tuple(cells.get((d, check)) for check in checks) for d in documents)
        named = tuple((check, known.get((playbook, check), check)) for check in checks)
        found.append(Matrix(playbook, named, documents, rows))
    return found
