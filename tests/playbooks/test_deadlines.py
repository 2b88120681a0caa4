"""Days computed from a contract's words, and rights whose notice is too late."""

from __future__ import annotations

import pytest

from kimidoc.playbooks import deadlines
from kimidoc.types import Document


def paper(text: str, path: str = "a.md", kind: str = "markdown") -> Document:
    return Document(path, kind, "read", text)


def days(text: str, *others: Document) -> list[tuple[str, str]]:
    return [(one.day, one.what) for one in deadlines.events([paper(text), *others])]


LATER = paper("Minutes of 5 May 2025", "minutes.md")
END, NOTICE = "End of the term", "Last day for notice"
AGAINST, PRESENT = "Last day for notice against renewal", "End of the present renewal"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Dated 1 July 2020. This lease ends on 30 June 2024.", [("2024-06-30", END)]),
        (
            "Dated 1 July 2020. This agreement continues for an initial term of four years.",
            [("2024-06-30", END)],
        ),
        (
            "Dated 2 May 2020. Commencement Date means 1 June 2020. The term of this licence is "
            "eighteen (18) months.",
            [("2021-11-30", END)],
        ),
        (
            'This Agreement is effective as of March 15, 2021 (the "Effective Date"). The Term of '
            "this Agreement shall be thirty (30) months from the Effective Date.",
            [("2023-09-14", END)],
        ),
        (
            "Dated 1 January 2023. The initial term is one year. It renews for successive periods "
            "of twelve months unless either party gives ninety days' written notice that it is not "
            "to renew.",
            [("2023-12-31", END), ("2025-10-02", AGAINST), ("2025-12-31", PRESENT)],
        ),
        (
            "Dated 1 January 2020. Break Date: 31 March 2026. The Tenant may end this lease on the "
            "Break Date by giving six months' notice.",
            [("2025-09-30", NOTICE)],
        ),
        ("Dated 1 January 2020. Confidentiality lasts for a term of notice of two years.", []),
        ("Dated 1 January 2020. The employment term continues until ended by either party on six "
         "months' notice.", []),
        ("The initial term is two years.", [("", END)]),
        ("Dated 2 May 2020. The term of this agreement is two years following the Launch Date. It "
         "is renewed for another year unless a party gives thirty days' notice that it is not to "
         "renew.", [("", END), ("", AGAINST)]),
        ("Dated 2 May 2020. This agreement is effective as of the date of first delivery and shall "
         "continue for a term of ten years.", [("", END)]),
        ("Dated 2 May 2020. The term is three years from the date of this agreement, expiring on "
         "the third anniversary.", [("2023-05-02", END)]),
        ("Dated 2 May 2020. Either party may terminate this agreement, effective at any time after "
         "31 January 2021, upon ninety days' notice.", []),
        ('Dated 2 May 2020 (the "Effective Date"). At any time following the seventh anniversary '
         "of the Effective Date either party may terminate on 60 days' notice.", []),
        ("Dated 2 May 2020. The initial term is one year. It renews from year to year unless ended "
         "upon sixty days' notice after the end of the term.", [("2021-05-01", END)]),
    ],
)  # fmt: skip
def test_days_of_a_contract(text: str, found: list[tuple[str, str]]) -> None:
    assert days(text, LATER) == found


BREAK = (
    "Dated 1 January 2020. Option Date means 31 August 2025. The Licensee may terminate this "
    "licence on the Option Date by giving not less than four months' written notice."
)


def test_a_right_that_was_not_used_in_time() -> None:
    (found,) = deadlines.missed([paper(BREAK), LATER])
    assert found.path == "a.md"
    assert found.words.startswith("Last day for notice was 2025-04-30 (four months before")
    assert "dated 2025-05-05" in found.words
    sentence, defined = found.citations
    assert sentence.text.startswith("The Licensee may terminate")
    assert defined.text == "Option Date means 31 August 2025"


@pytest.mark.parametrize(
    "other", ["Minutes of 5 April 2025", "Minutes of 5 May 2026", "no day is named here"]
)
def test_a_right_that_can_still_be_used_or_whose_day_is_over(other: str) -> None:
    assert list(deadlines.missed([paper(BREAK), paper(other, "m.md")])) == []


def test_a_calendar_has_every_quote_in_its_document() -> None:
    papers = [paper(BREAK), LATER]
    by_path = {one.path: one.text for one in papers}
    rows = list(deadlines.rows(papers))
    assert [len(row.cells) for row in rows] == [len(deadlines.COLUMNS)] * len(rows) != []
    for quote in (quote for row in rows for quote in row.citations):
        assert by_path[quote.path or ""][quote.start_char : quote.end_char] == quote.text
