"""A draft while it is written: what comes to stand is told of once, and nothing is taken back."""

from __future__ import annotations

from collections.abc import Sequence

from kimidoc.engine.base import Attended, Draft, Listener


class Drafting:
    """One prompt's draft. Its text is what was added, so whoever listens has heard all of it."""

    def __init__(self, prompt: str, listener: Listener) -> None:
        """``prompt``: its id."""
        self._prompt, self._listener = prompt, listener
        self._attended: tuple[Attended, ...] = ()
        self.text = ""

    def attend(self, places: Sequence[Attended]) -> None:
        """What is attended to, best first; once, before anything is added."""
        self._attended = tuple(places)
        self._listener.attended(self._prompt, self._attended)

    def add(self, piece: str) -> None:
        """More of the text."""
        if piece:
            self.text += piece
            self._listener.wrote(self._prompt, piece)

    def quote(self, words: str) -> None:
        """A whole quote, on a line of its own."""
        self.add("\n" * bool(self.text) + f"<quote>{words}</quote>")

    def done(self) -> Draft:
        """As ``Engine.answer`` returns it."""
        return Draft(self._prompt, self.text, self._attended)


def stands(text: str) -> str:
    """How much of a line that is still written cannot change: no half characters at its end.

    ``text`` is what the tokens so far decode to. The line ends at a line feed or a tag.
    """
    line = text.strip().partition("\n")[0].partition("<")[0]
    return line.rstrip("\ufffd").rstrip()
