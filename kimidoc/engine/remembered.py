"""What a session remembers of its documents, so that they are not looked at twice. No torch here.

    cuts.npz     the characters that each token of the window covers (``pack.cuts``)
    texts.wire   what isolated readers made of files (``ingest.texts``), where there were any

Beside them ``surprisal.f16`` says how unexpected its tokens were, where that was asked for
(``surprisal`` reads and writes it).

All of it can be made anew. Where it cannot be used that is what happens, a notice says so, and what
was made takes its place.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from kimidoc import ingest, pack
from kimidoc.errors import SessionError
from kimidoc.kvcache import lock, session
from kimidoc.types import Notice, Window

CUTS, TEXTS, SURPRISAL = "cuts.npz", "texts.wire", "surprisal.f16"


def not_used(name: str, reason: object, instead: str) -> Notice:
    """That a file of a session is of no use, and what was done instead."""
    said = f"{name} of the session cannot be used ({reason}); {instead}."
    return Notice("session-part-not-used", said)


class Remembered:
    """What the session at ``where`` remembers; nothing where there is none.

    ``fingerprint``: of the model whose tokens are asked for.
    """

    def __init__(self, where: Path | None, fingerprint: str) -> None:
        self._where, self._fingerprint = where, fingerprint
        self._wrong: dict[str, object] = {}  # files that cannot be used, and why
        self._texts: ingest.Texts | None = None

    def _manifest(self) -> dict[str, Any]:
        return (session.read_manifest(self._where) if self._where else None) or {}

    @cached_property
    def cuts(self) -> pack.cuts.Cuts:
        """The tokens of every text in the session's window."""
        if self._where is None or self._manifest().get("fingerprint") != self._fingerprint:
            return {}
        try:
            tokens = array("i", session.read_part(self._where, session.TOKENS))
            return pack.cuts.unpacked(session.read_part(self._where, CUTS), tokens)
        except (OSError, ValueError) as reason:
            self._wrong[CUTS] = reason
            return {}

    @property
    def texts(self) -> ingest.Texts:
        """What was read of the session's files; ``ingest.read`` takes it and adds to it."""
        if self._texts is None:
            self._texts = ingest.Texts(self._kept_texts())
        return self._texts

    def _kept_texts(self) -> bytes:
        if self._where is None or TEXTS not in self._manifest().get("files", ()):
            return b""
        try:
            return (self._where / TEXTS).read_bytes()
        except OSError as reason:
            self._wrong[TEXTS] = reason
            return b""

    @property
    def notices(self) -> list[Notice]:
        """What could not be used so far."""
        found = []
        if CUTS in self._wrong:
            instead = "its documents were cut into tokens anew"
            found.append(not_used(CUTS, self._wrong[CUTS], instead))
        reason = self._wrong.get(TEXTS) or (self.texts.unusable and "part of it is damaged")
        if reason:
            found.append(not_used(TEXTS, reason, "what it lacks was read from the files again"))
        return found

    def beside(self, window: Window) -> dict[str, Callable[[], bytes]]:
        """The files that a session of ``window`` remembers by, made when they are written."""
        files: dict[str, Callable[[], bytes]] = {CUTS: lambda: pack.cuts.packed(window)}
        if self.texts.used:
            files[TEXTS] = self.texts.packed
        return files

    def mend(self, window: Window) -> None:
        """Put what had to be made anew into the session of ``window``, where it can be written."""
        anew = {CUTS} & self._wrong.keys()
        if self.texts.fresh:
            anew.add(TEXTS)
        if not anew or self._where is None:
            return
        from kimidoc.kvcache import snapshot

        made = self.beside(window)
        with suppress(SessionError), lock.attempt(self._where.parent, self._where.name) as free:
            same = sha256(window.tokens.tobytes()).hexdigest()
            if free and self._manifest().get("tokens_sha256") == same:
                snapshot.replace(self._where, {name: made[name]() for name in anew})
