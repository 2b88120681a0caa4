"""Many questions on one window: all at once against one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from kimidoc.ask.prompts import prompt
from kimidoc.bench import text, timing
from kimidoc.bench.base import DTYPE, Result, Setting, beyond
from kimidoc.engine.base import Draft
from kimidoc.engine.local import NONE, LocalEngine
from kimidoc.errors import UsageError
from kimidoc.types import Question, Window

WORDS = 8  # of the text, that a made question quotes


@dataclass(frozen=True, slots=True)
class Row:
    """One size. ``same``: share of questions with the same text both ways."""

    tokens: int
    questions: int
    together_seconds: tuple[float, ...]
    alone_seconds: tuple[float, ...]
    times_faster: float
    questions_per_s: float
    same: float


def made(window: Window, count: int) -> tuple[Question, ...]:
    """Questions after words of the text, evenly spread over it; each has an answer in it."""
    found = []
    for n in range(count):
        segment = window.segment_at(len(window.tokens) * (2 * n + 1) // (2 * count))
        segment = segment or window.segments[-1]
        body = segment.document.text
        at = len(body) * ((7 * n) % count) // count
        words = " ".join(body[at : at + 400].split()[1 : 1 + WORDS]) or "this"
        found.append(Question(f"q{n + 1}", f"What is said about {words}?"))
    return tuple(found)


def run(setting: Setting, count: int, given: Sequence[Question] = ()) -> Result:
    """``given`` questions, or ``count`` made from the text."""
    rows = [_row(setting, tokens, count, given) for tokens in setting.sizes]
    return Result("questions", setting.facts, rows, beyond(setting, setting.sizes[-1]))


def _row(setting: Setting, tokens: int, count: int, given: Sequence[Question]) -> Row:
    window = text.cut(setting.window, tokens)
    asked = tuple(given) or made(window, count)
    for each in asked:
        if each.document is not None and window.segment_of(each.document) is None:
            raise UsageError(
                f"Question {each.id!r} names {each.document!r}, which is not among the first "
                f"{tokens:,} tokens.",
                hint="Leave its document out, or give larger --tokens.",
            )
    engine = LocalEngine(
        setting.checkpoint,
        sessions_root=None,
        session=NONE,
        threads=setting.threads,
        options=setting.job.read_options,
        dtype=DTYPE,
    )
    prefix = engine.prefill(window, setting.progress)
    prompts = [prompt(q, window) for q in asked]
    engine.answer(prefix, prompts[:1])  # loads what is loaded on first use
    drafts: dict[str, list[Draft]] = {}

    def together() -> None:
        drafts["together"] = engine.answer(prefix, prompts)

    def alone() -> None:
        drafts["alone"] = [engine.answer(prefix, [each])[0] for each in prompts]

    taken = timing.interleaved(
        {"together": together, "alone": alone}, setting.runs, setting.progress, "questions"
    )
    pairs = zip(drafts["together"], drafts["alone"], strict=True)
    return Row(
        tokens=tokens,
        questions=len(asked),
        together_seconds=taken["together"],
        alone_seconds=taken["alone"],
        times_faster=timing.ratio(taken["alone"], taken["together"]),
        questions_per_s=len(asked) / median(taken["together"]),
        same=sum(a.text == b.text for a, b in pairs) / len(asked),
    )
