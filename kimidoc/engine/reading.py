"""A window through the model, or out of the session of an earlier run."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from kimidoc.engine import surprisal, unknown_family
from kimidoc.engine.base import Progress
from kimidoc.engine.flow import Flow, InFiles
from kimidoc.engine.prefill import Keep, layer_major, token_ids
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.remembered import SURPRISAL
from kimidoc.engine.runner import Runner
from kimidoc.engine.states import Profile, profile
from kimidoc.engine.surprisal import Surprisal
from kimidoc.errors import SessionError
from kimidoc.indexer.keys import Collector, Keys
from kimidoc.indexer.model import Indexer
from kimidoc.kvcache import session, snapshot
from kimidoc.kvcache.layer import Recent
from kimidoc.kvcache.local import Tail
from kimidoc.kvcache.session import RESUMABLE_TOKENS
from kimidoc.kvcache.snapshot import Layer
from kimidoc.kvcache.storage import write_file
from kimidoc.models import int8
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.load import load
from kimidoc.types import Window

Layers = list[Layer]
KEYS = "indexer.keys"  # a session's file of the indexer's keys
_SUMS = "indexer-{:03}.sums"  # of an unfinished reading: the keys so far, by layers done


@dataclass(frozen=True, slots=True)
class WasRead:
    """A window's layers, how many tokens an earlier session spared, and the indexer's keys.

    ``nats``: how unexpected each token was, where that was asked for.
    """

    layers: Layers
    reused: int
    keys: Keys | None
    nats: Surprisal | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A kept session of the same model and plan; ``common`` tokens of the window are its own.

    ``keys``: the indexer's, where the session was read with one. ``nats``: the surprisal of its
    tokens, where that is asked for.
    """

    where: Path
    common: int
    whole: bool
    keys: Keys | None = None
    nats: Surprisal | None = None

    @classmethod
    def of(
        cls,
        where: Path,
        fingerprint: str,
        settings: str,
        tokens: array[int],
        *,
        indexed: bool = False,
        hears: bool = False,
    ) -> Earlier | None:
        """The session at ``where`` if it can serve these tokens; None where there is none.

        ``indexed``, ``hears``: with the indexer's keys, and with the surprisal of its tokens.
        Raises SessionError when it is damaged, or was read otherwise than now.
        """
        if not where.exists():
            return None
        manifest = session.read_manifest(where)
        if manifest is None:
            raise unusable(where, "is damaged or of another version")
        if manifest["fingerprint"] != fingerprint:
            raise unusable(where, f"was read by another model ({manifest['model']})")
        if manifest["settings"] != settings:
            raise unusable(where, "was read with other settings")
        kept = session.read_tokens(where)
        if sha256(kept.tobytes()).hexdigest() != manifest["tokens_sha256"]:
            raise unusable(where, "is damaged: its token ids are not those that were written")
        common = session.common_prefix(kept, tokens)
        keys = Keys.load(where / KEYS) if indexed else None
        nats = _nats(where) if hears else None
        earlier = cls(where, common, common == len(kept) == len(tokens), keys, nats)
        earlier.layers()  # sizes are checked: damage is met now, not half way
        return earlier

    def layers(self) -> Layers:
        """Every layer, mapped."""
        return snapshot.load(self.where)


def _nats(where: Path) -> Surprisal:
    try:
        found = surprisal.kept(where)
    except (OSError, ValueError) as reason:
        raise unusable(where, f"is damaged in {SURPRISAL} ({reason})") from reason
    if found is None:
        raise unusable(where, "does not say how unexpected its tokens were: --novelty was not set")
    return found


def unusable(where: Path, why: str) -> SessionError:
    """A session that is there and cannot be gone on from."""
    return SessionError(
        f"the session {where.name} {why}", hint=f"`kimidoc sessions rm {where.name}` removes it"
    )


def going_on(known: Sequence[Layer], common: int) -> int:
    """How many of the first ``common`` tokens (whole blocks) need not be read again.

    Every local layer must have kept what it sees there; a model's own sliding layers never have.
    """
    if not known or any(isinstance(layer, Recent) for layer in known):
        return 0
    for layer in known:
        if isinstance(layer, Tail):
            return layer.goes_on_from(common)
    return common


def quantise(model: Any, plan: ReadPlan) -> None:
    """Put a model's linear layers in int8 where the plan asks for it and the processor can."""
    if plan.weights == "int8" and model.dtype == torch.bfloat16 and model.device.type == "cpu":
        if int8.supported():
            int8.apply(model)


