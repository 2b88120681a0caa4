"""Tables in text: what stands in the file, and rows that can be called by their numbers."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.ingest.readers import READERS
from kimidoc.ingest.readers.csv import LONGEST_RECORD, ROWS, _rows
from kimidoc.types import Document
from tests.ingest.conftest import read, tree


def section_of(text: str, words: str) -> str | None:
    at = text.index(words)
    return Document("t.csv", "csv", "read", text, sections=_rows(text)).place(at, at + 1).section


def test_a_table_is_its_own_text(tmp_path: Path) -> None:
    text = "Pos;Straße;Größe\r\n" + "1;Königsallee für Ämter;süß\r\n" * 5
    found = read(tree(tmp_path, {"a.csv": text.encode("cp1252"), "b.TSV": "a\tb\n1\t2\n"}))
    assert (found["a.csv"].kind, found["a.csv"].text) == ("csv", text)
    assert (found["b.TSV"].kind, found["b.TSV"].text) == ("csv", "a\tb\n1\t2\n")
    assert [mark.label for mark in found["b.TSV"].sections] == ["rows 1-2"]
    assert READERS["csv"].suffixes == (".csv", ".tsv")


def test_rows_are_counted_not_lines() -> None:
    text = "id,note\n" + "".join(f'{n},"line\nline, ""quoted""\n{n}"\n' for n in range(2, 61))
    assert [mark.label for mark in _rows(text)] == ["rows 1-20", "rows 21-40", "rows 41-60"]
    assert section_of(text, '20,"line') == "rows 1-20"
    assert section_of(text, '21,"line') == "rows 21-40"


def test_an_inch_mark_does_not_swallow_the_table() -> None:
    text = 'id,size\n1,3" pipe\n' + "".join(f"{n},4\n" for n in range(2, 500))
    labels = [mark.label for mark in _rows(text)]
    assert len(labels) == (500 - LONGEST_RECORD) // ROWS
    assert section_of(text, "499,4") == labels[-1]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("", ["rows 1-1"]),
        ("a", ["rows 1-1"]),
        ("a\nb\n", ["rows 1-2"]),
        ("\n\n", ["rows 1-2"]),
    ],
)
def test_small_tables(text: str, labels: list[str]) -> None:
    assert [mark.label for mark in _rows(text)] == labels


@given(
    st.lists(st.lists(st.text(alphabet='a,"\n;é', max_size=6), min_size=1, max_size=4), min_size=1)
)
def test_rows_are_what_a_csv_parser_counts(rows: list[list[str]]) -> None:
    raw = io.StringIO()
    csv.writer(raw, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    marks = _rows(raw.getvalue())
    assert marks[-1].label.endswith(f"-{len(rows)}")
    assert len(marks) == -(-len(rows) // ROWS)
