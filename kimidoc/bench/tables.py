"""Every result as a table: heads, cells, and which columns are numbers. The command prints it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from kimidoc.bench.base import Result

Table = tuple[tuple[str, ...], list[tuple[str, ...]], str]
SCHEMA = "kimidoc.bench/1"


def as_data(result: Result, machine: dict[str, Any], version: str) -> dict[str, Any]:
    """The result as ``kimidoc.bench/1``: sizes are bytes, times seconds."""
    return {
        "schema": SCHEMA,
        "kimidoc": version,
        "task": result.task,
        "machine": machine,
        "model": asdict(result.model),
        "rows": [asdict(row) for row in result.rows],
        "notes": result.notes,
        **result.more,
    }


def as_table(result: Result) -> Table:
    """(heads, rows, right): as ``cli.tables.table`` takes them."""
    head, cells = _TABLES[result.task]
    left = {"needles": "rll", "review": "lll"}.get(result.task, "")
    right = left + "r" * (len(head) - len(left))
    return head, [cells(row) for row in result.rows], right


def _gb(count_bytes: int) -> str:
    return f"{count_bytes / 1e9:.3f}"


def _percent(predicted: float, measured: float) -> str:
    return f"{100 * (predicted / measured - 1):+.0f} %" if measured else "-"


def _runs(seconds: Sequence[float]) -> str:
    """Median, and least to most where there were several."""
    middle = f"{median(seconds):.2f}"
    if len(seconds) == 1:
        return middle
    return f"{middle} ({min(seconds):.2f}-{max(seconds):.2f})"


def _speed(row: Any) -> tuple[str, ...]:
    return (
        f"{row.tokens:,}",
        row.name,
        _runs(row.seconds),
        f"{row.tokens_per_s:,.0f}",
        f"{'' if row.read == row.tokens else '> '}{row.times_slower:.2f}x",
    )


def _memory(row: Any) -> tuple[str, ...]:
    seconds = row.predicted_seconds
    return (
        f"{row.tokens:,}",
        _gb(row.peak_rss_bytes),
        _percent(row.predicted_rss_bytes, row.peak_rss_bytes),
        _gb(row.session_bytes),
        _percent(row.predicted_session_bytes, row.session_bytes),
        f"{row.prefill_seconds:.1f}",
        "-" if seconds is None else _percent(seconds, row.prefill_seconds),
    )


def _restore(row: Any) -> tuple[str, ...]:
    return (
        f"{row.tokens:,}",
        f"{row.prefill_seconds:.2f}",
        _runs(row.restore_seconds),
        f"{row.times_faster:,.0f}x",
        f"{row.pack_seconds:.2f}",
        f"{row.import_seconds:.2f}",
        f"{row.load_seconds:.2f}",
        f"{row.question_seconds:.2f}",
        f"{row.total_seconds:.2f}",
        _gb(row.session_bytes),
        "yes" if row.identical else "NO",
    )


def _kills(row: Any) -> tuple[str, ...]:
    return (
        f"{row.tokens:,}",
        str(row.kills),
        f"{row.identical} of {row.kills}",
        f"{row.whole_seconds:.2f}",
        _runs(row.killed_at),
        _runs(row.second_seconds),
    )


def _questions(row: Any) -> tuple[str, ...]:
    return (
        f"{row.tokens:,}",
        f"{row.questions:,}",
        _runs(row.together_seconds),
        _runs(row.alone_seconds),
        f"{row.times_faster:.1f}x",
        f"{row.questions_per_s:.2f}",
        f"{100 * row.same:.0f} %",
    )


def _audit(row: Any) -> tuple[str, ...]:
    kept = ("-", "-", "-")
    if row.kept_nll is not None:
        agreed = f"{100 * row.kept_agreement:.1f} %"
        kept = (f"{row.kept_nll:.4f}", f"{row.kept_percent:+.2f} %", agreed)
    return (
        f"{row.tokens:,}",
        str(row.quarter),
        f"{row.dense_nll:.4f}",
        f"{row.sparse_nll:.4f}",
        f"{row.sparse_percent:+.2f} %",
        f"{100 * row.sparse_agreement:.1f} %",
        *kept,
    )


def _novelty(row: Any) -> tuple[str, ...]:
    def share(found: float | None) -> str:
        return "-" if found is None else f"{100 * found:.0f} %"

    return (
        f"{row.tokens:,}",
        row.copy,
        f"{row.lines:,}",
        str(row.edits),
        share(row.found),
        share(row.model_alone),
        share(row.wording_alone),
        share(row.difflib),
        "-" if row.difflib_lines is None else f"{row.difflib_lines:,}",
    )


def _key(row: Any) -> tuple[str, ...]:
    return tuple(str(value) for value in asdict(row).values())


def _needles(row: Any) -> tuple[str, ...]:
    shares = (
        row.first_quote, row.any_quote, row.value, row.not_found, row.at_1, row.at_8,
    )  # fmt: skip
    return (
        f"{row.tokens:,}",
        row.kind,
        row.who,
        str(row.questions),
        *("-" if share is None else f"{share:.2f}" for share in shares),
    )


def _review(row: Any) -> tuple[str, ...]:
    shares = (row.precision, row.recall, row.exact, row.near, row.way)
    return (
        row.source,
        row.category,
        row.who,
        f"{row.cases:,}",
        f"{row.vulnerable:,}",
        f"{row.found:,}",
        f"{row.right:,}",
        *("-" if share is None else f"{share:.3f}" for share in shares),
    )


_TABLES: dict[str, tuple[tuple[str, ...], Callable[[Any], tuple[str, ...]]]] = {
    "speed": (("tokens", "who", "seconds", "tokens/s", "time / ours"), _speed),
    "memory": (
        ("tokens", "peak GB", "plan", "session GB", "plan", "reading s", "plan"),
        _memory,
    ),
    "restore": (
        (
            "tokens", "read s", "restore s", "faster", "pack s", "import s", "load s",
            "question s", "total s", "session GB", "identical",
        ),
        _restore,
    ),
    "kills": (
        ("tokens", "kills", "identical", "whole s", "killed at s", "second s"),
        _kills,
    ),
    "questions": (
        ("tokens", "questions", "together s", "one by one s", "faster", "questions/s", "same"),
        _questions,
    ),
    "audit": (
        (
            "tokens", "quarter", "dense", "sparse", "more", "agrees", "kept", "more", "agrees",
        ),
        _audit,
    ),
    "novelty": (
        (
            "tokens", "copy", "lines", "edits", "found", "model alone", "wording alone",
            "difflib", "its lines",
        ),
        _novelty,
    ),
    "review": (
        (
            "set", "category", "who", "cases", "flawed", "raised", "right", "precision", "recall",
            "on the line", "within 2", "any quote",
        ),
        _review,
    ),
    "key": (
        (
            "asked", "found", "1st quote right", "any", "absent", "NOT FOUND", "traps", "raised",
            "wholly", "clean", "left alone", "findings",
        ),
        _key,
    ),
    "needles": (
        (
            "tokens", "kind", "who", "asked", "1st quote", "any quote", "value", "NOT FOUND",
            "@1", "@8",
        ),
        _needles,
    ),
}  # fmt: skip
