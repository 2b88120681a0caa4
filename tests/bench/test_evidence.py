"""``bench evidence`` at tiny size: its figures agree with each other and with a slow twin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from kimidoc.bench import evidence
from kimidoc.cli.main import main
from kimidoc.errors import UsageError
from kimidoc.indexer.bm25 import BM25
from kimidoc.indexer.model import Indexer, Shape
from kimidoc.train.sources import Gold, Labelled
from kimidoc.train.states import BLOCK
from tests.engine.answer_models import tokenizer, window

CLAUSE = "The parties choose the law of Denmark and no other law. "
FILLER = "Nothing of any weight is said in this sentence about a river. " * 12
CUAD = [FILLER + CLAUSE + FILLER * 2, FILLER * 3 + CLAUSE, CLAUSE + FILLER]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three contracts and two meetings as their authors lay them out."""
    texts = tmp_path / "data" / "cuad" / "full_contract_txt"
    texts.mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    for n, text in enumerate(CUAD):
        (texts / f"{n}.txt").write_text(f"ACME {n} Ltd and Zeta {n} GmbH agree.\n{text}", "utf-8")
        said = (texts / f"{n}.txt").read_text("utf-8")
        for category, words in (("Governing Law", CLAUSE.strip()), ("Parties", f"ACME {n} Ltd")):
            at = said.index(words)
            span = {"start": at, "end": at + len(words), "text": words}
            row = {"doc": f"{n}.txt", "split": "dev", "category": category, "spans": [span]}
            rows.append(row)
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "data" / "cuad" / "cuad_spans.jsonl").write_text(lines, "utf-8")
    return tmp_path / "data"


@pytest.fixture
def weights(tmp_path: Path) -> str:
    """An untrained indexer for the tiny model."""
    torch.manual_seed(0)
    Indexer(Shape.of(3, 32)).save(tmp_path / "i.safetensors")
    return str(tmp_path / "i.safetensors")


def test_every_ranker_on_every_wording_and_scope(
    data: Path, weights: str, model: str, work: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line = [
        "bench", "evidence", str(data), "--sets", "cuad", "--windows", "1k,2k,64k", "--embedder",
        "none", "--indexer", weights, "--model", model, "--read", "8k", "--offline",
    ]  # fmt: skip
    assert main([*line, "--json", "-"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["task"] == "evidence" and found["schema"] == "kimidoc.bench/1"
    rows = found["rows"]
    scopes = {r["scope_tokens"] for r in rows}
    assert scopes >= {0, 1000} and 64_000 not in scopes
    everywhere = {"indexer", "BM25", "indexer+BM25"}
    assert {r["who"] for r in rows if not r["scope_tokens"]} == everywhere
    assert {r["who"] for r in rows} == everywhere | {"indexer, named first"}
    for row in rows:
        assert 0 <= row["at_1"] <= row["at_4"] <= row["at_8"] <= 1
        assert row["questions"] == (6 if row["wording"] == "category" else 12)
    assert main(line) == 0
    table = capfd.readouterr().out
    assert "paraphrase" in table and "document" in table and "1,000" in table


def test_hits_are_counted_as_a_slow_twin_counts_them() -> None:
    texts = CUAD[:2]
    packed = window(tokenizer(), [1, 2, 3], *texts)
    documents = [
        Labelled("legal", f"{n}.txt", t, (Gold("law of Denmark", (_place(t),), None, True),))
        for n, t in enumerate(texts)
    ]
    asked = evidence.cases(packed, documents)
    assert [c.wording for c in asked] == ["as labelled"] * 2
    ids = list(packed.tokens)
    blocks = [tokenizer().decode(ids[a : a + BLOCK]) for a in range(0, len(ids), BLOCK)]
    scores = BM25(blocks).scores("law of Denmark")
    for case in asked:
        first, end = case.document
        best = max(range(first, end), key=lambda b: (scores[b], -b))
        assert best in case.answers and "Denmark" in blocks[best]
        assert evidence.named(case, "ACME").question == "ACME: law of Denmark"
        assert evidence.named(case, "").question == "law of Denmark"


def _place(text: str) -> tuple[int, int]:
    at = text.index(CLAUSE)
    return at, at + len(CLAUSE)


def test_stretches_of_documents_hold_whole_documents() -> None:
    packed = window(tokenizer(), [1, 2, 3], *CUAD, FILLER, FILLER)
    own = evidence._ranges(packed, 0)
    assert all(document == candidates for document, candidates in own.items())
    for scope in (256, 1024, 4096, 1 << 20):
        stretches = evidence._ranges(packed, scope)
        assert list(stretches) == list(own)
        for document, (first, end) in stretches.items():
            assert first <= document[0] and document[1] <= end
            assert (first, end) == document or (end - first) * BLOCK <= scope
    assert len(set(evidence._ranges(packed, 1 << 20).values())) == 1


def test_filings_are_cut_around_their_evidence() -> None:
    text = "x\n" * 200_000
    whole = Labelled("finance", "f", text, (Gold("?", ((300_000, 300_100),)),))
    (part,) = evidence._around_evidence([whole])
    ((a, b),) = part.golds[0].spans
    assert len(part.text) <= evidence.FILING_CHARS
    assert part.text[a:b] == text[300_000:300_100] and a > 1_000


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no data set 'squad'"):
        evidence.labelled(tmp_path, ["squad"], [])
    with pytest.raises(UsageError, match="is not there"):
        evidence.labelled(tmp_path, ["cuad"], [])
