"""One window that was read, and the questions asked of it one after another."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING

from kimidoc import __version__
from kimidoc.cli.streams import Streams
from kimidoc.cli.tables import table
from kimidoc.report import place, safe
from kimidoc.report.redact import redact
from kimidoc.types import Answer, Citation, Evidence, Notice, Question, Report, Seconds

if TYPE_CHECKING:
    from kimidoc.ask.watch import Watcher
    from kimidoc.pipeline import Job

PLACES = 8  # that /evidence lists
_AROUND = 160  # characters of each


class Conversation:
    """A prefix, kept as a session like any other, and the answers so far.

    Reading happens here: raises what the rooms raise.
    """

    def __init__(self, job: Job, streams: Streams) -> None:
        from kimidoc import cite, pipeline

        self._job, self._streams, started = job, streams, perf_counter()
        self._started = datetime.now(UTC)
        self._engine = pipeline.open_engine(job, streams.progress)
        self._engine.warm()
        self.window = pipeline.window(job, streams.progress, engine=self._engine)
        packed = perf_counter()
        pipeline.demand_room(job, self._engine, self.window)
        self._prefix = self._engine.prefill(self.window, streams.progress)
        self._documents = [segment.document for segment in self.window.segments]
        self._sources = cite.Sources(self._documents)
        self._seconds = Seconds(pack=packed - started, prefill=perf_counter() - packed)
        self.answers: list[Answer] = []
        self._told: list[Notice] = []

    @property
    def reused(self) -> bool:
        """Whether a kept session spared the reading."""
        return self._prefix.session.prefilled_tokens == 0

    def ask(self, text: str, watcher: Watcher | None = None) -> Answer:
        """One more question; its answer is remembered for the report.

        A ``watcher`` shows it while it is made, and no progress is shown then. One that asks which
        of the documents is put to each, one that names a document to that, and a note says so.
        """
        from kimidoc.ask import spread
        from kimidoc.engine.base import silent

        shown = self._streams.animated and watcher is None
        progress = self._streams.progress if shown else silent
        question, since = Question(f"q{len(self.answers) + 1}", text), perf_counter()
        if spread.of_each(question, self.window):
            documents = len(self.window.segments)
            self._streams.note(f"asking each of the {documents:,} documents by itself")
        (found,), verifying, how = spread.answer(
            self._engine, self._prefix, [question], self._sources, progress, watcher
        )
        if found.named is not None:
            self._streams.note(f"{found.named} alone was asked: the question names it")
        spent = self._seconds.answer + perf_counter() - since - verifying
        self._seconds = replace(
            self._seconds, answer=spent, verify=self._seconds.verify + verifying
        )
        self.answers.append(found)
        self._told += how
        return found

    def report(self) -> Report:
        """Everything asked so far, as ``kimidoc ask`` would report it."""
        from kimidoc import ingest, pipeline
        from kimidoc.report import excerpts

        window, spent = self.window, self._seconds
        whole = spent.pack + spent.prefill + spent.answer + spent.verify
        report = Report(
            version=__version__,
            run=pipeline.ran(
                self._job,
                self._engine,
                window,
                self._prefix.session,
                replace(spent, total=whole),
                self._started,
            ),
            coverage=pipeline.coverage(window),
            answers=tuple(self.answers),
            warnings=(
                *window.notices,
                *self._prefix.notices,
                *self._told,
                *(notice for document in window.documents for notice in document.notices),
            ),
            roots=self._job.paths,
            path_prefix=ingest.repository_prefix(self._job.paths),
        )
        return replace(report, excerpts=excerpts.of(report, self._documents))

    def sources(self) -> str:
        """What was read, with tokens, and what was not, with the reason."""
        from kimidoc.pipeline import coverage

        rows = [
            (f"{row.tokens:,}", row.status, row.path + (f" ({row.reason})" if row.reason else ""))
            for row in coverage(self.window)
        ]
        return table(("tokens", "status", "document"), rows, "r")

    def evidence(self) -> str:
        """Where the model looked for the last question, best first."""
        if not self.answers:
            return "Nothing was asked yet.\n"
        texts = {document.path: document for document in self._documents}
        lines = []
        for at, found in enumerate(self.answers[-1].evidence[:PLACES], 1):
            document = texts[found.path]
            lines.append(f"{at}. {self.spot(found)}")
            end = min(found.end_char, found.start_char + _AROUND)
            lines.append(f"   {_plain(document.text[found.start_char : end])} …")
        return "\n".join(lines or ["No place stood out."]) + "\n"

    def spot(self, found: Evidence) -> str:
        """Where a place of evidence begins."""
        segment = self.window.segment_of(found.path)
        assert segment is not None, found.path
        where = segment.document.place(found.start_char, found.end_char)
        said = f"p. {where.page}, " if where.page else ""
        return f"{safe.line(found.path)}, {said}line {where.start_line}"

    def shown(self, answer: Answer) -> str:
        """An answer in words: itself, then every located quote with its place."""
        if answer.status == "error":
            return f"Failed: {_plain(answer.text)}\n"
        if answer.status == "not_found":
            return (
                "Not found: no quote that answers it was located. /evidence shows where I looked.\n"
            )
        lines = [_plain(answer.text)] if answer.text else []
        for citation in answer.citations:
            if citation.verified:
                lines.append(self.quoted(citation))
        return "\n".join(lines) + "\n"

    def concluded(self, answer: Answer, told: Collection[Citation]) -> str:
        """What is left to say of an answer whose quotes ``told`` were shown on the way."""
        if answer.status != "found":
            return self.shown(answer)
        rest = [c for c in answer.citations if c.verified and c not in told]
        lines = [self.quoted(citation) for citation in rest]
        return "\n".join([*lines, f"→ {_plain(answer.text)}"] if answer.text else lines)

    def quoted(self, citation: Citation) -> str:
        """A located quote and its place."""
        return f"  “{_plain(citation.text)}”\n  {self._place(citation)}"

    def _place(self, citation: Citation) -> str:
        assert citation.path is not None
        kinds = {row.path: row.kind for row in self.window.documents}
        said = place.say(citation, kinds.get(citation.path, ""))
        return f"located · {safe.line(citation.path)} · {safe.line(said)}"


def _plain(text: str) -> str:
    return safe.shorten(safe.line(redact(text)[0]), 2_000)
