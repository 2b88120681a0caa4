"""A window cut to a number of tokens: the same text at every size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kimidoc.errors import UsageError
from kimidoc.types import Segment, Window


def cut(window: Window, tokens: int) -> Window:
    """The first ``tokens`` tokens; a document that is cut ends there."""
    if tokens >= len(window.tokens):
        return window
    segments = tuple(
        Segment(s.document, s.start, s.body, min(s.end, tokens))
        for s in window.segments
        if s.body < tokens
    )
    return replace(
        window,
        tokens=window.tokens[:tokens],
        starts=window.starts[:tokens],
        ends=window.ends[:tokens],
        segments=segments,
        documents=tuple(s.document for s in segments),
    )


def sizes(
    window: Window, wanted: Sequence[int], option: str = "--tokens"
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The sizes that the text has tokens for, smallest first, and a note on those it has not.

    Nothing wanted: the whole text. Raises UsageError where none is left, which names ``option``.
    """
    held = len(window.tokens)
    fit = tuple(sorted({n for n in wanted if n <= held})) if wanted else (held,)
    over = sorted({n for n in wanted if n > held})
    if not fit:
        raise UsageError(
            f"The paths hold {held:,} tokens, fewer than {option} asks for.",
            hint="Give more text, or smaller sizes.",
        )
    if not over:
        return fit, ()
    left = ", ".join(f"{n:,}" for n in over)
    return fit, (f"left out: {left} tokens; the paths hold {held:,}.",)
