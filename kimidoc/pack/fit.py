"""Documents -> Window, within an exact budget.

What is counted is what is packed: preamble, headers, texts and separators, each tokenised once.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from kimidoc.errors import UsageError
from kimidoc.pack import nonce as nonces
from kimidoc.pack import suggest
from kimidoc.pack.cuts import Cuts, Integers
from kimidoc.pack.encode import Piece, pieces
from kimidoc.pack.order import window_order
from kimidoc.pack.render import SEPARATOR, header, printable
from kimidoc.pack.room import Overflow, Room
from kimidoc.types import Document, Notice, Segment, Tokenizer, Window


@dataclass(slots=True)
class _Packed:
    """A document on its way into the window. ``cost``: header, text so far, separator."""

    document: Document
    header: Integers
    cost: int
    pieces: list[Piece] = field(default_factory=list)
    dropped: bool = False


def fit(
    documents: Sequence[Document],
    tokenizer: Tokenizer,
    budget: int,
    *,
    preamble: Sequence[int] = (),
    overflow: Overflow = "error",
    known: Mapping[str, str] | None = None,
    cuts: Cuts | None = None,
    progress: Callable[[str, int, int, str], None] | None = None,
) -> Window:
    """Pack every document that has text into one window of at most ``budget`` tokens.

    ``preamble`` opens the window. ``known``: path -> sha256 of an earlier session, in its window
    order; unchanged documents keep their place at the front. ``cuts``: tokens of texts that this
    tokenizer has cut before; the window is the same with and without them. ``overflow``: see
    ``pack.room``; dropped documents end as skipped, with the reason, and the window carries a
    notice.

    Raises BudgetError when the documents do not fit (or none is left), UsageError when there is
    nothing to pack.
    """
    ordered = window_order(documents, known or {})
    if not ordered:
        raise _nothing_to_pack(documents)
    # Dropped documents count too, so that the word does not depend on what fits.
    nonce = nonces.choose(_Names(ordered))
    separator = np.concatenate([p.ids for p in pieces([SEPARATOR], tokenizer)])
    packed = _with_headers(ordered, nonce, tokenizer, len(separator))
    room = Room(budget - len(preamble), overflow)
    _read(packed, tokenizer, room, cuts, progress)
    dropped = [entry for entry in packed if entry.dropped]
    costs = {entry.document.path: entry.cost for entry in packed}
    if dropped and overflow == "error":
        raise suggest.over_budget(costs, len(preamble) + sum(costs.values()), budget)
    if len(dropped) == len(packed):
        raise suggest.nothing_fits(costs, len(preamble), budget)
    kept = [entry for entry in packed if not entry.dropped]
    window = _assemble(kept, preamble, separator, budget, nonce)
    assert len(window.tokens) == budget - room.left <= budget
    return replace(window, documents=_coverage(documents, dropped), notices=_notices(dropped))


class _Names:
    """Every path and text of the documents, as often as asked for."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = documents

    def __iter__(self) -> Iterator[str]:
        for document in self._documents:
            yield document.path
            yield document.text


def _with_headers(
    documents: Sequence[Document], nonce: str, tokenizer: Tokenizer, separator_tokens: int
) -> list[_Packed]:
    lines = [header(nonce, number, document) for number, document in enumerate(documents, 1)]
    ids: list[list[Integers]] = [[] for _ in documents]
    for piece in pieces(lines, tokenizer):
        ids[piece.number].append(piece.ids)
    return [
        _Packed(document, np.concatenate(own), sum(map(len, own)) + separator_tokens)
        for document, own in zip(documents, ids, strict=True)
    ]


def _read(
    packed: Sequence[_Packed],
    tokenizer: Tokenizer,
    room: Room,
    cuts: Cuts | None,
    progress: Callable[[str, int, int, str], None] | None,
) -> None:
    """Tokenise every text that is not known, keep what fits, count the rest."""
    total = sum(len(entry.document.text) for entry in packed)
    done = 0
    for piece in pieces((entry.document.text for entry in packed), tokenizer, known=cuts):
        entry = packed[piece.number]
        entry.cost += len(piece.ids)
        if room.admits(piece.number, entry.cost):
            entry.pieces.append(piece)
        else:
            entry.pieces.clear()
        if piece.last:
            for number in room.offer(piece.number, entry.cost):
                packed[number].dropped = True
                packed[number].pieces.clear()
        done += piece.chars
        if progress is not None:
            progress("pack", done, total, "characters")


def _assemble(
    packed: Sequence[_Packed],
    preamble: Sequence[int],
    separator: Integers,
    budget: int,
    nonce: str,
) -> Window:
    """The window of what was kept; its documents and notices are the caller's."""
    tokens, starts, ends = array("i", preamble), _zeros(len(preamble)), _zeros(len(preamble))
    segments = []
    for entry in packed:
        start = len(tokens)
        _extend(tokens, entry.header)
        body = len(tokens)
        starts.extend(_zeros(body - start))
        ends.extend(_zeros(body - start))
        for piece in entry.pieces:
            _extend(tokens, piece.ids)
            _extend(starts, piece.starts)
            _extend(ends, piece.ends)
        entry.pieces.clear()
        segments.append(Segment(entry.document, start, body, len(tokens)))
        _extend(tokens, separator)
        starts.extend(_zeros(len(separator)))
        ends.extend(_zeros(len(separator)))
    assert len(tokens) == len(starts) == len(ends)
    return Window(tokens, starts, ends, tuple(segments), (), budget, nonce)


def _zeros(count: int) -> array[int]:
    return array("i", bytes(4 * count))


def _extend(values: array[int], more: Integers) -> None:
    values.frombytes(more.tobytes())


def _coverage(documents: Sequence[Document], dropped: Sequence[_Packed]) -> tuple[Document, ...]:
    """The documents as given, those dropped as skipped ones."""
    skipped = {
        entry.document.path: replace(
            entry.document,
            status="skipped",
            text="",
            reason=f"dropped to fit the budget ({entry.cost:,} tokens)",
            pages=(),
            sections=(),
        )
        for entry in dropped
    }
    return tuple(skipped.get(document.path, document) for document in documents)


def _notices(dropped: Sequence[_Packed]) -> tuple[Notice, ...]:
    if not dropped:
        return ()
    tokens = sum(entry.cost for entry in dropped)
    documents = f"{len(dropped)} document{'s were' if len(dropped) > 1 else ' was'}"
    return (
        Notice("overflow", f"{documents} dropped to fit the budget ({tokens:,} tokens in all)"),
    )


def _nothing_to_pack(documents: Sequence[Document]) -> UsageError:
    """Why there is nothing to pack, in the words of the first few documents."""
    if not documents:
        return UsageError("There is nothing to read.", hint="Name files or folders with text.")
    reasons = Counter(d.reason or "empty" for d in documents).most_common(3)
    return UsageError(
        f"None of the {len(documents):,} paths has text to read.",
        hint="Name other files, or mend the cause: "
        + "; ".join(f"{printable(reason)} ({n:,})" for reason, n in reasons)
        + ".",
    )
