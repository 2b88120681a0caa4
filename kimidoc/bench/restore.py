"""Reading a window against taking its session up, each in a fresh process; the same next words."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from kimidoc.bench import child
from kimidoc.bench.base import Result, Setting, beyond, workplace
from kimidoc.bench.child import Request


@dataclass(frozen=True, slots=True)
class Row:
    """One size. ``total_seconds``: of the restoring process, from its start to its first word.

    ``identical``: the question's log-probabilities are the same bits after reading and restoring.
    """

    tokens: int
    prefill_seconds: float
    restore_seconds: tuple[float, ...]
    times_faster: float
    pack_seconds: float
    import_seconds: float
    load_seconds: float
    question_seconds: float
    total_seconds: float
    session_bytes: int
    identical: bool


def run(setting: Setting) -> Result:
    """Each size read once and restored ``setting.runs`` times."""
    rows = []
    for number, tokens in enumerate(setting.sizes, 1):
        with workplace(setting) as place:
            request = Request(setting.elsewhere(place), tokens, ask=True)
            read = child.run(request)
            again = [child.run(request) for _ in range(setting.runs)]
        assert read.reused_tokens == 0 and all(t.reused_tokens == t.tokens for t in again)
        taken = tuple(told.seconds("prefill") for told in again)
        rows.append(
            Row(
                tokens=read.tokens,
                prefill_seconds=read.seconds("prefill"),
                restore_seconds=taken,
                times_faster=read.seconds("prefill") / median(taken),
                pack_seconds=median(told.seconds("pack") for told in again),
                import_seconds=median(told.seconds("import") for told in again),
                load_seconds=median(told.seconds("load") for told in again),
                question_seconds=median(told.seconds("question") for told in again),
                total_seconds=median(told.stages[-1][1] for told in again),
                session_bytes=read.session_bytes,
                identical=all(told.logits == read.logits for told in again),
            )
        )
        setting.progress("restore", number, len(setting.sizes), "sizes")
    return Result("restore", setting.facts, rows, beyond(setting, setting.sizes[-1]))
