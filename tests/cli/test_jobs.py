"""From a command line to a pipeline job, and from its report to files and an exit code.

The pipeline's own run is put aside: what it is asked and what becomes of its report is tested here.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kimidoc import pipeline
from kimidoc.cli.main import main
from kimidoc.types import Report
from tests.report.conftest import FINDINGS, full

Capture = pytest.CaptureFixture[str]
Run = Callable[..., tuple[int, pipeline.Job]]


@pytest.fixture
def docs(work: Path) -> Path:
    (work / "docs").mkdir()
    (work / "docs" / "a.md").write_text("The tenant pays.\n")
    return work / "docs"


@pytest.fixture
def run(docs: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line over a pipeline that answers with ``report``; returns its job."""

    def once(*arguments: str, report: Report | None = None) -> tuple[int, pipeline.Job]:
        asked: list[pipeline.Job] = []

        def stage(job: pipeline.Job, progress: Any) -> Report:
            asked.append(job)
            progress("answer", 1, 1, "questions")
            return pipeline.compared(report or full(), job.earlier, None)

        monkeypatch.setattr(pipeline, "ask", stage)
        monkeypatch.setattr(pipeline, "analyze", stage)
        code = main(list(arguments))
        (job,) = asked
        return code, job

    return once


def test_each_marks_the_questions(run: Run, docs: Path) -> None:
    marks = {"--each": True, "--no-each": False, None: None}
    for option, each in marks.items():
        _, job = run("ask", "docs", "Who pays?", *([option] if option else []))
        assert [(q.id, q.each) for q in job.questions] == [("q1", each)]


def test_a_question_becomes_a_job(run: Run, docs: Path, capsys: Capture) -> None:
    (docs.parent / "more.pdf").touch()
    code, job = run(
        "ask", "docs", "more.pdf", "Who pays?", "--budget", "200k", "--exclude", "*.log",
        "--exclude", "tmp", "--session", "none", "--seed", "7", "--threads", "2", "--offline",
        "--overflow", "drop-last", "--tracked-changes", "both", "--model", "tiny",
    )  # fmt: skip
    out, err = capsys.readouterr()
    assert code == 0
    assert (job.command, job.paths, job.model) == ("ask", ("docs", "more.pdf"), "tiny")
    assert [(q.id, q.text) for q in job.questions] == [("q1", "Who pays?")]
    assert (job.budget_tokens, job.overflow, job.seed, job.threads) == (200_000, "drop-last", 7, 2)
    assert job.session == "none" and job.offline
    assert job.selection.exclude == ("*.log", "tmp")
    assert job.selection.tracked_changes == "both"
    assert "\nRead      14 documents" in out and "QUOTES LOCATED" in out
    assert err.startswith("kimidoc ") and "answer: 1 questions" in err


def test_without_options_the_defaults_hold(run: Run) -> None:
    from kimidoc.ingest import Limits
    from kimidoc.models import registry

    _, job = run("ask", "docs", "Who pays?")
    assert job.model == registry.default() and job.budget_tokens == 1_000_000
    assert job.limits == Limits() and job.session == "auto" and job.playbooks == ()


def test_limits_come_from_the_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIMIDOC_FILE_BYTES", "5MB")
    _, job = run("ask", "docs", "Who pays?")
    assert job.limits.file_bytes == 5_000_000


def test_questions_of_a_file_are_all_asked(run: Run, docs: Path) -> None:
    (docs.parent / "q.jsonl").write_text(
        '{"id": "a", "question": "Who?", "document": "a.md"}\n{"id": "b", "question": "When?"}\n'
    )
    _, job = run("ask", "docs", "--questions", "q.jsonl")
    assert [(q.id, q.text, q.document) for q in job.questions] == [
        ("a", "Who?", "a.md"),
        ("b", "When?", None),
    ]
    assert job.paths == ("docs",)


def test_playbooks_become_part_of_the_job(run: Run) -> None:
    code, job = run("analyze", "docs", "--playbook", "records", "--playbook", "earnings")
    assert (code, job.command) == (0, "analyze")
    assert job.playbooks == ("records", "earnings") and job.questions == ()


def test_reports_inside_the_tree_are_not_read_as_documents(run: Run, docs: Path) -> None:
    _, job = run("analyze", "docs", "--json", "docs/out.json", "-o", "docs/report.html")
    assert set(job.selection.own) == {"/out.json", "/report.html"}
    assert json.loads((docs / "out.json").read_text(encoding="utf-8"))["kimidoc"]
    assert (docs / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    run("analyze", "docs", "--json", "docs/out.json")  # ours may be replaced


@pytest.mark.parametrize(("level", "code"), [("none", 0), ("low", 1), ("critical", 1)])
def test_findings_end_with_1_after_the_report(
    run: Run, docs: Path, capsys: Capture, level: str, code: int
) -> None:
    assert run("analyze", "docs", "--fail-on", level, "--json", "-")[0] == code
    assert json.loads(capsys.readouterr().out)["schema"] == "kimidoc.report/1"


@pytest.mark.parametrize(
    ("gate", "code", "said"),
    [
        ("--require-coverage", 3, "3 of 21 documents were not read whole"),
        ("--require-citations", 4, "2 of 10 quotes could not be located"),
    ],
)
def test_gates_fail_after_the_report(
    run: Run, capsys: Capture, gate: str, code: int, said: str
) -> None:
    assert run("ask", "docs", "Who?", gate, "--json", "-")[0] == code
    out, err = capsys.readouterr()
    assert json.loads(out) and said in err


def test_a_baseline_excuses_what_it_holds(run: Run, docs: Path, capsys: Capture) -> None:
    run("analyze", "docs", "--json", "last.json")
    code, _ = run("analyze", "docs", "--baseline", "last.json", "--fail-on", "low", "--json", "-")
    assert code == 0
    capsys.readouterr()
    fewer = replace(full(), findings=(*FINDINGS[1:], replace(FINDINGS[0], fingerprint="other")))
    code, _ = run(
        "analyze", "docs", "--baseline", "last.json", "--fail-on", "low", "--json", "-",
        report=fewer,
    )  # fmt: skip
    states = [f["baseline"] for f in json.loads(capsys.readouterr().out)["findings"]]
    assert code == 1 and states == ["unchanged"] * 5 + ["new", "absent"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ask", "docs", "Who?", "--stdin-name", "x.diff"), "- is not among the paths"),
        (("ask", "-", "-", "Who?"), "stands twice"),
        (("ask", "docs", "Who?", "--baseline", "docs/a.md"), "The baseline is not JSON"),
        (("ask", "docs", "Who?", "-o", "docs/a.md"), "would be overwritten"),
        (("analyze", "docs", "--playbook", "frob"), "no playbook 'frob'"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_runs(
    docs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    def never(*arguments: object) -> Report:
        raise AssertionError("the pipeline was run")

    monkeypatch.setattr(pipeline, "ask", never)
    monkeypatch.setattr(pipeline, "analyze", never)
    assert main(list(arguments)) == 2
    err = capsys.readouterr().err
    assert said in err and "internal error" not in err


def test_stdin_has_a_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"diff")))
    _, job = run("ask", "-", "What breaks?", "--stdin-name", "x.diff")
    assert job.paths == ("-",) and job.selection.stdin_name == "x.diff"
