"""A window through the model, or out of the session of an earlier run."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kimidoc.engine.base import Progress
from kimidoc.engine.prefill import Keep, ReadPlan, layer_major
from kimidoc.engine.runner import Runner
from kimidoc.engine.states import Profile, profile
from kimidoc.errors import SessionError
from kimidoc.kvcache import session, snapshot
from kimidoc.kvcache.layer import Kept, Recent
from kimidoc.models.checkpoint import Checkpoint
from kimidoc.models.load import load
from kimidoc.types import Window

Layers = list[Kept | Recent]
PLAN = ReadPlan()


@dataclass(frozen=True, slots=True)
class Earlier:
    """A kept session of the same model and plan; ``common`` tokens of the window are its own."""

    where: Path
    common: int
    whole: bool

    @classmethod
    def of(cls, where: Path, fingerprint: str, tokens: array[int]) -> Earlier | None:
        """The session at ``where`` if it can serve these tokens. Raises SessionError if damaged."""
        manifest = session.read_manifest(where)
        if manifest is None:
            return None
        if manifest["fingerprint"] != fingerprint or manifest["settings"] != PLAN.describe():
            return None
        kept = session.read_tokens(where)
        if len(kept) != manifest["tokens"]:
            raise SessionError(
                f"the session at {where} is damaged (its token file is cut)",
                hint=f"remove it with `kimidoc sessions rm {where.name}`",
            )
        common = session.common_prefix(kept, tokens)
        earlier = cls(where, common, common == len(kept) == len(tokens))
        earlier.layers()  # sizes are checked: damage is met now, not half way
        return earlier

    def layers(self) -> Layers:
        """Every layer, mapped."""
        return snapshot.load(self.where)


class Reader:
    """A loaded model and what is known of its layers."""

    def __init__(self, checkpoint: Checkpoint, threads: int | None) -> None:
        self.loaded = load(checkpoint, threads)
        self.profile: Profile = profile(self.loaded.model)
        self.runner = Runner(self.loaded.model)

    def read(
        self,
        window: Window,
        earlier: Earlier | None,
        root: Path | None,
        name: str,
        facts: dict[str, Any],
        progress: Progress,
    ) -> tuple[Layers, int]:
        """Every layer of the window and how many tokens an earlier session spared.

        With a ``root`` the session is written there, layer by layer. Raises SessionError.
        """
        block = PLAN.budget.block_tokens
        known: list[Kept] = []
        reused = 0
        if earlier is not None and self.profile.all_full:
            reused = min(earlier.common, len(window.tokens) - 1) // block * block
        if earlier is not None and reused:
            known = [layer for layer in earlier.layers() if isinstance(layer, Kept)]
        ids = torch.from_numpy(np.frombuffer(window.tokens, dtype=np.int32).astype(np.int64))

        def run(keep: Keep) -> Layers:
            layers, _ = layer_major(
                self.runner,
                self.profile,
                ids,
                PLAN,
                keep,
                known=known,
                known_tokens=reused,
                progress=progress,
            )
            return layers

        if root is None:
            return run(lambda layer: layer), reused
        with snapshot.Writer(root, name) as writer:
            layers = run(writer.add)
            writer.finish(window.tokens, {**facts, "settings": PLAN.describe()})
        return layers, reused
