"""Workflow commands, read as the runner reads them: nothing but ours is obeyed."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from kimidoc.report import github
from kimidoc.types import Citation, Notice, Report
from tests.report.conftest import COMMAND, FINDINGS, empty, full


@dataclass(frozen=True)
class Command:
    name: str
    properties: dict[str, str]
    message: str


def runner(text: str) -> list[Command]:
    """What the runner obeys (actions/runner, ActionCommand.cs): v2 commands open a line, v1
    commands stand anywhere in one; between stop-commands and its token nothing counts."""
    obeyed, stopped = [], ""
    for line in re.split(r"\r\n|\n|\r", text):
        if stopped:
            if line.strip() == f"::{stopped}::":
                stopped = ""
            continue
        found = re.match(r"\s*::([A-Za-z-]+)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)", line)
        assert found or not re.search(r"##\[[A-Za-z-]+", line), line
        if found is None:
            continue
        if found[1] == "stop-commands":
            stopped = found[3].strip()
            continue
        pairs = (pair.partition("=") for pair in (found[2] or "").split(",") if pair)
        obeyed.append(Command(found[1], {k: _decoded(v) for k, _, v in pairs}, _decoded(found[3])))
    assert not stopped, "commands stay stopped for the steps that follow"
    return obeyed


def _decoded(text: str) -> str:
    for code, character in (
        ("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")
    ):  # fmt: skip
        text = text.replace(code, character)
    return text


def test_annotations_worst_first_with_file_and_line(report: Report) -> None:
    obeyed = runner(github.render(report))
    assert [command.name for command in obeyed[:6]] == [
        "error", "error", "error", "warning", "notice", "notice"
    ]  # fmt: skip
    assert obeyed[0].properties == {
        "file": "data/service/quayline/auth.py",
        "line": "31",
        "endLine": "33",
        "title": "critical: An empty password is accepted",
    }
    pdf = obeyed[3]
    assert "line" not in pdf.properties and "p. 7, § 8 Break clause" in pdf.message


def test_how_places_were_chosen_is_said(report: Report) -> None:
    said = "How places were chosen: Rules chose the places; a quote may answer nothing."
    assert said in github.render(report).split("\n")
    assert "How places" not in github.render(empty())


def test_only_new_findings_are_annotated() -> None:
    old = tuple(replace(finding, baseline="unchanged") for finding in FINDINGS)
    obeyed = runner(github.render(replace(empty(), findings=old)))
    assert [command.properties for command in obeyed] == [{"title": "secrets-redacted"}]


def test_more_than_github_shows_is_said_in_one_notice() -> None:
    many = tuple(replace(FINDINGS[0], fingerprint=str(n)) for n in range(60))
    obeyed = runner(github.render(replace(empty(), findings=many)))
    assert len(obeyed) == 46
    assert obeyed[-1].message == "15 findings more, none worse, in the report."


HOSTILE = (
    "::error title=pwned::x",
    "x\n::set-output name=a::b",
    "x\r::add-mask::secret",
    "##[command]rm -rf /",
    "x%0A::warning::y",
    "a,line=9,title=evil:b::c",
    "::stop-commands::0123",
    "\u2028::error::x",
)


def test_no_text_of_a_document_is_obeyed() -> None:
    for text in HOSTILE:
        quote = Citation("exact", text, COMMAND, 0, 3, 1, 1)
        finding = replace(FINDINGS[0], title=text, message=text, path=COMMAND, citations=(quote,))
        made = replace(empty(), findings=(finding,), warnings=(Notice(text, text, text),))
        one, two = runner(github.render(made))
        assert (one.name, two.name) == ("warning", "warning")
        assert set(one.properties) == {"file", "line", "endLine", "title"}
        assert one.properties["line"] == "1" and set(two.properties) == {"title"}


@given(st.text(alphabet=st.sampled_from("::%0A\r\n#[],=ab\u2028 "), max_size=40))
def test_nothing_made_of_command_characters_is_obeyed(text: str) -> None:
    finding = replace(FINDINGS[0], title=text, message=text, citations=())
    obeyed = runner(github.render(replace(empty(), findings=(finding,))))
    assert len(obeyed) == 1 and set(obeyed[0].properties) == {"file", "title"}


@given(st.text(max_size=60))
def test_inert_text_cannot_end_its_own_silence(text: str) -> None:
    assert runner(github.inert(text)) == []
    token = github.inert(text).split("\n")[0].removeprefix("::stop-commands::")
    assert runner(github.inert(f"::{token}::\n::error::x")) == []


def test_summary_fits_its_place() -> None:
    assert len(github.summary(full(), 4_000).encode()) <= 4_000
    assert github.summary(full()).startswith("<!-- kimidoc report -->\n# Analysis of")
