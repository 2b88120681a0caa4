"""Labelled documents from folders of public data sets: texts, questions, and where the answers are.

Every reader takes the folder that holds a data set as its authors laid it out and yields
``Labelled`` documents in a fixed order. Spans are characters of the document's text, end
exclusive. Nothing is downloaded; licences are the caller's to respect.
"""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from kimidoc.clauses.labelled import held_out

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Gold:
    """A question and where its evidence stands. ``category``: a label that has many wordings.

    ``alone``: other documents may answer it too, so they are no wrong answers.
    """

    question: str
    spans: tuple[Span, ...]
    category: str | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Labelled:
    """One document of ``kind`` and what was asked about it."""

    kind: str
    path: str
    text: str
    golds: tuple[Gold, ...] = ()


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def cuad(root: Path, split: str, held: bool | None = None) -> Iterator[Labelled]:
    """Contracts with clauses of 41 categories (CUAD, Hendrycks et al. 2021; CC BY 4.0).

    ``held``: only those ``held_out``, or only the others.
    """
    golds: dict[str, list[Gold]] = defaultdict(list)
    for row in _rows(root / "cuad_spans.jsonl"):
        if row["split"] == split:
            golds[row["doc"]] += [
                Gold(name, tuple((s["start"], s["end"]) for s in row["spans"]), name, alone=True)
                for name in [row["category"]]
                if row["spans"]
            ]
    for name in sorted(golds):
        if held is not None and held_out(name) != held:
            continue
        text = (root / "full_contract_txt" / name).read_text(encoding="utf-8", errors="replace")
        yield Labelled("legal", name, text, tuple(golds[name]))


def evidence_inference(root: Path, split: str) -> Iterator[Labelled]:
    """Trials with the passages that support a comparison (DeYoung et al. 2020; MIT)."""
    spans: dict[tuple[str, str], set[Span]] = defaultdict(set)
    for row in _rows(root / f"{split}.jsonl"):
        if row["valid_label"] == "True" and row["valid_reasoning"] == "True" and row["start"] >= 0:
            spans[row["doc"], row["question"]].add((row["start"], row["end"]))
    yield from _grouped("medical", root / "articles", spans)


def _grouped(
    kind: str, folder: Path, spans: dict[tuple[str, str], set[Span]]
) -> Iterator[Labelled]:
    golds: dict[str, list[Gold]] = defaultdict(list)
    for (name, question), where in spans.items():
        golds[name].append(Gold(question, tuple(sorted(where))))
    for name in sorted(golds):
        text = (folder / name).read_text(encoding="utf-8", errors="replace")
        yield Labelled(kind, name, text, tuple(golds[name]))


def covidqa(root: Path) -> Iterator[Labelled]:
    """Questions of experts on articles about viruses (Moeller et al. 2020; Apache-2.0)."""
    texts = json.loads((root / "docs.json").read_text(encoding="utf-8"))
    golds: dict[str, list[Gold]] = defaultdict(list)
    for row in _rows(root / "covidqa.jsonl"):
        golds[row["doc"]].append(Gold(row["question"], ((row["start"], row["end"]),)))
    for name in sorted(golds):
        yield Labelled("medical", f"article-{name}.txt", texts[name], tuple(golds[name]))


def qmsum(root: Path, split: str) -> Iterator[Labelled]:
    """Meetings with the turns that a question is about (Zhong et al. 2021; MIT)."""
    for number, row in enumerate(_rows(root / f"{split}.jsonl")):
        starts, parts, at = [], [], 0
        for turn in row["meeting_transcripts"]:
            line = f"{turn['speaker']}: {re.sub(r' ?{[a-z]+} ?', ' ', turn['content'])}\n"
            starts.append(at)
            parts.append(line)
            at += len(line)
        starts.append(at)
        golds = []
        for asked in row["specific_query_list"]:
            spans = [(int(a), int(b)) for a, b in asked["relevant_text_span"]]
            kept = [(starts[a], starts[b + 1]) for a, b in spans if a <= b < len(starts) - 1]
            if kept:
                golds.append(Gold(asked["query"], tuple(kept)))
        yield Labelled("meeting", f"meeting-{number:03}.txt", "".join(parts), tuple(golds))


def tatqa(root: Path, split: str, exact: bool = False) -> Iterator[Labelled]:
    """Tables and paragraphs of annual reports (Zhu et al. 2021; CC BY 4.0), ten to a document.

    ``exact``: where the answer's own words stand, not the paragraph or table that they are in.
    """
    items = json.loads((root / f"{split}.json").read_text(encoding="utf-8"))
    for first in range(0, len(items), 10):
        text, golds = "", []
        for item in items[first : first + 10]:
            table = "\n".join("\t".join(row) for row in item["table"]["table"]) + "\n\n"
            places = {"table": (len(text), len(text) + len(table))}
            text += table
            for paragraph in item["paragraphs"]:
                places[str(paragraph["order"])] = (len(text), len(text) + len(paragraph["text"]))
                text += paragraph["text"] + "\n\n"
            for asked in item["questions"]:
                names = list(asked["rel_paragraphs"]) if "text" in asked["answer_from"] else []
                names += ["table"] if "table" in asked["answer_from"] else []
                spans = tuple(places[n] for n in names if n in places)
                if exact:
                    spans = _said(text, spans, asked["answer"])
                if spans and asked["answer_type"] in ("span", "multi-span"):
                    golds.append(Gold(asked["question"], spans))
        yield Labelled("finance", f"report-{split}-{first // 10:03}.txt", text, tuple(golds))


