"""Since when a condition is known: read as written, compared as far as both say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kimidoc import ingest
from kimidoc.playbooks import onsets
from kimidoc.types import Document

EXAMPLE = Path(__file__).parents[2] / "examples" / "records"
TABLE = """\
| Problem | Since | Remark |
|---|---|---|
| Gout | 2012 | |
| Type 1 diabetes | 3 May 1999 | pump |
| Coeliac disease | Aug 2004 | |

| Visit | Since |
|---|---|
| Other things | 2001 |
"""


def record(text: str, path: str = "a.md") -> Document:
    return Document(path, "markdown", "read", text)


def test_a_table_that_has_a_column_for_it() -> None:
    found = {one.what: one.when for one in onsets.onsets(record(TABLE))}
    assert found == {
        "gout": "2012", "type 1 diabetes": "1999-05-03", "coeliac disease": "2004-08",
    }  # fmt: skip
    for one in onsets.onsets(record(TABLE)):
        quote = one.citation
        assert TABLE[quote.start_char : quote.end_char] == quote.text
        assert quote.text[0] != "|" and quote.text[-1] != "|"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She has type 1 diabetes, first diagnosed in May 1999.", ("type 1 diabetes", "1999-05")),
        ("Diagnoses: Coeliac disease (known since 2004).", ("coeliac disease", "2004")),
        ("• Multiple sclerosis with optic neuritis, first noted on\n4 June 2010",
         ("multiple sclerosis", "2010-06-04")),
        ("Mother: breast cancer, first diagnosed in 1981.", None),
        ("Coeliac disease was not first diagnosed in 2004.", None),
        ("He has lived here since 2004.", None),
        ("First diagnosed in 2004.", None),
    ],
)  # fmt: skip
def test_clauses(text: str, expected: tuple[str, str] | None) -> None:
    found = [(one.what, one.when) for one in onsets.onsets(record(text))]
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Coeliac disease, first diagnosed in March 2004.", 1),
        ("Coeliac disease, first diagnosed on 9 August 2004.", 0),  # within the month
        ("Coeliac disease, first diagnosed in 2004.", 0),
        ("Coeliac disease, diagnosed in 2006.", 1),
        ("Crohn's disease, first diagnosed in 2006.", 0),
        ("Diabetes, first diagnosed in 2006.", 0),  # which one is not said
    ],
)
def test_two_records(text: str, count: int) -> None:
    pair = [record(TABLE), record(text, "b.md")]
    assert len(list(onsets.differing(pair))) == count
    assert list(onsets.differing([record(TABLE + "\n" + text)])) == []


def test_two_episodes_are_no_contradiction() -> None:
    pair = [record("Bacterial pneumonia, diagnosed in 2001."),
            record("Bacterial pneumonia, diagnosed in 2011.", "b.md")]  # fmt: skip
    assert list(onsets.differing(pair)) == []


def test_the_example_set() -> None:
    documents = [d for d in ingest.read([str(EXAMPLE)]) if d.text]
    (one,) = onsets.differing(documents)
    assert one.words == "atrial fibrillation: since 2023-04, and since 2023-03-09"
    assert {quote.path for quote in one.citations} == {
        "01-practice/patient-summary.md",
        "02-hospital/discharge-summary-2023.pdf",
    }
