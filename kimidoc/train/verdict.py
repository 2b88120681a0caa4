"""When is a question answered at all? The rule that says so, fitted on labelled documents.

The documents are read as the product reads them, and every category is asked of every document
in several of its wordings: present where it is labelled, absent where it is not. Questions about
other things are asked of the whole window. What the finder sees of each (``engine.finding``) goes
into a logistic regression, present and absent counting alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from kimidoc.engine.base import Progress, Prompt, silent
from kimidoc.engine.finding import ByMeaning, ByWords, Verdict, read_keys
from kimidoc.engine.lexical import LexicalPrior
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.reading import Reader
from kimidoc.errors import UsageError
from kimidoc.indexer.model import Indexer
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.train import sources
from kimidoc.train.questions import wordings
from kimidoc.train.sources import Labelled
from kimidoc.train.states import DTYPE, packed
from kimidoc.types import Window

OTHERS = 150  # questions about other things
WORDINGS = 4  # of each category, asked of every document
NEWTON, RIDGE = 30, 1e-3
Floats = NDArray[np.float64]


def logistic(x: Floats, present: Floats) -> tuple[Floats, float]:
    """Weights and bias of a regression in which both classes weigh the same; x [n, d].

    Newton's method on standardised features, with a small ridge.
    """
    mean, spread = x.mean(0), x.std(0) + 1e-9
    z = np.column_stack([(x - mean) / spread, np.ones(len(x))])
    share = np.where(
        present > 0, 0.5 / max(1.0, present.sum()), 0.5 / max(1.0, (1 - present).sum())
    )
    beta = np.zeros(z.shape[1])
    for _ in range(NEWTON):
        p = 1 / (1 + np.exp(-z @ beta))
        slope = z.T @ (share * (present - p)) - RIDGE * beta
        curve = (z * (share * p * (1 - p))[:, None]).T @ z + RIDGE * np.eye(len(beta))
        beta += np.linalg.solve(curve, slope)
    weights = beta[:-1] / spread
    return weights, float(beta[-1] - weights @ mean)


def run(
    data: Path, checkpoint: Checkpoint, weights: Path, output: Path, tokens: int,
    threads: int | None = None, seed: int = 0, progress: Progress = silent,
) -> dict[str, float]:  # fmt: skip
    """The whole stage, on CUAD's training split: writes the weights again with the rule in them.

    Returns how often the rule is right on what it was fitted on. Raises UsageError.
    """
    if not (data / "cuad").is_dir():
        raise UsageError(f"{data / 'cuad'} is not there.", hint="Put the data set there.")
    indexer, rng = Indexer.load(weights), Random(seed)
    if indexer.about.get("checkpoint") != checkpoint.fingerprint:
        raise UsageError(f"{weights} is for another checkpoint.", hint="Train one for this.")
    reader = Reader(checkpoint, threads, ReadPlan(), DTYPE, indexer)
    documents = list(sources.cuad(data / "cuad", "train"))
    rng.shuffle(documents)
    kept, size = list[Labelled](), 0
    for document in documents:
        count = len(reader.loaded.tokenizer.encode([document.text])[0].ids)
        if size + count <= tokens:
            kept, size = [*kept, document], size + count
    others: list[str] = []
    if (data / "covidqa").is_dir():
        every = sorted({g.question for d in sources.covidqa(data / "covidqa") for g in d.golds})
        others = rng.sample(every, min(OTHERS, len(every)))
    rule, right = fit(kept, others, reader, seed, progress)
    about = {k: v for k, v in indexer.about.items() if k not in ("format", "shape")}
    indexer.save(output, about | {"verdict": rule.packed()})
    return right


def finder(window: Window, reader: Reader, progress: Progress = silent) -> ByMeaning:
    """The window read, and what finds evidence in it. ``reader`` has an indexer."""
    assert reader.indexer is not None
    keys = read_keys(window, reader, reader.indexer, progress)
    block = reader.plan.budget.block_tokens
    words = ByWords(window, LexicalPrior(window, block))
    return ByMeaning(words, keys, reader.indexer, reader)


def asked(
    window: Window, documents: Sequence[Labelled], others: Sequence[str], rng: Random
) -> list[tuple[Prompt, bool]]:
    """Prompts and whether they are answered: categories of each document, others of the window."""
    by_path = {d.path: d for d in documents}
    every = sorted({g.category for d in documents for g in d.golds if g.category is not None})
    ways = {c: rng.sample(wordings(c), min(8, len(wordings(c)))) for c in every}
    found: list[tuple[Prompt, bool]] = []
    for segment in window.segments:
        there = {g.category for g in by_path[segment.document.path].golds}
        for category in every:
            for way in rng.sample(ways[category], min(WORDINGS, len(ways[category]))):
                scope = ((segment.start, segment.end),)
                found.append((Prompt(str(len(found)), way, scope=scope), category in there))
    return found + [(Prompt(f"other-{n}", q), False) for n, q in enumerate(others)]


def fit(
    documents: Sequence[Labelled],
    others: Sequence[str],
    reader: Reader,
    seed: int = 0,
    progress: Progress = silent,
) -> tuple[Verdict, dict[str, float]]:
    """The rule, and how often it is right on what it was fitted on, by class.

    ``others``: questions about other things than the documents.
    """
    window = packed(documents, reader.loaded)
    found = finder(window, reader, progress)
    cases = asked(window, documents, others, Random(seed))
    looks = found.look([prompt for prompt, _ in cases])
    block = reader.plan.budget.block_tokens
    rows = []
    for (prompt, _), look in zip(cases, looks, strict=True):
        spans = prompt.scope or ((0, len(window.tokens)),)
        allowed = np.concatenate([np.arange(a // block, -(-b // block)) for a, b in spans])
        rows.append(look.seen(allowed))
    x, present = np.array(rows), np.array([float(there) for _, there in cases])
    weights, bias = logistic(x, present)
    says = x @ weights + bias >= 0
    right = {
        "found_when_present": float(says[present > 0].mean()),
        "not_found_when_absent": float(1 - says[present == 0].mean()),
    }
    return Verdict((float(weights[0]), float(weights[1]), float(weights[2])), bias), right
