"""Passages, the fitted model over them, and fitting it anew."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.clauses import fit, labelled, weights
from kimidoc.clauses.model import Model, shipped
from kimidoc.clauses.passages import features, passages, words
from kimidoc.clauses.weights import BIAS, parsed


@given(st.text(alphabet="aB1 .;\n\t(\"'é", max_size=400))
def test_passages_hold_every_word_once(text: str) -> None:
    found = passages(text)
    assert all(start < end for start, end in found)
    assert all(a[1] <= b[0] for a, b in pairwise(found))
    covered = {at for start, end in found for at in range(start, end)}
    assert all(at in covered for at, char in enumerate(text) if not char.isspace())
    assert [(start, end) for start, end, _ in features(text)] == found


def test_a_passage_without_an_end_is_cut() -> None:
    found = passages("word " * 2_000)
    assert len(found) > 5 and all(end - start <= 900 for start, end in found)
    assert all(end - start <= 900 for start, end in passages("x" * 5_000))


def test_both_spellings_are_one() -> None:
    assert words("The licence is favourable, organised in 2019") == words(
        "The license is favorable, organized in 1820"
    )
    assert words("four hours of our course") == "four hours of our course".split()


CLAUSES = (
    "This Agreement shall be governed by the laws of the State of Maine.\n\n"
    "Neither party may assign this Agreement without consent; the pass is closed by snow.\n"
)


def test_a_score_is_the_sum_of_what_its_words_weigh() -> None:
    """The obvious twin: dictionaries, feature by feature."""
    table, model = weights.shipped(), shipped()
    scored = model.scored(CLAUSES)
    assert model.kinds == weights.kinds() and len(model.kinds) == 41
    slow = [
        [
            table[BIAS][kind] + sum(table.get(name, {}).get(kind, 0.0) for name in sorted(held))
            for kind in model.kinds
        ]
        for _, _, held in features(CLAUSES)
    ]
    assert scored.spans.tolist() == [[a, b] for a, b, _ in features(CLAUSES)]
    assert np.allclose(scored.logits, slow, atol=1e-9)
    law = scored.logits[:, model.kinds.index("governing-law")]
    assert law.argmax() == 0 and law[0] >= 0 > law[1:].max()


def test_a_text_without_a_word_has_no_passage() -> None:
    scored = shipped().scored(" \n\n ")
    assert scored.spans.shape == (0, 2) and scored.logits.shape == (0, 41)


def test_fitting_finds_the_words_that_tell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twelve contracts, half of them with a clause of penguins: the weights single it out."""
    lines = []
    for number in range(12):
        text = f"Contract {number} of sale.\n\nThe buyer pays the price on day {number}.\n\n"
        clause = "The seller shall feed every penguin that it keeps at the quay.\n\n"
        said = text + clause * (number % 2) + "The goods are sent by rail to the buyer."
        (tmp_path / f"{number}.txt").write_text(said)
        spans = [{"start": len(text), "end": len(text) + len(clause) - 2}] * (number % 2)
        lines.append(json.dumps({"doc": f"{number}.txt", "category": "penguin", "spans": spans}))
    labels = tmp_path / "labels.jsonl"
    labels.write_text("\n".join(lines))
    (tmp_path / "other.txt").write_text("x")
    fit.main(str(tmp_path), str(labels))
    table = parsed(capsys.readouterr().out)
    assert max(table, key=lambda feature: table[feature].get("penguin", 0)) in clause.casefold()
    for number in range(12):
        text = (tmp_path / f"{number}.txt").read_text()
        scored = Model(table).scored(text)
        best = int(scored.logits[:, 0].argmax())
        assert (scored.logits[best, 0] >= 0) == bool(number % 2)
        assert ("penguin" in text[slice(*scored.spans[best])]) == bool(number % 2)


@given(
    st.tuples(st.integers(0, 50), st.integers(1, 50)),
    st.tuples(st.integers(0, 50), st.integers(1, 50)),
)
def test_overlap_is_even_handed(one: tuple[int, int], two: tuple[int, int]) -> None:
    a, b = (one[0], sum(one)), (two[0], sum(two))
    assert labelled.overlap(a, b) == labelled.overlap(b, a)
    assert labelled.overlap(a, a)
