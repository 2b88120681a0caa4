"""``kimidoc sessions list|show|verify|rm``: windows kept on disk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kimidoc import config
from kimidoc.cli.app import command, new_app
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.options import Manner, Unasked
from kimidoc.cli.streams import Streams
from kimidoc.cli.tables import pairs, size, table
from kimidoc.errors import SessionError, UsageError

if TYPE_CHECKING:
    from kimidoc.kvcache.session import SessionInfo

app = new_app(
    "List, show, check and remove sessions.\n\nA session is a window that the model has read, kept "
    "in the cache folder, so that the next question on the same documents starts at once. Together "
    "they take at most sessions_limit_bytes (KIMIDOC_SESSIONS_LIMIT_BYTES, or the user's settings "
    "file; default: 20 GiB, or a fifth of the disk if that is less): after a new one is written, "
    "those not used for longest are removed.",
    "Examples:\n  kimidoc sessions list\n  kimidoc sessions verify\n  kimidoc sessions rm --all",
)

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME...]", help="Sessions, by id or its beginning."),
]


def _start(ctx: typer.Context, manner: Manner) -> tuple[Streams, Path, config.Settings]:
    from kimidoc.kvcache import session

    streams = ctx.find_object(Streams)
    assert streams is not None
    settings = settle(streams, manner).settings
    return streams, session.root(settings.cache_dir), settings


def _named(root: Path, names: Sequence[str]) -> list[SessionInfo]:
    """What is kept under these names, each once. Raises SessionError."""
    from kimidoc.kvcache import session

    found = {s.path: s for name in names for s in session.find(root, name)}
    return list(found.values())


def _moment(used: float) -> str:
    return datetime.fromtimestamp(used, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _state(s: SessionInfo) -> str:
    if s.state == "unfinished":
        done, layers = s.layers
        share = done * 100 // layers if layers else 0
        return f"unfinished: {share} % of layers, resumes on the next run"
    return "outdated: of another version" if s.state == "outdated" else s.state


@command(app, "list")
@flat
def list_(ctx: typer.Context, *, manner: Manner) -> None:
    """List sessions, the last used first, and what they take of the limit."""
    from kimidoc.kvcache import limit, session

    streams, root, settings = _start(ctx, manner)
    found = session.kept(root)
    if not found:
        streams.note(f"there are no sessions in {root}")
        return
    rows = [
        (s.id, _moment(s.used), s.model, f"{s.tokens:,}", size(s.bytes), _state(s), _roots(s))
        for s in found
    ]
    head = ("id", "last used", "model", "tokens", "size", "state", "roots")
    streams.result(table(head, rows, "lllrr"))
    most = settings.sessions_limit_bytes or limit.default(root)
    streams.note(f"{size(sum(s.bytes for s in found))} of at most {size(most)} in {root}")


def _roots(s: SessionInfo) -> str:
    return ", ".join(s.roots)


@command(app)
@flat
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its id, or the beginning of it.")],
    *,
    manner: Manner,
) -> None:
    """Show one session: what it holds and where it is."""
    streams, root, _ = _start(ctx, manner)
    pages = []
    for s in _named(root, [name]):
        facts = [
            ("id", s.id),
            ("state", _state(s)),
            ("created", s.created or "unknown"),
            ("last used", _moment(s.used)),
            ("model", f"{s.model} ({s.fingerprint})" if s.model else "unknown"),
            ("tokens", f"{s.tokens:,}"),
            ("size", size(s.bytes)),
            ("folder", str(s.path)),
            *(("root", each) for each in s.roots),
        ]
        documents = table(("sha256", "document"), [d[::-1] for d in s.documents])
        pages.append(pairs(facts) + ("\n" + documents if s.documents else ""))
    streams.result("\n".join(pages))


@command(app, examples="  kimidoc sessions verify\n  kimidoc sessions verify 3f2a")
@flat
def verify(ctx: typer.Context, names: Names = None, *, manner: Manner) -> None:
    """Compare every file of sessions with its checksum.

    A damaged file is named, and set aside as FILE.damaged so that no run uses it; the
    exit code is 2 then. Without a NAME, every session is checked."""
    from kimidoc.kvcache import session

    streams, root, _ = _start(ctx, manner)
    chosen = _named(root, names) if names else session.kept(root)
    if not chosen:
        streams.note(f"there are no sessions in {root}")
        return
    rows, damaged = [], []
    for done, each in enumerate(chosen):
        streams.progress("checking sessions", done, len(chosen), "sessions")
        result = _checked(root, each)
        if result.startswith("damaged"):
            damaged.append(each.id)
        rows.append((each.id, size(each.bytes), result))
    streams.progress("checking sessions", len(chosen), len(chosen), "sessions")
    streams.result(table(("id", "size", "result"), rows, "lr"))
    if damaged:
        raise SessionError(
            f"{len(damaged)} of {len(chosen)} sessions are damaged: {', '.join(damaged)}.",
            hint="The next run on the same documents says so, reads them again and replaces the "
            "session; `kimidoc sessions rm NAME` frees the space now.",
        )


def _checked(root: Path, each: SessionInfo) -> str:
    """One session's line: its damaged files are named and set aside."""
    from kimidoc.kvcache import lock, session, snapshot

    if each.state in ("unfinished", "outdated"):
        return f"{_state(each)}; not checked"
    with lock.attempt(root, each.id) as free:
        if not free:
            return "being written by another process; not checked"
        wrong = snapshot.verify(each.path)
        session.set_aside(each.path, (name for name in wrong if name != session.MANIFEST))
    return f"damaged: {', '.join(wrong)}" if wrong else "as written"


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

    streams, root, settings = _start(ctx, manner)
    if bool(names) == everything:
        raise UsageError(
            "Which sessions?" if not names else "Both names and --all were given.",
            hint="Name sessions, or give --all.",
        )
    chosen = session.kept(root) if everything else _named(root, names or ())
    total = size(sum(s.bytes for s in chosen))
    if everything and chosen and not yes:
        if settings.no_input or not streams.interactive:
            raise UsageError(
                f"{len(chosen)} sessions would be removed, and nobody is there to be asked.",
                hint="Add --yes.",
            )
        typer.confirm(f"Remove {len(chosen)} sessions ({total})?", abort=True, err=True)
    refused = []
    for each in chosen:
        try:
            session.remove(each)
        except SessionError as reason:  # the others go all the same
            refused.append(reason)
        else:
            streams.note(f"removed {each.id} ({size(each.bytes)})")
    if everything:
        session.remove_unfinished(root)
    if refused:
        raise SessionError("; ".join(r.message for r in refused), hint=refused[0].hint)
