"""``kimidoc train ablation``: what each part of the reader brings.

Every arm is asked the same questions of contracts of CUAD train that nothing was trained on, as
the reader's training asks them (``examples``). Of a trained reader:

    as it is, without its routed experts, without its low-rank changes of attention: nothing is
        trained anew, so what these two show is how much the rest leans on them
    attnres    with queries over depth (``attnres``) on top, which alone are trained

and, where ``scratch`` says for how many steps, trained from the base model by one recipe:

    routed     as the reader was
    dense      one network in the place of the chosen experts, as wide as they are together
    attnres    as the reader was, with attention to depth

    loss   the pointer's: -log of the worth that it can expect
    right  of what is present: the likeliest unit is one of token F1 >= 0.5
    told   the best sum of the shares of present and of absent ones that are told apart
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor

from kimidoc.engine.base import Progress, silent
from kimidoc.indexer.model import Indexer
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.load import load
from kimidoc.models.nano import reader as shipped
from kimidoc.train import calibrate, reader_stage
from kimidoc.train.examples import Example
from kimidoc.train.kept import held_out
from kimidoc.train.reader import Recipe, Training, pointed
from kimidoc.train.stage import demand_some, draw, logged
from kimidoc.train.states import CPU, trained_in
from kimidoc.train.upcycle import QUERIES, Upcycling

RIGHT = 0.5
BLOCK_LAYERS = 6  # of attention to depth: five blocks of thirty layers
CONTRACTS = 18  # kept from training
MEASURED = "measured.json"  # in an arm's folder: it is not gone through twice


@dataclass(frozen=True, slots=True)
class Budget:
    """``share`` of the data, ``asked`` questions of kept contracts; steps, of ``tokens`` each, for
    the queries over depth and for arms from the base model (0: none of these)."""

    share: float = 0.02
    asked: int = 150
    steps: int = 40
    scratch: int = 0
    tokens: int = 8_192


@dataclass(frozen=True, slots=True)
class Arm:
    """One reader. ``steps`` 0: it is not trained; ``only``: the one part that is."""

    name: str
    recipe: Recipe
    start: Mapping[str, Tensor] | None
    steps: int = 0
    only: str | None = None


def arms(recipe: Recipe, trained: shipped.Weights, budget: Budget) -> Iterator[Arm]:
    """Those of the trained reader, and those from the base model."""
    own = replace(recipe, shape=trained.shape, tokens=budget.tokens)
    deep = replace(own, residual=BLOCK_LAYERS)
    yield Arm("trained", own, trained.tensors)
    yield Arm("trained_without_experts", own, _without(trained.tensors, ".experts.down."))
    yield Arm("trained_without_low_rank", own, _without(trained.tensors, "_proj.b"))
    if budget.steps:
        yield Arm("trained_and_attnres", deep, trained.tensors, budget.steps, QUERIES)
    if budget.scratch:
        experts = own.shape.experts
        wide = replace(experts, experts=1, chosen=1, inner=experts.chosen * experts.inner)
        dense = replace(own, shape=replace(own.shape, experts=wide))
        yield Arm("routed", own, None, budget.scratch)
        yield Arm("dense", dense, None, budget.scratch)
        yield Arm("attnres", deep, None, budget.scratch)


def _without(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    """They add what comes out of ``part``, so nothing where that is zero."""
    assert any(part in name for name in tensors)
    return {n: torch.zeros_like(t) if part in n else t for n, t in tensors.items()}


def run(
    data: Path, checkpoint: Checkpoint, indexer: Indexer, reader: Path, recipe: Recipe,
    budget: Budget, work: Path, threads: int | None = None, device: str = CPU,
    progress: Progress = silent,
) -> dict[str, float]:  # fmt: skip
    """Each arm's ``loss``, ``right`` and ``told``. Raises UsageError when data are missing."""
    drawn = draw(data, [], Random(recipe.seed), budget.share)
    demand_some(data, set(drawn) - reader_stage.UNSAID)
    kept = {"cuad": held_out(data / "cuad", CONTRACTS, recipe.seed)}
    train, asked = (
        reader_stage.build(
            part, checkpoint, indexer, work / name, threads, recipe.seed, device, progress
        )
        for name, part in {"train": drawn, "kept": kept}.items()
    )
    asked = Random(recipe.seed).sample(asked, min(budget.asked, len(asked)))
    found: dict[str, float] = {}
    every = list(arms(recipe, shipped.load(reader), budget))
    for number, arm in enumerate(every, 1):
        file, of = work / arm.name / MEASURED, {**asdict(budget), "seed": recipe.seed}
        said = _measured_before(file, of)
        if said is None:
            said = measured(_made(arm, train, checkpoint, work, threads, device, progress), asked)
            file.write_text(json.dumps({"of": of, "figures": said}) + "\n", encoding="utf-8")
        found |= {f"{arm.name}_{what}": value for what, value in said.items()}
        progress("ablation", number, len(every), "readers")
    return found


def _measured_before(file: Path, of: Mapping[str, float]) -> dict[str, float] | None:
    """The figures in a file, where they are of that budget."""
    if not file.exists():
        return None
    known = json.loads(file.read_text(encoding="utf-8"))
    return known["figures"] if known["of"] == of else None


def _made(
    arm: Arm, train: Sequence[Example], checkpoint: Checkpoint, work: Path, threads: int | None,
    device: str, progress: Progress,
) -> Upcycling:  # fmt: skip
    model = load(checkpoint, threads, dtype=trained_in(device)).model
    recipe = replace(arm.recipe, steps=arm.steps)
    training = Training(recipe, model, train, device, arm.start, arm.only)
    place = work / arm.name
    place.mkdir(exist_ok=True)
    with logged(place, arm.steps, progress) as log:
        training.run(log, place)
    return training.upcycling


@torch.no_grad()
def measured(upcycling: Upcycling, asked: Sequence[Example]) -> dict[str, float]:
    """``loss``, ``right`` and ``told`` of examples with and without an answer."""
    upcycling.eval()
    losses, right, beliefs = list[float](), list[bool](), list[float]()
    for example in asked:
        hidden = upcycling.hidden(torch.tensor([example.context], device=upcycling.device))
        losses.append(float(pointed(upcycling.pointer, hidden, [example])))
        logits = upcycling.pointer(hidden[:, -1], hidden[:, example.ends])[0].double()
        beliefs.append(float(torch.logsumexp(logits[:-1], 0) - logits[-1]))
        if example.present:
            right.append(example.worth[int(logits[:-1].argmax())] >= RIGHT)
    present = np.array([example.present for example in asked])
    best = calibrate.best_threshold(np.array(beliefs), present, (~present,))[1]
    mean = sum(losses) / len(losses)
    return {"loss": mean, "right": sum(right) / max(1, len(right)), "told": best}
