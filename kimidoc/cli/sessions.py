"""``kimidoc sessions list|show|rm``: windows kept on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kimidoc.cli.app import command, new_app
from kimidoc.cli.options import Manner, Unasked, flat, settle
from kimidoc.cli.streams import Streams
from kimidoc.cli.tables import pairs, size, table
from kimidoc.errors import UsageError

app = new_app(
    "List, show and remove sessions.\n\nA session is a window that the model has read, kept in the "
    "cache folder, so that the next question on the same documents starts at once.",
    "Examples:\n  kimidoc sessions list\n  kimidoc sessions rm --all",
)

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME...]", help="Sessions, by id or its beginning."),
]


def _start(ctx: typer.Context, manner: Manner) -> tuple[Streams, Path, bool]:
    from kimidoc.kvcache import session

    streams = ctx.find_object(Streams)
    assert streams is not None
    settings = settle(streams, manner).settings
    return streams, session.root(settings.cache_dir), settings.no_input


@command(app, "list")
@flat
def list_(ctx: typer.Context, *, manner: Manner) -> None:
    """List sessions, newest first."""
    from kimidoc.kvcache import session

    streams, root, _ = _start(ctx, manner)
    found = session.list_sessions(root)
    if not found:
        streams.note(f"there are no sessions in {root}")
        return
    rows = [
        (s.id, s.created, s.model, f"{s.tokens:,}", size(s.bytes), ", ".join(s.roots))
        for s in found
    ]
    streams.result(table(("id", "created", "model", "tokens", "size", "roots"), rows, "lllrr"))
    streams.note(f"{size(sum(s.bytes for s in found))} in {root}")


@command(app)
@flat
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its id, or the beginning of it.")],
    *,
    manner: Manner,
) -> None:
    """Show one session: what it holds and where it is."""
    from kimidoc.kvcache import session

    streams, root, _ = _start(ctx, manner)
    s = session.show(root, name)
    facts = [
        ("id", s.id),
        ("created", s.created),
        ("model", f"{s.model} ({s.fingerprint})"),
        ("tokens", f"{s.tokens:,}"),
        ("size", size(s.bytes)),
        ("folder", str(s.path)),
        *(("root", each) for each in s.roots),
    ]
    streams.result(
        pairs(facts) + "\n" + table(("sha256", "document"), [d[::-1] for d in s.documents])
    )


@command(app, examples="  kimidoc sessions rm 3f2a\n  kimidoc sessions rm --all --yes")
@flat
def rm(
    ctx: typer.Context,
    names: Names = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every session.")] = False,
    yes: Unasked = False,
    manner: Manner,
) -> None:
    """Remove sessions from disk. The documents themselves are not touched."""
    from kimidoc.kvcache import session

    streams, root, no_input = _start(ctx, manner)
    if bool(names) == everything:
        raise UsageError(
            "Which sessions?" if not names else "Both names and --all were given.",
            hint="Name sessions, or give --all.",
        )
    if everything:
        chosen = session.list_sessions(root)
    else:
        chosen = [session.show(root, name) for name in dict.fromkeys(names or ())]
    total = size(sum(s.bytes for s in chosen))
    if everything and chosen and not yes:
        if no_input or not streams.interactive:
            raise UsageError(
                f"{len(chosen)} sessions would be removed, and nobody is there to be asked.",
                hint="Add --yes.",
            )
        typer.confirm(f"Remove {len(chosen)} sessions ({total})?", abort=True, err=True)
    for each in {s.id: s for s in chosen}.values():
        session.remove(root, each.id)
        streams.note(f"removed {each.id} ({size(each.bytes)})")
    if everything:
        session.remove_unfinished(root)
