"""Which report goes where, and that no document is lost to one."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from kimidoc.cli import output
from kimidoc.cli.options import Reports
from kimidoc.cli.output import STDOUT, Target
from kimidoc.config import Environment
from kimidoc.errors import UsageError
from kimidoc.report import FORMATS
from tests.cli.conftest import made
from tests.report.conftest import full


def _plan(
    paths: tuple[str, ...] = ("docs",), default: str | None = None, **given: str
) -> tuple[Target, ...]:
    reports = Reports(**given)
    return output.plan(reports, paths, default=default or reports.format, origin="--format")


@pytest.mark.parametrize(
    ("given", "targets"),
    [
        ({}, [("terminal", "-")]),
        ({"output": "-"}, [("terminal", "-")]),
        ({"format": "json"}, [("json", "-")]),
        ({"output": "a.html"}, [("html", "a.html")]),
        ({"output": "a.MD"}, [("markdown", "a.MD")]),
        ({"output": "a.out", "format": "csv"}, [("csv", "a.out")]),
        ({"output": "a.html", "format": "json"}, [("json", "a.html")]),
        ({"output": "report"}, [("terminal", "report")]),
        ({"json": "a.json", "html": "b"}, [("json", "a.json"), ("html", "b"), ("terminal", "-")]),
        ({"json": "-"}, [("json", "-")]),
        ({"json": "-", "output": "a.txt"}, [("terminal", "a.txt"), ("json", "-")]),
        ({"json": "a", "format": "sarif"}, [("json", "a"), ("sarif", "-")]),
    ],
)
def test_plans(work: Path, given: dict[str, str], targets: list[tuple[str, str]]) -> None:
    assert [(t.format, t.where) for t in _plan(**given)] == targets


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"format": "yaml"}, "--format: there is no format 'yaml'"),
        ({"output": "a.docx"}, "'a.docx' does not say in which format"),
        ({"json": "-", "csv": "-"}, "Two reports are meant for stdout: json and csv"),
        ({"json": "-", "format": "csv"}, "Two reports are meant for stdout"),
        ({"json": "a", "csv": "./a"}, "Two reports are meant for './a'"),
        ({"output": "sub"}, "'sub' is a folder"),
        ({"json": "gone/a.json"}, "There is no folder 'gone'"),
    ],
)
def test_wrong_plans_say_what_to_do(work: Path, given: dict[str, str], said: str) -> None:
    (work / "sub").mkdir()
    with pytest.raises(UsageError) as caught:
        _plan(**given)
    assert said in caught.value.message and caught.value.hint


def test_a_format_from_the_settings_is_named_by_its_origin(work: Path) -> None:
    with pytest.raises(UsageError, match="KIMIDOC_FORMAT: there is no format 'x'"):
        output.plan(Reports(), ("d",), default="x", origin="KIMIDOC_FORMAT")
    assert _plan(default="markdown") == (Target("markdown", "-"),)


def test_no_document_is_overwritten(work: Path) -> None:
    (work / "docs").mkdir()
    document = work / "docs" / "a.json"
    document.write_text('{"mine": true}')
    for paths in (("docs",), (".",), ("docs/a.json",), (str(work), "-")):
        with pytest.raises(UsageError, match="would be overwritten"):
            _plan(paths, json="docs/a.json")
    assert _plan(("other",), json="docs/a.json")
    (work / "docs" / "empty.json").touch()
    assert _plan(json="docs/empty.json")


@pytest.mark.parametrize("name", FORMATS)
def test_an_earlier_report_of_ours_may_be_replaced(work: Path, name: str) -> None:
    (work / "docs").mkdir()
    (work / "docs" / "old").write_text(FORMATS[name].render(full()), encoding="utf-8")
    assert _plan(output="docs/old", format=name)


def test_a_document_about_kimidoc_is_not_replaced(work: Path) -> None:
    (work / "docs").mkdir()
    (work / "docs" / "README.md").write_text("# Tools\nkimidoc makes reports: `record,id,title`.\n")
    with pytest.raises(UsageError, match="would be overwritten"):
        _plan(output="docs/README.md")


def test_own_files_are_kept_out_of_the_documents(work: Path) -> None:
    targets = (
        Target("json", "docs/a b[1].json"),
        Target("csv", "elsewhere.csv"),
        Target("terminal", STDOUT),
    )
    assert output.own_files(targets, work / "docs") == ("/a\\ b\\[1\\].json",)
    assert output.own_files(targets, work) == ("/docs/a\\ b\\[1\\].json", "/elsewhere.csv")


def test_reports_are_written_whole_and_stdout_comes_last(work: Path) -> None:
    streams, out, err = made()
    targets = _plan(json="a.json", html="a.html", sarif="a.sarif", csv="a.csv", markdown="a.md")
    output.write(full(), targets, streams)
    assert json.loads((work / "a.json").read_text(encoding="utf-8"))["schema"] == "kimidoc.report/1"
    assert (work / "a.csv").read_bytes().count(b"\r\n") > 10
    assert "\nRead      14 documents" in out.getvalue()
    assert err.getvalue().splitlines()[0] == "markdown report: a.md"
    assert sorted(p.name for p in work.iterdir()) == [
        "a.csv",
        "a.html",
        "a.json",
        "a.md",
        "a.sarif",
    ]


def test_the_summary_on_a_terminal_is_in_colour_and_as_wide_as_it_is(work: Path) -> None:
    streams, out, _ = made(terminal=True, around=Environment(columns=120))
    output.write(full(), _plan(), streams)
    assert "\x1b[" in out.getvalue() and "─" * 90 in out.getvalue()
    streams, out, _ = made()
    output.write(full(), _plan(output="plain.txt"), streams)
    assert "\x1b" not in (work / "plain.txt").read_text(encoding="utf-8")
    assert out.getvalue() == ""


def test_a_workflow_gets_its_summary(work: Path) -> None:
    page = work / "summary.md"
    page.write_text("# earlier step\n")
    around = Environment(github_step_summary=page)
    streams, _, _ = made(around=around)
    output.write(full(), _plan(), streams)
    assert page.read_text() == "# earlier step\n"  # only where annotations are written
    output.write(full(), _plan(github="-"), streams)
    written = page.read_text(encoding="utf-8")
    assert written.startswith("# earlier step\n<!-- kimidoc report -->\n# Analysis of")
    streams, _, err = made(around=Environment(github_step_summary=work / "gone" / "x"))
    output.write(full(), _plan(github="-"), streams)
    assert "warning: no step summary" in err.getvalue()


def test_a_file_keeps_its_mode_and_a_link_stays_a_link(work: Path) -> None:
    real = work / "real.txt"
    real.write_text("old")
    real.chmod(0o640)
    (work / "link.txt").symlink_to(real)
    output.replace_file(work / "link.txt", b"new")
    assert (work / "link.txt").is_symlink() and real.read_text() == "new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    umask = os.umask(0o027)
    try:
        output.replace_file(work / "fresh.txt", b"new")
    finally:
        os.umask(umask)
    assert stat.S_IMODE((work / "fresh.txt").stat().st_mode) == 0o640


def test_a_failed_write_leaves_what_was_there(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (work / "a.txt").write_text("old")

    def full_disk(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output.os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        output.replace_file(work / "a.txt", b"new")
    assert (work / "a.txt").read_text() == "old"
    assert [p.name for p in work.iterdir()] == ["a.txt"]


def test_a_pipe_is_written_to_as_it_is(work: Path) -> None:
    os.mkfifo(work / "pipe")
    reader = subprocess.Popen(["cat", str(work / "pipe")], stdout=subprocess.PIPE)
    output.replace_file(work / "pipe", b"through")
    assert reader.communicate(timeout=30)[0] == b"through"
    assert stat.S_ISFIFO((work / "pipe").stat().st_mode)
