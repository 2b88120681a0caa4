"""Toy data sets as their authors lay them out, and a tiny checkpoint that reads them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kimidoc.models.checkpoint import Checkpoint
from tests.engine.answer_models import checkpoint as tiny_checkpoint

NOUNS = (
    "harbour lantern orchard granite saddle violin compass meadow anchor pepper candle mirror "
    "basket copper feather glacier hammer island jacket kettle ladder magnet needle oyster"
).split()
HELD = "Contract 43.txt"  # the first of such names that is kept from training
PLACES = "Oslo Turin Quito Lagos Perth Kyoto Dakar Minsk".split()


def story(seed: int, sentences: int = 24) -> str:
    """Sentences that each name one thing, no thing twice."""
    lines = []
    for n in range(sentences):
        noun = NOUNS[(n + seed) % len(NOUNS)]
        place = PLACES[(n * 3 + seed) % len(PLACES)]
        lines.append(
            f"The keeper of the {noun} went to {place} and wrote down what it costs to move it, "
            f"item {n + seed} of the list, before the gates were shut for the night."
        )
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A tiny random llama."""
    return tiny_checkpoint(tmp_path_factory.mktemp("train") / "tiny")


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CUAD, evidence inference, COVID-QA, QMSum and TAT-QA with a handful of rows each."""
    root = tmp_path_factory.mktemp("data")
    _cuad(root / "cuad")
    _evidence_inference(root / "evidence_inference")
    _covidqa(root / "covidqa")
    _qmsum(root / "qmsum")
    _tatqa(root / "tatqa")
    (root / "gutenberg").mkdir()
    (root / "gutenberg" / "NOTE.txt").write_text("not a book", "utf-8")
    (root / "gutenberg" / "book.txt").write_text(story(3), "utf-8")
    return root


@pytest.fixture
def more(data: Path, tmp_path: Path) -> Path:
    """The toy data and a contract that nothing is trained on."""
    root = tmp_path / "data"
    shutil.copytree(data, root)
    contracts = root / "cuad"
    shutil.copy(
        contracts / "full_contract_txt" / "Contract 0.txt", contracts / "full_contract_txt" / HELD
    )
    labels = contracts / "cuad_spans.jsonl"
    rows = [line for line in labels.read_text("utf-8").splitlines() if "Contract 0.txt" in line]
    with labels.open("a", encoding="utf-8") as lines:
        lines.writelines(row.replace("Contract 0.txt", HELD) + "\n" for row in rows)
    return root


def _lines(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def _cuad(root: Path) -> None:
    (root / "full_contract_txt").mkdir(parents=True)
    rows: list[dict[str, object]] = []
    for n in range(4):
        text = (
            story(n) + "14. Governing Law. This is governed by the laws of Norway.\n" + story(n + 9)
        )
        name = f"Contract {n}.txt"
        (root / "full_contract_txt" / name).write_text(text, "utf-8")
        at = text.index("This is governed")
        span = {"start": at, "end": at + 42, "text": text[at : at + 42]}
        common: dict[str, object] = {"doc": name, "split": "dev" if n == 3 else "train"}
        rows.append({**common, "category": "Governing Law", "spans": [span]})
        other = [{"start": 0, "end": 40, "text": text[:40]}] if n == 0 else []
        rows.append({**common, "category": "Insurance", "spans": other})
    _lines(root / "cuad_spans.jsonl", rows)


def _evidence_inference(root: Path) -> None:
    text = story(5)
    (root / "articles").mkdir(parents=True)
    (root / "articles" / "PMC1.txt").write_text(text, "utf-8")
    row: dict[str, object] = {
        "doc": "PMC1.txt", "question": "What of the compass?", "valid_label": "True",
        "valid_reasoning": "True", "start": 10, "end": 60,
    }  # fmt: skip
    wrong = {**row, "valid_reasoning": "False", "start": 100, "end": 120}
    other = {**row, "start": 300, "end": 340}
    for split in ("train", "validation"):
        _lines(root / f"{split}.jsonl", [row, wrong, other])


def _covidqa(root: Path) -> None:
    _lines(root / "covidqa.jsonl", [{"doc": "7", "question": "Who?", "start": 4, "end": 30}])
    (root / "docs.json").write_text(json.dumps({"7": story(7)}), "utf-8")


def _qmsum(root: Path) -> None:
    turns = [{"speaker": f"S{n}", "content": f"point {n} {{vocalsound}} made"} for n in range(6)]
    asked = [{"query": "What about point two?", "relevant_text_span": [["2", "3"]]}]
    asked.append({"query": "Out of range?", "relevant_text_span": [["5", "9"]]})
    for split in ("train", "val"):
        _lines(
            root / f"{split}.jsonl", [{"meeting_transcripts": turns, "specific_query_list": asked}]
        )


def _tatqa(root: Path) -> None:
    root.mkdir()
    item = {
        "table": {"table": [["", "2019"], ["Sales", "12"]]},
        "paragraphs": [{"order": 1, "text": "Sales rose."}, {"order": 2, "text": "Costs fell."}],
        "questions": [
            {"question": "What fell?", "answer_from": "text", "answer_type": "span",
             "rel_paragraphs": ["2"], "answer": ["Costs"]},
            {"question": "Sales in 2019?", "answer_from": "table", "answer_type": "span",
             "rel_paragraphs": [], "answer": ["12"]},
            {"question": "How many?", "answer_from": "text", "answer_type": "count",
             "rel_paragraphs": ["1"], "answer": "1"},
        ],
    }  # fmt: skip
    (root / "dev.json").write_text(json.dumps([item]), "utf-8")
