"""Reports that were left among the documents: known as ours, listed, and not read."""

from __future__ import annotations

from pathlib import Path

import pytest

from kimidoc import ingest
from kimidoc.ingest import reports
from kimidoc.ingest.base import Selection
from kimidoc.report import FORMATS, terminal
from kimidoc.types import Report
from tests.report.conftest import empty, full


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("made", [full, empty])
def test_every_format_says_at_its_beginning_whose_it_is(name: str, made: type[Report]) -> None:
    text = FORMATS[name].render(made())
    for data in (text.encode(), b"\xef\xbb\xbf" + text.encode()):
        assert reports.written_by_kimidoc(data)


def test_a_terminal_of_any_width_and_in_colour() -> None:
    for width in (30, 55, 200):
        for color in (False, True):
            text = terminal.render(full(), width=width, color=color)
            assert reports.written_by_kimidoc(text.encode()), (width, color)


@pytest.mark.parametrize(
    "text",
    [
        "Report    kimidoc is a tool that reads documents.\n",
        "Report of the board\n\nkimidoc 0.1.0 was bought.\n",
        '{"name": "kimidoc", "schema": "kimidoc.report/1"}',
        '{"schema": "other.report/1", "kimidoc": "0.1.0"}',
        "<!doctype html>\n<title>kimidoc</title>\n<p>content=\"kimidoc 0.1.0\"</p>",
        '<testsuites name="pytest"><testsuite name="kimidoc"/></testsuites>',
        "record,id,title,severity\nfinding,x,kimidoc,low\n",
        "::error title=kimidoc::none\n",
        "Notes on <!-- kimidoc report -->\n",
        "",
    ],
)  # fmt: skip
def test_what_only_speaks_of_it_is_a_document(text: str) -> None:
    assert not reports.written_by_kimidoc(text.encode())


def test_sarif_of_another_tool_is_a_document() -> None:
    text = FORMATS["sarif"].render(full())
    other = text.replace('"name": "kimidoc"', '"name": "ruff"', 1)
    assert other != text and not reports.written_by_kimidoc(other.encode())


def test_reports_in_the_tree_are_listed_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Lease\n\nThe rent is due in June.\n")
    for name, one in FORMATS.items():
        (tmp_path / f"old-{name}{one.suffix}").write_text(one.render(full()), encoding="utf-8")
    found = {d.path: d for d in ingest.read([str(tmp_path)])}
    assert found.pop("a.md").status == "read"
    assert {(d.status, d.reason) for d in found.values()} == {("skipped", reports.REASON)}
    assert len(found) == len(FORMATS) and all(d.sha256 for d in found.values())


def test_a_report_that_is_named_is_read(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text(FORMATS["markdown"].render(full()), encoding="utf-8")
    (only,) = ingest.read([str(tmp_path / "old.md")])
    assert only.status == "read"
    (only,) = ingest.read([str(tmp_path / "*.md")])
    assert only.reason == reports.REASON


def test_files_of_this_run_are_left_out_whatever_they_hold(tmp_path: Path) -> None:
    (tmp_path / "ruff.sarif").write_text("{}")
    (tmp_path / "b.txt").write_text("Words of a document.\n")
    found = {d.path: d for d in ingest.read([str(tmp_path)], Selection(own=("/ruff.sarif",)))}
    assert (found["ruff.sarif"].reason or "").startswith("excluded by kimidoc (a report that")
    assert found["b.txt"].status == "read"
