"""Contracts beside registers, minutes and letters: differences that no document shows alone.

All texts are written for this file. Each rule is tried with what it must find and with what looks
like it.
"""

from __future__ import annotations

import pytest

from kimidoc.playbooks import dealings, judge, register, restated, who
from kimidoc.playbooks.load import load
from kimidoc.types import Document


def paper(text: str, path: str = "a.md", kind: str = "markdown") -> Document:
    return Document(path, kind, "read", text)


HARROW = paper(
    "Dated 7 May 2021\n"
    '(1) HARROW MILLS LIMITED of 4 Quay (the "Buyer"); and\n'
    "(2) OSTERLEY FEEDS PLC of 9 Dock (the Seller).\n\n1. Terms\n\n"
    "List Tariff means the Seller's tariff.\n\nDrums means steel drums.\n\n"
    "The Seller supplies at List Tariff less twenty per cent.\n\n"
    "The Buyer shall order 5,000 Drums in each year.\n\nThe retainer is £64,500 a year.\n\n"
    "This agreement ends on 6 May 2026.\n\n"
    "The Seller shall not sell or supply feed to any other customer in the County.\n\n"
    "If any person acquires more than half of the shares of the Buyer, the Seller may end this "
    "agreement.",
    "harrow.md",
)
OTHER = paper(
    "Dated 1 June 2022 between Harrow Mills Limited (the Tenant) and Nettle Estates LLP (the "
    "Landlord). The rent is £12,000.",
    "nettle.md",
)
ROW = "Ref | With | Made | Expiry | Yearly | Change of control\n"


def lines(row: str) -> list[str]:
    table = paper(ROW + row, "register.csv", "csv")
    return [one.words for one in register.differences([HARROW, OTHER, table])]


def test_who_is_with_whom() -> None:
    assert who.counterparties([HARROW, OTHER]) == {
        "harrow.md": ("osterley",), "nettle.md": ("nettle",),
    }  # fmt: skip
    assert who.speaks_of("Osterley's invoice", ["osterley"])
    assert not who.speaks_of("osterleyan", ["osterley"])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1 | Osterley Feeds plc | 2021-05-07 | 2027-05-06 | 64500 | Yes, 9.2",
         ["Expiry 2027-05-06; harrow.md gives 2026-05-06 (named)"]),
        ("1 | Osterley Feeds plc | 2021-05-07 | 2026-05-06 | 46,500 | Yes",
         ["Yearly 46,500; harrow.md gives 64,500"]),
        ("1 | Osterley Feeds plc | 2021-05-07 | 2026-05-06 | 64500 | None",
         ["Change of control: None; harrow.md has a clause"]),
        ("1 | Osterley Feeds plc | 2021-05-07 | 2026-05-06 | 64500 | see 9.2", []),
        ("1 | Osterley Feeds plc | 2021-05-07 | open | 71300 | Yes", []),
        ("1 | Osterley Feeds plc | 2020-01-01 | 2031-01-01 | 46500 | None", []),
        ("1 | Nettle Estates LLP | 2022-06-01 | 2031-01-01 | 12000 | None", []),
    ],
)  # fmt: skip
def test_a_register_beside_its_contracts(row: str, said: list[str]) -> None:
    assert lines(row) == said


def test_both_places_are_quoted() -> None:
    table = paper(ROW + "1 | Osterley | 2021-05-07 | 2027-05-06 | 1 | Yes", "r.csv", "csv")
    (found,) = register.differences([HARROW, table])
    row, clause = found.citations
    assert (row.path, clause.path) == ("r.csv", "harrow.md")
    assert (
        row.text.startswith("1 | Osterley") and clause.text == "This agreement ends on 6 May 2026."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Osterley's retainer was raised to £70,000 from June.",
         ["retainer: GBP 64500; minutes.md gives GBP 70000"]),
        ("The retainer of Osterley has been reduced to £60,000.",
         ["retainer: GBP 64500; minutes.md gives GBP 60000"]),
        ("The retainer of Osterley was raised to £64,500.", []),
        ("Brisket's retainer was raised to £70,000.", []),
        ("The retainer of Osterley was discussed; £70,000 was named.", []),
    ],
)  # fmt: skip
def test_a_figure_that_was_changed(text: str, said: list[str]) -> None:
    found = list(restated.changed([HARROW, paper(text, "minutes.md")]))
    assert [one.words for one in found] == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("We gave Brisket List Tariff less thirty-one per cent.",
         ["List Tariff: 20 in harrow.md, 31 in letter.md"]),
        ("Only 4,120 Drums were ordered.", ["Drums: 5000 in harrow.md, 4120 in letter.md"]),
        ("We pay List Tariff less 20 % as agreed, and ordered 5,000 Drums.", []),
        ("The drums were red, and the tariff was 31 per cent lower.", []),
        ("In 2024\n7 Drums stood in the yard.", []),
    ],
)  # fmt: skip
def test_a_defined_term_with_another_figure(text: str, said: list[str]) -> None:
    found = list(restated.defined([HARROW, paper(text, "letter.md")]))
    assert [one.words for one in found] == said
    for one in found:
        assert [quote.path for quote in one.citations] == ["harrow.md", "letter.md"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("3.1 A sale of meal to Brisket Farms was agreed in May. Osterley has not heard.", 1),
        ("We sold forty tons to Brisket. We should tell Osterley.", 1),
        ("Osterley's deliveries are late.", 0),
        ("We sold forty tons to Brisket.\n\nOsterley's deliveries are late.", 0),
    ],
)
def test_a_dealing_beside_an_exclusive_promise(text: str, count: int) -> None:
    found = list(dealings.exclusive([HARROW, OTHER, paper(text, "minutes.md")]))
    assert len(found) == count
    for one in found:
        assert one.path == "harrow.md"
        assert "shall not sell or supply" in one.citations[0].text


DUE = load("due-diligence")


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("cross-default", "It is an event of default under this loan if the cancellation of any "
                          "Key Supply Contract is notified."),
        ("cross-default", "The notes are subject to cross default above $50,000."),
        ("ip-not-owned", "Prior Inventions are listed in Exhibit A to this employment agreement "
                         "and remain the property of the Employee."),
        ("ip-not-owned", "The Consultant grants a licence under this services agreement to use "
                         "the Toolkit while he is engaged by the Client."),
    ],
)  # fmt: skip
def test_signs_that_must_fire(rule: str, text: str) -> None:
    assert f"dd.{rule}" in [f.rule_id for f in judge.findings(DUE, [], [paper(text)])]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("cross-default", "The bank loan may be repaid at any time; there is no cross-default."),
        ("cross-default", "Termination of this loan agreement is without prejudice to accrued "
                          "rights, and an invoice is due in ten days."),
        ("ip-not-owned", "All inventions that the Employee makes in the employment belong to the "
                         "Company."),
        ("ip-not-owned", "The licence of this services agreement continues while fees are paid."),
    ],
)  # fmt: skip
def test_signs_that_must_not_fire(rule: str, text: str) -> None:
    assert f"dd.{rule}" not in [f.rule_id for f in judge.findings(DUE, [], [paper(text)])]
