from kimidoc.cite import Sources, verify
from kimidoc.types import Evidence, Question, Quote
from tests.cite.conftest import document

SOURCES = Sources(
    [document("The cap is £5. The cap is £5.", "a.md"), document("The cap is £6.", "b.md")]
)
QUESTION = Question("q1", "What is the cap?")


def test_found_needs_a_verified_quote() -> None:
    quotes = [Quote("The cap is £7."), Quote("The  cap is £6.")]
    evidence = (Evidence("b.md", 0, 5, 0.5),)
    answer = verify(QUESTION, "£6", quotes, evidence, SOURCES)
    assert (answer.status, answer.text, answer.evidence) == ("found", "£6", evidence)
    assert [(c.status, c.path) for c in answer.citations] == [
        ("normalised", "b.md"), ("unverified", None),
    ]  # fmt: skip


def test_without_one_nothing_is_said_but_what_was_tried() -> None:
    answer = verify(QUESTION, "£7", [Quote("The cap is £7.", "a.md")], (), SOURCES)
    assert (answer.status, answer.text) == ("not_found", "")
    assert [(c.status, c.text) for c in answer.citations] == [("unverified", "The cap is £7.")]
    assert verify(QUESTION, "£7", [], (), SOURCES).status == "not_found"


def test_a_question_about_one_document_cites_no_other() -> None:
    question = Question("q1", "What is the cap?", document="b.md")
    quotes = [Quote("The cap is £5.", "a.md")]
    answer = verify(question, "£5", quotes, (), SOURCES)
    assert answer.status == "not_found" and answer.citations[0].path == "b.md"


def test_one_place_is_cited_once() -> None:
    quotes = [Quote("The cap is £6."), Quote("The cap is  £6."), Quote("nowhere"), Quote("nowhere")]
    answer = verify(QUESTION, "£6", quotes, (), SOURCES)
    assert [c.status for c in answer.citations] == ["exact", "unverified"]
