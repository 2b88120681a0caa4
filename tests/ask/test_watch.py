"""Whoever looks on sees located quotes only, each once, and the answers are the same."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from kimidoc import cite
from kimidoc.ask import swarm
from kimidoc.ask.watch import Following
from kimidoc.engine.base import Attended, Draft, Prefix
from kimidoc.types import Answer, Citation, Evidence, Question, SessionFacts
from tests.ask.test_swarm import LEASE, MEMO, Scripted, window

RENT, PETS, END = "Rent is 900 euros a month.", "No pets.", "The lease ends on 3 May 2031."


def quoted(*quotes: str) -> str:
    return "\n".join(f"<quote>{quote}</quote>" for quote in quotes)


@dataclass
class Seen:
    """A watcher that remembers, in order."""

    events: list[tuple[str, object]] = field(default_factory=list)

    def looks(self, question: Question, places: tuple[Evidence, ...]) -> None:
        self.events.append((question.id, places))

    def located(self, question: Question, citation: Citation) -> None:
        self.events.append((question.id, citation))


def watched(engine: Scripted, *questions: Question) -> tuple[list[Answer], Seen]:
    whole, seen = window(LEASE, MEMO), Seen()
    prefix = Prefix(whole, SessionFacts(None, 0, len(whole.tokens), 0), None)
    sources = cite.Sources([LEASE, MEMO])
    alone, _ = swarm.answer(engine, prefix, questions, sources)
    answers, _ = swarm.answer(engine, prefix, questions, sources, watcher=seen)
    assert answers == alone
    return answers, seen


@pytest.mark.parametrize("whole", [False, True])
def test_quotes_come_as_they_are_located_and_are_the_answers(whole: bool) -> None:
    text = f"{quoted(RENT, END)}\n<answer>900 euros</answer>"
    places = (Attended(2, 28, 0.7),)
    engine = Scripted({"q": Draft("q", text, places)}, (lambda t: [t]) if whole else tuple)
    (answer,), seen = watched(engine, Question("q", "Rent?"))
    (_, first), *rest = seen.events
    assert first == answer.evidence
    assert tuple(citation for _, citation in rest) == answer.citations and len(rest) == 2


def test_a_quote_is_told_of_before_the_next_is_written() -> None:
    seen, told = Seen(), list[int]()
    following = Following([Question("q", "?")], window(LEASE, MEMO), cite.Sources([LEASE]), seen)
    following.attended("q", ())
    for letter in quoted(RENT, PETS):
        following.wrote("q", letter)
        told.append(len(seen.events) - 1)
    first = len(quoted(RENT))
    assert told[first - 2 : first] == [0, 1] and told[-2:] == [1, 2]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (quoted("Rent is 950 euros a month."), []),  # invented
        (quoted(RENT, RENT), [RENT]),
        (f"<quote>{RENT}", []),  # never ended: the answer has it, nobody was promised it
        ("NOT FOUND", []),
        (f"{quoted('Rent is 950 euros a month.', PETS)}<answer>no pets</answer>", [PETS]),
        ("<answer>900 euros</answer>", []),
    ],
)
def test_what_is_not_located_is_not_shown(text: str, shown: list[str]) -> None:
    (answer,), seen = watched(Scripted({"q": Draft("q", text)}), Question("q", "Rent?"))
    told = [c for _, c in seen.events if isinstance(c, Citation)]
    assert [c.text for c in told] == shown
    assert {c for c in told} <= set(answer.citations)


def test_questions_do_not_mix_and_a_scope_holds() -> None:
    drafts = {"a": Draft("a", quoted(RENT)), "b": Draft("b", quoted(RENT))}
    questions = Question("a", "Rent?"), Question("b", "Rent?", document="memo.txt")
    _, seen = watched(Scripted(drafts), *questions)
    assert [(name, c.text) for name, c in seen.events if isinstance(c, Citation)] == [("a", RENT)]
