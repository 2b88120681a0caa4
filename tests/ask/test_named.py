"""The document that a question names comes first; a question that names none changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kimidoc import cite
from kimidoc.ask import spread
from kimidoc.ask.named import Opening, Openings
from kimidoc.engine.base import Draft, Prefix
from kimidoc.models.load import tokenizer
from kimidoc.pack import fit
from kimidoc.types import Document, Question, SessionFacts, Window
from tests.ask.test_swarm import Scripted
from tests.engine.answer_models import checkpoint as tiny_checkpoint

NAMES = ("Quillon", "Meridale", "Arden", "Brayford", "Castor", "Dunmore", "Elsworth", "Farrow")


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Window:
    words = tokenizer(tiny_checkpoint(tmp_path_factory.mktemp("named") / "tiny"))
    documents = [
        Document(
            f"{n:02}.txt", "text", "read",
            f"SUPPLY AGREEMENT between {name} Limited and Holder {n + 1000} Inc.\n"
            + "The supplier insures the goods and pays for the carriage of them. " * 60,
        )
        for n, name in enumerate(NAMES)
    ]  # fmt: skip
    return fit(documents, words, 1 << 20)


@pytest.mark.parametrize(
    "question",
    [
        "Supply agreement between Castor Limited and Holder 1004 Inc.: who insures?",
        "Can the agreement with Castor be assigned?",
    ],
)
def test_a_party_names_its_document_and_its_blocks_come_first(
    window: Window, question: str
) -> None:
    openings = Openings.of(window)
    assert openings.named(question) == 4
    scores = np.random.default_rng(0).random(-(-len(window.tokens) // 128)).astype(np.float32)
    ((start, end),) = openings.ranges[4]
    own = range(start // 128, -(-end // 128))
    order = np.argsort(-openings.first(question, scores, 128)).tolist()
    assert set(order[: len(own)]) == set(own)
    assert order[: len(own)] == sorted(own, key=lambda b: -scores[b])


@pytest.mark.parametrize(
    "question",
    [
        "Who insures the goods?",
        "Which Supplier pays for Carriage?",
        "Castor",
        "What of Castor and Arden?",
    ],
)
def test_a_question_that_names_nothing_changes_nothing(window: Window, question: str) -> None:
    scores = np.ones(9, np.float32)
    assert Openings.of(window).first(question, scores, 128) is scores
    assert Openings.of(window).named(question) is None


def test_what_two_documents_share_names_neither() -> None:
    one, other = Opening.of("a.txt", "Acme and Zenith", 99), Opening.of("b.txt", "Orion", 99)
    asked = "What of Acme and Zenith?"

    def named(*openings: Opening) -> int | None:
        return Openings(openings, (((0, 1),),) * len(openings)).named(asked)

    assert named(one, other, other) == 0
    assert named(one, one, other) is None
    assert named(one) is None


@pytest.mark.parametrize(
    ("question", "left"),
    [
        (
            "SUPPLY AGREEMENT between Castor Limited and Holder 1004 Inc.: who insures?",
            "who insures?",
        ),
        ("Can the agreement with Castor be assigned?", "Can be assigned?"),
        ("Who insures the goods?", "Who insures the goods?"),
        ("What is Castor?", "What is Castor?"),
        # "limit" is no "Limited", and an 's goes with its name
        ("What is the limit of Castor's liability?", "What is the limit liability?"),
        ("May the supply agreement with Castor end early?", "May end early?"),
    ],
)
def test_what_is_asked_without_the_name(window: Window, question: str, left: str) -> None:
    assert Openings.of(window).unnamed(question) == left


def test_a_path_names_what_a_register_lists_too(tmp_path: Path) -> None:
    words = tokenizer(tiny_checkpoint(tmp_path / "tiny"))
    texts = {
        f"contracts/{name.casefold()}-supply-agreement.txt": f"Agreement of {name} Limited.\n"
        + "The supplier insures the goods and pays for the carriage of them. " * 30
        for name in NAMES
    }
    texts["contracts/register.txt"] = "Register: " + ", ".join(NAMES) + "\n"
    every = [Document(path, "text", "read", text) for path, text in texts.items()]
    openings = Openings.of(fit(every, words, 1 << 20))
    for number, name in enumerate(NAMES):
        assert openings.named(f"Which law governs the {name} agreement?") == number
    assert openings.named("Which contract of the register has ended?") is None


def test_files_with_the_same_text_are_one_document(tmp_path: Path) -> None:
    words = tokenizer(tiny_checkpoint(tmp_path / "tiny"))
    texts = [
        (f"{n:02}.txt", f"Agreement of {name} Limited.\n" + "The supplier insures the goods. " * 30)
        for n, name in enumerate(NAMES)
    ]
    texts.append(("copy of 04.txt", texts[4][1]))
    window = fit([Document(p, "text", "read", t) for p, t in texts], words, 1 << 20)
    openings = Openings.of(window)
    number = openings.named("Which goods does Castor insure?")
    assert number is not None
    within = openings.ranges[number]
    paths = {s.document.path for s in window.segments if (s.start, s.end) in within}
    assert paths == {"04.txt", "copy of 04.txt"} and len(within) == 2


@pytest.mark.parametrize(("each", "alone"), [(None, True), (False, False)])
def test_the_question_is_put_to_the_document_that_it_names_and_the_report_says_so(
    window: Window, each: bool | None, alone: bool
) -> None:
    asked = Question("q1", "What does the agreement with Castor insure?", each=each)
    other = Question("q2", "Who insures the goods?")
    engine = Scripted({q.id: Draft(q.id, "NOT FOUND") for q in (asked, other)})
    sources = cite.Sources([s.document for s in window.segments])
    prefix = Prefix(window, SessionFacts(None, 0, len(window.tokens), 0), None)
    answers, _, notices = spread.answer(engine, prefix, [asked, other], sources)
    named, plain = engine.asked
    assert (plain.scope, plain.sought, answers[1].named) == (None, None, None)
    if alone:
        castor = window.segments[4]
        assert named.scope == ((castor.start, castor.end),)
        assert named.question == asked.text and named.sought == "What does insure?"
        assert answers[0].named == "04.txt"
        ((code, path),) = [(n.code, n.path) for n in notices]
        assert (code, path) == ("method.asked-of-named", "04.txt")
    else:
        assert (named.scope, named.sought, answers[0].named, notices) == (None, None, None, [])
