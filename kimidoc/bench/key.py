"""Your own papers and an answer key: are the questions answered right, are the traps raised?

The key is TOML, with the words as they stand in the documents:

    [[question]]   id, question, document and quote; or not_found = true: the papers do not say
    [[trap]]       id, documents and quotes, one of each: what a finding should rest on; or
                   clean = true: what looks wrong and is not, where none should be raised

The product reads, answers and reviews as ``ask`` and ``analyze`` do. A quote is right where it and
the key's words share at least half of the shorter of them; a trap is raised where a quote of one
finding stands within ``NEAR`` characters of one of its quotes, and wholly where that holds of each.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kimidoc import cite, pipeline
from kimidoc.bench.base import Result, Setting, workplace
from kimidoc.errors import UsageError
from kimidoc.types import Answer, Citation, Finding, Question, Quote

Place = tuple[str, int, int]  # path, first character, end
NEAR = 200  # characters: the sentence beside
_HINT = "`kimidoc bench key --help` says what a key holds; examples/answers has some."


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the key; ``place``: of the words that answer, None where nothing does."""

    id: str
    question: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Trap:
    """What should be raised, and where what it rests on stands."""

    id: str
    places: tuple[Place, ...]
    clean: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Counts. ``first``, ``quoted``: the first quote is right, any is. ``raised``: traps that a
    finding touches; ``wholly``: in all their places. ``left``: of the ``clean``, those where no
    finding quotes the very words."""

    questions: int
    found: int
    first: int
    quoted: int
    absent: int
    not_found: int
    traps: int
    raised: int
    wholly: int
    clean: int
    left: int
    findings: int


@dataclass(frozen=True, slots=True)
class Told:
    """One question or trap, and whether it came out right."""

    kind: str
    id: str
    right: bool
    first: bool
    said: str


def read(file: Path, sources: cite.Sources) -> tuple[list[Asked], list[Trap]]:
    """The key, its quotes located in the documents. Raises UsageError."""
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
        asked = [_asked(entry, sources) for entry in given.get("question", ())]
        traps = [
            Trap(
                str(entry["id"]),
                tuple(
                    _place(path, words, sources)
                    for path, words in zip(entry["documents"], entry["quotes"], strict=True)
                ),
                bool(entry.get("clean")),
            )
            for entry in given.get("trap", ())
        ]
    except OSError as reason:
        raise UsageError(f"{file} cannot be read ({reason.strerror}).", hint=_HINT) from reason
    except KeyError as reason:
        raise UsageError(f"{file}: an entry has no {reason}.", hint=_HINT) from reason
    except (ValueError, TypeError) as reason:
        raise UsageError(f"{file} is no answer key ({reason}).", hint=_HINT) from reason
    if not asked and not traps:
        raise UsageError(f"{file} has no question and no trap.", hint=_HINT)
    return asked, traps


def _asked(entry: Mapping[str, Any], sources: cite.Sources) -> Asked:
    place = None
    if not entry.get("not_found"):
        place = _place(entry["document"], entry["quote"], sources)
    return Asked(str(entry["id"]), str(entry["question"]), place)


def _place(path: str, words: str, sources: cite.Sources) -> Place:
    found = sources.locate(Quote(words), only=path)
    if not found.verified:
        raise ValueError(f"{words[:60]!r} does not stand in {path!r}")
    assert found.start_char is not None and found.end_char is not None
    return path, found.start_char, found.end_char


def shares(citation: Citation, place: Place) -> bool:
    """Whether a quote and a place have at least half of the shorter of them in common."""
    common, shorter = _common(citation, place)
    return 2 * common >= shorter


def near(citation: Citation, place: Place) -> bool:
    """Whether a quote stands at a place, or beside it."""
    return _common(citation, place)[0] >= -NEAR


def _common(citation: Citation, place: Place) -> tuple[float, int]:
    """Characters that both have, less than 0 for those between them, and of the shorter one."""
    path, start, end = place
    if citation.path != path or citation.start_char is None or citation.end_char is None:
        return float("-inf"), 0
    first, last = citation.start_char, citation.end_char
    return min(end, last) - max(start, first), min(end - start, last - first)


def run(setting: Setting, key: Path) -> Result:
    """The paths read once, asked every question of the key, and reviewed. Raises UsageError."""
    sources = cite.Sources([segment.document for segment in setting.window.segments])
    asked, traps = read(key, sources)
    questions = tuple(Question(one.id, one.question) for one in asked)
    with workplace(setting) as place:
        job = replace(setting.elsewhere(place), budget_tokens=setting.window.budget)
        answers = pipeline.ask(replace(job, questions=questions), setting.progress).answers
        findings = pipeline.analyze(job, setting.progress).findings if traps else ()
    told = [*_answered(asked, answers), *_raised(traps, findings)]
    wrong = [f"{one.kind} {one.id}: {one.said}" for one in told if not one.right]
    more = {"entries": [asdict(one) for one in told]}
    row = _row(asked, answers, told, len(findings))
    return Result("key", setting.facts, [row], tuple(wrong), more)


def _answered(asked: Sequence[Asked], answers: Sequence[Answer]) -> list[Told]:
    by_id = {answer.question.id: answer for answer in answers}
    return [_judged(one, by_id[one.id]) for one in asked]


def _judged(asked: Asked, answer: Answer) -> Told:
    located = [c for c in answer.citations if c.verified]
    if asked.place is None:
        right = first = answer.status == "not_found"
    else:
        hits = [shares(citation, asked.place) for citation in located]
        right, first = any(hits), hits[:1] == [True]
    said = answer.status if answer.status != "found" else _short(located)
    return Told("question" if asked.place else "absent", asked.id, right, first, said)


def _raised(traps: Sequence[Trap], findings: Sequence[Finding]) -> list[Told]:
    return [_clean(trap, findings) if trap.clean else _trap(trap, findings) for trap in traps]


def _trap(trap: Trap, findings: Sequence[Finding]) -> Told:
    touched = [
        (finding, [any(near(c, p) for c in finding.citations) for p in trap.places])
        for finding in findings
    ]
    some = [finding for finding, hits in touched if any(hits)]
    wholly = any(all(hits) for _, hits in touched)
    return Told("trap", trap.id, bool(some), wholly, _rules(some) or "no finding there")


def _clean(trap: Trap, findings: Sequence[Finding]) -> Told:
    some = [
        finding
        for finding in findings
        if any(shares(c, p) for c in finding.citations for p in trap.places)
    ]
    return Told("clean", trap.id, not some, not some, _rules(some) or "left alone")


def _rules(findings: Sequence[Finding]) -> str:
    return ", ".join(sorted({finding.rule_id for finding in findings}))


def _row(
    asked: Sequence[Asked], answers: Sequence[Answer], told: Sequence[Told], findings: int
) -> Row:
    present = {one.id for one in asked if one.place is not None}
    found = sum(a.status == "found" and a.question.id in present for a in answers)

    def of(kind: str) -> list[Told]:
        return [one for one in told if one.kind == kind]

    return Row(
        questions=len(present),
        found=found,
        first=_count(of("question"), "first"),
        quoted=_count(of("question"), "right"),
        absent=len(of("absent")),
        not_found=_count(of("absent"), "right"),
        traps=len(of("trap")),
        raised=_count(of("trap"), "right"),
        wholly=_count(of("trap"), "first"),
        clean=len(of("clean")),
        left=_count(of("clean"), "right"),
        findings=findings,
    )


def _count(told: Iterable[Told], name: str) -> int:
    return sum(getattr(one, name) for one in told)


def _short(citations: Sequence[Citation]) -> str:
    text = " | ".join(" ".join(c.text.split())[:70] for c in citations[:2])
    return f"quoted {text!r}"
