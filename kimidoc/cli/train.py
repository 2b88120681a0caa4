"""``kimidoc train STAGE``: make the weights that are ours, from folders of data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kimidoc.cli.app import command, new_app
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.options import Manner
from kimidoc.cli.streams import Streams
from kimidoc.errors import UsageError

if TYPE_CHECKING:
    from kimidoc.models.checkpoint import Checkpoint

app = new_app(
    "Train what is ours of the embedded model, stage by stage.\n\nData are read from the folders "
    "given; nothing is fetched. Work that is done is kept in --work, and the same command goes on "
    "where it was interrupted.",
    "Examples:\n  kimidoc train indexer datasets/ --work work/ -o indexer.safetensors\n",
)


def _option(*names: str, about: str, **more: Any) -> Any:
    return typer.Option(*names, help=about, show_default=False, **more)


Data = Annotated[
    str, typer.Argument(metavar="DATA", help="The folder that holds the data sets' folders.")
]
Code = Annotated[
    list[str] | None,
    _option("--code", metavar="DIR", about="Python packages; docstrings ask for functions."),
]
Weights = Annotated[str, _option("-o", "--output", metavar="FILE", about="The weights.")]
SameWeights = Annotated[str, _option("-o", "--output", metavar="FILE", about="The same, with it.")]
Fitted = Annotated[str, _option("-o", "--output", metavar="FILE", about="The rules.")]
Share = Annotated[float, _option("--share", metavar="X", min=0.0, about="Share of the data (1.0).")]
Seed = Annotated[int, _option("--seed", metavar="N", about="Of everything drawn (0).")]
Model = Annotated[
    str | None, _option("--model", metavar="NAME|DIR", about="The checkpoint that reads.")
]
Device = Annotated[
    str, _option("--device", metavar="NAME", about="cpu (default), or what torch calls another.")
]
Tokens = Annotated[int, _option("--tokens", metavar="N", min=1, about="Tokens of a step.")]
Threads = Annotated[int | None, _option("--threads", metavar="N", min=1, about="CPU threads.")]


@app.callback()
def stages() -> None:  # with it, one command is a group too
    pass


@command(app, examples="  kimidoc train indexer datasets/ --work work/ -o indexer.safetensors")
@flat
def indexer(
    ctx: typer.Context,
    data: Data,
    *,
    work: Annotated[str, _option("--work", metavar="DIR", about="Where states are kept (GBs).")],
    output: Weights,
    code: Code = None,
    teacher: Annotated[
        str, _option("--teacher", metavar="NAME", about="minilm (default) or none.")
    ] = "minilm",
    steps: Annotated[int, _option("--steps", metavar="N", min=1, about="Steps (600).")] = 600,
    share: Share = 1.0,
    seed: Seed = 0,
    model: Model = None,
    device: Device = "cpu",
    threads: Threads = None,
    manner: Manner,
) -> None:
    """The indexer, on frozen states of the checkpoint."""
    from kimidoc.train import stage
    from kimidoc.train.indexer import Recipe

    streams, source, where = _open(ctx, manner, data, model, work)
    recipe = replace(Recipe(), shape=stage.shape_of(where), steps=steps, seed=seed)
    stage.run(
        source, [Path(c) for c in code or ()], where, recipe, Path(work), Path(output), threads,
        _teacher(teacher, device), share, _device(device), streams.progress,
    )  # fmt: skip


@command(app, examples="  kimidoc train reader datasets/ --work work/ -o reader.safetensors")
@flat
def reader(
    ctx: typer.Context,
    data: Data,
    *,
    work: Annotated[str, _option("--work", metavar="DIR", about="Where examples are kept.")],
    output: Weights,
    code: Code = None,
    steps: Annotated[int, _option("--steps", metavar="N", min=1, about="Steps (471).")] = 471,
    share: Share = 1.0,
    seed: Seed = 0,
    device: Device = "cpu",
    threads: Threads = None,
    manner: Manner,
) -> None:
    """The reader of passages: routed experts and changes of attention, on the base model."""
    from kimidoc.models import nano, registry
    from kimidoc.train import reader_stage
    from kimidoc.train.reader import Recipe

    streams, folder, where = _open(ctx, manner, data, registry.BASE.id, work)
    indexer = nano.indexer(where.fingerprint)
    assert indexer is not None, "the shipped indexer is the base model's"
    recipe = replace(Recipe(), steps=steps, seed=seed, at_once=_at_once(device))
    reader_stage.run(
        folder, [Path(c) for c in code or ()], where, indexer, recipe, Path(work), Path(output),
        threads, share, _device(device), streams.progress,
    )  # fmt: skip


@command(app, name="all", examples="  kimidoc train all datasets/ --work work/ -o weights/")
@flat
def all_(
    ctx: typer.Context,
    data: Data,
    *,
    work: Annotated[str, _option("--work", metavar="DIR", about="Where work is kept (GBs).")],
    output: Annotated[
        str, _option("-o", "--output", metavar="DIR", about="For the files of weights.")
    ],
    code: Code = None,
    share: Share = 1.0,
    seed: Seed = 0,
    device: Device = "cpu",
    threads: Threads = None,
    manner: Manner,
) -> None:
    """Every stage with its defaults: indexer, kinds, reader, spans, calibrate."""
    from kimidoc.models import registry
    from kimidoc.train import everything

    streams, source, where = _open(ctx, manner, data, registry.BASE.id, work)
    right = everything.run(
        source, [Path(c) for c in code or ()], where, Path(work), Path(output), threads,
        _teacher("minilm", device), share, seed, _device(device), _at_once(device),
        streams.progress,
    )  # fmt: skip
    _told(streams, right)


@command(app, examples="  kimidoc train calibrate datasets/ --reader r.safetensors -o rules.json")
@flat
def calibrate(
    ctx: typer.Context,
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="The folder that holds the folder cuad.")
    ],
    *,
    weights: Annotated[str, _option("--reader", metavar="FILE", about="The reader's weights.")],
    output: Fitted,
    spans: Annotated[
        str | None, _option("--spans", metavar="FILE", about="The span head's weights, if any.")
    ] = None,
    earlier: Annotated[
        str | None, _option("--rules", metavar="FILE", about="Rules to begin with, if any.")
    ] = None,
    count: Annotated[
        int, _option("--documents", metavar="N", min=1, about="Contracts asked (6).")
    ] = 6,
    clauses: Annotated[
        str | None,
        _option("--clauses", metavar="FILE", about="Weights of clauses fitted without them."),
    ] = None,
    seed: Annotated[int, _option("--seed", metavar="N", about="Of the wordings drawn (0).")] = 0,
    threads: Threads = None,
    manner: Manner,
) -> None:
    """When a reader's answer counts as found, and what each vote on a quote weighs.

    --clauses takes what `python -m kimidoc.clauses.fit CONTRACTS LABELS train without-held-out`
    prints; left out, the weight of that model's vote stays as it is in --rules.
    """
    from kimidoc.clauses import model as linear
    from kimidoc.clauses.weights import parsed
    from kimidoc.models import checkpoint, registry
    from kimidoc.train import calibrate as stage
    from kimidoc.train.kept import held_out

    streams, folder, base = _open(ctx, manner, data, registry.BASE.id)
    where = checkpoint.with_reader(base, Path(weights), _path(spans), _path(earlier))
    documents = held_out(folder / "cuad", count)
    known = None if clauses is None else linear.Model(parsed(_text(clauses)))
    right = stage.run(documents, where, Path(output), threads, seed, streams.progress, known)
    _told(streams, right)


@command(app, examples="  kimidoc train spans datasets/ --work work/ -o spans.safetensors")
@flat
def spans(
    ctx: typer.Context,
    data: Data,
    *,
    work: Annotated[str, _option("--work", metavar="DIR", about="Where a stopped run goes on.")],
    output: Weights,
    weights: Annotated[
        str | None, _option("--reader", metavar="FILE", about="The reader's weights (shipped).")
    ] = None,
    start: Annotated[
        str | None, _option("--start", metavar="FILE", about="A head's weights to go on from.")
    ] = None,
    steps: Annotated[int, _option("--steps", metavar="N", min=1, about="Steps (700).")] = 700,
    rewarded: Annotated[
        int, _option("--rewarded", metavar="N", min=0, about="The last of them, by rewards (0).")
    ] = 0,
    tokens: Tokens = 3_000,
    seed: Seed = 0,
    device: Device = "cpu",
    threads: Threads = None,
    manner: Manner,
) -> None:
    """The head that says which sentence and which words of what is read answer."""
    from kimidoc.models import checkpoint, nano, registry
    from kimidoc.train import spans as stage

    streams, source, base = _open(ctx, manner, data, registry.BASE.id, work)
    where = checkpoint.with_reader(base, Path(weights) if weights else nano.reader_file())
    recipe = replace(
        stage.Recipe(), shape=stage.shape_of(where), steps=steps, rewarded=rewarded,
        tokens=tokens, seed=seed,
    )  # fmt: skip
    right = stage.run(
        source, where, recipe, Path(work), Path(output), threads, _path(start), _device(device),
        streams.progress,
    )  # fmt: skip
    _told(streams, right)


@command(app, examples="  kimidoc train ablation datasets/ --work work/")
@flat
def ablation(
    ctx: typer.Context,
    data: Data,
    *,
    work: Annotated[str, _option("--work", metavar="DIR", about="Where examples are kept.")],
    share: Annotated[
        float, _option("--share", metavar="X", min=0.0, about="Share of the data (0.02).")
    ] = 0.02,
    asked: Annotated[
        int, _option("--asked", metavar="N", min=1, about="Questions of kept contracts (150).")
    ] = 150,
    steps: Annotated[
        int, _option("--steps", metavar="N", min=0, about="For queries over depth (40).")
    ] = 40,
    scratch: Annotated[
        int, _option("--scratch", metavar="N", min=0, about="For arms from the base model (0).")
    ] = 0,
    tokens: Tokens = 8_192,
    seed: Seed = 0,
    device: Device = "cpu",
    threads: Threads = None,
    manner: Manner,
) -> None:
    """What each part of the reader brings, on contracts that nothing was trained on."""
    from kimidoc.models import nano, registry
    from kimidoc.train import ablation as stage
    from kimidoc.train.reader import Recipe

    streams, folder, where = _open(ctx, manner, data, registry.BASE.id, work)
    indexer = nano.indexer(where.fingerprint)
    assert indexer is not None, "the shipped indexer is the base model's"
    recipe = replace(Recipe(), seed=seed, at_once=_at_once(device))
    found = stage.run(
        folder, where, indexer, nano.reader_file(), recipe,
        stage.Budget(share, asked, steps, scratch, tokens), Path(work), threads, _device(device),
        streams.progress,
    )  # fmt: skip
    _told(streams, found)


@command(app, examples="  kimidoc train kinds datasets/ -o kinds.safetensors")
@flat
def kinds(
    ctx: typer.Context,
    data: Data,
    *,
    output: Annotated[
        str, _option("-o", "--output", metavar="FILE", about="The head's file of weights.")
    ],
    weights: Annotated[
        str | None, _option("--indexer", metavar="FILE", about="The indexer's weights (shipped).")
    ] = None,
    blocks: Annotated[
        float,
        _option("--blocks", metavar="X", about="What the model of clauses weighs on blocks (0.5)."),
    ] = 0.5,
    seed: Seed = 0,
    model: Model = None,
    threads: Threads = None,
    manner: Manner,
) -> None:
    """The head that says which kind of clause a question asks for, if any."""
    from kimidoc.indexer.model import Indexer
    from kimidoc.models import nano
    from kimidoc.train import kinds as stage

    streams, folder, where = _open(ctx, manner, data, model)
    indexer = Indexer.load(nano.indexer_file() if weights is None else Path(weights))
    right = stage.run(folder, where, indexer, Path(output), blocks, threads, seed)
    _told(streams, right)


@command(app, examples="  kimidoc train verdict datasets/ --indexer i.safetensors -o i.safetensors")
@flat
def verdict(
    ctx: typer.Context,
    data: Data,
    *,
    weights: Annotated[str, _option("--indexer", metavar="FILE", about="The indexer's weights.")],
    output: SameWeights,
    tokens: Annotated[
        int, _option("--tokens", metavar="N", min=1, about="Of labelled documents (150000).")
    ] = 150_000,
    seed: Seed = 0,
    model: Model = None,
    threads: Threads = None,
    manner: Manner,
) -> None:
    """The rule that says whether a question is answered at all, for an indexer and a checkpoint."""
    from kimidoc.train import verdict as stage

    streams, folder, where = _open(ctx, manner, data, model)
    right = stage.run(
        folder, where, Path(weights), Path(output), tokens, threads, seed, streams.progress
    )
    _told(streams, right)


def _told(streams: Streams, right: Mapping[str, float]) -> None:
    streams.result("\n".join(f"{name}: {share:.3f}" for name, share in right.items()))


def _at_once(device: str) -> int:
    """Tokens of a pass: what some GB of memory hold on the CPU, a whole step elsewhere."""
    return 8_192 if device == "cpu" else 65_536


def _device(name: str) -> str:
    from kimidoc.train.states import demand

    demand(name)
    return name


def _teacher(name: str, device: str) -> Callable[[Sequence[str]], Any] | None:
    """The sentence-embedding model that makes soft labels. Raises UsageError."""
    if name == "none":
        return None
    from kimidoc.train.teacher import minilm

    return minilm(device)


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        raise UsageError(
            f"{file} cannot be read ({reason}).", hint="kimidoc.clauses.fit prints such a file."
        ) from None


def _open(
    ctx: typer.Context, manner: Any, data: str, model: str | None, work: str | None = None
) -> tuple[Streams, Path, Checkpoint]:
    """The streams, the data's folder, and the checkpoint of that name, or the one that is used by
    default; ``work`` is made where it is not there. Raises UsageError."""
    streams = ctx.find_object(Streams)
    assert streams is not None
    if not Path(data).is_dir():
        raise UsageError(f"{data} is no folder.", hint="Give the folder of the data sets.")
    where = _checkpoint(streams, manner, model)
    if work is not None:
        Path(work).mkdir(parents=True, exist_ok=True)
    return streams, Path(data), where


def _checkpoint(streams: Streams, manner: Any, name: str | None) -> Checkpoint:
    from kimidoc.models import checkpoint, registry

    settings = settle(streams, manner).settings
    return checkpoint.resolve(
        name or settings.model or registry.default(), settings.cache_dir,
        offline=settings.offline, progress=streams.progress,
    )  # fmt: skip
