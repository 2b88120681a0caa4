"""What several documents show together: annexes, dated agreements, terms that are over."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc import ingest
from kimidoc.errors import ConfigError
from kimidoc.playbooks import amendments, judge, references, terms
from kimidoc.playbooks.format import playbook
from kimidoc.playbooks.load import load
from kimidoc.playbooks.sweep import Found
from kimidoc.types import Document
from kimidoc.values.dates import iso

BODY = "The parties agree what stands here at some length. " * 12
ROOM = Path(__file__).parents[2] / "examples" / "deal-room"


def paper(text: str, path: str = "a.md", kind: str = "markdown") -> Document:
    return Document(path, kind, "read", text)


def missing(*documents: Document) -> list[str]:
    """What is named and not there; every quote stands where it says."""
    found = list(references.annexes(documents))
    by_path = {document.path: document for document in documents}
    for one in found:
        for quote in one.citations:
            assert by_path[quote.path or ""].text[quote.start_char : quote.end_char] == quote.text
    return [f"{one.path}: {one.words}" for one in found]


def test_an_annex_that_nothing_opens() -> None:
    contract = f"# Supply\n\nThe Goods are in Schedule 1, the prices in Schedule 2.\n\n{BODY}\n\n"
    assert missing(paper(contract)) == ["a.md: Schedule 1, Schedule 2"]
    assert missing(paper(f"{contract}## Schedule 1 - Goods\n\n{BODY}")) == ["a.md: Schedule 2"]
    assert missing(paper(f"{contract}SCHEDULE 1\n{BODY}\nSCHEDULE 2\n{BODY}")) == []


def test_enclosures_are_looked_for_by_what_they_are() -> None:
    letter = (
        "Dear Ann,\nwe enclose:\n  Annex A  Price list of 2 May 2026\n  Annex B  Minutes of the "
        f"board\n  Annex C  Soil survey of the yard\n\nYours, Bo\n{BODY}"
    )
    others = [paper("Prices", "price-list.csv", "csv"), paper("Minutes of the board, May", "m.md")]
    assert missing(paper(letter, "letter.eml"), *others) == ["letter.eml: Annex C"]
    survey = paper("Soil survey. The yard is clean.", "s.md")
    assert missing(paper(letter, "letter.eml"), *others, survey) == []


@pytest.mark.parametrize(
    "text",
    [
        "filed under Schedule 13D with the Commission",
        "as listed in Schedule 2 to the Companies Act",
        "Part A of Schedule 1 of the MSA",
        "Annex I to the TAA",
        "in accordance with Directive 2001/83/EC, Article 10 and Part II of Annex I",
        "on schedule a second time",
        "Exhibit 10.1",
    ],
)
def test_other_peoples_annexes(text: str) -> None:
    assert missing(paper(f"{BODY} They rely on it {text}. {BODY}")) == []


def test_an_amendment_may_name_the_annexes_of_what_it_changes() -> None:
    main = paper(f"# Services\n\n{BODY}\n\n## Schedule 1 - Sites\n\n{BODY}", "main.md")
    changed = paper(
        f"# Amendment No. 1\n\nThe sites in Schedule 1 are now 251. {BODY}", "change.md"
    )
    assert missing(main, changed) == []
    assert missing(changed) == ["change.md: Schedule 1"]


def test_dated_agreements() -> None:
    note = paper(
        "# Summary\n\nOf the facility agreement dated 30 November 2022. This note: 1 May 2026.",
        "note.md",
    )
    named = list(references.agreements([note]))
    assert [(one.path, one.words) for one in named] == [
        ("note.md", "facility agreement of 2022-11-30")
    ]
    itself = paper(f"# Facility Agreement\n\nDated 30 November 2022\n\n{BODY}", "facility.md")
    register = paper("Facility agreement | 2022-11-30", "register.xlsx", "xlsx")
    assert list(references.agreements([note, itself])) == []
    assert len(list(references.agreements([note, register]))) == 1
    own = paper("This Agreement, dated as of June 27, 2017, is made by A and B.")
    assert list(references.agreements([own])) == []


LICENCE = "# Licence\n\nDated 1 July 2020\n\n2.2 The licence ends at midnight on 30 June 2024."
LATER = paper("Minutes of 18 June 2026\n\nWe still use it.", "minutes.md")


def over(text: str, *others: Document) -> list[Found]:
    return list(terms.expired([paper(text), *others]))


def test_a_term_that_was_over_when_another_document_was_written() -> None:
    (found,) = over(LICENCE, LATER)
    assert found.words == "2024-06-30; minutes.md gives its own date as 2026-06-18"
    ends, dated = found.citations
    assert ends.text == "2.2 The licence ends at midnight on 30 June 2024."
    assert (dated.path, dated.text) == ("minutes.md", "18 June 2026")


@pytest.mark.parametrize(
    ("text", "others"),
    [
        (LICENCE, ()),  # nothing later is in the set
        (LICENCE, (paper("Minutes of 18 June 2023", "m.md"),)),
        (LICENCE, (paper("2026-06-18 | a register", "r.xlsx", "xlsx"),)),
        (LICENCE + " It shall automatically renew.", (LATER,)),
        (LICENCE + " The licence ends on 30 June 2028 in Wales.", (LATER,)),
        ("Dated 1 July 2020. The agreement does not end on 30 June 2024.", (LATER,)),
        ("Dated 1 July 2020. The prices of this agreement are fixed until 31 May 2023.", (LATER,)),
    ],
)
def test_terms_that_are_not_over(text: str, others: tuple[Document, ...]) -> None:
    assert over(text, *others) == []


def test_no_renewal_is_no_renewal() -> None:
    assert over(LICENCE + " The licence does not renew automatically.", LATER)


FIRST = paper("# Amendment 1\n\nto the Lease of 3 March 2021\n\nClause 5.2 is deleted.", "1.md")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# Amendment 2\n\nof the Lease of 3 March 2021\n\nIn place of the rent stated in "
         "clause 5.2 it is £4.", ["clause 5.2, also changed by 1.md"]),
        ("# Amendment 2\n\nof the Lease of 3 March 2021\n\nClause 5.20 is deleted.", []),
        ("# Amendment 2\n\nof the Lease of 4 March 2021\n\nClause 5.2 is deleted.", []),
        ("# Letter\n\non the Lease of 3 March 2021\n\nClause 5.2 is hard to read.", []),
    ],
)  # fmt: skip
def test_a_clause_changed_twice(text: str, said: list[str]) -> None:
    found = list(amendments.conflicts([FIRST, paper(text, "2.md")]))
    assert [one.words for one in found] == said
    for one in found:
        assert [quote.path for quote in one.citations] == ["2.md", "1.md"]


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_days_are_read_in_every_form(day: date) -> None:
    forms = [day.isoformat(), f"{day.day} {day:%B} {day.year}", f"{day:%B} {day.day}, {day.year}"]
    forms += [f"{day.day}th day of {day:%B}, {day.year}", f"{day.day} {day:%b}. {day.year}"]
    assert {iso(form) for form in forms} == {day.isoformat()}


def test_a_day_that_is_none() -> None:
    assert iso("31 February 2024") is None
    assert iso("2024-13-01") is None


def test_an_analysis_in_a_playbook() -> None:
    one = {
        "id": "gone", "title": "Gone", "method": "annexes", "severity": "low", "message": "m",
        "help": "h",
    }  # fmt: skip
    check = {"id": "a", "title": "A", "question": "A?"}
    head = {"id": "x", "prefix": "x", "title": "X", "description": "x"}
    book = playbook({"playbook": head, "check": [check], "analysis": [one]}, "x.toml")
    (finding,) = judge.findings(book, [], [paper(f"See Annex 4. {BODY}")])
    assert (finding.rule_id, finding.path) == ("x.gone", "a.md")
    assert finding.message == "m: Annex 4. (Raised by a rule over all documents.)"
    assert "x.gone" in [rule.id for rule in judge.rules(book)]
    for key, value, said in [("method", "guess", "expected one of"), ("id", "a", "used twice")]:
        with pytest.raises(ConfigError, match=said):
            playbook({"playbook": head, "check": [check], "analysis": [one | {key: value}]}, "x")


def test_the_example_deal_room() -> None:
    """The traps that word rules can see, by document; and what must not be raised there."""
    documents = [d for d in ingest.read((str(ROOM),)) if d.text]
    found = judge.findings(load("due-diligence"), [], documents)
    by_path = {d.path: d.text for d in documents}
    for finding in found:
        assert finding.citations
        for quote in finding.citations:
            assert by_path[quote.path or ""][quote.start_char : quote.end_char] == quote.text
    raised = {(f.rule_id, (f.path or "").rpartition("/")[2]) for f in found}
    assert raised >= {
        ("dd.change-of-control", "quillon-supply-agreement.docx"),
        ("dd.change-of-control", "harrowmere-facility-summary.pdf"),
        ("dd.change-of-control", "rademaker-employment-agreement.pdf"),
        ("dd.term-over", "vantoric-software-licence.pdf"),
        ("dd.amendment", "meridale-amendment-1.docx"),
        ("dd.amendment", "meridale-amendment-2.docx"),
        ("dd.clause-changed-twice", "meridale-amendment-2.docx"),
        ("dd.annex-not-in-set", "cover-letter.eml"),
        ("dd.missing-annex", "harrowmere-facility-summary.pdf"),
        ("dd.agreement-not-in-set", "harrowmere-facility-summary.pdf"),
        ("dd.exclusivity", "norrland-distribution-agreement.docx"),
        ("dd.most-favoured", "norrland-distribution-agreement.docx"),
        ("dd.minimum-commitment", "quillon-supply-agreement.docx"),
        ("dd.not-in-force", "quillon-variation-draft-3.docx"),
        ("dd.cross-default", "harrowmere-facility-summary.pdf"),
        ("dd.ip-not-owned", "rademaker-employment-agreement.pdf"),
        ("dd.notice-date-passed", "unit-7-lease.pdf"),
        ("dd.register-differs", "contract-register.xlsx"),
        ("dd.figure-changed", "rademaker-employment-agreement.pdf"),
        ("dd.figure-differs", "norrland-distribution-agreement.docx"),
        ("dd.figure-differs", "quillon-supply-agreement.docx"),
        ("dd.exclusive-dealing", "norrland-distribution-agreement.docx"),
    }
    critical = {(f.path or "").rpartition("/")[2] for f in found if f.severity == "critical"}
    assert critical == {
        "quillon-supply-agreement.docx",
        "harrowmere-facility-summary.pdf",
        "rademaker-employment-agreement.pdf",
    }
    rows = [words for f in found if f.rule_id == "dd.register-differs" for words in [f.message]]
    assert ["None;" in r or "2027-06-30" in r or "168,000" in r for r in rows] == [True] * 3
    assert not raised & {
        ("dd.renewal", "vantoric-software-licence.pdf"),
        ("dd.change-of-control", "meridale-master-services-agreement.docx"),
        ("dd.change-of-control", "vantoric-software-licence.pdf"),
        ("dd.exclusivity", "vantoric-software-licence.pdf"),
        ("dd.exclusivity", "meridale-master-services-agreement.docx"),
        ("dd.term-over", "quillon-supply-agreement.docx"),
        ("dd.annex-not-in-set", "meridale-amendment-1.docx"),
    }


def test_labels_in_capitals_and_behind_a_page_number() -> None:
    caps = (
        f"AGREEMENT\n\nLinks stand as depicted in EXHIBIT C, and texts as in EXHIBIT D.\n\n{BODY}"
    )
    assert missing(paper(caps)) == ["a.md: Exhibit C, Exhibit D"]
    assert missing(paper(f"{caps}\n\nEXHIBIT C\n\n{BODY}")) == ["a.md: Exhibit D"]
    pages = f"AGREEMENT\n\nThe warrant is in the form of Annex A.\n\n{BODY}\n\n"
    pages += f"9 Annex A WARRANT\n\n{BODY}"
    assert missing(paper(pages)) == []
    assert missing(paper(pages.replace("9 Annex A", "9 Warrants"))) == ["a.md: Annex A"]


def test_an_agreement_is_called_by_its_own_words() -> None:
    text = (
        f"{BODY}\n\nThe parties made that certain Supply Agreement, dated March 3, 2011.\n\n{BODY}"
    )
    assert [one.words for one in references.agreements([paper(text)])] == [
        "Supply Agreement of 2011-03-03"
    ]


@pytest.mark.parametrize(
    ("said", "words", "severity"),
    [
        ("The Loan Agreement dated 3 March 2011 goes on.", "Loan Agreement of 2011-03-03", None),
        ("The Loan Agreement dated 3 March 2011 shall be terminated on the Closing.",
         "Loan Agreement of 2011-03-03, of which it says that it is terminated", "low"),
        ("This supersedes all agreements except the Loan Agreement dated 3 March 2011.",
         "Loan Agreement of 2011-03-03", None),
    ],
)  # fmt: skip
def test_an_agreement_that_is_over_matters_less(
    said: str, words: str, severity: str | None
) -> None:
    (found,) = references.agreements([paper(f"{BODY}\n\n{said}\n\n{BODY}")])
    assert (found.words, found.severity) == (words, severity)
