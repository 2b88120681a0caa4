"""Data sets as laid out by their authors; questions made from text; no wording is measured on."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from random import Random

from kimidoc.train import questions, sources
from kimidoc.train.sources import Gold, Labelled

SOURCE = '''
"""A module."""


def area(width: float, height: float) -> float:
    """The area of a rectangle in square metres."""
    return width * height


class Box:
    def close(self) -> None:
        """Close the lid without a sound, if it is open."""
        if self.open:
            self.open = False


def short() -> int:
    """Too short."""
    return 1
''' + "\n".join(f"VALUE_{n} = {n}" for n in range(200))


def _said(document: Labelled, gold: Gold) -> list[str]:
    return [document.text[a:b] for a, b in gold.spans]


def test_contracts_of_a_split_with_what_is_present_in_them(data: Path) -> None:
    train = list(sources.cuad(data / "cuad", "train"))
    assert [d.path for d in train] == ["Contract 0.txt", "Contract 1.txt", "Contract 2.txt"]
    assert [g.category for g in train[0].golds] == ["Governing Law", "Insurance"]
    for document in train:
        gold = document.golds[0]
        assert gold.category == gold.question == "Governing Law" and gold.alone
        assert _said(document, gold)[0].startswith("This is governed by the laws")


def test_an_answers_own_words_in_a_report(data: Path) -> None:
    (whole,) = sources.tatqa(data / "tatqa", "dev")
    (exact,) = sources.tatqa(data / "tatqa", "dev", exact=True)
    assert [_said(whole, g) for g in whole.golds] == [["Costs fell."], ["\t2019\nSales\t12\n\n"]]
    assert [_said(exact, g) for g in exact.golds] == [["Costs"], ["12"]]


def test_only_valid_evidence_counts_and_is_joined(data: Path) -> None:
    (trial,) = sources.evidence_inference(data / "evidence_inference", "validation")
    (gold,) = trial.golds
    assert gold.spans == ((10, 60), (300, 340)) and not gold.alone


def test_turns_of_a_meeting(data: Path) -> None:
    (meeting,) = sources.qmsum(data / "qmsum", "val")
    assert meeting.text.startswith("S0: point 0 made\n")
    (gold,) = meeting.golds  # the other one points past the end
    assert _said(meeting, gold) == ["S2: point 2 made\nS3: point 3 made\n"]


def test_tables_and_paragraphs(data: Path) -> None:
    (report,) = sources.tatqa(data / "tatqa", "dev")
    assert {g.question: _said(report, g) for g in report.golds} == {
        "What fell?": ["Costs fell."],
        "Sales in 2019?": ["\t2019\nSales\t12\n\n"],
    }


def test_articles_and_books(data: Path) -> None:
    (article,) = sources.covidqa(data / "covidqa")
    assert _said(article, article.golds[0]) == [article.text[4:30]]
    assert [d.path for d in sources.texts(data / "gutenberg", "prose")] == ["book.txt"]


def test_filings_by_page(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "A_2019.txt").write_text("one\ftwo\fthree", "utf-8")
    row = (
        '{"doc_name": "A_2019", "question": "What is two?", "evidence": [{"evidence_page_num": 1}]}'
    )
    (tmp_path / "dev.jsonl").write_text(row + "\n", "utf-8")
    (filing,) = sources.financebench(tmp_path)
    assert _said(filing, filing.golds[0]) == ["two\f"]


def test_docstrings_ask_and_are_gone_from_the_function(tmp_path: Path) -> None:
    (tmp_path / "pkg" / "tests").mkdir(parents=True)
    (tmp_path / "pkg" / "shapes.py").write_text(SOURCE, "utf-8")
    (tmp_path / "pkg" / "tests" / "test_shapes.py").write_text(SOURCE, "utf-8")
    (tmp_path / "pkg" / "broken.py").write_text("def (" + " " * 3000, "utf-8")
    (module,) = sources.code(tmp_path / "pkg")
    assert module.path == "pkg/shapes.py"
    found = {g.question: _said(module, g)[0] for g in module.golds}
    assert set(found) == {
        "The area of a rectangle in square metres.",
        "Close the lid without a sound, if it is open.",
    }
    for question, function in found.items():
        assert question not in module.text and function.lstrip().startswith("def ")
    assert "return width * height" in found["The area of a rectangle in square metres."]


CONTRACT = (
    'In this agreement "Net Sales" means what is invoiced, less discounts and returned goods.\n'
    "7.2 Limitation of Liability. Neither party is liable for lost profits or for any other "
    "indirect loss that the other party suffers.\nARTICLE IX Confidential Information\nEach party "
    "keeps secret whatever it learns about the business of the other during the term.\n"
)


def test_made_questions_point_at_their_own_words() -> None:
    document = Labelled("legal", "a.txt", CONTRACT * 4)
    again = [questions.enrich(document, Random(3)) for _ in range(2)]
    assert again[0] == again[1]
    made = again[0].golds
    asked = " ".join(g.question for g in made).lower()
    assert "limitation of liability" in asked or "confidential information" in asked
    assert any("Net Sales" in g.question for g in made)
    for gold in made:
        ((a, b),) = gold.spans
        topic = next(
            (t for t in ("net sales", "limitation", "confidential") if t in gold.question.lower()),
            "",
        )
        if gold.alone:
            assert topic and topic in document.text[a:b].lower()


def test_fragments_are_words_of_their_sentence() -> None:
    for gold in questions.fragments(CONTRACT, Random(0), 10):
        ((a, b),) = gold.spans
        own = set(CONTRACT[a:b].replace(".", " ").replace(",", " ").split())
        asked = set(gold.question.rstrip("?.").replace(",", " ").split())
        assert len(asked & own) >= 3


def test_categories_have_many_wordings_and_none_that_is_measured_on() -> None:
    text = files("kimidoc.bench").joinpath("paraphrases.toml").read_text(encoding="utf-8")
    measured = tomllib.loads(text)
    known = questions.categories()
    assert set(known) == set(measured) and len(known) == 41
    for category, ways in known.items():
        assert len(set(ways)) >= 10
        trained = {w.casefold().strip("?.") for w in questions.wordings(category)}
        assert len(measured[category]) >= 2
        assert not trained & {w.casefold().strip("?.") for w in measured[category]}