class Reader:
    """A loaded model and what is known of its layers.

    ``indexer``: collects its keys from the states as they pass; must be of this checkpoint.
    ``until``: a window goes through the layers before that one only (all).
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        threads: int | None,
        plan: ReadPlan,
        dtype: str,
        indexer: Indexer | None = None,
        until: int | None = None,
    ) -> None:
        self.plan, self.indexer, self.until = plan, indexer, until
        self.loaded = load(checkpoint, threads, dtype=getattr(torch, dtype))
        if unknown_family.needs_proof(self.loaded.model):
            unknown_family.prove(self.loaded.model)
        quantise(self.loaded.model, plan)
        self.profile: Profile = profile(self.loaded.model)
        self.runner = Runner(self.loaded.model)

    @property
    def width(self) -> int:
        """Numbers in a token's hidden state."""
        embeddings: Any = self.loaded.model.get_input_embeddings()
        width: int = embeddings.embedding_dim
        return width

    def read(
        self,
        window: Window,
        earlier: Earlier | None,
        root: Path | None,
        name: str,
        facts: dict[str, Any],
        progress: Progress,
        beside: Mapping[str, Callable[[], bytes]] = MappingProxyType({}),
        hears: bool = False,
    ) -> WasRead:
        """Every layer of the window, gone on from what an earlier session holds.

        With a ``root`` the session is written there, layer by layer; the caller holds its lock.
        A long reading that is interrupted at any moment is gone on with from the last layer that
        was done. ``beside``: further files of the session by name. ``hears``: also how unexpected
        each token was, which takes every layer; ``earlier`` then knows it of its own. Raises
        SessionError.
        """
        assert not hears or earlier is None or earlier.nats is not None
        block = self.plan.budget.block_tokens
        known: Layers = [] if earlier is None else earlier.layers()
        common = 0 if earlier is None else min(earlier.common, len(window.tokens) - 1)
        # Of the first token that is read, what came before it says how unexpected it was.
        reused = going_on(known, max(0, common - hears) // block * block)
        collect = None
        if self.indexer is not None:
            collect = Collector(self.indexer, len(window.tokens) - reused, first=reused)
        ids, nats = token_ids(window), list[Surprisal]()
        until = None if hears else self.until

        def run(keep: Keep, flow: Flow | None = None, done: Sequence[Layer] = ()) -> Layers:
            layers, hidden = layer_major(
                self.runner,
                self.profile,
                ids,
                self.plan,
                keep,
                known=known,
                known_tokens=reused,
                flow=flow,
                done=done,
                tap=collect,
                until=until,
                progress=progress,
            )
            if hears:
                found = surprisal.surprisal(self.runner, hidden, ids, progress=progress)
                if earlier is not None and earlier.nats is not None and reused:
                    found[: reused + 1] = earlier.nats[: reused + 1]
                nats.append(found)
            return layers

        def keys() -> Keys | None:
            if collect is None:
                return None
            if earlier is None or earlier.keys is None or not reused:
                return collect.finish()
            return earlier.keys.first(reused).followed_by(collect.finish())

        if root is None:
            return WasRead(run(lambda layer: layer), reused, keys(), *nats)
        if len(window.tokens) - reused < RESUMABLE_TOKENS:
            with snapshot.Writer(root, name) as writer:
                layers = run(writer.add)
                found = _write_beside(writer, keys(), nats, beside)
                writer.finish(window.tokens, facts)
            return WasRead(layers, reused, found, *nats)
        same = {key: facts[key] for key in ("model", "fingerprint", "settings", "roots")} | {
            "tokens": len(window.tokens),
            "tokens_sha256": sha256(window.tokens.tobytes()).hexdigest(),
            "reused_tokens": reused,
        }
        with snapshot.Writer(root, name, resumable=same) as writer:
            flow = self._flow(writer, len(window.tokens) - reused, collect)

            def keep(layer: Layer) -> Layer:
                kept = writer.add(layer)
                done = len(writer.layers)
                if collect is not None and collect.looks_at(done - 1):
                    write_file(writer.work / _SUMS.format(done), collect.packed())
                writer.note(until or len(self.runner.layers), checksum=flow.checksum)
                return kept

            layers = run(keep, flow, tuple(writer.done))
            found = _write_beside(writer, keys(), nats, beside)
            writer.finish(window.tokens, facts)
        return WasRead(layers, reused, found, *nats)

    def _flow(self, writer: snapshot.Writer, rows: int, collect: Collector | None) -> InFiles:
        """Where a reading's hidden states lie; an interrupted one's if they are what was written.

        The embedding is turned to first, so layer l reads what was turned to l + 1 times. What was
        collected up to the last layer that was done is taken up with them.
        """
        width, dtype = self.width, self.loaded.model.dtype
        if writer.done:
            flow = InFiles(writer.work, rows, width, dtype, len(writer.done) + 1)
            whole = flow.intact(writer.progress.get("checksum", -1))
            if whole and (collect is None or _taken_up(writer, collect)):
                return flow
            writer.forget()
        return InFiles(writer.work, rows, width, dtype)


def _taken_up(writer: snapshot.Writer, collect: Collector) -> bool:
    """Have ``collect`` stand where it stood after the layers that are done."""
    last = max((n for n in range(len(writer.done)) if collect.looks_at(n)), default=None)
    if last is None:
        return True
    try:
        collect.go_on(writer.work / _SUMS.format(last + 1))
    except SessionError:
        return False
    return True


def _write_beside(
    writer: snapshot.Writer,
    keys: Keys | None,
    nats: Sequence[Surprisal],
    beside: Mapping[str, Callable[[], bytes]],
) -> Keys | None:
    """What a session holds beside its layers."""
    every = dict(beside)
    if keys is not None:
        every[KEYS] = keys.packed
    for one in nats:
        every[SURPRISAL] = partial(surprisal.packed, one)
    for name, packed in every.items():
        write_file(writer.work / name, packed())
        writer.beside.add(name)
    return keys
