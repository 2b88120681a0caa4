"""Markdown for a pull request: rendered with GitHub's rules in mind, nothing of a document acts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.report import markdown
from kimidoc.types import Answer, CoverageRow, Notice, Question, Report
from tests.report.conftest import CODE, FINDINGS, empty

# What GitHub would act on, as text -> what must not be in the escaped text.
LIVE = {
    "![x](http://evil.example/x.png)": r"(?<!\\)!(?<!\\)\[|(?<!\\)\]\(",
    "[x](javascript:alert(1))": r"(?<!\\)\]",
    "<img src=x onerror=alert(1)>": r"<",
    "<!-- hidden": r"<",
    "@octocat please": r"@octocat",
    "@org/team": r"@org",
    "#123 and GH-5": r"#123|GH-5",
    "owner/repo#12": r"#12",
    "see https://evil.example and www.evil.example": r"https://|www\.",
    "mailto:a@b.example": r"mailto:a|a@b",
    "1234567890abcdef1234567890abcdef12345678": r"[0-9a-f]{7}",
    ":tada: :+1:": r":tada:|:\+1:",
    "`code` *bold* _it_ ~~no~~ $x$": r"(?<!\\)[`*_~$]",
    "a | b": r"(?<!\\)\|",
    "&lt;b&gt; &#60;": r"&lt;b|&#60",
}
HEADS = ["# head", "- item", "+ item", "1. item", "12) item", "---", "===", "    code", "> quote"]


@pytest.mark.parametrize("text", LIVE)
def test_nothing_github_would_act_on_survives(text: str) -> None:
    assert not re.search(LIVE[text], markdown.escape(text))


@pytest.mark.parametrize("text", HEADS)
def test_no_line_opens_a_block(text: str) -> None:
    block = r"^( {4}|\s*([#>+-]|\d+[.)]\s|={3}|-{3}))"
    assert re.match(block, text)
    assert not re.match(block, markdown.escape(text))
    assert not re.search(block, markdown.escape("a\n" + text), re.MULTILINE)


@given(st.text())
def test_what_is_shown_is_the_text(text: str) -> None:
    """Undoing the escapes, as a renderer does, gives the visible text back."""
    from kimidoc.report import safe

    shown = markdown.escape(text)
    shown = shown.replace("\u00a0", " ").replace("&#8203;", "")
    shown = re.sub(r"\\([\\`*_{}\[\]()|~$^!#+\-=:])", r"\1", shown)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        shown = shown.replace(entity, character)
    assert shown == safe.visible(text).replace("\u00a0", " ")


@given(st.text(alphabet="`ab \n~", max_size=60))
def test_a_fence_is_longer_than_any_run_in_it(text: str) -> None:
    head, *body, foot = markdown.fence(text).split("\n")
    assert head == f"{foot}text" and set(foot) == {"`"}
    assert all(foot not in row for row in body)


@given(st.text(alphabet="`ab ", min_size=1, max_size=20))
def test_inline_code_ends_where_it_should(text: str) -> None:
    made = markdown.code(text)
    ticks = re.match(r"`+", made)
    assert ticks and made.endswith(ticks[0])
    inside = made[len(ticks[0]) : -len(ticks[0])]
    assert ticks[0] not in re.findall(r"`+", inside)


def test_code_stays_code_and_its_fence_is_quoted(report: Report) -> None:
    text = markdown.render(report)
    assert "> ```text\n> def check(user, password):\n" in text
    assert CODE.text.rstrip("\n").replace("\n", "\n> ") in text


def test_a_limit_cuts_between_blocks_and_says_so(report: Report) -> None:
    whole = markdown.render(report)
    cut = markdown.render(report, limit_bytes=3_000)
    assert len(cut.encode()) <= 3_000 < len(whole.encode())
    assert cut.endswith("**Cut here: the report is longer than this place allows.**\n")
    head = cut.removesuffix("**Cut here: the report is longer than this place allows.**\n")
    assert whole.startswith(head)


def test_long_lists_are_cut_and_counted() -> None:
    answers = tuple(Answer(Question(f"q{n}", f"Question {n}?"), "not_found") for n in range(230))
    rows = tuple(CoverageRow(f"{n}.txt", "text", "read", None, 5, 0, None) for n in range(210))
    unread = tuple(
        CoverageRow(f"{n}.bin", "bin", "skipped", f"reason {n}", 0, 0, None) for n in range(205)
    )
    made = replace(
        empty(),
        answers=answers,
        coverage=rows + unread,
        warnings=tuple(Notice("same", f"notice {n}") for n in range(9)),
        findings=tuple(replace(FINDINGS[0], baseline="absent") for _ in range(203)),
    )
    text = markdown.render(made)
    assert "## Not found (230)" in text and "- 30 more" in text
    assert "10 more documents are in the JSON report." in text
    assert "5 more reasons are in the JSON report." in text
    assert "- **same**: 4 more" in text
    assert "## No longer found" in text and "- 3 more" in text
