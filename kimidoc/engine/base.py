"""The engine's contract. Nothing above this room knows what stands behind it.

An engine reads a window once (``prefill``) and then answers many prompts on that one prefix
(``answer``). ``local`` runs a checkpoint on this machine; a remote engine speaks to a server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from kimidoc.types import ModelFacts, Notice, SessionFacts, Tokenizer, Window


class Progress(Protocol):
    """Where a long step reports to. ``total`` and ``done`` are in ``unit``."""

    def __call__(self, stage: str, done: int, total: int, unit: str) -> None:
        """``done`` of ``total`` units of ``stage`` are finished."""
        ...


def silent(stage: str, done: int, total: int, unit: str) -> None:
    """A Progress that says nothing."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a window is to be read, in plain values; None is the engine's own default.

    ``global_layers``: which layers keep their history ("all", or their numbers). The blocks that
    a query of a global layer sees before its tile and the ones it retrieves, and the blocks that a
    local one sees: ``window_blocks``, ``top_k``, ``local_blocks``. ``weights``: "int8" or "bf16".
    ``storage`` of keys and values: "int8", "int4" or "raw".
    """

    global_layers: tuple[int, ...] | Literal["all"] | None = None
    window_blocks: int | None = None
    top_k: int | None = None
    local_blocks: int | None = None
    weights: str | None = None
    storage: str | None = None


@dataclass(frozen=True, slots=True)
class Prefix:
    """A window as the engine holds it. ``handle`` means something to its engine only.

    ``notices``: what the reader of the report must know, such as a session that was damaged.
    """

    window: Window
    session: SessionFacts
    handle: object
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question as put to the model.

    ``question``: the user's own words; they choose what is attended to. ``sought``: what of them an
    indexer looks for, where they also name their document. ``instruction``: the task text that
    stands before them.
    ``scope``: token ranges of the window that attention to history and quotes are restricted to;
    None is the whole window. ``terms`` feed the lexical prior. ``quotes``: how many quotes, from
    different places, may be drafted at most. ``answer_tokens`` 0: quotes are enough.
    """

    id: str
    question: str
    instruction: str = ""
    terms: tuple[str, ...] = ()
    scope: tuple[tuple[int, int], ...] | None = None
    quotes: int = 1
    quote_tokens: int = 96
    answer_tokens: int = 24
    sought: str | None = None


@dataclass(frozen=True, slots=True)
class Attended:
    """A run of window tokens the model attended to; a higher score is better."""

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Draft:
    """What the model wrote for one prompt, in the form ``ask.parse`` reads.

    ``attended`` is best first. ``error``: why there is no text, in one sentence.
    """

    id: str
    text: str
    attended: tuple[Attended, ...] = ()
    error: str | None = None


class Listener(Protocol):
    """Hears of an answer while it is made. What is answered is the same with and without.

    Of every prompt first what was attended to, then the draft in pieces: joined they are
    ``Draft.text``, and each is told of when it has come to stand. A quote is one piece.
    """

    def attended(self, prompt: str, places: Sequence[Attended]) -> None:
        """``places`` are ``Draft.attended`` of the prompt of that id."""
        ...

    def wrote(self, prompt: str, piece: str) -> None:
        """More of the draft's text."""
        ...


class Deaf:
    """A Listener that does not care."""

    def attended(self, prompt: str, places: Sequence[Attended]) -> None:
        """See ``Listener``."""

    def wrote(self, prompt: str, piece: str) -> None:
        """See ``Listener``."""


NOBODY: Listener = Deaf()


class Engine(Protocol):
    """Reads one window, answers many prompts on it."""

    @property
    def facts(self) -> ModelFacts:
        """Which model this is."""
        ...

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that decides the budget; needs no weights in memory."""
        ...

    @property
    def preamble(self) -> Sequence[int]:
        """Token ids that open every window (the chat template's opening)."""
        ...

    def prefill(self, window: Window, progress: Progress = silent) -> Prefix:
        """Read the window; reuse a session whose tokens and model match.

        Raises EngineError when it cannot run, SessionError when the session cannot be written.
        """
        ...

    def answer(
        self,
        prefix: Prefix,
        prompts: Sequence[Prompt],
        progress: Progress = silent,
        listener: Listener = NOBODY,
    ) -> list[Draft]:
        """Answer every prompt on the shared prefix, in the order given. Deterministic."""
        ...