def _said(text: str, within: tuple[Span, ...], answers: list[str]) -> tuple[Span, ...]:
    """Where each answer stands first, as whole words, within the spans."""
    found = []
    for answer in answers if isinstance(answers, list) else []:
        first = (next(_everywhere(text, str(answer), *span), None) for span in within)
        found += [place for place in first if place][:1]
    return tuple(found)


def paragraphs() -> Iterator[Labelled]:
    """Short texts of many kinds written for training, with short answers, and questions that they
    do not answer (``paragraphs.jsonl``; ours)."""
    for number, row in enumerate(_ours("paragraphs")):
        absent = [Gold(q, ()) for q in row["none"]]
        yield _written(number, row, [*_answered(row["text"], row["qa"]), *absent])


def asked_of_all() -> Iterator[Labelled]:
    """Most of these texts with questions to a whole set of papers, which name what they ask about
    (``whole_questions.jsonl``; ours): a text's own, where the line has none."""
    texts = list(_ours("paragraphs"))
    for line in _ours("whole_questions"):
        number, row = line["n"], texts[line["n"]]
        yield _written(number, row, _answered(row["text"], line.get("qa", row["qa"])))


def sets() -> Iterator[tuple[Labelled, ...]]:
    """Folders of papers that belong together and are alike enough to be confused, with questions
    that are put to all of one, and some that nothing in it answers (``sets.jsonl``; ours).

    What nothing answers is asked with the first document.
    """
    for row in _ours("sets"):
        golds: dict[str, list[Gold]] = {file["path"]: [] for file in row["files"]}
        texts = {file["path"]: file["text"] for file in row["files"]}
        golds[row["files"][0]["path"]] += [Gold(q, ()) for q in row["absent"]]
        for question, path, quote, answer in row["qa"]:
            first = texts[path].index(quote)
            within = _everywhere(texts[path], answer, first, first + len(quote))
            begin = texts[path].index(answer, first)  # "180u" has no word's end
            place = next(within, (begin, begin + len(answer)))
            golds[path].append(Gold(question, (place,)))
        yield tuple(
            Labelled(row["kind"], f"{row['set']}/{path}", text, tuple(golds[path]))
            for path, text in texts.items()
        )


def _ours(name: str) -> Iterator[dict[str, Any]]:
    file = files("kimidoc.train").joinpath(f"{name}.jsonl")
    yield from map(json.loads, file.read_text(encoding="utf-8").splitlines())


def _answered(text: str, pairs: Sequence[tuple[str, str]]) -> list[Gold]:
    return [Gold(question, tuple(_everywhere(text, answer))) for question, answer in pairs]


def _written(number: int, row: Mapping[str, Any], golds: Sequence[Gold]) -> Labelled:
    return Labelled(row["kind"], f"{row['kind']}-{number:04}.txt", row["text"], tuple(golds))


def _everywhere(text: str, words: str, *within: int) -> Iterator[Span]:
    """Every place where words stand as whole words, between two places or anywhere."""
    whole = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")
    yield from (m.span() for m in whole.finditer(text, *within))


def financebench(root: Path) -> Iterator[Labelled]:
    """Questions on filings with the page that answers them (Islam et al. 2023); evaluation only."""
    golds: dict[str, list[tuple[str, list[int]]]] = defaultdict(list)
    for row in _rows(root / "dev.jsonl"):
        pages = [e["evidence_page_num"] for e in row["evidence"]]
        golds[row["doc_name"]].append((row["question"], pages))
    for name in sorted(golds):
        text = (root / "text" / f"{name}.txt").read_text(encoding="utf-8", errors="replace")
        starts = [0, *(m.end() for m in re.finditer("\f", text)), len(text)]
        found = tuple(
            Gold(q, tuple((starts[p], starts[p + 1]) for p in pages if p + 1 < len(starts)))
            for q, pages in golds[name]
        )
        yield Labelled("finance", f"{name}.txt", text, found)


def texts(root: Path, kind: str, limit_chars: int = 1 << 20) -> Iterator[Labelled]:
    """Plain text files without questions."""
    for file in sorted(root.glob("*.txt")):
        if file.name != "NOTE.txt":
            text = file.read_text(encoding="utf-8", errors="replace")[:limit_chars]
            yield Labelled(kind, file.name, text)


def code(root: Path, least_chars: int = 2_000, most_chars: int = 60_000) -> Iterator[Labelled]:
    """Python modules below ``root``: a docstring asks, its function without it answers."""
    for file in sorted(root.rglob("*.py")):
        if {"tests", "test", "testing"} & set(file.parts):
            continue
        source = file.read_text(encoding="utf-8", errors="replace")
        if least_chars <= len(source) <= most_chars:
            found = _without_docstrings(source)
            if found and found[1]:
                name = f"{root.name}/{file.relative_to(root).as_posix()}"
                yield Labelled("code", name, found[0], found[1])


def _without_docstrings(source: str) -> tuple[str, tuple[Gold, ...]] | None:
    """The module with function docstrings taken out, and what they ask for."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    lines = source.splitlines(keepends=True)
    cut: set[int] = set()
    asked: list[tuple[str, int, int]] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or len(node.body) < 2:
            continue
        said = ast.get_docstring(node)
        if said is None:
            continue
        first = " ".join(said.split("\n\n")[0].split())
        words = node.body[0]
        assert words.end_lineno is not None and node.end_lineno is not None
        cut |= set(range(words.lineno - 1, words.end_lineno))
        if 25 <= len(first) <= 300 and first.isascii():
            asked.append((first, node.lineno - 1, node.end_lineno))
    at, starts, kept = 0, [], []
    for number, line in enumerate(lines):
        starts.append(at)
        if number not in cut:
            kept.append(line)
            at += len(line)
    starts.append(at)
    golds = tuple(Gold(q, ((starts[a], starts[b]),)) for q, a, b in asked)
    return "".join(kept), golds
