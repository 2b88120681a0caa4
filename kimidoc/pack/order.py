"""Which document comes first in the window.

A session is reused up to the first token that differs, so everything behind a change is read
again. Documents that have not changed since an earlier session therefore come first, in that
session's order, and changed and new ones behind them. A document that changes once moves to the
end, where its next change costs only itself: stable documents gather at the front, the ones being
worked on at the back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kimidoc.types import Document


def window_order(documents: Sequence[Document], known: Mapping[str, str]) -> tuple[Document, ...]:
    """The documents that have text to pack, in window order.

    ``known`` maps path to sha256 and iterates in the earlier session's window order. Without it
    the order is the one given, which ingest keeps independent of the file system.
    """
    packable = [d for d in documents if d.status != "skipped" and d.text]
    assert len({d.path for d in packable}) == len(packable), "two documents share one path"
    places = {path: place for place, path in enumerate(known)}
    behind = len(places)

    def place(document: Document) -> int:
        unchanged = document.sha256 is not None and known.get(document.path) == document.sha256
        return places[document.path] if unchanged else behind

    return tuple(sorted(packable, key=place))  # a stable sort keeps the given order among equals
