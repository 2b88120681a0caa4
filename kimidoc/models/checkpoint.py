"""A name or a folder -> a checkpoint that can be loaded. Nothing here reads a weight.

A registered name comes first; a folder of the same name is ``./name``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any

from kimidoc.errors import ModelError
from kimidoc.models import Progress, folder, nano, registry, silent, store, weights
from kimidoc.types import ModelFacts

_IDENTITY = (
    folder.CONFIG,
    "generation_config.json",
    folder.TOKENIZER,
    "tokenizer_config.json",
    "chat_template.jinja",
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model on disk. ``id``: its registered name, else its folder's.

    ``reader``: trained weights that are put into it when it is loaded (``nano``), and ``spans``: of
    the head that stands beside it, ``rules``: what their votes weigh; ``base`` is then the
    fingerprint of the folder alone.
    """

    id: str
    folder: Path
    fingerprint: str
    reader: Path | None = None
    base: str = ""
    spans: Path | None = None
    rules: Path | None = None

    @property
    def states(self) -> str:
        """The fingerprint of the checkpoint whose states an indexer reads here."""
        return self.base or self.fingerprint

    @property
    def read_layers(self) -> int | None:
        """How many of its layers a window goes through; None: all of them.

        What finds passages looks no higher, and the reader reads those again from their tokens.
        """
        return None if self.reader is None else nano.found_by(self.states)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a checkpoint is. ``trained_tokens``: the context its config was trained for."""

    model: ModelFacts
    family: str
    layers: int | None
    trained_tokens: int | None


def resolve(
    name: str, cache: Path, *, offline: bool = False, progress: Progress = silent
) -> Checkpoint:
    """The checkpoint of that name or in that folder; pulled on first use, unless offline.

    Raises ModelError: no such model or folder, not a causal language model, files missing or
    damaged, or not to be fetched.
    """
    if (entry := registry.MODELS.get(name)) is not None:
        where = store.folder_of(entry, cache)
        if store.installed(entry, cache) is None:
            store.pull(entry, cache, offline=offline, progress=progress)
        found = at(where, entry.id)
        if entry.stands_on:
            return with_reader(found, nano.reader_file(), nano.spans_file(), nano.rules_file())
        return found
    path = Path(name).expanduser()
    if path.is_dir():
        return at(path, path.resolve().name)
    raise ModelError(f"There is no model and no folder {name!r}.", hint=_instead(name, path))


def _instead(name: str, path: Path) -> str:
    known = f"Known models: {', '.join(registry.MODELS)}; or give a folder."
    if path.is_file():
        return "Give the folder with config.json, tokenizer.json and safetensors, not a file."
    if close := get_close_matches(name, registry.MODELS, 1):
        return f"Did you mean {close[0]}? {known}"
    if name.count("/") == 1 and path.parts[0] not in (".", "..", "~", "/"):
        return f"Models of a hub are not fetched by name: download it, then --model DIR. {known}"
    return known


def with_reader(
    base: Checkpoint, file: Path, spans: Path | None = None, rules: Path | None = None
) -> Checkpoint:
    """``base`` with the trained weights in ``file``, in ``spans`` those of a span head for it, and
    in ``rules`` what their votes weigh.

    The same folder and the same weights are the same model, whatever it is called. Raises
    ModelError where weights are for another.
    """
    if nano.said(file).get("checkpoint") != base.fingerprint:
        raise ModelError(
            f"The trained weights {file.name} are not for the model in {base.folder}.",
            hint="`kimidoc models pull base` makes the one they are for.",
        )
    if spans is not None and nano.said(spans).get("reader") != nano.tensors_digest(file):
        raise ModelError(
            f"The span head {spans.name} is for another reader than {file.name}.",
            hint="Train one for this: `kimidoc train spans --help`.",
        )
    if rules is not None and nano.rules(rules).get("reader") != nano.tensors_digest(file):
        raise ModelError(
            f"The rules {rules.name} are for another reader than {file.name}.",
            hint="Choose them for this: `kimidoc train calibrate --help`.",
        )
    files = [part for part in (file, spans, rules) if part is not None]
    parts = [base.fingerprint, *map(nano.digest, files)]
    whole = f"sha256:{sha256(' '.join(parts).encode()).hexdigest()}"
    return replace(
        base, fingerprint=whole, reader=file, base=base.fingerprint, spans=spans, rules=rules
    )


def at(where: Path, name: str) -> Checkpoint:
    """The checkpoint in a folder, called ``name``. Raises ModelError where it cannot be used."""
    folder.config(where)
    folder.tokenizer(where)
    return Checkpoint(name, where, _fingerprint(where))


def _fingerprint(where: Path) -> str:
    """sha256 over the small files and the weights' own digest (see ``weights.fingerprint``)."""
    hasher = sha256()
    for name in _IDENTITY:
        if (where / name).is_file():
            content = (where / name).read_bytes()
            hasher.update(f"{name}\0{len(content)}\0".encode() + content)
    hasher.update(weights.fingerprint(weights.read(folder.shards(where))))
    return f"sha256:{hasher.hexdigest()}"


def facts(checkpoint: Checkpoint) -> Facts:
    """Counted from the weights' headers and read from ``config.json``."""
    config = folder.config(checkpoint.folder)
    total, active = weights.parameters(weights.read(folder.shards(checkpoint.folder)), config)
    if checkpoint.reader is not None:
        more, used = nano.parameters(checkpoint.reader, int(config["num_hidden_layers"]))
        total, active = total + more, active + used
    family = str(config["model_type"])
    text = config.get("text_config") or config
    return Facts(
        model=ModelFacts(
            id=checkpoint.id,
            fingerprint=checkpoint.fingerprint,
            architecture=str((config.get("architectures") or [family])[0]),
            parameters_total=total,
            parameters_active=active,
        ),
        family=family,
        layers=_whole(text.get("num_hidden_layers")),
        trained_tokens=_whole(text.get("max_position_embeddings")),
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
