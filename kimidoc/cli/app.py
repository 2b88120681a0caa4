"""The group of commands, each imported when it is used, and help as plain text.

Plain, because the README holds these pages and a pager, a pipe and a screen reader read them too;
and because it costs no import of rich. Options stand in sections, examples keep their line ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from kimidoc import __version__
from kimidoc.cli.streams import Streams
from kimidoc.errors import UsageError

COMMANDS = {
    "analyze": "Read documents whole and check them against playbooks.",
    "ask": "Read documents whole and answer questions with located quotes.",
    "chat": "Ask one question after another on one window.",
    "novelty": "Show which lines are new: to the set, or to an earlier version.",
    "pack": "Show what would be read: tokens per file, what is skipped and why.",
    "plan": "Say what a run would take: memory, disk, time, and the cost elsewhere.",
    "playbooks": "List, show, start and check playbooks.",
    "models": "List, show, fetch and verify models.",
    "sessions": "List, show, check and remove sessions (windows kept on disk).",
    "bench": "Measure speed, memory and accuracy on this machine.",
    "train": "Make the weights of the embedded model, from folders of data.",
    "doctor": "Show the machine, the settings and where each came from.",
}
EXAMPLES = """
Examples:
  kimidoc ask contracts/ "Which contracts end on a change of control?"
  kimidoc analyze src/ --sarif findings.sarif --fail-on high
  kimidoc pack . --exclude "tests/**"
  git diff | kimidoc ask - "What does this change break?"

Exit codes: 0 finished, 1 findings at or above --fail-on, 2 usage, settings or
run-time failure, 3 budget or coverage gate, 4 citation gate, 130 interrupted.
"""
WIDTH = 80  # of every help page, so that a page is the same everywhere
COLUMN = 26  # a longer option stands on a line of its own
OTHER = "Other options"

# typer's base of every complaint about a command line, wherever this version of typer keeps it.
_Complaint: type[Exception] = typer.BadParameter.__mro__[2]
assert _Complaint.__name__ == "ClickException", _Complaint


class _Carried(Exception):
    """Takes an exception past typer, which would end the process on it."""


@contextmanager
def _carrying() -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, EOFError, OSError) as passenger:
        raise _Carried from passenger


class _Page:
    """Help in sections: what ``rich_help_panel`` names, in the order of first use."""

    params: list[Any]
    epilog: str | None

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        arguments = [p.metavar for p in self.params if p.param_type_name == "argument"]
        below = [self.subcommand_metavar] if isinstance(self, typer.core.TyperGroup) else []
        return ["[OPTIONS]", *arguments, *below]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": []}
        for param in self.get_params(ctx):  # type: ignore[attr-defined]
            if param.param_type_name == "argument":
                sections["Arguments"].append((param.metavar, param.help))
            elif (record := param.get_help_record(ctx)) is not None:
                title = getattr(param, "rich_help_panel", None) or OTHER
                sections.setdefault(title, []).append(record)
        sections[OTHER] = sections.pop(OTHER, [])  # last
        terms = [len(term) for records in sections.values() for term, _ in records]
        column = min(COLUMN, max(terms))  # one for the whole page
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl([(t.ljust(column), text) for t, text in records], COLUMN)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        if self.epilog:
            formatter.write("\n" + self.epilog.strip("\n") + "\n")


class Command(_Page, typer.core.TyperCommand):
    """A command whose help page is ours."""


class Group(_Page, typer.core.TyperGroup):
    """A command with commands below it."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)


class LazyGroup(Group):
    """The program: knows each command's name and line, imports it when asked for it."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        app = import_module(f"kimidoc.cli.{cmd_name}").app
        command = typer.main.get_command(app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            raise UsageError(f"There is no command {name!r}.", hint=_nearest(name))
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **more: Any) -> Any:
        with _carrying():
            return super().make_context(*args, **more)

    def invoke(self, ctx: Any) -> Any:
        with _carrying():
            return super().invoke(ctx)


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, COMMANDS, 1)
    if close:
        return f"Did you mean `kimidoc {close[0]}`?"
    return f"Commands: {', '.join(COMMANDS)}; to ask something: kimidoc ask PATH... QUESTION"


_SHAPE = {
    "help_option_names": ["-h", "--help"],
    "terminal_width": WIDTH,
    "max_content_width": WIDTH,
}


def new_app(about: str | None = None, epilog: str | None = None) -> typer.Typer:
    """An empty app for one command's file; with several commands it becomes a group."""
    return typer.Typer(
        cls=Group,
        help=about,
        epilog=epilog,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=False,
        subcommand_metavar="COMMAND",
        context_settings=_SHAPE,
    )


def command(
    app: typer.Typer, name: str | None = None, *, examples: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function on ``app``; its arguments need a metavar."""
    return app.command(
        name,
        cls=Command,
        epilog=f"Examples:\n{examples.strip(chr(10))}" if examples else None,
        context_settings=_SHAPE,
    )


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kimidoc {__version__}")
        raise typer.Exit


def _program() -> Any:
    app = typer.Typer(
        cls=LazyGroup,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        subcommand_metavar="COMMAND ...",
        context_settings=_SHAPE,
    )

    @app.callback(epilog=EXAMPLES)
    def program(
        version: Annotated[
            bool,
            typer.Option("--version", help="Show the version.", callback=_version, is_eager=True),
        ] = False,
    ) -> None:
        """Read a whole document set or codebase as one window, on this machine, and
        prove every claim with a quote that code located in the source."""

    return typer.main.get_command(app)


def run(arguments: Sequence[str], streams: Streams) -> int:
    """Run one command line. Raises what the command raises; a wrong line is a UsageError."""
    if not arguments:
        arguments = ["--help"]
    try:
        code = _program().main(
            args=list(arguments), prog_name="kimidoc", standalone_mode=False, obj=streams
        )
    except _Carried as carried:
        assert carried.__cause__ is not None
        raise carried.__cause__ from None
    except typer.Abort:
        raise UsageError("Nothing was answered.", hint="--yes answers for you.") from None
    except _Complaint as complaint:
        where = getattr(getattr(complaint, "ctx", None), "command_path", "kimidoc")
        message = complaint.format_message().rstrip(".")  # type: ignore[attr-defined]
        raise UsageError(f"{message}.", hint=f"`{where} --help` shows how.") from None
    return code if isinstance(code, int) else 0
