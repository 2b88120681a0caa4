"""A question about every document is put to each of them, and comes back as one answer."""

from __future__ import annotations

import pytest

from kimidoc import cite
from kimidoc.ask import spread, swarm, watch
from kimidoc.ask.prompts import ANSWER_TOKENS
from kimidoc.ask.sifting import ordered
from kimidoc.engine.base import Attended, Draft, Prefix
from kimidoc.errors import UsageError
from kimidoc.types import Answer, Citation, Document, Evidence, Notice, Question, SessionFacts
from tests.ask.test_swarm import Scripted, window
from tests.ask.test_watch import Seen

ASKED = "Which leases can be assigned?"
FREE = "It may be assigned freely."
SAID = {
    "a.md": f"Lease of Unit 1. {FREE}\n",
    "b.md": "Lease of Unit 2. No pets.\n",
    "c.md": f"Lease of Unit 3.\n\n{FREE} {FREE}\n",
}
DOCUMENTS = [Document(path, "markdown", "read", text) for path, text in SAID.items()]
WHOLE = window(*DOCUMENTS)
STARTS = {segment.document.path: segment.body for segment in WHOLE.segments}
NONE = Draft("", "NOT FOUND")


def place(path: str, start: int, end: int, score: float = 1.0) -> Attended:
    """Characters of a document: there is a token for each."""
    return Attended(STARTS[path] + start, STARTS[path] + end, score)


def quoted(path: str, *quotes: str, score: float = 1.0) -> Draft:
    text = "\n".join(f"<quote>{quote}</quote>" for quote in quotes)
    return Draft("", text, (place(path, 0, 8, score),))


def run(
    drafts: dict[str, Draft], *questions: Question, watcher: watch.Watcher | None = None
) -> tuple[list[Answer], list[Notice], Scripted]:
    """The answers to ``questions`` by an engine that drafts this for each prompt."""
    engine = Scripted({id_: Draft(id_, d.text, d.attended, d.error) for id_, d in drafts.items()})
    prefix = Prefix(WHOLE, SessionFacts(None, 0, len(WHOLE.tokens), 0), None)
    answers, seconds, notices = spread.answer(
        engine, prefix, questions, cite.Sources(DOCUMENTS), watcher=watcher
    )
    assert seconds >= 0
    return answers, notices, engine


def test_each_document_is_asked_and_all_quotes_are_one_answer() -> None:
    question = Question("q1", ASKED)
    drafts = {"q1@a.md": quoted("a.md", FREE), "q1@b.md": NONE, "q1@c.md": quoted("c.md", FREE)}
    (answer,), (notice,), engine = run(drafts, question)
    assert answer.question is question and (answer.status, answer.text) == ("found", "")
    assert [(c.path, c.text, c.status) for c in answer.citations] == [
        ("a.md", FREE, "exact"),
        ("c.md", FREE, "exact"),
    ]
    assert [p.question for p in engine.asked] == [ASKED] * 3
    assert [p.scope for p in engine.asked] == [((s.start, s.end),) for s in WHOLE.segments]
    assert {(p.quotes, p.answer_tokens) for p in engine.asked} == {(1, 0)}
    assert notice.code == "method.asked-of-each" and notice.path is None
    assert "each of the 3 by itself: 2 answer." in notice.message


@pytest.mark.parametrize(
    ("words", "order", "first"),
    [
        (
            "Which leases are of Unit 3?",
            "ca",
            "1 with a name or number of the question come first.",
        ),
        ("Which leases are of the unit?", "ac", ""),
        ("Which leases may I end?", "ac", ""),
        ("Which leases are of UNIT 1 or 3?", "ac", "2 with a name"),
    ],
)
def test_quotes_with_a_name_of_the_question_come_first(words: str, order: str, first: str) -> None:
    drafts = {
        "q1@a.md": quoted("a.md", "Lease of Unit 1."),
        "q1@b.md": NONE,
        "q1@c.md": quoted("c.md", "Lease of Unit 3."),
    }
    if "Unit 3" in words:
        drafts["q1@a.md"] = quoted("a.md", FREE)
    (answer,), (notice,), _ = run(drafts, Question("q1", words))
    assert "".join((c.path or "")[0] for c in answer.citations) == order
    assert first in notice.message and ("come first" in notice.message) == bool(first)


