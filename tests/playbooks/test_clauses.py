"""Checks that the model of clauses answers: on clauses written for this test, in both spellings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kimidoc.clauses import labelled
from kimidoc.clauses.weights import kinds
from kimidoc.errors import ConfigError
from kimidoc.playbooks import answers, clauses, score
from kimidoc.playbooks.ask import questions
from kimidoc.playbooks.format import Playbook, playbook
from kimidoc.playbooks.load import load
from kimidoc.types import Answer, Citation, Document, Question

DEED = """Haulage Agreement

This Haulage Agreement is entered into as of April 2, 2019, by and between Brackwater Lines, Inc., \
a Maine corporation ("Carrier"), and Ottery Mills LLC ("Shipper").

1. Services. Carrier shall carry the goods that Shipper hands over at the mill.

2. Term. The initial term of this Agreement shall be three (3) years from the date above. It shall \
automatically renew for successive one (1) year terms unless either party gives written notice of \
non-renewal at least sixty (60) days prior to the expiration of the then current term.

3. Assignment. Neither party may assign this Agreement without the prior written consent of the \
other party.

4. Records. Shipper may, on ten days' notice and not more than once a year, audit the books and \
records of Carrier that relate to the charges.

5. Governing Law. This Agreement shall be governed by and construed in accordance with the laws of \
the State of Maine.

