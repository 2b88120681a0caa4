"""A rule reads a quote as a yes or a no to what one may do, and abstains from other questions."""

from __future__ import annotations

import pytest

from kimidoc.ask.leave import Reading, reads

ASSIGNED = "Which contracts can be assigned without consent?"


@pytest.mark.parametrize(
    ("question", "quote", "reading"),
    [
        (ASSIGNED, "Neither party may assign this Agreement without consent.", "no"),
        (ASSIGNED, "This Lease shall not be assigned.", "no"),
        (ASSIGNED, "The Buyer may assign this Agreement with the consent of the Seller.", "no"),
        (ASSIGNED, "The Buyer may assign it without the Seller's prior consent.", "yes"),
        (ASSIGNED, "Either party may freely assign its rights; no consent is needed.", "yes"),
        (ASSIGNED, "The Distributor may assign this Agreement to anyone.", "yes"),
        (ASSIGNED, "Binding on the successors; neither party may assign it.", "no"),
        (ASSIGNED, "The rent is payable monthly.", None),
        (ASSIGNED, "Any assignment in breach of this clause is void.", None),
        ("Which contracts can be terminated without cause?",
         "Either party may terminate this Agreement without cause on 30 days' notice.", "yes"),
        ("Do any leases allow subletting?", "The Tenant shall not sublet the premises.", "no"),
        ("Do any leases allow subletting?", "The Tenant may sublet a part of the premises.", "yes"),
        # turned round, or no question of leave
        ("Which contracts require consent to assignment?", "Neither party may assign it.", None),
        ("Which contracts cannot be assigned?", "Neither party may assign it.", None),
        ("Which contracts mention assignment?", "Neither party may assign it.", None),
    ],
)  # fmt: skip
def test_the_readings_of_quotes(question: str, quote: str, reading: Reading | None) -> None:
    assert reads(question, quote) == reading


@pytest.mark.parametrize("quote", ["", "\N{RIGHT SINGLE QUOTATION MARK}" * 400, "may " * 3000])
def test_any_text_is_read_in_time(quote: str) -> None:
    assert reads(ASSIGNED, quote + " assign" if quote.startswith("may") else quote) in (None, "yes")
