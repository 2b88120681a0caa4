"""How often the clause model's answers are right, beside labelled contracts.

    python -m kimidoc.playbooks.score CONTRACTS LABELS.jsonl [SPLIT]

An answer is right if one of its quotes and a labelled span of the clause overlap by half of the
shorter; precision counts the answers that were found, recall the clauses that are there.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from kimidoc.clauses import labelled
from kimidoc.playbooks import clauses
from kimidoc.types import Document, Question


def counts(folder: Path, labels: labelled.Labels) -> dict[str, Counter[str]]:
    """Clause -> how many contracts hold it, were said to, and were rightly said to."""
    found: dict[str, Counter[str]] = {}
    for name, spans in labels.items():
        document = Document(name, "text", "read", labelled.text(folder, name))
        for clause, passages in clauses.ranked(document).items():
            answer = clauses.answer(Question(clause, "?", name), document, passages)
            quotes = [(c.start_char or 0, c.end_char or 0) for c in answer.citations]
            own = spans.get(clause, ())
            tally = found.setdefault(clause, Counter())
            tally["present"] += bool(own)
            tally["found"] += answer.status == "found"
            tally["right"] += any(labelled.overlap(q, s) for q in quotes for s in own)
    return found


def main(folder: str, labels_file: str, split: str | None = None) -> None:
    """Print a line for each clause and one for all of them."""
    by_clause = counts(Path(folder), labelled.read(Path(labels_file), split))
    total: Counter[str] = sum(by_clause.values(), Counter())
    for clause, tally in [*sorted(by_clause.items()), ("all", total)]:
        precision = tally["right"] / max(1, tally["found"])
        recall = tally["right"] / max(1, tally["present"])
        print(
            f"{clause:26} present {tally['present']:5} found {tally['found']:5} "
            f"precision {precision:.2f} recall {recall:.2f}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
