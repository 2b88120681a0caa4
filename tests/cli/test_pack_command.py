"""``kimidoc pack`` over a window that is put in the tokenizer's place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kimidoc import ingest, pipeline
from kimidoc.cli.main import main
from kimidoc.types import Document, Window
from tests.cli.test_pack_table import DOCUMENTS, window
from tests.engine.answer_models import folder

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def asked(work: Path, monkeypatch: pytest.MonkeyPatch) -> list[pipeline.Job]:
    """The jobs that were packed; each is given the same window of 111 tokens."""
    (work / "docs").mkdir()
    jobs: list[pipeline.Job] = []

    def stage(job: pipeline.Job, progress: Any, documents: Any = None) -> Window:
        jobs.append(job)
        assert documents in (None, DOCUMENTS), "documents that were never read"
        return window(DOCUMENTS[:1] if job.budget_tokens < 111 else DOCUMENTS, job.budget_tokens)

    monkeypatch.setattr(pipeline, "window", stage)
    return jobs


def test_a_table_on_stdout(asked: list[pipeline.Job], capsys: Capture) -> None:
    assert main(["pack", "docs", "--exclude", "x", "--budget", "1k"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("tokens   share  kind") and "budget    1,000 tokens, 11.1 % used" in out
    assert asked[0].command == "pack" and asked[0].selection.exclude == ("x",)


def test_json_on_stdout_and_beside_it(
    asked: list[pipeline.Job], work: Path, capsys: Capture
) -> None:
    assert main(["pack", "docs", "--format", "json"]) == 0
    shown = capsys.readouterr().out
    assert json.loads(shown)["window"]["budget"] == 1_000_000
    assert main(["pack", "docs", "--json", "pack.json"]) == 0
    assert capsys.readouterr().out.startswith("tokens")
    assert (work / "pack.json").read_text(encoding="utf-8") == shown
    assert main(["pack", "docs", "-o", "table.txt"]) == 0
    assert capsys.readouterr().out == ""
    kept = (work / "table.txt").read_text(encoding="utf-8")
    assert kept.startswith("Report    kimidoc ") and "\n\ntokens" in kept


def test_what_it_wrote_among_the_documents_is_no_document(
    asked: list[pipeline.Job], work: Path
) -> None:
    for _ in range(2):
        assert main(["pack", "docs", "-o", "docs/table.txt", "--json", "docs/pack.json"]) == 0
    again = asked[-1].selection
    own = {d.path: d.reason for d in ingest.read(["docs"], again)}
    assert set(own) == {"table.txt", "pack.json"}
    assert {(reason or "")[:19] for reason in own.values()} == {"excluded by kimidoc"}
    assert main(["pack", "docs", "--json", "other.json"]) == 0
    left = {d.path: d.reason for d in ingest.read(["docs"], asked[-1].selection)}
    assert left == dict.fromkeys(own, "a report of kimidoc")


def test_over_budget_the_table_is_shown_and_it_ends_with_3(
    asked: list[pipeline.Job], capsys: Capture
) -> None:
    assert main(["pack", "docs", "--budget", "50"]) == 3
    out, err = capsys.readouterr()
    assert "分销/big.pdf" in out and "222.0 % used" in out
    assert "kimidoc: error: " in err and "hint: " in err and "big.pdf" in err


def test_over_budget_with_a_policy_it_is_packed_by_it(
    asked: list[pipeline.Job], capsys: Capture
) -> None:
    assert main(["pack", "docs", "--budget", "50", "--overflow", "drop-largest"]) == 0
    assert [job.budget_tokens for job in asked][1] == 50
    assert "8 tokens in 1 documents" in capsys.readouterr().out


def test_over_budget_with_a_policy_nothing_is_read_twice(
    work: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (work / "docs").mkdir()
    for name, times in (("a", 600), ("b", 50), ("c", 100)):
        (work / "docs" / f"{name}.txt").write_text(f"{name} " * times)
    readings: list[tuple[Document, ...]] = []
    once = ingest.read

    def read(*given: Any) -> tuple[Document, ...]:
        readings.append(once(*given))
        return readings[-1]

    monkeypatch.setattr(ingest, "read", read)
    model = str(folder(work / "model"))
    line = ["pack", "docs", "--model", model, "--offline", "--budget", "500"]
    assert main([*line, "--overflow", "drop-largest"]) == 0
    out = capsys.readouterr().out
    assert "a.txt  dropped to fit the budget" in out and "budget    500 tokens" in out
    assert len(readings) == 1


@pytest.fixture
def read(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents: Callable[..., tuple[Document, ...]] = lambda *given: DOCUMENTS  # noqa: E731
    monkeypatch.setattr(ingest, "read", documents)


@pytest.mark.usefixtures("read")
def test_show_text_is_the_text_and_nothing_else(capsys: Capture) -> None:
    assert main(["pack", "docs", "--show-text", "分销/big.pdf"]) == 0
    assert capsys.readouterr().out == "x" * 90


@pytest.mark.usefixtures("read")
@pytest.mark.parametrize(
    ("path", "said", "hint"),
    [
        ("big.pdf", "There is no document 'big.pdf'", "Did you mean 分销/big.pdf?"),
        ("zzzz", "There is no document 'zzzz'", "`kimidoc pack PATH...` lists all."),
        ("locked.pdf", "'locked.pdf' was skipped: encrypted", "no text to show"),
    ],
)
def test_what_cannot_be_shown_is_said(capsys: Capture, path: str, said: str, hint: str) -> None:
    assert main(["pack", "docs", "--show-text", path]) == 2
    err = capsys.readouterr().err
    assert said in err and hint in err
