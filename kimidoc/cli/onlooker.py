"""An answer at a terminal while it is made: where the model looks, then each located quote."""

from __future__ import annotations

from collections.abc import Sequence

from kimidoc.cli.conversation import Conversation
from kimidoc.cli.streams import Streams
from kimidoc.types import Citation, Evidence, Question

LOOKED_AT = 3  # places that are named


class Onlooker:
    """Satisfies ``ask.watch.Watcher`` for one question. ``told``: the quotes that were shown."""

    def __init__(self, talk: Conversation, streams: Streams) -> None:
        self._talk, self._streams = talk, streams
        self.told: list[Citation] = []

    def looks(self, question: Question, places: Sequence[Evidence]) -> None:
        """A note that names the first places."""
        spots = list(dict.fromkeys(map(self._talk.spot, places)))[:LOOKED_AT]
        if spots:
            self._streams.note(f"looking at {'; '.join(spots)}")

    def located(self, question: Question, citation: Citation) -> None:
        """The quote and its place."""
        self.told.append(citation)
        self._streams.result(self._talk.quoted(citation))
