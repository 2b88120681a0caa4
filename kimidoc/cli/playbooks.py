"""``kimidoc playbooks list|show|new|check``: checklists, and how to write one."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from kimidoc.cli.app import command, new_app
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.options import Manner
from kimidoc.cli.output import replace_file
from kimidoc.cli.streams import Streams, utf8
from kimidoc.cli.tables import pairs, table
from kimidoc.errors import UsageError

if TYPE_CHECKING:
    from kimidoc.playbooks import Check

app = new_app(
    "List, show, start and check playbooks.\n\nA playbook is a TOML file of questions, each with a "
    "rule for when its answer becomes a finding. Your own need no Python.",
    "Examples:\n  kimidoc playbooks show due-diligence\n  kimidoc playbooks new leases.toml",
)

Name = Annotated[
    str,
    typer.Argument(metavar="NAME|FILE", help="A playbook of `list`, or a .toml file."),
]
BEGINNING = """\
# A playbook for kimidoc. Run it with: kimidoc analyze PATH... --playbook {file}
# Check it with:                       kimidoc playbooks check {file}
# Lines that begin with # are examples of what else there is; take the # away to use one.

[playbook]
id = "{id}"
prefix = "{id}"                  # rule ids are prefix.check: "{id}.break-clause"
title = "{title}"
description = "What this playbook looks for, in a sentence."
# prose = false                 # for code: its checks search lines, and "not" denies nothing

# ---- A question. As many as you like. ----------------------------------------------------------
[[check]]
id = "break-clause"
title = "Break clause"
question = "Can the tenant end the lease before its term, and with how much notice?"
wordings = ["May the lease be ended early?"]        # the same in other words
scope = "document"              # asked of every document; "set": asked once of all of them
terms = ["break", "terminate", "notice", "early"]   # words that help to find the place
answer = "duration"             # {answers};
                                # values of this kind are read in the quotes, beside the words

# Who answers. Without one of these three lines the language model does.
# find = ['\\bbreak (?:date|clause|option)\\b']    # the sentences that match are the answer
# signs_answer = true           # the sentences that match the signs below are the answer
# clause = "notice-to-terminate"  # a clause of the fitted model: see `playbooks show due-diligence`

# Which documents it is asked of: their kind, and a word near their beginning.
[check.documents]
# kinds = ["pdf", "docx"]
words = ["lease", "tenancy"]

# When the answer becomes a finding. Without this table it is an answer and nothing more.
[check.finding]
when = "found"                  # or "not_found"
severity = "medium"             # low, medium, high, critical
message = "The tenant can leave early."             # the reason, in a sentence
help = "Work out the first date on which notice can be given."
signs = ['\\bbreak (?:date|clause|option)\\b']     # optional: a located quote must match one
# search = "sentences"          # look for the signs in every sentence, not only in the quotes
# consequences = ['\\bterminat', '\\bpay']  # of sentences: one must hold such a word, too, or the
# otherwise = "low"             # finding is only as severe as this
# Of code: search is "lines" or "code" (without comments), and a match is harmless by unless (words
# in the lines below it), arguments (of the call it opens) or inserted = true (only fixed text).
# flow = ["sql-injection"]      # in Java and Python the data flow raises it too, and decides

# ---- What only several documents show, and tables: computed by code, no Python needed. ---------
# [[analysis]]
# id = "notice-too-late"
# title = "Last day for a notice that has passed"
# method = "missed"             # {methods}
#   (the method flow names its checks besides: flow = ["reflection"])
# severity = "high"
# message = "The last day on which notice could be given seems to have passed"
# help = "Ask for the notice."

