"""Questions whose name is another's, and what names then weigh."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, cast

import numpy as np
import pytest

from kimidoc import pack
from kimidoc.engine.local import LocalEngine
from kimidoc.engine.naming import names
from kimidoc.engine.votes import Rules
from kimidoc.models.checkpoint import at
from kimidoc.train import calibrate, kept
from kimidoc.train.sources import Gold, Labelled
from kimidoc.types import Document, Window
from tests.engine.answer_models import folder

TEXTS = {
    "a.txt": ("Velmora had 5200 people. Its bells came from Harn.", "How many lived in Velmora?"),
    "b.txt": ("Skarrow is a village of 90 boats. Pell was born there.", "Who came from Skarrow?"),
    "c.txt": ("The mill stands idle.", "what stands idle?"),
}


def documents() -> list[Labelled]:
    return [
        Labelled("history", path, text, (Gold(asked, ((0, 6),)), Gold(f"{asked} Why?", ())))
        for path, (text, asked) in TEXTS.items()
    ]


def window(tmp_path: Path) -> Window:
    of = LocalEngine(at(folder(tmp_path / "tiny"), "tiny"), sessions_root=None)
    files = [Document(path, "text", "read", text) for path, (text, _) in TEXTS.items()]
    return pack.fit(files, of.tokenizer, 10_000, preamble=of.preamble)


def test_a_name_of_another_document_takes_the_place_of_its_own(tmp_path: Path) -> None:
    found = kept.renamed(window(tmp_path), documents(), Random(0))
    assert [case.prompt.question for case in found] == [
        "How many lived in Skarrow?",
        "Who came from Velmora?",
    ]
    assert all(not case.golds and not case.places for case in found)
    for case in found:
        ((start, _),) = case.prompt.scope or ()
        segment = window(tmp_path).segment_at(start)
        assert segment is not None
        assert not names(case.prompt.question) & names(f"x {segment.document.text}")


class Group:
    """Stands for one whose beliefs hardly tell, and whose names do for one kind of absent case."""

    own = True

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.present = np.arange(400) % 2 == 0
        self._own = rng.normal(size=400) + self.present
        other = ~self.present & (rng.random(400) < 0.5)
        self.absent = (~self.present & ~other, other)
        self._lacking = other & (rng.random(400) < 0.8)

    def beliefs(self, rules: Rules) -> Any:
        return self._own - rules.lacking * self._lacking


def test_names_weigh_where_they_tell() -> None:
    group = Group()
    rules = calibrate._found(cast("Any", group), Rules(known=3, shift=1))
    assert rules.lacking == 5.0 and (rules.known, rules.shift) == (3, 1)  # more tells no more
    plain, before = calibrate.best_threshold(group.beliefs(Rules()), group.present, group.absent)
    at, after = calibrate.best_threshold(group.beliefs(rules), group.present, group.absent)
    assert after > before + 0.1 and at != plain
    said = group.beliefs(rules) >= rules.found
    shares = [(said[group.present]).mean(), *((~said[kind]).mean() for kind in group.absent)]
    assert shares[0] + np.mean(shares[1:]) == pytest.approx(after, abs=0.01)