def test_questions_keep_their_order_and_others_are_asked_as_ever() -> None:
    drafts = {
        "rent": quoted("b.md", "No pets.", FREE),
        **{f"set@{path}": quoted(path, FREE) for path in SAID},
        "one": quoted("a.md", FREE),
        "once": NONE,
        "check": NONE,
    }
    questions = (
        Question("rent", "What is the rent?"),
        Question("set", ASKED),
        Question("one", ASKED, document="a.md"),
        Question("once", ASKED, each=False),
        Question("check", ASKED, playbook="brief", check="assignment"),
    )
    answers, notices, engine = run(drafts, *questions)
    assert [answer.question for answer in answers] == list(questions)
    assert [len(answer.citations) for answer in answers] == [2, 2, 1, 0, 0]
    short = {p.id: p.answer_tokens for p in engine.asked}
    assert (short["rent"], short["one"], short["set@a.md"]) == (ANSWER_TOKENS, ANSWER_TOKENS, 0)
    assert [n.code for n in notices] == ["method.asked-of-each"]


def test_nothing_is_spread_over_a_single_document() -> None:
    alone = window(DOCUMENTS[0])
    assert spread.of_each(Question("q", ASKED), WHOLE)
    assert not spread.of_each(Question("q", ASKED), alone)


def answered(path: str, *quotes: str, score: float = 1.0, places: int = 1) -> Answer:
    """What a document answered by itself."""
    cited = tuple(Citation("exact", q, path, n, n + len(q), 1, 1) for n, q in enumerate(quotes))
    seen = tuple(Evidence(path, n, n + 1, score / (n + 1)) for n in range(places))
    asked = Question(f"q@{path}", ASKED, document=path)
    return Answer(asked, "found" if quotes else "not_found", "", cited, seen)


def joined(parts: list[Answer]) -> Answer:
    question = Question("q", ASKED)
    return spread.joined(question, parts, ordered(question, parts))


def test_the_first_located_quote_of_each_is_cited_in_window_order() -> None:
    fuzzy = Citation("fuzzy", "nearly", "z.md", 0, 6, 1, 1)
    mixed = answered("b.md", "second")
    mixed = Answer(mixed.question, "found", "", (fuzzy, *mixed.citations), mixed.evidence)
    parts = [answered("z.md", "one", "two"), mixed, answered("a.md"), answered("c.md", "three")]
    whole = joined(parts)
    assert [c.text for c in whole.citations] == ["one", "second", "three"]


def test_evidence_is_the_best_of_all_and_bounded() -> None:
    parts = [
        answered("a.md", places=20),
        answered("b.md", "yes", places=20),
        answered("c.md", "yes", score=0.9, places=20),
    ]
    evidence = joined(parts).evidence
    assert len(evidence) == watch.EVIDENCE
    scores = [place.score for place in evidence]
    assert scores == sorted(scores, reverse=True)
    # of the same score, first the document that answers
    assert [p.path for p in evidence[:4]] == ["b.md", "a.md", "c.md", "b.md"]


def test_what_no_document_answers_is_not_found() -> None:
    invented = quoted("a.md", "It may be sold.")
    drafts = {"q1@a.md": invented, "q1@b.md": NONE, "q1@c.md": NONE}
    (answer,), (notice,), _ = run(drafts, Question("q1", ASKED))
    assert answer.status == "not_found" and "0 answer." in notice.message
    # as of a question asked once: what was offered and not located stays visible
    assert [c.verified for c in answer.citations] == [False]
    drafts |= {"q1@a.md": NONE}
    assert run(drafts, Question("q1", ASKED))[0][0].citations == ()


def test_a_document_that_could_not_be_asked_is_named() -> None:
    broken = Draft("", "", (place("b.md", 0, 4),), error="the server hung up")
    drafts = {"q1@a.md": quoted("a.md", FREE), "q1@b.md": broken, "q1@c.md": NONE}
    (answer,), notices, _ = run(drafts, Question("q1", ASKED))
    assert answer.status == "found" and len(answer.citations) == 1
    assert [(n.code, n.path) for n in notices[1:]] == [("not-answered-of", "b.md")]
    assert "the server hung up" in notices[1].message and "1 answers." in notices[0].message


