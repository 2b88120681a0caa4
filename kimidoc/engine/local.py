"""A checkpoint on this machine: reads a window once, keeps it as a session, answers many prompts.

Weights are loaded when a window has to be read or a question answered, not before: the tokenizer,
the facts and the look for an earlier session need none, and no torch.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from kimidoc.engine import methods
from kimidoc.engine.base import (
    NOBODY,
    Draft,
    Listener,
    Prefix,
    Progress,
    Prompt,
    ReadOptions,
    silent,
)
from kimidoc.engine.clausal import ByClause
from kimidoc.engine.lexical import LexicalPrior
from kimidoc.engine.remembered import SURPRISAL, Remembered, not_used
from kimidoc.errors import SessionError
from kimidoc.kvcache import limit, lock
from kimidoc.kvcache import session as sessions
from kimidoc.models import chat, checkpoint, folder, nano
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.tokenizer import FileTokenizer
from kimidoc.types import ModelFacts, Notice, SessionFacts, Window

if TYPE_CHECKING:
    from kimidoc.engine.finding import Finder
    from kimidoc.engine.read_plan import ReadPlan
    from kimidoc.engine.reading import Earlier, Layers, Reader, WasRead
    from kimidoc.engine.surprisal import Surprisal
    from kimidoc.engine.writing import Desk
    from kimidoc.indexer.keys import Keys
    from kimidoc.models.nano.spans import Spans

AUTO, NONE = "auto", "none"
WORDS = "words.npz"  # a session's file of the lexical prior
_DEFAULT = ReadOptions()


@dataclass(frozen=True, slots=True)
class Held:
    """A window that was read: its layers, the lexical prior over its blocks, the indexer's keys,
    and what the model of clauses says of it so far."""

    layers: Layers
    prior: LexicalPrior
    keys: Keys | None
    clauses: ByClause


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection: importing torch and transformers makes 400,000 objects that stay,
    and looking through them again and again takes a sixth of the import's time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class LocalEngine:
    """Satisfies ``engine.base.Engine``.

    ``session``: "auto" (named by roots and model), "none" (nothing on disk) or a name. ``options``
    (or a whole ``plan``) and ``dtype`` are how it reads, and part of what a session must agree on
    to be reused. ``hears``: whether reading also says how unexpected each token is (``heard``); a
    session read without is then read again, one read with serves whoever does not ask for it.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        sessions_root: Path | None,
        session: str = AUTO,
        roots: Sequence[str] = (),
        threads: int | None = None,
        seed: int = 0,
        options: ReadOptions = _DEFAULT,
        plan: ReadPlan | None = None,
        dtype: str = "bfloat16",
        sessions_limit_bytes: int | None = None,
        hears: bool = False,
    ) -> None:
        self.checkpoint, self.roots, self.seed = checkpoint, tuple(roots), seed
        self._root, self._threads = sessions_root, threads
        self.options, self._given_plan, self._dtype = options, plan, dtype
        self._sessions_limit_bytes, self.hears = sessions_limit_bytes, hears
        self._name = self._session_name(session)
        self._loading: Future[Reader] | None = None
        self._last: tuple[Window, LexicalPrior] | None = None
        self._heard: tuple[Window, Surprisal] | None = None
        self.remembered = Remembered(self._where, checkpoint.fingerprint)

    def _session_name(self, session: str) -> str | None:
        if session == NONE or self._root is None:
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

    @cached_property
    def plan(self) -> ReadPlan:
        """How a window is read."""
        from kimidoc.engine.read_plan import ReadPlan

        return self._given_plan or ReadPlan.of(self.options)

    @property
    def _settings(self) -> str:
        found = f" indexer {self._indexer}" if self._indexer else ""
        return f"{self.plan.describe()} {self._dtype}{found}"

    @cached_property
    def _indexer(self) -> str | None:
        return nano.indexer_id(self.checkpoint.states)

    @property
    def _where(self) -> Path | None:
        return self._root / self._name if self._root and self._name else None

    @property
    def preamble(self) -> Sequence[int]:
        """Token ids that open every window."""
        return self.frame.preamble_ids

    def earlier_documents(self) -> Mapping[str, str]:
        """path -> sha256 of the session this run would reuse, in its window order."""
        info = sessions.info(self._where) if self._where else None
        if info is None or info.fingerprint != self.checkpoint.fingerprint:
            return {}
        return dict(info.documents)

    @property
    def keeps_session(self) -> bool:
        """Whether what is read is kept on disk."""
        return self._where is not None

    def holds(self, window: Window) -> bool:
        """Whether a kept session is of this very window, so that nothing has to be read."""
        manifest = sessions.read_manifest(self._where) if self._where else None
        if manifest is None:
            return False
        return bool(
            manifest["fingerprint"] == self.checkpoint.fingerprint
            and manifest["settings"] == self._settings
            and manifest["tokens_sha256"] == sha256(window.tokens.tobytes()).hexdigest()
            and (not self.hears or SURPRISAL in manifest["files"])
        )

    def warm(self) -> None:
        """Load what answering needs in the background, where a session says that it will be."""
        if self._loading is None and self.earlier_documents():
            self._loading = Future()
            Thread(target=self._load_into, args=(self._loading,), daemon=True).start()

    def _load_into(self, promise: Future[Reader]) -> None:
        try:
            promise.set_result(self._load())
        except BaseException as reason:  # raised again where the reader is asked for
            promise.set_exception(reason)

    def _load(self) -> Reader:
        with _uncollected():
            import torch

            from kimidoc.engine.reading import Reader

            torch.manual_seed(self.seed)
            indexer = nano.indexer(self.checkpoint.states)
            until = self.checkpoint.read_layers
            return Reader(self.checkpoint, self._threads, self.plan, self._dtype, indexer, until)

    @cached_property
    def _reader(self) -> Reader:
        if self._loading is None:
            return self._load()
        reader = self._loading.result()
        if self._threads is not None:  # OpenMP counts threads for each thread that asks
            import torch

            torch.set_num_threads(self._threads)
        return reader

    def prefill(self, window: Window, progress: Progress = silent) -> Prefix:
        """Read the window; see ``engine.base.Engine``."""
        notices = [self._method, *self._beyond_training(window), *self.remembered.notices]
        if self._where is None:
            read = self._read(window, None, progress)
        else:
            read = self._kept(window, notices, progress)
        if read.nats is not None:
            self._heard = window, read.nats
        where = self._where
        info = sessions.info(where) if where is not None else None
        facts = SessionFacts(
            id=self._name,
            reused_tokens=read.reused,
            prefilled_tokens=len(window.tokens) - read.reused,
            bytes=info.bytes if info else 0,
        )
        held = Held(read.layers, self._prior(window, read, notices), read.keys, ByClause(window))
        return Prefix(window, facts, held, tuple(notices))

    def heard(self, window: Window, progress: Progress = silent) -> Surprisal:
        """How unexpected each token of ``window`` was to the model, in nats: [T] float16

        What ``prefill`` heard, where it was to (``hears``); else by a reading that keeps nothing.
        """
        if self._heard is None or self._heard[0] is not window:
            from kimidoc.engine.hearing import heard

            near = self._root.parent if self._root is not None else None
            self._heard = window, heard(self._reader, window, near, progress)
        return self._heard[1]

    @property
    def _method(self) -> Notice:
        if self.checkpoint.reader is not None:
            return methods.BY_READER
        return methods.BY_INDEXER if self._indexer else methods.BY_WORD_RULES

    def _prior(self, window: Window, read: WasRead, notices: list[Notice]) -> LexicalPrior:
        """Out of the session, where nothing had to be read; else of the window's words."""
        if self._where is not None and read.reused == len(window.tokens):
            try:
                return LexicalPrior.unpacked((self._where / WORDS).read_bytes())
            except (OSError, ValueError) as reason:
                notices.append(not_used(WORDS, reason, "it was counted anew"))
        return self._counted(window)

    def _counted(self, window: Window) -> LexicalPrior:
        """A window's words, counted once."""
        if self._last is None or self._last[0] is not window:
            self._last = window, LexicalPrior(window, self.plan.budget.block_tokens)
        return self._last[1]

    def _kept(self, window: Window, notices: list[Notice], progress: Progress) -> WasRead:
        """The window out of its session, which is read and written first where it has to be.

        One process at a time writes a session; who waited uses what the other one wrote.
        """
        from kimidoc.engine.reading import WasRead

        assert self._root is not None and self._name is not None
        where = self._root / self._name
        sessions.remove_unfinished(self._root)
        earlier = self._earlier(where, window, [])
        if earlier is None or not earlier.whole:
            waiting = partial(progress, "wait for the process that reads this", 0, 1, "sessions")
            with lock.writing(self._root, self._name, waiting):
                earlier = self._earlier(where, window, notices)
                if earlier is None or not earlier.whole:
                    read = self._read(window, earlier, progress)
                    notices += limit.evict(
                        self._root, self._sessions_limit_bytes, keep=self._name
                    ).notices
                    return read
        sessions.touch(where)
        self.remembered.mend(window)
        return WasRead(earlier.layers(), len(window.tokens), earlier.keys, earlier.nats)

    def _earlier(self, where: Path, window: Window, notices: list[Notice]) -> Earlier | None:
        from kimidoc.engine.reading import Earlier

        try:
            return Earlier.of(
                where,
                self.checkpoint.fingerprint,
                self._settings,
                window.tokens,
                indexed=self._indexer is not None,
                hears=self.hears,
            )
        except SessionError as reason:
            said = f"{reason.message}; everything was read again and the session replaced."
            notices.append(Notice("session-not-used", said))
        return None

    def _read(self, window: Window, earlier: Earlier | None, progress: Progress) -> WasRead:
        return self._reader.read(
            window,
            earlier,
            self._root if self._name is not None else None,
            self._name or "",
            {
                "model": self.checkpoint.id,
                "fingerprint": self.checkpoint.fingerprint,
                "settings": self._settings,
                "roots": list(self.roots),
                "documents": [(s.document.path, s.document.sha256 or "") for s in window.segments],
            },
            progress,
            {WORDS: lambda: self._counted(window).packed(), **self.remembered.beside(window)},
            self.hears,
        )

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
        self,
        prefix: Prefix,
        prompts: Sequence[Prompt],
        progress: Progress = silent,
        listener: Listener = NOBODY,
    ) -> list[Draft]:
        """Answer every prompt on the shared prefix; see ``engine.base.Engine``."""
        if not prompts:
            return []
        return self.desk(prefix).answer(prompts, progress, listener)

    def desk(self, prefix: Prefix) -> Desk:
        """What answers on that prefix; by reading again, where the model was trained to."""
        from kimidoc.engine.rereading import Rereading
        from kimidoc.engine.votes import Rules
        from kimidoc.engine.writing import Desk

        held = prefix.handle
        assert isinstance(held, Held), "the prefix of another engine"
        shared = (
            self._reader,
            self.tokenizer,
            self.frame,
            prefix.window,
            held.layers,
            self._finder(prefix.window, held),
            self.plan.budget.block_tokens,
        )
        if self.checkpoint.reader is None:
            return Desk(*shared)
        rules = Rules.at(self.checkpoint.rules)
        return Rereading(*shared, rules=rules, spans=self._spans)

    @cached_property
    def _spans(self) -> Spans | None:
        from kimidoc.models.nano.spans import Spans

        return None if self.checkpoint.spans is None else Spans.load(self.checkpoint.spans)

    def _finder(self, window: Window, held: Held) -> Finder:
        from kimidoc.engine.finding import ByMeaning, ByWords

        words = ByWords(window, held.prior)
        indexer = self._reader.indexer
        if held.keys is None or indexer is None:
            return words
        kinds = nano.kinds(self.checkpoint.states)
        return ByMeaning(words, held.keys, indexer, self._reader, kinds, held.clauses)
