"""Copies that have a place to sign and no signature."""

from __future__ import annotations

import pytest

from kimidoc.playbooks import executed
from kimidoc.types import Document

BLOCK = "IN WITNESS WHEREOF the parties have signed.\n\nCASK LTD\n\n"


def found(text: str, kind: str = "text") -> list[str]:
    paper = Document("a.txt", kind, "read", BLOCK + text)
    for one in executed.unsigned([paper]):
        for quote in one.citations:
            assert paper.text[quote.start_char : quote.end_char] == quote.text
    return [one.words for one in executed.unsigned([paper])]


@pytest.mark.parametrize(
    "text",
    [
        "By: ____________________\nName: A. Bee\nTitle: Director\n",
        "By: Name: A. Bee Title: Director\n",
        "By:    --------------------   --------------------\n",
        "By: _ A. Bee\n\nTitle: CEO Date:\n",
    ],
)
def test_an_empty_block(text: str) -> None:
    assert found(text) == ["1 signature block, no signature"]
    assert found(text + "\nSTAVE LLC\n" + text) == ["2 signature blocks, no signature"]


@pytest.mark.parametrize(
    "text",
    [
        "By: /s/ A. Bee\nName: A. Bee\nBy: ______\nName: C. Dee\n",
        "(signed) A. Bee\nBy: ________\n",
        "By: A. Bee, director\n",
        "Payment is made by: Name: of the bank\n",  # no block
        "DocuSigned by: A. Bee\nBy: ______\n",
        "No place to sign at all.\n",
    ],
)
def test_a_signed_copy_or_none_that_is_signed(text: str) -> None:
    assert found(text) == []


def test_a_signature_in_a_pdf_is_a_picture() -> None:
    assert found("By: ________\nName: A. Bee\n", "pdf") == []