def test_not_found_is_not_said_where_a_document_could_not_be_asked() -> None:
    broken = Draft("", "", error="the server hung up")
    drafts = {"q1@a.md": NONE, "q1@b.md": broken, "q1@c.md": NONE}
    (answer,), _, _ = run(drafts, Question("q1", ASKED))
    assert (answer.status, answer.text) == ("error", "1 of 3 documents: the server hung up")


def test_too_many_documents_are_asked_once_and_that_is_said() -> None:
    many = window(*(Document(f"{n:03}.md", "markdown", "read", "x") for n in range(201)))
    engine = Scripted({"q1": Draft("q1", "NOT FOUND")})
    prefix = Prefix(many, SessionFacts(None, 0, 0, 0), None)
    answers, _, (notice,) = spread.answer(
        engine, prefix, [Question("q1", ASKED)], cite.Sources([s.document for s in many.segments])
    )
    assert len(engine.asked) == len(answers) == 1 and engine.asked[0].scope is None
    assert notice.code == "not-asked-of-each" and "--each" in notice.message
    each = spread.to_each([Question("q1", ASKED, each=True)], many)
    assert len(each) == 201


def test_each_gives_every_document_an_answer_of_its_own() -> None:
    marked = Question("q1", "What is the rent?", each=True)
    others = Question("q2", ASKED), Question("q3", "Pets?", document="b.md", each=True)
    found = spread.to_each([marked, *others], WHOLE)
    assert [(q.id, q.document) for q in found] == [
        ("q1@a.md", "a.md"), ("q1@b.md", "b.md"), ("q1@c.md", "c.md"), ("q2", None), ("q3", "b.md"),
    ]  # fmt: skip
    assert spread.to_each(others, WHOLE) == others


@pytest.mark.parametrize("each", [True, None])
def test_an_id_that_a_part_needs_is_refused(each: bool | None) -> None:
    taken = [Question("q1", ASKED, each=each), Question("q1@a.md", "Who signs?")]
    with pytest.raises(UsageError, match=r"'q1@a\.md'"):
        run({}, *spread.to_each(taken, WHOLE))


def test_whoever_looks_on_hears_a_quote_of_each_document_as_the_questions() -> None:
    question, other = Question("q1", ASKED), Question("q2", "Pets?")
    drafts = {
        "q1@a.md": quoted("a.md", FREE, "Lease of Unit 1."),
        "q1@b.md": NONE,
        "q1@c.md": quoted("c.md", "Lease of Unit 9.", "Lease of Unit 3."),
        "q2": quoted("b.md", "No pets."),
    }
    seen = Seen()
    watched, _, _ = run(drafts, question, other, watcher=seen)
    assert watched == run(drafts, question, other)[0]
    told = [(id_, c) for id_, c in seen.events if isinstance(c, Citation)]
    assert [c for id_, c in told if id_ == "q1"] == list(watched[0].citations)
    assert [c for id_, c in told if id_ == "q2"] == list(watched[1].citations)
    looked = [id_ for id_, places in seen.events if not isinstance(places, Citation)]
    assert looked == ["q2"]


def test_the_quotes_are_those_of_the_questions_asked_one_by_one() -> None:
    """Slow twin: every document asked in a call of its own."""
    drafts = {f"q1@{path}": quoted(path, FREE) for path in SAID}
    (whole,), _, _ = run(drafts, Question("q1", ASKED))
    prefix = Prefix(WHOLE, SessionFacts(None, 0, 0, 0), None)
    alone = []
    for path in SAID:
        engine = Scripted({path: Draft(path, drafts[f"q1@{path}"].text)})
        asked = [Question(path, ASKED, document=path)]
        (found,), _ = swarm.answer(engine, prefix, asked, cite.Sources(DOCUMENTS))
        alone += found.citations[:1]
    assert [c for c in alone if c.verified] == list(whole.citations)
