"""Running heads and feet: known by standing on most pages, set apart, and never lost."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc import ingest
from kimidoc.ingest.base import Extract
from kimidoc.ingest.readers.pdf_furniture import set_apart
from kimidoc.playbooks.sweep import sentence
from kimidoc.types import Mark, Notice
from tests.ingest.office_files import Reading, lines, pdf

DEAL_ROOM = Path(__file__).parents[2] / "examples" / "deal-room"
LONG = "The Bank may by ten business days' notice cancel the facilities and declare all amounts"


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


def test_a_sentence_ends_where_its_page_does(read: Reading) -> None:
    foot = "Hathersage LLP | Privileged Page {} of 2"
    text = read(
        "a.pdf",
        pdf(lines("Facilities", LONG, foot.format(1)), lines("due and payable.", foot.format(2))),
    ).text
    start, end = sentence(text, text.index("Bank"))
    assert text[start:end] == LONG
    assert text.count("\n\nHathersage LLP | Privileged Page") == 2


def test_heads_and_feet_of_most_pages_and_nothing_else(read: Reading) -> None:
    pages = [
        lines("Lease of Unit 7", f"{number} The first clause of page {number}", "Total", f"- {n} -")
        for n, number in enumerate(("One", "Two", "Three"), 1)
    ]
    extract = read("a.pdf", pdf(*pages, lines("Schedule", "Another page", "The end")))
    parts = [
        extract.text[a:b] for a, b in zip(extract.pages, (*extract.pages[1:], None), strict=True)
    ]
    assert parts[1] == "Lease of Unit 7\n\nTwo The first clause of page Two\n\nTotal\n- 2 -\n\n"
    assert parts[3] == "Schedule\nAnother page\nThe end"


@pytest.mark.parametrize(
    "pages",
    [
        (("A", "One page alone", "Page 1"),),
        (("Apples", "pears"), ("Cherries", "plums")),  # nothing stands twice
        (("Same", "Page 1"), ("Same", "Page 2")),  # nothing else stands there
        (
            ("Apples", "end"),
            ("Pears", "end"),
            ("Plums", "stop"),
            ("Figs", "more"),
        ),  # on half of the pages only
    ],
)
def test_what_is_no_furniture(read: Reading, pages: tuple[tuple[str, ...], ...]) -> None:
    text = read("a.pdf", pdf(*(lines(*page) for page in pages))).text
    assert text == "\n\n".join("\n".join(page) for page in pages)


_LINES = st.lists(st.sampled_from(["", "head 1", "head 2", "foot", "x", "y z"]), max_size=6)


@given(st.lists(_LINES, max_size=5), st.lists(st.integers(0, 400), max_size=8))
def test_only_line_feeds_are_added_and_places_keep_their_words(
    pages: list[list[str]], places: list[int]
) -> None:
    bodies, text = [], ""
    for page in pages:
        text += "\n\n" * bool(bodies)
        bodies.append((len(text), len(text) + len("\n".join(page))))
        text += "\n".join(page)
    spans = [tuple(sorted((a % (len(text) + 1), b % (len(text) + 1))))
             for a, b in pairwise(places)]  # fmt: skip
    before = Extract(
        text,
        tuple(start for start, _ in bodies),
        tuple(Mark(at, "x") for at in sorted({a for a, _ in spans})),
        tuple(Notice("a", "b", span=(a, b)) for a, b in spans),
    )
    after = set_apart(before, bodies, 10_000)
    assert after.text.split() == text.split()
    assert after.text.replace("\n", "") == text.replace("\n", "")
    for old, new in zip(before.notices, after.notices, strict=True):
        assert old.span and new.span
        said = text[slice(*old.span)], after.text[slice(*new.span)]
        assert said[0].split() == said[1].split()
    for was, now in zip(before.sections, after.sections, strict=True):
        assert text[was.start :].split() == after.text[now.start :].split()
    assert set_apart(before, bodies, len(text)) == before  # no room for one more


def test_a_clause_of_the_deal_room_ends_before_the_foot() -> None:
    documents = {d.path: d for d in ingest.read([str(DEAL_ROOM)])}
    text = documents["05-finance/harrowmere-facility-summary.pdf"].text
    start, end = sentence(text, text.index("gains control"))
    assert text[start:end].endswith("declare all outstanding amounts")
