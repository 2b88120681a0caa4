"""The report of ``conftest`` with what only the page shows: tables, values, strips, source text."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from kimidoc.report import excerpts
from kimidoc.types import (
    SEVERITIES,
    Citation,
    CoverageRow,
    Document,
    Excerpt,
    Finding,
    Report,
    Row,
    Strip,
    Table,
    Value,
)
from tests.report.conftest import ANSWERS, AWS_KEY, LEASE, MSA, empty, full

CLAUSE = "The Tenant may end this Lease on 24 June 2027 by six months’ written notice."
HOSTILE = "</script><script>alert(2)</script> 𝔘nicode \x1b[2J\u202eevil"
SECRET = f'AWS_ACCESS_KEY_ID = "{AWS_KEY}"'


def source() -> Document:
    """A lease of 400 lines; line 201 is the clause, and what stands around it is hostile."""
    before = "".join(f"{n}. Plain words of the lease, number {n}.\n" for n in range(1, 200))
    after = "".join(f"{n}. More of them.\n" for n in range(202, 401))
    return Document(LEASE, "pdf", "read", f"{before}{HOSTILE}\t{SECRET}\n{CLAUSE}\r\n{after}")


def cite(document: Document, text: str) -> Citation:
    """The first place of some words."""
    start = document.text.index(text)
    place = document.place(start, start + len(text))
    ends = (start, start + len(text), place.start_line, place.end_line)
    return Citation("exact", text, document.path, *ends)


def calendar() -> Table:
    """Two days and their proof."""
    lease = source()
    rows = (
        Row(("2027-06-24", "Break right <b>", LEASE), (cite(lease, CLAUSE),)),
        Row(("2026-12-24", f"Last day for notice {SECRET}", LEASE), (cite(lease, CLAUSE),)),
    )
    return Table("dd.calendar", "Calendar", "By a rule.", ("Day", "What", "Document"), rows)


@cache
def rich() -> Report:
    """Everything that the page can show."""
    lease = source()
    finding = Finding(
        "due-diligence.break-clause", "Tenant may leave", "high", "On six months’ notice.", LEASE,
        (cite(lease, CLAUSE), cite(lease, HOSTILE)), "fp-leave",
    )  # fmt: skip
    values = (
        Value("date", "24 June 2027", "2027-06-24"),
        Value("duration", "six months", "P6M"),
        Value("date", "3/4/2025", None, "day and month can be read in two ways"),
    )
    first = replace(ANSWERS[0], values=values, by_rule=True)
    strips = (
        Strip(
            LEASE, 0.91, (0.0, 0.4, 1.0), (False, True, False), ((1, 99), (100, 205), (206, 400))
        ),
        Strip(MSA, 1.0, (0.0, 0.0), (False, False), ((1, 40), (41, 80))),
    )
    report = full()
    report = replace(
        report,
        answers=(first, *ANSWERS[1:]),
        findings=(*report.findings, finding),
        tables=(calendar(), Table("dd.none", "Exposure", "By a rule.", ("What",), ())),
        strips=strips,
    )
    return replace(report, excerpts=excerpts.of(report, [lease]))


def large(findings: int, quotes: int) -> Report:
    """Many findings with several quotes each, in twenty documents of as many lines."""
    text = "".join(
        f"{n}. The party numbered {n} gives notice of {n % 90 + 1} days before the end, and pays.\n"
        for n in range(findings)
    )
    documents = [
        Document(f"contracts/agreement-{d:02}.txt", "text", "read", text) for d in range(20)
    ]
    starts = documents[0].line_starts

    def quote(n: int, document: Document) -> Citation:
        start, end = starts[n], starts[n + 1] - 1
        return Citation("exact", text[start:end], document.path, start, end, n + 1, n + 1)

    made = tuple(
        Finding(
            f"dd.rule-{n % 40}",
            f"Notice is short in clause {n}",
            SEVERITIES[n % 4],
            f"The notice of clause {n} is {n % 90 + 1} days.",
            documents[n % 20].path,
            tuple(quote((n * 7 + k * 131) % findings, documents[n % 20]) for k in range(quotes)),
            f"fp{n}",
        )
        for n in range(findings)
    )
    rows = tuple(CoverageRow(d.path, "text", "read", None, 9_000, 0, "0" * 64) for d in documents)
    report = replace(empty(), findings=made, coverage=rows)
    return replace(report, excerpts=excerpts.of(report, documents))


def opened(report: Report) -> dict[str, list[Excerpt]]:
    """The excerpts by path."""
    found: dict[str, list[Excerpt]] = {}
    for excerpt in report.excerpts:
        found.setdefault(excerpt.path, []).append(excerpt)
    return found
