"""Labelled code cases: read, parted, drawn, and masked so that a name tells nothing.

A case is one file. Its label is for the file (``vulnerable``) or by line (``flaw_lines``). What
gives the label or the category away is masked on load, line numbers kept: comments, the package,
the class and file name wherever it stands, and what looks like the number of a weakness.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from kimidoc.errors import UsageError

PARTS = ("dev", "held-out")
DEV_PERCENT = 70  # by a hash of the path: a case never changes its part
_JAVA = re.compile(
    r"(?P<keep>\"\"\".*?\"\"\"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')|//[^\n]*|/\*.*?\*/",
    re.DOTALL,
)
_PYTHON = re.compile(
    r"(?P<keep>\"\"\".*?\"\"\"|'''.*?'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')|\#[^\n]*",
    re.DOTALL,
)
_COMMENTS = {".java": _JAVA, ".py": _PYTHON}
_WEAKNESS = re.compile(r"CWE[-_]?\d+", re.IGNORECASE)
_PACKAGE = re.compile(r"^(\s*package\s+)[\w.]+(\s*;)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """A masked file: ``name`` is what it is called when it is reviewed."""

    source: str
    name: str
    text: str
    category: str
    weakness: int
    vulnerable: bool | None
    flaw_lines: tuple[int, ...]


def load(file: Path, part: str) -> list[Case]:
    """The cases of one part. Raises UsageError."""
    cases: list[Case] = []
    number = 0
    try:
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                number += 1
                entry = json.loads(line)
                if part_of(entry["path"]) == part:
                    cases.append(_case(file.parent.name, entry))
    except (OSError, UnicodeDecodeError) as reason:
        raise UsageError(f"{file} cannot be read ({reason}).", hint="Name a jsonl file.") from None
    except (ValueError, KeyError, TypeError) as reason:
        raise UsageError(
            f"{file}, line {number}: no labelled case ({reason!r}).",
            hint='Each line: {"path", "text", "cwe", "vulnerable" or "flaw_lines"}.',
        ) from None
    return cases


def part_of(path: str) -> str:
    """Which part a case belongs to."""
    at = int(sha256(path.encode()).hexdigest()[:8], 16) % 100
    return PARTS[at >= DEV_PERCENT]


def draw(cases: Sequence[Case], count: int, seed: int) -> list[Case]:
    """``count`` of them; half of those with a label for the file are vulnerable."""
    rng = Random(seed)
    by_file = [c for c in cases if c.vulnerable is not None]
    by_line = [c for c in cases if c.vulnerable is None]
    drawn: list[Case] = []
    if by_file:
        for wanted, label in ((count - count // 2, True), (count // 2, False)):
            own = [c for c in by_file if c.vulnerable is label]
            drawn += rng.sample(own, min(wanted, len(own)))
    else:
        drawn += rng.sample(by_line, min(count, len(by_line)))
    return sorted(drawn, key=lambda case: case.name)


def lay_out(cases: Iterable[Case], folder: Path) -> Iterator[tuple[str, Case]]:
    """Write the cases as a repository; gives each one's path in it."""
    for case in cases:
        path = f"{case.source}/{case.name}"
        (folder / case.source).mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(case.text, encoding="utf-8", newline="")
        yield path, case


def _case(source: str, entry: dict[str, Any]) -> Case:
    old = Path(entry["path"])
    name = "Case" + sha256(entry["path"].encode()).hexdigest()[:10]
    flaws = tuple(int(line) for line in entry.get("flaw_lines", ()))
    label = entry.get("vulnerable")
    if label is None and "flaw_lines" not in entry:
        raise KeyError("vulnerable")
    weakness = int(entry["cwe"])
    return Case(
        source=re.sub(r"\W", "-", source),
        name=name + old.suffix,
        text=masked(str(entry["text"]), old, name),
        category=str(entry.get("category") or f"CWE-{weakness}"),
        weakness=weakness,
        vulnerable=None if label is None else bool(label),
        flaw_lines=flaws,
    )


def masked(text: str, path: Path, name: str) -> str:
    """The text without what gives its label away; every line stays where it was."""
    comments = _COMMENTS.get(path.suffix)
    if comments is not None:
        text = comments.sub(lambda m: m["keep"] or re.sub(r"[^\n]", " ", m[0]), text)
    text = re.sub(rf"\"/[\w-]+/{re.escape(path.stem)}", f'"/{name}', text)  # a route's folder
    text = text.replace(path.stem, name)
    text = _PACKAGE.sub(r"\1app\2", text)
    return _WEAKNESS.sub("KEY", text)