6. Weather. Both parties have noted that the pass is closed by snow in most winters.
"""
PAPER = Document("haulage.txt", "text", "read", DEED)


def found(check: str, document: Document = PAPER) -> list[str]:
    book = load("due-diligence")
    asked = [q for q in questions(book, [document]) if q.check == check]
    given, _ = answers.by_rule([book], asked, [document])
    return [c.text for a in given.values() if a.status == "found" for c in a.citations]


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("document-name", "Haulage Agreement"),
        ("parties", "Brackwater Lines"),
        ("agreement-date", "April 2, 2019"),
        ("expiry", "three (3) years"),
        ("renewal", "automatically renew"),
        ("renewal-notice", "sixty (60) days prior"),
        ("assignment", "without the prior written consent"),
        ("audit", "audit the books"),
        ("governing-law", "laws of the State of Maine"),
    ],
)
def test_clauses_of_a_contract_it_has_not_seen(check: str, words: str) -> None:
    assert any(words in " ".join(quote.split()) for quote in found(check))


BRITISH = (
    "Dated 4 May 2021\n\n"
    "(1) BRAMLEY ORCHARD LIMITED (company number 0712), whose office is at Mill Road (the\n"
    "Seller); and\n(2) VOSS PRESSINGS PLC of 3 Lane End (the “Buyer”).\n\n"
    "1. Sale\n\nThe Seller sells apples under this agreement.\n"
)


def test_parties_of_a_british_contract_stand_in_one_quote() -> None:
    paper = Document("apples.md", "markdown", "read", BRITISH)
    book = load("due-diligence")
    asked = [q for q in questions(book, [paper]) if q.check == "parties"]
    given, _ = answers.by_rule([book], asked, [paper])
    (answer,) = answers.typed([book], list(given.values()))
    assert (
        answer.citations[0].text.startswith("(1) BRAMLEY")
        and "(2) VOSS" in answer.citations[0].text
    )
    assert [(v.normal, v.note) for v in answer.values] == [
        ("BRAMLEY ORCHARD LIMITED", "Seller"),
        ("VOSS PRESSINGS PLC", "Buyer"),
    ]


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("This draft deed has not been executed. It is for review.",
         ["This draft deed has not been executed."]),
        ("This deed was executed by both parties in May.", []),
    ],
)  # fmt: skip
def test_signs_may_answer(text: str, quotes: list[str]) -> None:
    assert found("not-in-force", Document("d.md", "markdown", "read", text)) == quotes


def test_a_register_is_no_contract() -> None:
    table = Document(
        "r.xlsx", "xlsx", "read", "Agreement | Dated | Law\nHaulage | 1 May 2020 | Maine"
    )
    assert found("document-name", table) == found("agreement-date", table) == []


@pytest.mark.parametrize(
    "check", ["non-compete", "source-escrow", "insurance", "joint-ip", "most-favoured"]
)
def test_clauses_that_are_not_there(check: str) -> None:
    assert found(check) == []


def test_an_answer_by_rule_ranks_places_whether_or_not_it_is_found() -> None:
    ranked = clauses.ranked(PAPER)
    assert set(ranked) == set(kinds()) and len(kinds()) == 41
    question = Question("q", "?", PAPER.path)
    for clause in ("governing-law", "insurance"):
        answer = clauses.answer(question, PAPER, ranked[clause])
        assert answer.by_rule and 0 < len(answer.evidence) <= clauses.LISTED
        scores = [place.score for place in answer.evidence]
        assert scores == sorted(scores, reverse=True) and 0 <= scores[-1] <= scores[0] <= 1
    assert clauses.answer(question, PAPER, []).status == "not_found"


BOOK = """
[playbook]
id = "x"
prefix = "x"
title = "X"
description = "x"
[[check]]
id = "snow"
title = "Snow"
question = "Is the pass closed?"
find = ['\\bclosed by (?:snow|ice)\\b']
[[check]]
id = "law"
title = "Law"
question = "Which law?"
find = ['laws of the Moon']
clause = "governing-law"
[[check]]
id = "asked"
title = "Asked"
question = "Of the model?"
answer = "duration"
"""


def _book(**changes: object) -> Playbook:
    import tomllib

    data = tomllib.loads(BOOK)
    data["check"][0] |= changes
    return playbook(data, "x.toml")


def test_patterns_answer_before_the_fitted_model_and_the_model_is_not_asked() -> None:
    book = _book()
    asked = questions(book, [PAPER])
    given, notices = answers.by_rule([book], asked, [PAPER])
    assert sorted(given) == ["x.law@haulage.txt", "x.snow@haulage.txt"]
    (snow,) = given["x.snow@haulage.txt"].citations
    assert snow.text.endswith("closed by snow in most winters.")
    assert DEED[snow.start_char : snow.end_char] == snow.text and snow.verified
    assert "Maine" in given["x.law@haulage.txt"].citations[0].text
    assert {n.code for n in notices} == {
        "method.clauses-by-linear-model",
        "method.answers-by-patterns",
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"clause": "no-such-clause"}, "there is no fitted model"),
        ({"find": ["("]}, "not a regular expression"),
        ({"scope": "set"}, "found in each document"),
        ({"signs_answer": True}, "no signs that are looked for"),
    ],
)
def test_what_a_check_may_not_say(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        _book(**changes)


def test_values_come_from_the_first_quote_that_has_any() -> None:
    book = _book()
    asked = next(q for q in questions(book, [PAPER]) if q.check == "asked")
    quotes = (
        Citation("unverified", "within two weeks"),
        Citation("exact", "soon", "a", 0, 4),
        Citation("normalised", "within thirty (30) days", "a", 0, 9),
        Citation("exact", "five years", "a", 0, 9),
    )
    (answer,) = answers.typed([book], [Answer(asked, "found", "", quotes)])
    assert [(v.words, v.normal) for v in answer.values] == [("thirty (30) days", "P30D")]
    (bare,) = answers.typed([], [Answer(asked, "found", "", quotes)])
    assert bare.values == ()


def test_scoring_counts_what_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text(DEED)
    at = DEED.index("This Agreement shall be governed")
    rows = [
        {"doc": "a.txt", "split": "dev", "category": "Governing Law",
         "spans": [{"start": at, "end": at + 80}]},
        {"doc": "a.txt", "split": "dev", "category": "audit",
         "spans": [{"start": 0, "end": 17}]},
        {"doc": "gone.txt", "split": "train", "category": "audit", "spans": []},
    ]  # fmt: skip
    labels = tmp_path / "labels.jsonl"
    labels.write_text("\n".join(map(json.dumps, rows)))
    score.main(str(tmp_path), str(labels), "dev")
    lines = {row.split()[0]: row.split()[1:] for row in capsys.readouterr().out.splitlines()}
    assert lines["governing-law"] == "present 1 found 1 precision 1.00 recall 1.00".split()
    assert lines["audit"] == "present 1 found 1 precision 0.00 recall 0.00".split()
    assert lines["all"][:2] == ["present", "2"]
    labels.write_text("{}")
    with pytest.raises(ConfigError, match="line 1 is no label"):
        labelled.read(labels)
