"""For every sign of every playbook, in their order: a sentence that it raises a finding on, and one
that denies it (None: nobody denies it in words). Written for these tests.
"""

from __future__ import annotations

from tests.playbooks import code_sentences, contract_sentences

SENTENCES: dict[str, list[tuple[str, str | None]]] = {
    **contract_sentences.SENTENCES,
    "er.debt": [
        (
            "We are no longer in compliance with the covenant.",
            "We are in compliance with every covenant.",
        ),
        (
            "We obtained a waiver of the leverage covenant.",
            "We did not need a waiver of the leverage covenant.",
        ),
        (
            "There was a covenant breach in the third quarter.",
            "There has been no covenant breach.",
        ),
        (
            "There is substantial doubt about the going concern.",
            "There is no doubt, and no material uncertainty as to going concern.",
        ),
    ],
    "er.guidance": [
        (
            "We lowered our full-year guidance.",
            "We have not lowered our guidance.",
        ),
        (
            "Guidance for the year was withdrawn.",
            "Guidance for the year was not withdrawn.",
        ),
        (
            "The company now expects revenue of $4 billion.",
            None,
        ),
    ],
    "er.impairment": [
        (
            "We recorded an impairment charge of $3 million.",
            "No impairment charge was recorded.",
        ),
        (
            "Restructuring costs were $4 million.",
            "There were no restructuring costs.",
        ),
        (
            "The write-down of inventory was $1 million.",
            "It was achieved without any write-down.",
        ),
    ],
    "er.customers": [
        (
            "Two customers each accounted for more than a tenth.",
            "No customer accounted for more than a tenth.",
        ),
        (
            "One retailer accounted for 14 % of sales.",
            "No single retailer accounted for 10 % of sales.",
        ),
    ],
    "er.controls": [
        (
            "Management identified a material weakness.",
            "Management has not identified a material weakness.",
        ),
        (
            "Our disclosure controls were not effective.",
            "Our disclosure controls were effective.",
        ),
    ],
    "rec.allergies": [
        (
            "Allergic to penicillin.",
            "The patient denies any allergy to penicillin.",
        ),
        (
            "Amoxicillin: widespread rash.",
            "Given amoxicillin without any rash.",
        ),
    ],
    "rec.no-known-allergies": [
        ("Allergies: NKDA.", "Allergies: latex."),
        ("No known drug allergies.", "Known drug allergies are listed."),
        ("Allergies: none.", "Allergies: some."),
    ],
    "rec.changed-medications": [
        (
            "Ramipril increased to 5 mg.",
            "Ramipril was not increased to 5 mg.",
        ),
        (
            "Stop amlodipine.",
            "Do not stop amlodipine.",
        ),
    ],
    "rec.follow-up": [
        (
            "Follow-up in six weeks.",
            "No follow-up in the coming weeks.",
        ),
        (
            "Repeat potassium in 7 days.",
            "There is no need to repeat it in 7 days.",
        ),
        (
            "Referred to cardiology.",
            "She was not referred.",
        ),
    ],
    "gen.open-points": [
        ("The price is TBD.", None),
        ("TODO: ask the bank.", None),
        ("The date is to be confirmed.", "The date does not have to be confirmed."),
        ("Two invoices are outstanding.", "No invoices are outstanding."),
        ("A claim is pending.", "No claim is pending."),
    ],
    **code_sentences.SENTENCES,
}
