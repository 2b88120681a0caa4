"""Planted one-word edits in a near-duplicate of one of the documents: are they found?

A window of whole documents: the original first, others, and last its copy with a few words changed,
as far away as the window is long. A line counts as found when its score is among the highest two
per cent of all lines of the window. In the same run: the model's surprisal alone, the rule over
wording alone, and difflib, which is told where the original is.

    copy      the copy differs in the planted edits only
    adapted   besides, as real versions do: every fifth paragraph is left out, lines are wrapped
              anew (prose), and the most frequent name is another one throughout
    alone     the copy without its original: nothing in the set says what was changed
"""

from __future__ import annotations

import random
import re
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import numpy as np

from kimidoc import pack
from kimidoc.bench.base import DTYPE, Result, Setting, beyond
from kimidoc.engine.local import NONE, LocalEngine
from kimidoc.errors import UsageError
from kimidoc.novelty import score, words
from kimidoc.novelty.score import Line
from kimidoc.novelty.words import Words
from kimidoc.types import Document, Segment

TOP = 0.02  # of all lines
APART = 200  # characters between two edits
COPIES = ("copy", "adapted", "alone")
_CODE = frozenset({"py", "js", "ts", "java", "go", "c", "cc", "cpp", "h", "rs", "rb", "cs", "php"})
_PROSE = (
    (r"\bthirty\b", "ninety"), (r"\b30\b", "90"), (r"\bshall not\b", "shall"),
    (r"\bshall\b(?! not)", "shall not"), (r"\bmay not\b", "may"), (r"\bwritten\b", "oral"),
    (r"\bexclusive\b", "non-exclusive"), (r"\bCompany\b", "Vendor"), (r"\bprior to\b", "after"),
    (r"\b(?:two|three|five|ten)\b", "seven"), (r"\bnot\b", "also"), (r"\b\d\d\b", "47"),
)  # fmt: skip
_PROGRAM = (
    (r" < ", " <= "), (r" > ", " >= "), (r" == ", " != "), (r"\bnot in\b", "in"),
    (r"\bis not\b", "is"), (r" and ", " or "), (r"\bTrue\b", "False"), (r" \+ ", " - "),
    (r"\b1\b", "2"), (r"\bif not\b", "if"), (r"\bself\.\w+", "self.value"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One window. Shares of ``edits`` found; ``difflib_lines``: lines of the copy it points at."""

    tokens: int
    copy: str
    lines: int
    edits: int
    found: float
    model_alone: float
    wording_alone: float
    difflib: float | None
    difflib_lines: int | None


@dataclass(frozen=True, slots=True)
class Edited:
    """A text and where its planted edits begin."""

    text: str
    at: tuple[int, ...]


def run(setting: Setting, edits: int) -> Result:
    """Every size, each kind of copy, ``setting.runs`` originals. Raises UsageError."""
    engine = LocalEngine(
        setting.checkpoint,
        sessions_root=None,
        session=NONE,
        threads=setting.threads,
        options=setting.job.read_options,
        dtype=DTYPE,
    )
    rows, total = [], len(setting.sizes) * len(COPIES) * setting.runs
    for tokens in setting.sizes:
        for number in range(setting.runs):
            for copy in COPIES:
                rows.append(_row(setting, engine, tokens, number, copy, edits))
                setting.progress("novelty", len(rows), total, "windows")
    notes = (
        f"found: among the highest {TOP:.0%} of the window's lines; the lines of the original "
        "that an edit departs from are among them too",
        *beyond(setting, setting.sizes[-1]),
    )
    return Result("novelty", setting.facts, rows, notes)


def _row(
    setting: Setting, engine: LocalEngine, tokens: int, number: int, copy: str, edits: int
) -> Row:
    rng = random.Random(1_000 * tokens + number)
    original, others = _chosen(setting.window.segments, tokens, rng)
    program = original.path.rpartition(".")[2] in _CODE
    base = original.text if copy == "copy" else adapted(original.text, program)
    made = planted(base, _PROGRAM if program else _PROSE, edits, rng)
    if not made.at:
        raise UsageError(
            f"{original.path} has no word that an edit is known for.",
            hint="Give English prose or program code.",
        )
    last = Document(f"zz-copy/{original.path}", original.kind, "read", made.text)
    documents = [*([original] if copy != "alone" else []), *others, last]
    documents = [replace(document, sha256=None) for document in documents]
    window = pack.fit(documents, engine.tokenizer, 2**31 - 1, preamble=engine.preamble)
    heard = words.of(window, engine.heard(window))
    both = score.scored(heard)
    wording = score.scored(replace(heard, nats=np.full_like(heard.nats, heard.nats.mean())))
    lines = [line for each in both for line in each.lines]
    first = len(lines) - len(both[-1].lines)
    targets = [first + _line_at(both[-1].lines, at) for at in made.at]
    budget = max(1, int(TOP * len(lines)))
    pointed = None if copy == "alone" else _difflib(original.text, made.text, both[-1].lines)
    return Row(
        tokens=len(window.tokens),
        copy=copy,
        lines=len(lines),
        edits=len(targets),
        found=_share([line.score for line in lines], targets, budget),
        model_alone=_share(_loudest(heard, [each.lines for each in both]), targets, budget),
        wording_alone=_share([x.score for each in wording for x in each.lines], targets, budget),
        difflib=None
        if pointed is None
        else sum(target - first in pointed for target in targets) / len(targets),
        difflib_lines=None if pointed is None else len(pointed),
    )


def _chosen(
    segments: Sequence[Segment], tokens: int, rng: random.Random
) -> tuple[Document, list[Document]]:
    """An original of a tenth to a quarter of the window, and others to fill it."""
    fit = [s for s in segments if tokens // 10 <= s.end - s.start <= tokens // 4]
    if not fit:
        raise UsageError(
            f"No document has between {tokens // 10:,} and {tokens // 4:,} tokens.",
            hint="Give other --tokens, or more documents.",
        )
    original = rng.choice(fit)
    left, others = tokens - 2 * (original.end - original.start), []
    for segment in rng.sample(segments, len(segments)):
        size = segment.end - segment.start
        if segment is not original and size <= left:
            others.append(segment.document)
            left -= size
    return original.document, others


def planted(
    text: str, substitutes: Sequence[tuple[str, str]], count: int, rng: random.Random
) -> Edited:
    """``text`` with at most ``count`` edits, each of another kind, apart from each other."""
    spans: list[tuple[int, int, str]] = []
    for pattern, put in rng.sample(substitutes, len(substitutes)):
        free = [
            match
            for match in re.finditer(pattern, text)
            if APART < match.start() < len(text) - APART
            and all(abs(match.start() - start) > APART for start, _, _ in spans)
        ]
        if free and len(spans) < count:
            match = rng.choice(free)
            spans.append((match.start(), match.end(), put))
    parts, at, starts, length = [], 0, [], 0
    for start, end, put in sorted(spans):
        parts += [text[at:start], put]
        starts.append(length + start - at + len(put) - len(put.lstrip()))
        length += start - at + len(put)
        at = end
    return Edited("".join([*parts, text[at:]]), tuple(starts))


def adapted(text: str, program: bool) -> str:
    """Another version of the text, as its next user would make it."""
    names = re.findall(r"\b[a-z]+_[a-z_]+\b" if program else r"(?<=\w )[A-Z][a-z]{4,}\b", text)
    if names:
        name = Counter(names).most_common(1)[0][0]
        text = re.sub(rf"\b{name}\b", "northgate_item" if program else "Northgate", text)
    blocks = [b for n, b in enumerate(re.split(r"\n[ \t]*\n", text)) if n % 5 != 4]
    if not program:
        blocks = [textwrap.fill(" ".join(block.split()), 88) for block in blocks]
    return "\n\n".join(blocks)


def _line_at(lines: Sequence[Line], at: int) -> int:
    return next(n for n, line in enumerate(lines) if at < line.end_char)


def _share(scores: Sequence[float], targets: Sequence[int], budget: int) -> float:
    """How many targets are among the ``budget`` highest; a target stands amid its equals."""
    ranked = np.asarray(scores)
    above = [int((ranked > ranked[target]).sum()) for target in targets]
    equal = [int((ranked == ranked[target]).sum()) for target in targets]
    ranks = [a + (e + 1) / 2 for a, e in zip(above, equal, strict=True)]
    return sum(rank <= budget for rank in ranks) / len(targets)


def _loudest(heard: Words, documents: Sequence[Sequence[Line]]) -> list[float]:
    """Each line's most unexpected word, to the model alone."""
    found = []
    for i, lines in enumerate(documents):
        own = slice(heard.bounds[i], heard.bounds[i + 1])
        starts, nats = heard.starts[own], heard.nats[own]
        for line in lines:
            a, b = np.searchsorted(starts, (line.start_char, line.end_char))
            found.append(float(nats[a:b].max()))
    return found


def _difflib(original: str, edited: str, lines: Sequence[Line]) -> set[int]:
    """The lines of the copy that difflib, given the original, does not call equal."""
    old, new = original.split("\n"), edited.split("\n")
    starts = np.cumsum([0, *(len(line) + 1 for line in new)])
    other: set[int] = set()
    for tag, _, _, a, b in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            low, high = int(starts[a]), int(starts[b])
            other |= {
                n
                for n, x in enumerate(lines)
                if x.start_char < max(high, low + 1) and x.end_char > low
            }
    return other
