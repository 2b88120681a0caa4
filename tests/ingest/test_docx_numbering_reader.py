"""Word: the numbers it computes, and the sections that headings and numbers open."""

from __future__ import annotations

from pathlib import Path

import pytest

from kimidoc.ingest.readers.docx_numbering import formatted
from tests.ingest.office_files import (
    Reading,
    paragraph,
    section_at,
    word_body,
)
from tests.ingest.word_parts import NUMBERING, STYLES, lines_of


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


def test_numbers_stand_in_the_text_as_word_shows_them(read: Reading) -> None:
    body = (
        paragraph("Definitions", style="Heading1")
        + paragraph("A first clause.", number="1 1")
        + paragraph("An item.", number="1 2")
        + paragraph("Its part.", number="1 3")
        + paragraph("Its second part.", number="1 3")
        + paragraph("Another item.", number="1 2")
        + paragraph("A second clause.", number="1 1")
        + paragraph("Its item.", number="1 2")
        + paragraph("Term", style="Heading1")
        + paragraph("A clause.", number="1 1")
        + paragraph("A bullet.", number="2 0")
        + paragraph("A dash.", number="2 1")
        + paragraph("Not numbered.", number="0 0")
        + paragraph("Restarted.", number="3 0")
        + paragraph("Goes on.", number="3 0")
    )
    extract = read("a.docx", word_body(body, numbering=NUMBERING, styles=STYLES))
    assert [line for line in extract.text.split("\n") if line] == [
        "1. Definitions", "1.1 A first clause.", "(a) An item.", "(i) Its part.",
        "(ii) Its second part.", "(b) Another item.", "1.2 A second clause.", "(a) Its item.",
        "2. Term", "2.1 A clause.", "• A bullet.", "- A dash.", "Not numbered.",
        "5. Restarted.", "6. Goes on.",
    ]  # fmt: skip
    assert section_at(extract, "1. Def") == "1. Definitions"
    assert section_at(extract, "Its second part") == "1. Definitions > 1.1"
    assert section_at(extract, "(a) Its item") == "1. Definitions > 1.2"
    assert section_at(extract, "A bullet") == "2. Term > 2.1"


def test_numbering_restarts_and_links(read: Reading) -> None:
    body = "".join(
        paragraph(text, number=number)
        for text, number in (
            ("One", "4 0"), ("first", "4 1"), ("Two", "4 0"), ("second", "4 1"),
            ("linked", "5 0"), ("again", "5 0"), ("unknown", "99 0"),
        )
    )  # fmt: skip
    assert lines_of(read, body, numbering=NUMBERING) == [
        "Part I One", "1.1first", "Part II Two", "2.2second", "7th linked", "8th again", "unknown",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "form", "text"),
    [
        (4, "lowerRoman", "iv"), (1994, "upperRoman", "MCMXCIV"), (0, "lowerRoman", "0"),
        (26, "upperLetter", "Z"), (28, "lowerLetter", "bb"), (7, "decimalZero", "07"),
        (11, "ordinal", "11th"), (22, "ordinal", "22nd"), (3, "cardinalText", "Three"),
        (12, "ordinalText", "Twelfth"), (5, "none", ""), (5, "japaneseCounting", "5"),
    ],
)  # fmt: skip
def test_number_formats(count: int, form: str, text: str) -> None:
    assert formatted(count, form) == text


def test_typed_numbers_open_sections_too(read: Reading) -> None:
    body = (
        paragraph("14 Term", style="Ueber2")
        + paragraph("14.2\tThe term is two years.")
        + paragraph("Unnumbered words.")
        + paragraph("2.5 million euro are due.", style="")
        + paragraph("Schedule", style="Mine")
        + paragraph("Its text.")
    )
    extract = read("a.docx", word_body(body, styles=STYLES))
    assert section_at(extract, "two years") == "14 Term > 14.2"
    assert section_at(extract, "Unnumbered") == "14 Term > 14.2"
    assert section_at(extract, "Its text") == "Schedule"


def test_without_headings_first_level_numbers_open_sections(read: Reading) -> None:
    long = "The parties agree " * 9
    body = (
        paragraph("Preamble")
        + paragraph("Term", number="1 0")
        + paragraph("Two years.", number="1 1")
        + paragraph("(not numbered)")
        + paragraph(long, number="1 0")
        + paragraph("end")
        + paragraph("a bullet", number="2 0")
    )
    extract = read("a.docx", word_body(body, numbering=NUMBERING))
    assert section_at(extract, "Preamble") is None
    assert section_at(extract, "(not numbered)") == "1. Term > 1.1"
    assert section_at(extract, "end") == section_at(extract, "a bullet") == "2."
