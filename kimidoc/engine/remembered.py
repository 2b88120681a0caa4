"""What a session remembers of its documents, so that they are not looked at twice. No torch here.

    cuts.npz     the characters that each token of the window covers (``pack.cuts``)

All of it can be made anew. Where it cannot be used that is what happens, and a notice says so.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from kimidoc import pack
from kimidoc.kvcache import session
from kimidoc.types import Notice, Window

CUTS = "cuts.npz"


def not_used(name: str, reason: object, instead: str) -> Notice:
    """That a file of a session is of no use, and what was done instead."""
    said = f"{name} of the session cannot be used ({reason}); {instead}."
    return Notice("session-part-not-used", said)


class Remembered:
    """What the session at ``where`` remembers; nothing where there is none.

    ``fingerprint``: of the model whose tokens are asked for. ``notices``: what could not be used.
    """

    def __init__(self, where: Path | None, fingerprint: str) -> None:
        self._where, self._fingerprint = where, fingerprint
        self.notices: list[Notice] = []

    @cached_property
    def cuts(self) -> pack.cuts.Cuts:
        """The tokens of every text in the session's window."""
        manifest = session.read_manifest(self._where) if self._where else None
        if self._where is None or manifest is None:
            return {}
        if manifest["fingerprint"] != self._fingerprint:
            return {}
        try:
            tokens = array("i", session.read_part(self._where, session.TOKENS))
            return pack.cuts.unpacked(session.read_part(self._where, CUTS), tokens)
        except (OSError, ValueError) as reason:
            instead = "its documents were cut into tokens anew"
            self.notices.append(not_used(CUTS, reason, instead))
            return {}

    def beside(self, window: Window) -> dict[str, Callable[[], bytes]]:
        """The files that a session of ``window`` remembers by, made when they are written."""
        return {CUTS: lambda: pack.cuts.packed(window)}
