"""Where a citation stands, in a reader's words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kimidoc.report import place
from kimidoc.types import Citation
from tests.report.conftest import (
    ALMOST,
    AUTH,
    BREAK_CLAUSE,
    CHANGE_OF_CONTROL,
    CODE,
    INVENTED,
    LEASE,
    RENT,
    full,
)


@pytest.mark.parametrize(
    ("citation", "kind", "said"),
    [
        (BREAK_CLAUSE, "pdf", "p. 7, § 8 Break clause"),
        (ALMOST, "pdf", "p. 2, § 3 Term"),
        (replace(BREAK_CLAUSE, section=None), "pdf", "p. 7"),
        (replace(BREAK_CLAUSE, section="Outlook"), "pptx", "slide 7, Outlook"),
        (RENT, "xlsx", "Leases!A4:C4"),
        (CODE, "python", "def check, lines 31–33"),
        (replace(CODE, end_line=31), "python", "def check, line 31"),
        (replace(CODE, section=None, end_line=None), "python", "line 31"),
        (
            CHANGE_OF_CONTROL,
            "docx",
            "§ 14 Term and termination › 14.2 Change of control, line 402 of its text",
        ),
        (INVENTED, "", "not located"),
        (replace(CODE, section=None, start_line=None), "python", "somewhere in the document"),
        (replace(CODE, section="a\x1b[1m\nb"), "python", "a␛[1m b, lines 31–33"),
    ],
)
def test_a_place_in_words(citation: Citation, kind: str, said: str) -> None:
    assert place.say(citation, kind) == said


def test_a_kind_is_the_coverages_or_the_suffixs() -> None:
    kinds = place.Kinds(full())
    assert kinds.of(AUTH) == "python" and kinds.of("gone/old.DOCX") == "docx"
    assert kinds.of(None) == "" and kinds.of("Makefile") == ""
    assert kinds.is_text(AUTH) and kinds.is_text("Makefile")
    assert not kinds.is_text(LEASE) and not kinds.is_text(None) and not kinds.is_text("x.eml")


def test_a_page_that_was_read_as_source_has_the_lines_of_its_file() -> None:
    report = full()
    for kind, lines in (("template", True), ("html", False)):
        row = replace(report.coverage[0], path="web/login.html", kind=kind)
        kinds = place.Kinds(replace(report, coverage=(row,)))
        assert kinds.is_text("web/login.html") is lines


def test_a_line_of_a_program_is_code_and_a_line_of_prose_is_not() -> None:
    kinds = place.Kinds(full())
    line = replace(CODE, text="if token != expected:")
    assert kinds.is_code(line) and kinds.is_code(replace(line, path="web/app.js"))
    for path, text, code in (
        ("notes.txt", "Rent is 900 euros.", False),
        ("notes.md", "# Rent\n\n900 euros", True),
        ("README", "Rent is 900 euros.", False),
        (LEASE, "two\nlines", False),
    ):
        assert kinds.is_code(replace(line, path=path, text=text)) is code
