"""Short answers to questions about paragraphs, in SQuAD's form (Rajpurkar et al. 2016).

Every paragraph is a document, all of them one window. A question is put to its own paragraph and to
all of them; what is compared with the labelled answers is the short answer, or the first located
quote where there is none, by SQuAD's own token F1. A question marked impossible (SQuAD 2.0) should
be NOT FOUND of its paragraph.
"""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from kimidoc import cite
from kimidoc.ask import swarm
from kimidoc.bench.base import Result
from kimidoc.engine.base import Engine, Progress, silent
from kimidoc.errors import UsageError
from kimidoc.pack import fit
from kimidoc.types import Answer, Document, Question

_DROPPED = re.compile(r"\b(?:a|an|the)\b")
_MARKS = str.maketrans("", "", string.punctuation)
ALONE, AMONG_ALL = "its paragraph", "all paragraphs"


@dataclass(frozen=True, slots=True)
class Case:
    """A question, the paragraph it is about and every labelled answer; none: impossible."""

    id: str
    question: str
    path: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Shares of the questions with an answer, put to ``of``. ``f1`` is a mean; ``quoted``: a
    located quote holds an answer; ``not_found_when_absent`` of the impossible ones, None without
    any."""

    of: str
    present: int
    absent: int
    found: float
    f1: float
    quoted: float
    not_found_when_absent: float | None


def read(path: Path) -> tuple[list[Document], list[Case]]:
    """A file in SQuAD's form. Raises UsageError when it has another."""
    documents, cases = list[Document](), list[Case]()
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        for paragraph in (p for article in given["data"] for p in article["paragraphs"]):
            name = f"{len(documents):05}.txt"
            documents.append(Document(name, "text", "read", str(paragraph["context"])))
            for asked in paragraph["qas"]:
                answers = tuple(dict.fromkeys(a["text"] for a in asked["answers"]))
                none = bool(asked.get("is_impossible"))
                found = () if none else answers
                cases.append(Case(str(asked["id"]), str(asked["question"]), name, found))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} is not in SQuAD's form: {error}", hint="Give a SQuAD or XQuAD JSON file."
        ) from error
    return documents, cases


def run(
    engine: Engine, path: Path, questions: int, paragraphs: int, progress: Progress = silent
) -> Result:
    """``paragraphs`` in a drawn order, and as many questions about them. Raises UsageError."""
    every, cases = read(path)
    rng = Random(0)
    kept = rng.sample(every, min(paragraphs, len(every)))
    paths = {document.path for document in kept}
    about = [case for case in cases if case.path in paths]
    asked = rng.sample(about, min(questions, len(about)))
    window = fit(kept, engine.tokenizer, 2**30, preamble=engine.preamble)
    prefix, sources = engine.prefill(window, progress), cite.Sources(kept)
    rows = []
    for of in (ALONE, AMONG_ALL):
        put = [Question(c.id, c.question, c.path if of == ALONE else None) for c in asked]
        answers, _ = swarm.answer(engine, prefix, put, sources, progress)
        rows.append(_row(of, list(zip(asked, answers, strict=True))))
    notes = (f"{len(kept)} paragraphs, {len(window.tokens):,} tokens in one window",)
    return Result("paragraphs", engine.facts, rows, notes)


def _row(of: str, pairs: Sequence[tuple[Case, Answer]]) -> Row:
    present = [(c, a) for c, a in pairs if c.answers]
    absent = [a.status == "not_found" for c, a in pairs if not c.answers]
    return Row(
        of=of,
        present=len(present),
        absent=len(absent),
        found=_mean([a.status == "found" for _, a in present]),
        f1=_mean([max(f1(said(a), gold) for gold in c.answers) for c, a in present]),
        quoted=_mean([any(_holds(a, gold) for gold in c.answers) for c, a in present]),
        not_found_when_absent=_mean(absent) if absent else None,
    )


def said(answer: Answer) -> str:
    """What an answer answers: its short form, else its first located quote."""
    if answer.status != "found":
        return ""
    return answer.text or next(c.text for c in answer.citations if c.verified)


def f1(said: str, gold: str) -> float:
    """SQuAD's: of tokens, without case, punctuation and articles."""
    one, other = list(_tokens(said)), list(_tokens(gold))
    shared = sum((Counter(one) & Counter(other)).values())
    return 2 * shared / (len(one) + len(other)) if shared else 0.0


def _tokens(text: str) -> Iterator[str]:
    yield from _DROPPED.sub(" ", text.lower().translate(_MARKS)).split()


def _holds(answer: Answer, gold: str) -> bool:
    return any(c.verified and gold in c.text for c in answer.citations)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
