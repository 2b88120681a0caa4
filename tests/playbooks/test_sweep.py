"""Signs over every sentence: found whatever was quoted, whole sentences, offsets that hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc import ingest
from kimidoc.clauses.passages import QUOTE_CHARS
from kimidoc.errors import ConfigError
from kimidoc.playbooks import judge, sweep
from kimidoc.playbooks.ask import questions
from kimidoc.playbooks.format import Applies, Check, FindingRule, Playbook, playbook
from kimidoc.playbooks.load import load
from kimidoc.types import Answer, Citation, Document, Mark

EXAMPLES = Path(__file__).parents[2] / "examples"
SIGNS = ("change (?:of|in) control",)
RULE = FindingRule("found", "high", "Ends on a sale.", "Ask.", SIGNS, "sentences")
CHECK = Check("coc", "Change of control", "Does it?", "document", Applies(), finding=RULE)
BOOK = Playbook("dd", "dd", "T", "D", Applies(words=()), (CHECK,))
TEXT = (
    "19 Change of control\n\n19.1 Nothing here makes the parties partners. 19.2 If there is a\n"
    "change of control of the Buyer, Quillon Ltd. may end this agreement; clause 6.4 applies.\n"
    "19.3 There shall be no change of control without consent being asked for.\n"
)
PAPER = Document("a.md", "markdown", "read", TEXT, sections=(Mark(0, "19 General"),))


def test_a_whole_sentence_with_its_place() -> None:
    (only,) = sweep.places(SIGNS, PAPER)
    assert " ".join(only.text.split()) == (
        "19.2 If there is a change of control of the Buyer, Quillon Ltd. may end this agreement;"
    )
    assert TEXT[only.start_char : only.end_char] == only.text
    assert (only.start_line, only.end_line, only.section) == (3, 4, "19 General")
    assert only.verified


@given(st.text(alphabet=".;!? \nabAB1,", max_size=300), st.integers(0, 300))
def test_sentences_hold_what_they_are_asked_for(text: str, at: int) -> None:
    at = min(at, len(text))
    start, end = sweep.sentence(text, at)
    assert 0 <= start <= end <= len(text)
    assert text[start:end] == text[start:end].strip()
    if at < len(text) and not text[at].isspace():
        assert start <= at < end


def test_a_sweep_needs_no_answer_and_takes_its_place() -> None:
    quote = Citation("exact", "a change of control of it", "a.md", 0, 25, 1, 1)
    (asked,) = questions(BOOK, [PAPER])
    told = Answer(asked, "found", "", (quote,))
    (finding,) = judge.findings(BOOK, [told], [PAPER])
    assert finding.citations == tuple(sweep.places(SIGNS, PAPER))
    assert "over every sentence of the document" in finding.message
    assert judge.findings(BOOK, [Answer(asked, "not_found")], [PAPER]) == (finding,)
    assert judge.findings(BOOK, [told]) == ()


def test_a_message_repeats_whole_words_and_not_the_quote() -> None:
    text = "The Buyer has unlimited liabilities for one two three four five six seven of them."
    paper = Document("a.md", "markdown", "read", text)
    for sign, said in [("unlimited liabilit", "“unlimited liabilities”"), ("unlim.*seven", " …”")]:
        book = replace(BOOK, checks=(replace(CHECK, finding=replace(RULE, signs=(sign,))),))
        (finding,) = judge.findings(book, [], [paper])
        assert said in finding.message and len(finding.message) < 250


def test_a_heading_is_shown_with_what_follows_it() -> None:
    text = "9. Sale of the Business and Change of Control.\n\nThe Buyer may end it then.\n\nMore.\n"
    paper = Document("c.md", "markdown", "read", text)
    (quote,) = sweep.places(("change of control",), paper)
    assert quote.text.startswith("Sale of") and quote.text.endswith("The Buyer may end it then.")
    assert sweep.heading("ARTICLE 3 CONFIDENTIALITY AND NON-COMPETITION")
    assert not sweep.heading("THE SELLER SHALL NOT COMPETE WITH THE BUYER")
    assert not sweep.heading("the seller keeps out of the business of the buyer")


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("On a change of control the Buyer may terminate it.", "critical"),
        ("A change of control means a sale of the shares.", "medium"),
        ("It terminates on death (whether by change of control or not is all one).", "medium"),
        ("A change of control means a sale.\n\nAfter a change of control it pays ten.", "critical"),
        ("A change of control does not terminate it.", "medium"),
    ],
)
def test_severity_follows_a_consequence_in_the_same_sentence(text: str, severity: str) -> None:
    check = next(check for check in DUE.checks if check.id == "change-of-control")
    paper = Document("a.md", "markdown", "read", f"Supply agreement.\n\n{text}\n")
    found = judge.findings(replace(DUE, checks=(check,), analyses=()), [], [paper])
    assert [one.severity for one in found] == [severity]
    if severity == "medium":
        assert "look for one elsewhere" in found[0].message
    if text.count("control") == 2 and severity == "critical":
        assert "pays ten" in found[0].citations[0].text  # what does something comes first


def test_only_documents_that_the_check_applies_to() -> None:
    leases = replace(BOOK, checks=(replace(CHECK, documents=Applies(words=("lease",))),))
    assert judge.findings(leases, [], [PAPER]) == ()


def test_many_places_make_one_finding_that_counts_them() -> None:
    many = Document("b.md", "markdown", "read", "A change of control may end it.\n\n" * 9)
    (finding,) = judge.findings(BOOK, [], [many])
    assert len(finding.citations) == judge.QUOTES
    assert "4 more sentences of it fit the rule." in finding.message


def test_code_has_no_sentences_and_a_sweep_needs_signs() -> None:
    def read(search: str, prose: bool, signs: list[str]) -> Playbook:
        rule = {
            "when": "found", "severity": "low", "message": "m", "help": "h",
            "search": search, "signs": signs,
        }  # fmt: skip
        check = {"id": "a", "title": "A", "question": "A?", "finding": rule}
        head = {"id": "x", "prefix": "x", "title": "X", "description": "x", "prose": prose}
        return playbook({"playbook": head, "check": [check]}, "x.toml")

    assert read("sentences", True, ["a"]).checks[0].finding.search == "sentences"  # type: ignore[union-attr]
    with pytest.raises(ConfigError, match="searches sentences, and code has lines"):
        read("sentences", False, ["a"])
    with pytest.raises(ConfigError, match="no signs to look for"):
        read("sentences", True, [])
    with pytest.raises(ConfigError, match="expected true or false"):
        read("quotes", "no", ["a"])  # type: ignore[arg-type]


DUE = load("due-diligence")


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (
            "dd.change-of-control",
            "19.7 If the persons who at its date hold more than half of the votes and capital of "
            "the Buyer cease to do so, the Seller may by notice terminate this contract.",
        ),
        (
            "dd.change-of-control",
            "If any person acquires more than half of the issued shares of the Company, the "
            "Company shall pay the Executive a year's salary under this contract.",
        ),
        (
            "dd.exclusivity",
            "The Principal shall not during this contract itself sell Products to any other "
            "customer, nor appoint anyone to do so.",
        ),
        (
            "dd.most-favoured",
            "Under this contract the price charged to the Buyer shall never be higher than the "
            "lowest price charged to any other buyer.",
        ),
        (
            "dd.not-in-force",
            "Until both parties have signed this deed of variation it has no binding effect.",
        ),
        (
            "dd.amendment",
            "In place of the period stated in clause 5.2 of the contract, as amended, the period "
            "is sixty days.",
        ),
        ("dd.missing-annex", "Schedule 3 of this contract is to be agreed."),
    ],
)
def test_what_a_lawyer_would_not_overlook(rule: str, text: str) -> None:
    found = judge.findings(DUE, [], [Document("c.md", "markdown", "read", text)])
    assert rule in [finding.rule_id for finding in found]


CODE_TEXT = (
    "import subprocess\n"
    "\n"
    "# never use shell=True here\n"
    "def run(line):\n"
    "    try:\n"
    "        subprocess.run(line, shell=True)\n"
    "    except Exception:\n"
    "        pass\n"
)
CODE_SIGNS = ("shell=True", r"except Exception:\s*pass")
MODULE = Document("run.py", "python", "read", CODE_TEXT)


def test_lines_of_code_that_a_sign_matches() -> None:
    one, two = sweep.lines(CODE_SIGNS, MODULE, comments=False)
    assert (one.text, one.start_line) == ("subprocess.run(line, shell=True)", 6)
    assert (two.text, two.start_line, two.end_line) == ("except Exception:\n        pass", 7, 8)
    assert all(CODE_TEXT[c.start_char : c.end_char] == c.text for c in (one, two))
    first, *_ = sweep.lines(CODE_SIGNS, MODULE, comments=True)
    assert first.text == "# never use shell=True here"


def test_one_finding_for_every_place_in_code() -> None:
    rule = replace(RULE, signs=CODE_SIGNS, search="code")
    check = replace(CHECK, finding=rule)
    book = replace(BOOK, checks=(check,), prose=False)
    found = judge.findings(book, [], [MODULE])
    assert [f.citations[0].start_line for f in found] == [6, 7]
    assert "“shell=True”" in found[0].message and found[0].path == "run.py"
    assert len({f.fingerprint for f in found}) == 2


def test_a_program_without_line_feeds_is_quoted_around_the_match() -> None:
    text = "a();" * 1000 + "eval(x);" + "b();" * 1000
    (only,) = sweep.lines(("eval\\(",), replace(MODULE, text=text), comments=False)
    assert "eval(x)" in only.text and len(only.text) <= QUOTE_CHARS
    assert text[only.start_char : only.end_char] == only.text


@given(st.text(alphabet="ab#\n (", max_size=200))
def test_lines_are_whole_and_in_order(text: str) -> None:
    found = list(sweep.lines(("a", "b a"), replace(MODULE, text=text), comments=True))
    assert [c.start_char for c in found] == sorted({c.start_char for c in found})
    for c in found:
        assert text[c.start_char : c.end_char] == c.text and "a" in c.text
        assert c.start_char == 0 or not text[: c.start_char].split("\n")[-1].strip()
    covered = {i for c in found for i in range(c.start_char, c.end_char)}
    assert all(i in covered for i, char in enumerate(text) if char == "a")


def test_the_example_service() -> None:
    """The planted defects that word rules can see, and clean code that looks like them."""
    documents = [d for d in ingest.read((str(EXAMPLES / "service-repo"),)) if d.text]
    found = judge.findings(load("code-review"), [], documents)
    raised = {(f.rule_id.removeprefix("code."), Path(f.path or "").name) for f in found}
    assert raised >= {
        ("sql-injection", "bookings.py"),
        ("weak-crypto", "accounts.py"),
        ("weak-crypto", "tokens.py"),
        ("secrets", "settings.py"),
        ("command-execution", "timetable.py"),
        ("command-execution", "printing.py"),
        ("path-traversal", "files.py"),
        ("open-redirect", "account.py"),
        ("no-timeout", "payments.py"),
        ("debug-left-on", "payments.py"),
        ("html-injection", "bookings.js"),
        ("guard-missing", "office.py"),
        ("swallowed-error", "payments.py"),
        ("race", "counters.py"),
        ("address-not-served", "main.js"),
    }
    assert not raised & {
        ("weak-crypto", "app.py"),
        ("command-execution", "backup.py"),
        ("html-injection", "departures.js"),
    }
    critical = [f.citations[0].text for f in found if f.severity == "critical"]
    assert len(critical) == 3  # the search, the shell and the loader; no fixed ORDER BY
    assert not [text for text in critical if "{order}" in text or "{marks}" in text]
