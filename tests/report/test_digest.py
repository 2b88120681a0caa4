"""Counts and sentences: each number is a count, and no sentence claims more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kimidoc.report import FORMATS, digest
from kimidoc.types import Answer, Question, Report
from tests.report.conftest import ANSWERS, FINDINGS, RULES, RUN, empty, full


def test_citations_are_counted_once(report: Report) -> None:
    totals = digest.counts(report)
    cited = {c for a in ANSWERS for c in a.citations} | {c for f in FINDINGS for c in f.citations}
    assert totals.verified + totals.unverified == len(cited) == 10
    assert (totals.read, totals.partial, totals.skipped) == (13, 1, 7)
    assert (totals.found, totals.not_found, totals.error) == (4, 4, 1)


def test_absent_findings_are_not_counted() -> None:
    gone = tuple(replace(f, baseline="absent") for f in FINDINGS)
    made = replace(empty(), findings=gone)
    assert digest.counts(made).verified == 0 and digest.current(made) == []
    assert digest.absent(made) == list(gone) and digest.compared(made)
    assert not digest.compared(full())


def test_outcomes() -> None:
    assert digest.outcome(full()) == (
        "6 findings (1 critical, 2 high, 1 medium, 2 low); quotes located for 4 of 9 questions; "
        "not found 4; errors 1; 8 of 10 quotes shown stand in the documents; 8 files not fully "
        "read."
    )
    assert digest.outcome(empty()) == "No findings; no quotes."
    asked = replace(empty(), run=replace(RUN, playbooks=()), answers=ANSWERS[:1])
    assert digest.outcome(asked) == (
        "Quotes located for 1 of 1 question; not found 0; errors 0; "
        "1 of 1 quote shown stands in the documents."
    )


def test_a_method_is_no_warning(report: Report) -> None:
    """How places were chosen stands where a report says how it was made, once."""
    (said,) = digest.methods(report)
    assert len(digest.warned(report)) == len(report.warnings) - 1
    for name in ("terminal", "markdown", "html"):
        text = " ".join(FORMATS[name].render(report).partition('id="report"')[0].split())
        assert text.count(said) == 1, name
        assert "answered" not in text, name


@pytest.mark.parametrize(
    ("count", "said"), [(0, "no files"), (1, "1 file"), (2, "2 files"), (1_234, "1,234 files")]
)
def test_numbers(count: int, said: str) -> None:
    assert digest.number(count, "file") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7_500, "2 h 5 min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert digest.duration(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_500, "1.5 kB"),
        (144_703_488, "145 MB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes(count: int, said: str) -> None:
    assert digest.size(count) == said


@pytest.mark.parametrize(
    ("total", "active", "said"),
    [
        (0, 0, ""),
        (134_515_008, 134_515_008, "135 M parameters"),
        (30_500_000_000, 3_300_000_000, "30.5 B parameters, 3.3 B active per token"),
        (512, 0, "512 parameters"),
    ],
)
def test_parameters(total: int, active: int, said: str) -> None:
    model = replace(RUN.model, parameters_total=total, parameters_active=active)
    assert digest.parameters(replace(empty(), run=replace(RUN, model=model))) == said


@pytest.mark.parametrize(
    ("tokens", "budget", "said"),
    [
        (5, 0, "5 tokens"),
        (0, 100, "0 of 100 tokens (0 %)"),
        (5, 1_000, "5 of 1,000 tokens (under 1 %)"),
        (412_000, 1_000_000, "412,000 of 1,000,000 tokens (41 %)"),
    ],
)
def test_shares(tokens: int, budget: int, said: str) -> None:
    run = replace(RUN, window_tokens=tokens, window_budget=budget)
    assert digest.share(replace(empty(), run=run)) == said


@pytest.mark.parametrize(
    ("command", "roots", "said"),
    [
        ("analyze", ("data/deal-room/",), "Analysis of deal-room"),
        ("ask", (".",), "Questions about this folder"),
        ("ask", ("-", ".."), "Questions about standard input and the folder above"),
        ("analyze", ("C:\\work\\x",), "Analysis of x"),
        ("analyze", ("/",), "Analysis of /"),
        ("analyze", tuple("abcdef"), "Analysis of a, b, c and 3 more"),
        ("chat", (), "Chat: 1 document"),
    ],
)
def test_titles_of_reports(command: str, roots: tuple[str, ...], said: str) -> None:
    made = replace(empty(), run=replace(RUN, command=command), roots=roots)
    assert digest.title(made) == said


def test_titles_of_checks_come_from_the_rules(report: Report) -> None:
    assert digest.titles(report) == {
        ("due-diligence", "due-diligence.change-of-control"): "Change of control",
        ("due-diligence", "due-diligence.assignment"): "Assignment",
        ("due-diligence", "due-diligence.break-clause"): "Break clause",
    }
    short = Answer(Question("q", "?", None, "due-diligence", "break-clause"), "not_found")
    other = Answer(Question("r", "?", None, "x", "x.notice-period"), "not_found")
    made = replace(empty(), rules=RULES, answers=(short, other))
    assert digest.titles(made) == {
        ("due-diligence", "break-clause"): "Break clause",
        ("x", "x.notice-period"): "Notice period",
    }


def test_reasons_put_what_was_half_read_first(report: Report) -> None:
    groups = [(status, reason, len(rows)) for status, reason, rows in digest.reasons(report)]
    assert groups == [
        ("partial", "no text on pages 3-7 (scanned)", 1),
        ("skipped", "ignored by rule", 5),
        ("skipped", "encrypted", 1),
        ("skipped", "binary", 1),
    ]


def test_hostile_documents_are_warned_of_first(report: Report) -> None:
    codes = [code for code, _ in digest.warnings(report)]
    assert codes[:2] == ["document-integrity.instructions", "document-integrity.escapes"]


def test_the_matrix_holds_each_answer_once(report: Report) -> None:
    (matrix,) = digest.matrices(report)
    held = sorted(cell[0] for row in matrix.cells for cell in row if cell is not None)
    assert held == list(range(7))  # the two free questions are in no matrix
    one = replace(report, answers=ANSWERS[:1])
    assert digest.matrices(one) == []


def test_a_finding_and_a_not_found_do_not_contradict_each_other(report: Report) -> None:
    """A rule that looked in every sentence may have found what the answer to its check missed."""
    missed = replace(ANSWERS[0], status="not_found", citations=())
    made = replace(report, answers=(missed, *ANSWERS[1:]))
    at, finding = digest.raised(made)[digest.about(missed)]
    assert (digest.current(made)[at - 1], finding.path) == (finding, missed.question.document)
    groups = {name: [n for n, _ in group] for name, group in digest.unfound(made).items()}
    assert groups["Change of control" + digest.RULED] == [0]
    assert groups["Change of control"] == [1, 2]
    other = replace(missed, question=replace(missed.question, playbook="other"))
    assert digest.about(other) not in digest.raised(made)


def test_sessions_say_what_was_saved() -> None:
    assert digest.session(full()) == "10,790 tokens prefilled, 20,480 reused (session 3f2a91c0)"
    assert digest.session(empty()) == "12 tokens prefilled, no session kept"


def test_what_is_missing_names_some_documents() -> None:
    answers = [(n, Answer(Question(str(n), "?", f"{n}.txt"), "not_found")) for n in range(5)]
    assert digest.missing(answers, 3) == "0.txt, 1.txt, 2.txt and 2 more"
    assert digest.missing([(0, Answer(Question("q", "?"), "not_found"))], 3) == ""