# [[table]]
# id = "calendar"
# title = "Calendar"
# method = "calendar"           # {tables}
# note = "Computed from the days and durations of the quotes."
"""


def _streams(ctx: typer.Context, manner: Manner) -> Streams:
    streams = ctx.find_object(Streams)
    assert streams is not None
    settle(streams, manner)
    return streams


@command(app, "list")
@flat
def list_(ctx: typer.Context, *, manner: Manner) -> None:
    """List the playbooks that come with kimidoc."""
    from kimidoc import playbooks

    streams = _streams(ctx, manner)
    rows = []
    for name in playbooks.names():
        book = playbooks.load(name)
        rules = sum(check.finding is not None for check in book.checks)
        across = len(book.analyses) + len(book.tables)
        rows.append((book.id, str(len(book.checks)), str(rules), str(across), book.title))
    streams.result(table(("name", "checks", "rules", "analyses", "title"), rows, " rrr"))


@command(
    app, examples="  kimidoc playbooks show earnings\n  kimidoc playbooks show records --source"
)
@flat
def show(
    ctx: typer.Context,
    name: Name,
    *,
    source: Annotated[bool, typer.Option("--source", help="The TOML file as it stands.")] = False,
    manner: Manner,
) -> None:
    """Show a playbook's questions and rules."""
    from kimidoc import playbooks
    from kimidoc.playbooks.ask import rule_id
    from kimidoc.playbooks.load import source as source_of

    streams = _streams(ctx, manner)
    if source:
        streams.result(source_of(name)[0])
        return
    book = playbooks.load(name)
    streams.result(pairs([("name", book.id), ("title", book.title), ("about", book.description)]))
    for check in book.checks:
        facts = [("question", check.question)]
        facts += [("or", wording) for wording in check.wordings]
        facts += [("asked of", _asked_of(check.scope)), ("answered by", _answered_by(check))]
        if check.answer != "text":
            facts.append(("answer", check.answer))
        if check.finding is not None:
            when = check.finding.when.replace("_", " ")
            rule = " and a quote matches its signs" if check.finding.signs else ""
            facts.append(("finding", f"{check.finding.severity}, when {when}{rule}"))
        streams.result(f"\n{rule_id(book, check)}  {check.title}\n{pairs(facts)}")
    for one in book.analyses:
        facts = [("finding", f"{one.severity}, by the analysis {one.method} over all documents")]
        facts.append(("says", one.message))
        streams.result(f"\n{rule_id(book, one)}  {one.title}\n{pairs(facts)}")
    for each in book.tables:
        facts = [
            ("table", f"by the analysis {each.method} over all documents"),
            ("note", each.note),
        ]
        streams.result(f"\n{rule_id(book, each)}  {each.title}\n{pairs(facts)}")


def _beginning(file: str, name: str, title: str) -> str:
    """A commented playbook that works, with every choice there is."""
    from kimidoc.playbooks.format import AnswerType, Method, TableMethod

    choices = {
        "answers": ", ".join(get_args(AnswerType)),
        "methods": _wrapped(get_args(Method)),
        "tables": _wrapped(get_args(TableMethod)),
    }
    return BEGINNING.format(file=file, id=name, title=title, **choices)


def _wrapped(names: tuple[str, ...]) -> str:
    """Names on as many comment lines as they need, below one another."""
    return f"\n#{' ' * 31}# ".join(wrap(", ".join(names), 60))


def _asked_of(scope: str) -> str:
    return "every document it applies to" if scope == "document" else "the whole set, once"


def _answered_by(check: Check) -> str:
    said = ["sentences that match its patterns"] * bool(check.find)
    said += ["sentences that match its signs"] * check.signs_answer
    said += [f"the fitted model of the clause {check.clause}"] * bool(check.clause)
    return ", else ".join(said) or "the language model"


@command(app, examples="  kimidoc playbooks new leases.toml")
@flat
def new(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The .toml file to begin.")],
    *,
    manner: Manner,
) -> None:
    """Begin a playbook: writes a small one that works, with comments."""
    streams = _streams(ctx, manner)
    path = Path(file)
    if path.suffix != ".toml":
        raise UsageError(f"{file!r} does not end in .toml.", hint=f"Try {path.name}.toml.")
    if path.exists():
        raise UsageError(f"{file!r} is there already.", hint="Choose another name.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {str(path.parent)!r}.", hint="Make it first.")
    words = [
        w for w in "".join(c if c.isascii() and c.isalnum() else " " for c in path.stem).split()
    ]
    name = "-".join(words).lower()
    if not name or not name[0].isalpha():
        name = f"playbook-{name}".rstrip("-")
    title = " ".join(words).capitalize() or "Playbook"
    replace_file(path, utf8(_beginning(path.name, name, title)))
    streams.note(f"wrote {file}; next: kimidoc playbooks check {file}")


@command(app, examples="  kimidoc playbooks check leases.toml")
@flat
def check(ctx: typer.Context, name: Name, *, manner: Manner) -> None:
    """Check that a playbook can be used; says which line to mend."""
    from kimidoc import playbooks

    streams = _streams(ctx, manner)
    book = playbooks.load(name)
    rules = sum(check.finding is not None for check in book.checks)
    code = sum(check.by_rule for check in book.checks)
    streams.result(f"{book.id}: {len(book.checks)} checks, {rules} of them with a rule. It works.")
    streams.result(
        f"{code} checks are answered by code, {len(book.checks) - code} by the language model; "
        f"{len(book.analyses)} analyses and {len(book.tables)} tables over all documents."
    )
