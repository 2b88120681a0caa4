"""Questions whose name is another's, and what names then weigh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, cast

import numpy as np

from kimidoc import pack
from kimidoc.engine.local import LocalEngine
from kimidoc.engine.naming import names
from kimidoc.engine.rereading import Rules
from kimidoc.models.checkpoint import at
from kimidoc.train import calibrate
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
    found = calibrate.renamed(window(tmp_path), documents(), Random(0))
    assert [case.prompt.question for case in found] == [
        "How many lived in Skarrow?",
        "Who came from Velmora?",
    ]
    assert all(not case.golds for case in found)
    for case in found:
        ((start, _),) = case.prompt.scope or ()
        segment = window(tmp_path).segment_at(start)
        assert segment is not None
        assert not names(case.prompt.question) & names(f"x {segment.document.text}")


@dataclass
class Read:
    """What ``Asked`` is to the rules here: a belief of its own, and names."""

    own: float
    named: tuple[float, float]


class Group:
    """Stands for one whose beliefs cannot tell, and whose names can."""

    within = True

    def __init__(self, read: list[Read], present: list[bool]) -> None:
        self.read, self.present = read, np.array(present)

    def beliefs(self, rules: Rules) -> Any:
        return np.array(
            [r.own + rules.held * r.named[1] - rules.lacking * r.named[0] for r in self.read]
        )


def test_names_weigh_as_much_as_they_tell() -> None:
    rng = np.random.default_rng(0)
    own = rng.normal(size=400)
    present = [n % 2 == 0 for n in range(400)]
    telling = [(0.0, 1.0) if p else (1.0, 0.0) for p in present]
    read = [
        Read(float(o + p), named if rng.random() < 0.8 else (0.5, 0.5))
        for o, p, named in zip(own, present, telling, strict=True)
    ]
    rules = calibrate.by_names(cast("Any", Group(read, present)), Rules())
    assert rules.held > 0.5 and rules.lacking > 0.5

    def share(rules: Rules) -> float:
        beliefs = Group(read, present).beliefs(rules) >= rules.found
        return float((beliefs == np.array(present)).mean())

    alone = Group(read, present).beliefs(Rules())
    at_best = calibrate.threshold(alone, np.array(present))
    assert share(rules) > share(Rules(found=at_best)) + 0.1
