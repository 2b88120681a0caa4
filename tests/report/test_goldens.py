"""Each format of the whole report and of an empty one, byte for byte. Read a golden you update."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from kimidoc.report import FORMATS, terminal
from kimidoc.types import Report
from tests.report.conftest import empty

Golden = Callable[[str, str], None]


def _without_assets(page: str) -> str:
    """The page without its sheet and script, which are files of their own, and their hashes."""
    page = re.sub(r"<style>.*?</style>", "<style>…</style>", page, flags=re.DOTALL)
    page = re.sub(r"<script>.*?</script>", "<script>…</script>", page, flags=re.DOTALL)
    return re.sub(r"sha256-[A-Za-z0-9+/=]+", "sha256-…", page)


@pytest.mark.parametrize("name", FORMATS)
def test_whole_report(name: str, report: Report, golden: Golden) -> None:
    text = FORMATS[name].render(report)
    golden(
        f"report.{name}{FORMATS[name].suffix}", _without_assets(text) if name == "html" else text
    )


@pytest.mark.parametrize("name", FORMATS)
def test_empty_report(name: str, golden: Golden) -> None:
    text = FORMATS[name].render(empty())
    golden(f"empty.{name}{FORMATS[name].suffix}", _without_assets(text) if name == "html" else text)


def test_wide_terminal_in_colour(report: Report, golden: Golden) -> None:
    golden("report.terminal-120.ansi", terminal.render(report, width=120, color=True))


def test_formats_name_their_files() -> None:
    assert {name: format_.suffix for name, format_ in FORMATS.items()} == {
        "terminal": ".txt",
        "markdown": ".md",
        "json": ".json",
        "html": ".html",
        "csv": ".csv",
        "sarif": ".sarif",
        "github": ".txt",
        "junit": ".xml",
    }
