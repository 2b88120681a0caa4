"""``kimidoc novelty PATH...``: what deviates from the rest of a set, or from an earlier version.

``--json`` is ``"schema": "kimidoc.novelty/1"``: every line of every document with its figures.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kimidoc import __version__, config
from kimidoc.cli import jobs, output
from kimidoc.cli.app import command, new_app
from kimidoc.cli.groups import flat, settle
from kimidoc.cli.options import Budget, Manner, Paths, Reading, Reports, Running
from kimidoc.cli.streams import Streams, utf8
from kimidoc.errors import UsageError
from kimidoc.report import safe
from kimidoc.report.redact import redact
from kimidoc.types import Document, Report, Seconds, SessionFacts, Table, Window

if TYPE_CHECKING:
    from kimidoc.engine.local import LocalEngine
    from kimidoc.novelty.score import Line, Scored
    from kimidoc.novelty.strip import Cell
    from kimidoc.pipeline import Job

app = new_app()

TOP = 20
EXAMPLES = """
  kimidoc novelty contracts/
  kimidoc novelty draft-4.docx --against draft-3.docx
  kimidoc novelty src/ --against ../release-1.2/src --json novelty.json
"""
_SHOWN = "What is shown"
_STRIP, _PLAIN = " ▁▂▃▄▅▆▇█", " .:-=+*#%"


def _option(*names: str, about: str, panel: str = _SHOWN, **more: Any) -> Any:
    return typer.Option(*names, help=about, rich_help_panel=panel, show_default=False, **more)


@dataclass(frozen=True)
class _Read:
    """What was read and found. ``gone``: lines of the earlier version that changed or went."""

    engine: LocalEngine
    window: Window
    session: SessionFacts
    found: list[Scored]
    gone: list[Scored]
    seconds: Seconds


@command(app, examples=EXAMPLES)
@flat
def novelty(
    ctx: typer.Context,
    paths: Paths,
    *,
    against: Annotated[
        str | None,
        _option(
            "--against",
            metavar="PATH",
            panel="What is asked",
            about="An earlier version, a file or a folder: only what stands there counts as known.",
        ),
    ] = None,
    top: Annotated[
        int, _option("--top", metavar="N", min=1, about=f"Lines that are listed ({TOP}).")
    ] = TOP,
    as_json: Annotated[
        str | None, _option("--json", metavar="FILE|-", about="Also write JSON, with every line.")
    ] = None,
    html: Annotated[
        str | None,
        _option("--html", metavar="FILE|-", about="Also write one HTML page, with heat strips."),
    ] = None,
    reading: Reading,
    budget: Budget,
    running: Running,
    manner: Manner,
) -> None:
    """Show which lines are new: to the rest of the set, or to an earlier version of it.

    Reads everything as one window. How unexpected each word is to the model that reads is one
    half of a score; whether it stands elsewhere in the same surroundings is the other, by a rule
    over words. One word changed in a copy of a passage is found however far apart the two stand.
    """
    streams = ctx.find_object(Streams)
    assert streams is not None
    every = (against, *paths) if against is not None else tuple(paths)
    settings = settle(streams, manner, reading, budget, running, roots=every).settings
    if against is not None and not os.path.exists(against):
        raise UsageError(
            f"There is no {against!r} to compare with.", hint="--against takes a file or a folder."
        )
    wished = Reports(json=as_json, html=html)
    targets = output.plan(wished, every, default=None, origin="--format")

    from kimidoc.ingest import base_directory

    own = output.own_files(targets, base_directory(every))
    job = jobs.job("novelty", every, settings, reading, own_files=own, novelty=True)
    read = _read(job, against, settings, streams)
    for target in targets:
        if target.format == "json":
            text = _data(read, against, job)
        elif target.format == "html":
            from kimidoc.report import html as page

            text = page.render(_report(read, job, top))
        else:
            text = _shown(read, top, streams)
        if target.where == output.STDOUT:
            streams.result(text)
        else:
            output.replace_file(Path(target.where), utf8(text))


def _read(job: Job, against: str | None, settings: config.Settings, streams: Streams) -> _Read:
    from kimidoc import ingest, pipeline

    started = perf_counter()
    engine = pipeline.open_engine(job, streams.progress)
    texts = engine.remembered.texts
    given = ingest.read(job.paths, job.selection, job.limits, streams.progress, texts)
    earlier = _inside(given, job.paths, against) if against is not None else set[str]()
    documents = sorted(given, key=lambda document: document.path not in earlier)
    window = pipeline.window(job, streams.progress, documents, engine)
    packed = perf_counter()

    from kimidoc.novelty import score, words

    pipeline.demand_room(job, engine, window)
    session = SessionFacts(None, 0, len(window.tokens), 0)
    if engine.keeps_session:  # else nobody is going to ask what would be kept in memory
        prefix = engine.prefill(window, streams.progress)
        session = prefix.session
        for notice in prefix.notices:
            if not notice.code.startswith("method."):  # of how questions are answered
                streams.note(notice.message)
    heard = words.of(window, engine.heard(window, streams.progress))
    read = perf_counter()
    if against is None:
        scored, gone = score.scored(heard), []
    else:
        known = score.of_documents(heard, sorted(earlier))
        if not known.any() or known.all():
            raise UsageError(
                f"{against!r} holds {'no' if not known.any() else 'all the'} text that was read.",
                hint="Name what is new as PATH and the earlier version with --against.",
            )
        scored = [s for s in score.scored(heard, known) if s.document.path not in earlier]
        gone = [s for s in score.scored(heard, ~known) if s.document.path in earlier]
    seconds = Seconds(
        pack=packed - started,
        prefill=read - packed,
        answer=perf_counter() - read,
        total=perf_counter() - started,
    )
    return _Read(engine, window, session, scored, gone, seconds)


def _inside(documents: Sequence[Document], paths: Sequence[str], root: str) -> set[str]:
    """The documents that stand under ``root``."""
    from kimidoc.ingest import base_directory

    base, top = base_directory(paths).resolve(), Path(root).resolve()
    files = ((document.path, base / document.path) for document in documents)
    return {path for path, file in files if file == top or top in file.parents}


def _data(read: _Read, against: str | None, job: Job) -> str:
    from kimidoc.novelty import tell

    found = {
        "schema": tell.SCHEMA,
        "kimidoc": __version__,
        "model": asdict(read.engine.facts),
        "window": {"tokens": len(read.window.tokens), "documents": len(read.window.segments)},
        "paths": list(job.paths if against is None else job.paths[1:]),
        "against": against,
        "documents": tell.data(read.found),
        "gone": tell.data(read.gone),
    }
    text = json.dumps(found, ensure_ascii=False, allow_nan=False)
    return safe.json_escaped(safe.encodable(text)) + "\n"


def _shown(read: _Read, top: int, streams: Streams) -> str:
    """For a terminal: a strip for each document, then the lines, highest score first."""
    from kimidoc.novelty import strip, tell

    unicode = "utf" in (streams.out.encoding or "").lower()
    texts = {s.document.path: s.document.text for s in read.window.segments}
    lines = []
    for each in read.found:
        heat = "".join(_shade(cell, unicode) for cell in strip.cells(each, 40))
        edits = sum(line.change >= strip.SURE for line in each.lines)
        said = f"{_percent(each.copied)} stands elsewhere"
        said += f", {edits:,} {'change' if edits == 1 else 'changes'}"
        lines.append(f"{safe.line(each.document.path)}\n  [{heat}] {said}")
    listed = tell.ranked(read.found, top)
    lines += ["", _heading(len(listed))]
    lines += [_entry(each, line, texts) for each, line in listed]
    if read.gone:
        went = tell.ranked(read.gone, top)
        lines += ["", "In the earlier version only:" if went else "Nothing of the earlier is gone."]
        lines += [_entry(each, line, texts) for each, line in went]
    lines += ["", tell.METHOD]
    return "\n".join(lines)


def _heading(listed: int) -> str:
    if not listed:
        return "Every line stands elsewhere, word for word."
    count = "line with the highest score" if listed == 1 else f"{listed:,} lines that score highest"
    return f"The {count}:"


def _percent(share: float) -> str:
    """Never 100 % where something is left, nor 0 % where something is there."""
    whole = round(100 * share)
    return f"{whole if share in (0, 1) else min(99, max(1, whole))} %"


def _shade(cell: Cell, unicode: bool) -> str:
    if cell.changed:
        return "◆" if unicode else "!"
    shades = _STRIP if unicode else _PLAIN
    return shades[round(cell.heat * (len(shades) - 1))]


def _entry(each: Scored, line: Line, texts: dict[str, str]) -> str:
    from kimidoc.novelty import tell

    place = each.place(line)
    where = f"p. {place.page}, line {place.start_line}" if place.page else f"{place.start_line}"
    head = f"{line.score:6.1f}  {safe.line(each.document.path)}:{where}"
    text = f"        {_plain(each.document.text[line.start_char : line.end_char])}"
    words = tell.wordings(each, line, texts)
    if words is None:
        return f"{head}\n{text}"
    here, there = words
    said = f"        {_quoted(here) or 'left out'}"
    if there is not None:
        assert line.changed is not None
        said += f"; elsewhere {_quoted(there) or 'nothing'} ({safe.line(line.changed.path or '')})"
    else:
        said += "; other words elsewhere"
    return f"{head}\n{text}\n{said}"


def _quoted(text: str) -> str:
    return f'"{_plain(text)}"' if text else ""


def _plain(text: str) -> str:
    return safe.shorten(safe.line(redact(text)[0]), 300)


def _report(read: _Read, job: Job, top: int) -> Report:
    from kimidoc.novelty import tell
    from kimidoc.pipeline import coverage, ran
    from kimidoc.report import excerpts

    documents = [segment.document for segment in read.window.segments]
    tables: list[Table] = [
        tell.table("novelty", "Lines that are new", tell.ranked(read.found, top), documents)
    ]
    if read.gone:
        went = tell.ranked(read.gone, top)
        tables.append(tell.table("gone", "In the earlier version only", went, documents))
    report = Report(
        version=__version__,
        run=ran(
            job,
            read.engine,
            read.window,
            read.session,
            read.seconds,
            datetime.now(UTC),
        ),
        coverage=coverage(read.window),
        warnings=tuple(n for d in read.window.documents for n in d.notices),
        roots=job.paths,
        tables=tuple(table for table in tables if table.rows),
        strips=tell.strips(read.found),
    )
    return replace(report, excerpts=excerpts.of(report, documents))
