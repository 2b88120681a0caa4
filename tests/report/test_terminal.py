"""The summary at a terminal: its width, its colour, and nothing a document could steer it with."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from kimidoc.report import terminal
from kimidoc.types import Answer, CoverageRow, Notice, Question, Report
from tests.report.conftest import CODE, FINDINGS, HOSTILE_QUOTE, empty, full

STYLES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", [30, 80, 120])
@pytest.mark.parametrize("color", [False, True])
def test_no_line_is_wider_than_the_terminal(report: Report, width: int, color: bool) -> None:
    text = terminal.render(report, width=width, color=color)
    for line in STYLES.sub("", text).splitlines():
        assert cell_len(line) <= width


def test_colour_is_styles_only_and_changes_no_word(report: Report) -> None:
    plain, colored = (terminal.render(report, color=on) for on in (False, True))
    assert "\x1b" not in plain
    assert STYLES.search(colored) and "\x1b" not in STYLES.sub("", colored)
    assert [row.rstrip() for row in STYLES.sub("", colored).splitlines()] == plain.splitlines()


def test_a_document_cannot_mark_up_or_steer(report: Report) -> None:
    text = terminal.render(report, color=True)
    assert "[red]x[/red]" in text  # rich's markup, printed as itself
    assert not re.search("[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "␛[2J" in text and "\\u202eevil" in text


def test_places_and_verdicts_stand_under_their_quotes(report: Report) -> None:
    text = terminal.render(report, width=120)
    assert "     located, spacing and typography apart · p. 7, § 8 Break clause\n" in text
    assert (
        "     unverified, not word for word · deal-room/03-suppliers/vantoric-licence.pdf" in text
    )
    assert "     unverified, not found in the documents\n" in text
    assert "     located · def check, lines 31–33\n" in text  # its path is the heading's


def test_indented_code_keeps_its_shape(report: Report) -> None:
    text = terminal.render(report, width=120)
    for row in CODE.text.rstrip("\n").split("\n"):
        assert f"     {row}\n" in text


def test_what_was_not_found_is_grouped_by_what_was_asked(report: Report) -> None:
    text = " ".join(terminal.render(report, width=200).split())
    assert (
        "- Change of control · deal-room/03-suppliers/vantoric-licence.pdf, "
        "deal-room/04-property/unit-7-lease.pdf" in text
    )
    assert "NOT FOUND 4 questions" in text


def test_long_lists_are_cut_and_counted() -> None:
    answers = tuple(Answer(Question(f"q{n}", f"Question {n}?"), "not_found") for n in range(90))
    findings = tuple(replace(FINDINGS[0], fingerprint=str(n)) for n in range(130))
    rows = tuple(
        CoverageRow(f"{n}.bin", "bin", "skipped", f"reason {n}", 0, 0, None) for n in range(20)
    )
    notices = tuple(Notice("same", f"notice {n}") for n in range(9))
    made = replace(empty(), answers=answers, findings=findings, coverage=rows, warnings=notices)
    text = terminal.render(made)
    assert "MEDIUM  130 findings" in text and "30 more are in the other formats." in text
    assert "NOT FOUND  90 questions" in text and text.count("Question ") == 60
    assert "8 more reasons are in the other formats" in text
    assert "same: 6 more" in text
    told = tuple(
        replace(full().answers[0], question=Question(f"q{n}", f"Question {n}?")) for n in range(120)
    )
    assert "20 more are in the other formats." in terminal.render(replace(empty(), answers=told))


def test_a_baseline_marks_each_finding_and_lists_the_gone() -> None:
    states = ("unchanged", "new", "absent")
    marked = tuple(replace(f, baseline=s) for f, s in zip(FINDINGS, states, strict=False))  # type: ignore[arg-type]
    text = terminal.render(replace(empty(), findings=marked))
    assert "Tenant may end the lease in 2027  (unchanged)" in text
    assert "An empty password is accepted  (new)" in text
    gone = text.partition("NO LONGER FOUND  1 finding")[2]
    assert (
        "Termination on a change of control (deal-room/02-customers/meridale-msa.docx)"
        in " ".join(gone.split())
    )


def test_a_very_long_quote_is_cut_in_the_middle() -> None:
    words = " ".join(f"word{n}" for n in range(400))
    long = replace(HOSTILE_QUOTE, text=words)
    text = " ".join(
        terminal.render(
            replace(empty(), findings=(replace(FINDINGS[0], citations=(long,)),))
        ).split()
    )
    assert "“word0 word1" in text and "word399”" in text and " … " in text
    assert "word200" not in text
