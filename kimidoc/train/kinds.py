"""``kimidoc train kinds``: the head that says which kind of clause a question asks for, if any.

A multinomial logistic regression on the states of questions (``indexer.kinds``). On one side every
wording of the 41 categories and short ones (``short_questions.toml``); on the other questions that
ask for none of them, our own (``other_questions.txt``) and those of the data sets about trials,
meetings, viruses and tables. Each wording counts so that every kind weighs the same. A fifth of the
wordings, left out one after another, says how often it is right.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
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
DRAWN = 2  # of them, for each short question
SPOKEN_OF = [
    "under the agreement", "of the lease", "in the contract", "of the supply agreement",
    "under the licence agreement", "of the facility agreement", "in the employment contract",
    "under the master services agreement", "of the Aldenham distribution agreement",
    "in the agreement with Fenwick Ltd", "under the Corvane lease", "of the Tessaly contract",
    "between Brightmoor and Ostrel Inc.", "with Halden GmbH", "by Marlow & Sons",
    "under the consulting agreement with Dr Iversen", "in the reseller agreement of 2 May 2019",
    "of Redwick's hosting agreement", "under the joint venture with Palma Holdings",
    "in the manufacturing agreement", "of this deed", "by the tenant", "by the licensee",
    "of the supplier",
]  # fmt: skip
SETS: dict[str, Callable[[Path], Iterator[Labelled]]] = {
    "evidence_inference": lambda root: sources.evidence_inference(root, "train"),
    "qmsum": lambda root: sources.qmsum(root, "train"),
    "covidqa": sources.covidqa,
    "tatqa": lambda root: sources.tatqa(root, "dev"),
}


def asked(data: Path, seed: int = 0) -> list[tuple[str, str | None]]:
    """Every wording and every question about something else, each once.

    Short ones, of both sides, are also asked of a contract that they speak of (``SPOKEN_OF``).
    """
    found: dict[str, str | None] = {}
    rng = Random(seed)

    def put(words: str, kind: str | None, spoken_of: bool = False) -> None:
        found.setdefault(words, kind)
        for of in rng.sample(SPOKEN_OF, DRAWN) if spoken_of else ():
            found.setdefault(f"{words.rstrip(' ?.')} {of}?", kind)

    for category in sorted(categories()):
        for words in wordings(category):
            put(words, CUAD[category])
        for words in _short()[category]:
            put(words, CUAD[category], spoken_of=True)
    other = files("kimidoc.train").joinpath("other_questions.txt").read_text(encoding="utf-8")
    for line in other.splitlines():
        if line and not line.startswith("#"):
            put(line, None, spoken_of=True)
    for name, read in SETS.items():
        if (data / name).is_dir():
            every = sorted({gold.question for d in read(data / name) for gold in d.golds})
            for question in rng.sample(every, min(ALONE, len(every))):
                put(question, None)
    return list(found.items())


@cache
def _short() -> Mapping[str, Sequence[str]]:
    text = files("kimidoc.train").joinpath("short_questions.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


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
