"""A sign in a negated clause raises nothing; a negation of something else hides nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.playbooks.ask import rule_id
from kimidoc.playbooks.load import load, names
from kimidoc.playbooks.negation import holds, negated
from kimidoc.playbooks.signs import matched
from tests.playbooks.sentences import SENTENCES

CHECKS = {
    rule_id(book, check): (book, check.finding.signs)
    for book in map(load, names())
    for check in book.checks
    if check.finding is not None and check.finding.signs
}
EACH = [
    pytest.param(rule, at, *pair, id=f"{rule}-{at}")
    for rule, pairs in SENTENCES.items()
    for at, pair in enumerate(pairs)
]


def denied(marked: str) -> bool:
    """Whether the words between [ and ] are in a clause that denies them."""
    before, words, after = re.split(r"[\[\]]", marked)
    return negated(before + words + after, len(before), len(before + words))


def test_every_sign_has_its_sentences() -> None:
    assert {rule: len(signs) for rule, (_, signs) in CHECKS.items()} == {
        rule: len(pairs) for rule, pairs in SENTENCES.items()
    }


@pytest.mark.parametrize(("rule", "at", "yes", "no"), EACH)
def test_each_sign_fires_and_is_denied(rule: str, at: int, yes: str, no: str | None) -> None:
    book, signs = CHECKS[rule]
    assert matched([signs[at]], yes, prose=book.prose)
    assert no is None or not matched(signs, no, prose=book.prose)


PROSE = [
    (CHECKS[rule][1][at], yes)
    for rule, pairs in SENTENCES.items()
    for at, (yes, _) in enumerate(pairs)
    if CHECKS[rule][0].prose
]
DENIALS = ["The Buyer shall not pay.", "No notice is due;", "Neither party knew."]


@given(st.sampled_from(PROSE), st.sampled_from(DENIALS), st.sampled_from(DENIALS))
def test_other_sentences_deny_nothing(pair: tuple[str, str], before: str, after: str) -> None:
    sign, yes = pair
    assert matched([sign], f"{before} {yes} {after}") == matched([sign], yes)


@given(st.sampled_from([pair for pair in PROSE if r"\n" not in pair[0]]), st.data())
def test_wrapping_changes_nothing(pair: tuple[str, str], data: st.DataObject) -> None:
    sign, yes = pair
    words = yes.split()
    gaps = data.draw(st.lists(st.sampled_from([" ", "\n"]), min_size=len(words)))
    wrapped = "".join(word + gap for word, gap in zip(words, gaps, strict=False)).strip()
    assert matched([sign], wrapped).split() == matched([sign], yes).split()


@given(st.sampled_from([pair for pair in PROSE if not holds(pair[0])]))
def test_what_is_denied_as_a_whole_is_denied(pair: tuple[str, str]) -> None:
    sign, yes = pair
    if not re.search(r"^(?:Upon|In|Thereafter|Any)\b|:|\b[Ii]f\b", yes):  # clauses of their own
        assert not matched([sign], f"It is not agreed that {yes[0].lower()}{yes[1:]}")


@pytest.mark.parametrize(
    "marked",
    [
        "The licence does not [renew automatically].",
        "The licence doesn’t [renew automatically].",
        "This agreement will never [renew automatically].",
        "Neither this agreement nor any order [renews automatically].",
        "In no event shall this agreement, or any part of it, [renew automatically].",
        "It ceases to [renew automatically] in 2027.",
        "Clause 3.2 applies; it cannot [renew automatically].",
        "Nothing in this agreement shall make it [renew automatically].",
        "[Automatic renewal] is expressly excluded.",
        "[Exclusivity]: none",
        "| Change of control | [Exclusive] | no |",
        "A [change of control] does not entitle the Customer to terminate.",
        "Continued use, with or without payment, does not [extend] it.",
        # From examples/
        "The Licensor grants the Licensee a non-[exclusive], non-transferable licence.",
        "grants the Customer a non-[exclusive], perpetual licence to use them",
        "a [change in the ownership] of the shares of a party is not a transfer.",
    ],
)
def test_denied(marked: str) -> None:
    assert denied(marked)


@pytest.mark.parametrize(
    "marked",
    [
        # The negation denies something else: another clause, sentence, condition or comparison.
        "It does not lapse but [renews automatically].",
        "This agreement (which no party may cancel without cause) [renews automatically].",
        "[If the shares (without those that are not listed) are sold, it ends].",
        "It [renews automatically] unless notice is not withdrawn.",
        "If neither party gives notice, this agreement [renews automatically].",
        "If neither party gives notice this agreement shall [renew automatically].",
        "A customer that does not object, or does so late, is bound to [exclusivity].",
        "If the Buyer does not order the [minimum quantity], it pays.",
        "The rent is halved, provided there is no [change of control].",
        "The Seller shall not copy it, and the Buyer is bound to [exclusivity].",
        "Not only the Supplier enjoys [exclusivity].",
        "On not less than ninety days' notice of a [change of control] it ends.",
        "The fee shall not be less than the [minimum amount].",
        "Consent shall not be unreasonably withheld to a [change of control].",
        "including, but not limited to, a [change of control]",
        "Without prejudice to clause 3, a [change of control] ends it.",
        "The Bank may without cause require [exclusivity].",
        "whether or not there is a [change of control]",
        "Amendment No. 2 brings [exclusivity].",
        # Two negations cancel.
        "Nothing in this agreement shall prevent a [change of control].",
        "The Licensee shall not fail to order the [minimum quantity].",
        "It is not the case that it does not [renew automatically].",
        # From examples/
        "this agreement renews for [successive periods] of twelve months, unless either party "
        "gives the other not less than ninety (90) days' written notice that it is not to renew.",
        "Supplier shall not exceed £1,000,000; the Distributor has [exclusivity].",
        "1.2 No invoice is due.\n\n1.3 The Distributor has [exclusivity].",
    ],
)
def test_not_denied(marked: str) -> None:
    assert not denied(marked)


def test_the_licence_that_does_not_renew() -> None:
    """What the example deal room says, as its PDF is wrapped."""
    _, signs = CHECKS["dd.renewal"]
    assert not matched(signs, "2.3 The licence does not renew\nautomatically.")
    assert matched(signs, "2.3 The licence shall renew\nautomatically.") == "renew\nautomatically"


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("dd.exclusivity", "The Licence Fee is exclusive of value added tax."),
        ("dd.exclusivity", "the courts of England and Wales have exclusive jurisdiction."),
        ("dd.exclusivity", "That is the Buyer's sole and exclusive remedy."),
        ("dd.missing-annex", "All services to be provided under this agreement are listed."),
        ("dd.missing-annex", "[Signature page follows; this page is intentionally left blank]"),
        ("dd.amendment", "the Securities Exchange Act of 1934, as amended"),
        ("dd.amendment", "an arbitrator who resigns shall be replaced by another"),
        ("dd.minimum-commitment", "Any shortfall is payable within fourteen days."),
        ("dd.non-compete", "She shall tell the Company of any offer from a competitor."),
    ],
)
def test_look_alikes(rule: str, text: str) -> None:
    assert not matched(CHECKS[rule][1], text)


@pytest.mark.parametrize(
    ("sign", "expected"),
    [
        (r"(?:shall|may) ?not.{0,9}\bassign", True),
        (r"neither party", True),
        (r"non-?compet", True),
        (r"\bno known (?:drug )?allerg", True),
        (r"ceases? to control", True),
        (r"\bnotice\b", False),
        (r"assign(?!.{0,9}\bnot\b)", False),
        (r"\bnote\b", False),
    ],
)
def test_signs_that_are_negations_themselves(sign: str, expected: bool) -> None:
    assert holds(sign) is expected
