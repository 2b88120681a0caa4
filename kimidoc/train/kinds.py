"""``kimidoc train kinds``: the head that says which kind of clause a question asks for, if any.

A multinomial logistic regression on the states of questions (``indexer.kinds``): every wording of
the 41 categories on one side, on the other questions that ask for none of them, our own
(``other_questions.txt``) and those of the data sets about trials, meetings, viruses and tables.
Each wording counts so that every kind weighs the same. A fifth of the wordings, left out one after
another, says how often it is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from kimidoc.clauses.labelled import CUAD
from kimidoc.engine.clausal import SURE
from kimidoc.engine.finding import question_states
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.reading import Reader
from kimidoc.errors import UsageError
from kimidoc.indexer.kinds import Kinds, summary
from kimidoc.indexer.model import Indexer
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.train import sources
from kimidoc.train.questions import categories, wordings
from kimidoc.train.sources import Labelled
from kimidoc.train.states import DTYPE

RIDGE = 1e-3
STEPS = 60
FOLDS = 5
LEAST_SPREAD = 0.05  # of a feature; the last token is the same one in every question
ALONE = 100  # questions of each data set that ask for no clause
OTHER_WEIGHT = 8.0  # what no kind weighs beside each kind: most questions ask for none
SETS: dict[str, Callable[[Path], Iterator[Labelled]]] = {
    "evidence_inference": lambda root: sources.evidence_inference(root, "train"),
    "qmsum": lambda root: sources.qmsum(root, "train"),
    "covidqa": sources.covidqa,
    "tatqa": lambda root: sources.tatqa(root, "dev"),
}


def asked(data: Path, seed: int = 0) -> list[tuple[str, str | None]]:
    """Every wording and every question about something else, each once."""
    found: dict[str, str | None] = {}
    for category in sorted(categories()):
        for words in wordings(category):
            found.setdefault(words, CUAD[category])
    other = files("kimidoc.train").joinpath("other_questions.txt").read_text(encoding="utf-8")
    for line in other.splitlines():
        if line and not line.startswith("#"):
            found.setdefault(line, None)
    for name, read in SETS.items():
        if (data / name).is_dir():
            every = sorted({gold.question for d in read(data / name) for gold in d.golds})
            for question in Random(seed).sample(every, min(ALONE, len(every))):
                found.setdefault(question, None)
    return list(found.items())


def fit(x: Tensor, y: Tensor, kinds: int, ridge: float = RIDGE) -> tuple[Tensor, Tensor]:
    """x [n, F], y [n] in [0, kinds], ``kinds`` for none -> weight [kinds + 1, F], bias [kinds + 1].

    Features are standardised for the ridge; what comes out takes them as they are.
    """
    mean, spread = x.mean(0), x.std(0).clamp_min(LEAST_SPREAD)
    z = (x - mean) / spread
    weight = torch.zeros(kinds + 1, x.shape[1], requires_grad=True)
    bias = torch.zeros(kinds + 1, requires_grad=True)
    counts = torch.bincount(y, minlength=kinds + 1).clamp_min(1).float()
    share = 1 / counts
    share[kinds] *= OTHER_WEIGHT
    share = share / (share * counts).sum()
    steps = torch.optim.LBFGS(
        [weight, bias], max_iter=STEPS, history_size=20, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        steps.zero_grad()
        each = torch.nn.functional.cross_entropy(z @ weight.T + bias, y, reduction="none")
        total = (share[y] * each).sum() + ridge * weight.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    steps.step(loss)  # type: ignore[no-untyped-call]
    plain = weight.detach() / spread
    return plain, bias.detach() - plain @ mean


def right(x: Tensor, y: Tensor, kinds: int, seed: int = 0) -> dict[str, float]:
    """What heads say of the questions they were not fitted on: shares right, of kinds and none."""
    generator = torch.Generator().manual_seed(seed)
    fold = torch.randperm(len(y), generator=generator) % FOLDS
    said = torch.empty_like(y)
    for held in range(FOLDS):
        weight, bias = fit(x[fold != held], y[fold != held], kinds)
        share, best = torch.softmax(x[fold == held] @ weight.T + bias, -1)[:, :-1].max(-1)
        said[fold == held] = torch.where(share >= SURE, best, kinds)
    some = y < kinds
    return {
        "asks_for_a_kind_and_it_is_said": float((said[some] == y[some]).float().mean()),
        "asks_for_a_kind_and_another_is_said": float(
            ((said[some] != y[some]) & (said[some] < kinds)).float().mean()
        ),
        "asks_for_none_and_none_is_said": float((said[~some] == kinds).float().mean()),
    }


def run(
    data: Path,
    checkpoint: Checkpoint,
    indexer: Indexer,
    output: Path,
    blocks: float,
    threads: int | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """Fit the head on everything and write it; returns what was right on wordings held out.

    ``blocks``: the logits that the model of clauses adds to a block for each of its own, kept in
    the file. Raises UsageError for an indexer of another checkpoint.
    """
    if indexer.about.get("checkpoint") != checkpoint.states:
        raise UsageError("The indexer is for another checkpoint.", hint="Train one for this.")
    reader = Reader(checkpoint, threads, ReadPlan(), DTYPE)
    pairs = asked(data, seed)
    names = tuple(sorted({kind for _, kind in pairs if kind is not None}))
    states = question_states(reader, [words for words, _ in pairs], indexer.shape.taps)
    x = torch.stack([summary(s) for s in states])
    y = torch.tensor([len(names) if kind is None else names.index(kind) for _, kind in pairs])
    found = right(x, y, len(names), seed)
    weight, bias = fit(x, y, len(names))
    about = {"checkpoint": checkpoint.states, "blocks": f"{blocks:g}"}
    Kinds(names, weight, bias, about).save(output)
    return found
