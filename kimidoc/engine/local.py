"""A checkpoint on this machine: reads a window once, keeps it as a session, answers many prompts.

Weights are loaded when a window has to be read or a question answered, not before: the tokenizer,
the facts and the look for an earlier session need none, and no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kimidoc.engine.base import Draft, Prefix, Progress, Prompt, silent
from kimidoc.errors import SessionError
from kimidoc.kvcache import session as sessions
from kimidoc.models import chat, checkpoint, folder
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.tokenizer import FileTokenizer
from kimidoc.types import ModelFacts, Notice, SessionFacts, Window

if TYPE_CHECKING:
    from kimidoc.engine.reading import Reader

AUTO, NONE = "auto", "none"


class LocalEngine:
    """Satisfies ``engine.base.Engine``.

    ``session``: "auto" (named by roots and model), "none" (nothing on disk) or a name.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        sessions_root: Path,
        session: str = AUTO,
        roots: Sequence[str] = (),
        threads: int | None = None,
        seed: int = 0,
    ) -> None:
        self.checkpoint, self.roots, self.seed = checkpoint, tuple(roots), seed
        self._root, self._threads = sessions_root, threads
        self._name = self._session_name(session)

    def _session_name(self, session: str) -> str | None:
        if session == NONE:
            return None
        if session == AUTO:
            return sessions.derive_id(self.roots, self.checkpoint.fingerprint, "")
        return sessions.check_name(session)

    @cached_property
    def _facts(self) -> checkpoint.Facts:
        return checkpoint.facts(self.checkpoint)

    @property
    def facts(self) -> ModelFacts:
        """Which model this is."""
        return self._facts.model

    @cached_property
    def tokenizer(self) -> FileTokenizer:
        """The tokenizer that decides the budget."""
        return FileTokenizer(folder.tokenizer(self.checkpoint.folder))

    @cached_property
    def frame(self) -> chat.ChatFrame:
        """What the chat template puts around the window and the question."""
        return chat.frame(self.checkpoint.folder, self.tokenizer)

    @property
    def preamble(self) -> Sequence[int]:
        """Token ids that open every window."""
        return self.frame.preamble_ids

    def earlier_documents(self) -> Mapping[str, str]:
        """path -> sha256 of the session this run would reuse, in its window order."""
        info = sessions.info(self._root / self._name) if self._name else None
        if info is None or info.fingerprint != self.checkpoint.fingerprint:
            return {}
        return dict(info.documents)

    @cached_property
    def _reader(self) -> Reader:
        from kimidoc.engine.reading import Reader

        return Reader(self.checkpoint, self._threads)

    def prefill(self, window: Window, progress: Progress = silent) -> Prefix:
        """Read the window; see ``engine.base.Engine``."""
        from kimidoc.engine.reading import Earlier

        where = self._root / self._name if self._name else None
        notices = list(self._beyond_training(window))
        earlier = None
        if where is not None:
            try:
                earlier = Earlier.of(where, self.checkpoint.fingerprint, window.tokens)
            except SessionError as damage:
                said = f"{damage.message}; everything was read again."
                notices.append(Notice("session-damaged", said))
        if earlier is not None and earlier.whole:
            layers, reused = earlier.layers(), len(window.tokens)
        else:
            layers, reused = self._reader.read(
                window,
                earlier,
                self._root if where is not None else None,
                self._name or "",
                {
                    "model": self.checkpoint.id,
                    "fingerprint": self.checkpoint.fingerprint,
                    "roots": list(self.roots),
                    "documents": [
                        (s.document.path, s.document.sha256 or "") for s in window.segments
                    ],
                },
                progress,
            )
        info = sessions.info(where) if where is not None else None
        facts = SessionFacts(
            id=self._name,
            reused_tokens=reused,
            prefilled_tokens=len(window.tokens) - reused,
            bytes=info.bytes if info else 0,
        )
        return Prefix(window, facts, layers, tuple(notices))

    def _beyond_training(self, window: Window) -> Sequence[Notice]:
        trained = self._facts.trained_tokens
        if trained is None or len(window.tokens) <= trained:
            return ()
        return (
            Notice(
                "beyond-trained-length",
                f"The window has {len(window.tokens):,} tokens and the model was trained on "
                f"{trained:,} at a time. Every token is read and kept; what is attended to is put "
                "at positions the model knows.",
            ),
        )

    def answer(
        self, prefix: Prefix, prompts: Sequence[Prompt], progress: Progress = silent
    ) -> list[Draft]:
        """Answer every prompt on the shared prefix; see ``engine.base.Engine``."""
        if not prompts:
            return []
        from kimidoc.engine.writing import Desk

        layers: Any = prefix.handle
        desk = Desk(self._reader, self.tokenizer, self.frame, prefix.window, layers)
        return desk.answer(prompts, progress)
