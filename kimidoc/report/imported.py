"""Results of other tools in a report: counts, order, and how one is named.

A verdict is a rule's over program text, or no verdict: every format prints the reason beside it.
"""

from __future__ import annotations

from collections import Counter
from typing import get_args

from kimidoc.report import safe
from kimidoc.types import Imported, Report, Row, Table, Verdict

ORDER: tuple[Verdict, ...] = get_args(Verdict)
SAID: dict[Verdict, str] = {
    "confirmed": "confirmed",
    "doubted": "doubted",
    "open": "open",
    "unread": "in files that were not read",
}
_TEXT = 300


def ordered(report: Report) -> list[Imported]:
    """Confirmed first, then doubted, open, unread; within each as the logs have them."""
    return sorted(report.imported, key=lambda item: ORDER.index(item.verdict))


def counts(report: Report) -> str:
    """ "22 results of ruff, Bandit: 3 confirmed, 10 doubted, 9 open"."""
    tools = ", ".join(dict.fromkeys(safe.line(item.tool) for item in report.imported))
    return f"{_number(report)} of {tools}: {verdicts(report)}"


def outcome(report: Report) -> str:
    """The same without the tools' names: numbers only, which no format has to escape."""
    return f"{_number(report)} of other tools ({verdicts(report)})"


def verdicts(report: Report) -> str:
    """ "3 confirmed, 10 doubted, 9 open"."""
    counted = Counter(item.verdict for item in report.imported)
    return ", ".join(f"{counted[v]:,} {SAID[v]}" for v in ORDER if counted[v])


def _number(report: Report) -> str:
    return f"{len(report.imported):,} result{'s' * (len(report.imported) != 1)}"


def table(report: Report) -> Table:
    """All of them as a table, for a page."""
    rows = (
        Row(
            (item.verdict, f"{item.tool} {item.rule_id}", place(item), item.message, item.reason),
            (*([item.place] if item.place is not None else []), *item.citations),
        )
        for item in ordered(report)
    )
    return Table(
        id="imported",
        title="Results of other tools",
        note="Rules over program text decided, no model; what no rule decides stays open. The "
        "first quote is the place, the others what the verdict rests on.",
        columns=("Verdict", "Tool and rule", "Place", "What it says", "Reason"),
        rows=tuple(rows),
    )


def place(item: Imported) -> str:
    """ "src/a.py, line 7": the document, or the log's own name of a file that was not read."""
    path = safe.line(item.path if item.path is not None else item.uri) or "no file named"
    return path if item.first_line is None else f"{path}, line {item.first_line:,}"


def name(item: Imported) -> str:
    """ "ruff S608: Possible SQL injection …"."""
    said = safe.clip(safe.line(item.message), _TEXT)
    return f"{safe.line(item.tool)} {safe.line(item.rule_id)}: {said}"
