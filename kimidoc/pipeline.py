"""The whole data path on one screen.

    documents = ingest.read(paths)                files -> text with a source map
    window    = pack.fit(documents, tokenizer)    one run of tokens within the budget
    prefix    = engine.prefill(window)            read once, if it will fit; kept as a session
    answers   = spread.answer(engine, prefix, …)  many questions; every quote located by code
    Report(answers, findings, coverage, facts)

May import every room but cli. To add a second kind of engine, build it in ``open_engine``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from kimidoc import __version__, changes, cite, ingest, pack, playbooks, triage
from kimidoc.engine.base import Progress, ReadOptions, silent
from kimidoc.engine.memory import peak_rss_bytes
from kimidoc.errors import UsageError
from kimidoc.planner import machine, verdict
from kimidoc.playbooks import integrity, judge, tables
from kimidoc.playbooks.answers import by_rule, typed
from kimidoc.playbooks.ask import questions as checks_of
from kimidoc.playbooks.choose import choose
from kimidoc.report import baseline, excerpts, fingerprint
from kimidoc.report.baseline import Earlier
from kimidoc.types import (
    Answer,
    CoverageRow,
    Document,
    Finding,
    Notice,
    Question,
    Report,
    Rule,
    Run,
    Seconds,
    SessionFacts,
    Window,
)

if TYPE_CHECKING:
    from kimidoc.engine.local import LocalEngine


DEVIATES, DEVIATING = "What deviates", 10  # the table of ``analyze --novelty``, and its rows


@dataclass(frozen=True)
class Job:
    """What a run is asked to do; the settings as ``config.Settings`` has them.

    ``sessions_dir``: where sessions are kept, if not in the cache folder.
    """

    command: str
    paths: tuple[str, ...]
    model: str
    budget_tokens: int
    cache_dir: Path
    overflow: pack.Overflow = "error"
    session: str = "auto"
    seed: int = 0
    playbooks: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    selection: ingest.Selection = field(default_factory=ingest.Selection)
    limits: ingest.Limits = field(default_factory=ingest.Limits)
    offline: bool = False
    threads: int | None = None
    plan_check: bool = True
    read_options: ReadOptions = field(default_factory=ReadOptions)
    sessions_limit_bytes: int | None = None
    earlier: Earlier | None = None
    since: str | None = None
    imported: tuple[triage.Result, ...] = ()
    novelty: bool = False
    sessions_dir: Path | None = None


def open_engine(job: Job, progress: Progress = silent) -> LocalEngine:
    """The engine that reads for ``job``. Loads no weights yet; may fetch a model that is missing.

    Raises ModelError, and UsageError for a path that is not there.
    """
    ingest.demand(job.paths)  # before a model is fetched for nothing
    from kimidoc.engine.local import LocalEngine
    from kimidoc.kvcache import session
    from kimidoc.models import resolve

    checkpoint = resolve(job.model, job.cache_dir, offline=job.offline, progress=progress)
    return LocalEngine(
        checkpoint,
        sessions_root=job.sessions_dir or session.root(job.cache_dir),
        session=job.session,
        roots=tuple(str(Path(p).absolute()) for p in job.paths),
        threads=job.threads,
        seed=job.seed,
        options=job.read_options,
        sessions_limit_bytes=job.sessions_limit_bytes,
        hears=job.novelty,
    )


def window(
    job: Job,
    progress: Progress = silent,
    documents: Sequence[Document] | None = None,
    engine: LocalEngine | None = None,
) -> Window:
    """What the model would read, without the model: its tokenizer is enough.

    ``documents``: those of a window of the same paths, which are then not read again. ``engine``:
    the one that is going to read the window, if there is one. Raises ModelError, UsageError,
    BudgetError.
    """
    return _Reading(job, progress, documents, engine).packed()


def ask(job: Job, progress: Progress = silent) -> Report:
    """Read the paths and answer ``job.questions``. Raises what the rooms raise."""
    from kimidoc.ask import spread

    reading = _Reading(job, progress)
    reading.engine.warm()
    window = reading.packed()
    _demand_packed(job.questions, window)
    report = reading.report(spread.to_each(job.questions, window))
    return replace(report, excerpts=excerpts.of(report, reading.documents))


def analyze(job: Job, progress: Progress = silent) -> Report:
    """Read the paths and check them against playbooks. Raises what the rooms raise."""
    revision = changes.open_revision(job.since, job.paths) if job.since is not None else None
    reading = _Reading(job, progress)
    reading.engine.warm()
    documents, notices = reading.documents, []
    if job.playbooks:
        books = _apart([playbooks.load(name) for name in dict.fromkeys(job.playbooks)])
    else:
        book, reason = choose(documents, [playbooks.load(name) for name in playbooks.names()])
        books, notices = [book], [Notice("playbook-chosen", reason)]
    questions = tuple(q for book in books for q in checks_of(book, documents))
    if not questions:
        notices.append(Notice("no-check-applies", "No check of the playbook fits any document."))
    report = reading.report(questions, books, notices)
    if job.imported:
        base, prefix = ingest.base_directory(job.paths), report.path_prefix
        found = triage.weighed(job.imported, documents, base, prefix)
        told = (*report.warnings, triage.METHOD)
        report = replace(report, imported=found, warnings=told)
    if job.novelty:
        report = _with_novelty(report, reading)
    report = replace(report, excerpts=excerpts.of(report, documents))
    if revision is None:
        return compared(report, job.earlier, None)
    changed = revision.changed(documents, job.selection, job.limits)
    return compared(report, job.earlier, changed)


def _with_novelty(report: Report, reading: _Reading) -> Report:
    """The report with a heat strip for each document and the lines that deviate most."""
    from kimidoc.novelty import score, tell, words

    window, since = reading.packed(), perf_counter()
    heard = words.of(window, reading.engine.heard(window, reading.progress))
    found = score.scored(heard)
    told = tell.table("novelty", DEVIATES, tell.ranked(found, DEVIATING), reading.documents)
    spent = perf_counter() - since
    seconds = replace(
        report.run.seconds,
        answer=report.run.seconds.answer + spent,
        total=report.run.seconds.total + spent,
    )
    return replace(
        report,
        run=replace(report.run, seconds=seconds),
        tables=(*report.tables, told),
        strips=tell.strips(found),
    )


def compared(report: Report, earlier: Earlier | None, changed: changes.Changed | None) -> Report:
    """The report with its findings marked against a baseline and limited to what changed."""
    found, told = report.findings, report.warnings
    if earlier is not None:
        found = baseline.apply(found, earlier)
        told = (*told, baseline.said(found))
    if changed is not None:  # afterwards: what is left out is not gone
        found, notice = changes.limited(found, changed)
        told = (*told, notice)
    return replace(report, findings=found, warnings=told)


class _Reading:
    """One run: its stages in order, each timed."""

    def __init__(
        self,
        job: Job,
        progress: Progress,
        documents: Sequence[Document] | None = None,
        engine: LocalEngine | None = None,
    ) -> None:
        self.job, self.progress, self._documents = job, progress, documents
        self.started, self.begun = datetime.now(UTC), perf_counter()
        self.seconds: dict[str, float] = {}
        self.engine = engine or open_engine(job, progress)
        self._window: Window | None = None

    def packed(self) -> Window:
        """The window, made once."""
        if self._window is None:
            job, since = self.job, perf_counter()
            documents = self._documents
            if documents is None:
                texts = self.engine.remembered.texts
                documents = ingest.read(job.paths, job.selection, job.limits, self.progress, texts)
            self.seconds["ingest"], since = perf_counter() - since, perf_counter()
            self._window = pack.fit(
                documents,
                self.engine.tokenizer,
                job.budget_tokens,
                preamble=self.engine.preamble,
                overflow=job.overflow,
                known=self.engine.earlier_documents(),
                cuts=self.engine.remembered.cuts,
                progress=self.progress,
            )
            self.seconds["pack"] = perf_counter() - since
        return self._window

    @cached_property
    def documents(self) -> list[Document]:
        """What was packed, in window order."""
        return [segment.document for segment in self.packed().segments]

    def report(
        self,
        questions: Sequence[Question],
        books: Sequence[playbooks.Playbook] = (),
        notices: Sequence[Notice] = (),
    ) -> Report:
        """Prefill, answer, verify, judge."""
        from kimidoc.ask import spread

        window, since = self.packed(), perf_counter()
        demand_room(self.job, self.engine, window)
        prefix = self.engine.prefill(window, self.progress)
        self.seconds["prefill"], since = perf_counter() - since, perf_counter()
        read = self.documents
        sources = cite.Sources(read)
        ruled, methods = by_rule(books, questions, read)
        asked = [question for question in questions if question.id not in ruled]
        found, verifying, how = spread.answer(self.engine, prefix, asked, sources, self.progress)
        rest = iter(found)
        answers = typed(books, [ruled.get(q.id) or next(rest) for q in questions])
        self.seconds["answer"] = perf_counter() - since - verifying
        self.seconds["verify"] = verifying
        told = [*window.notices, *prefix.notices, *methods, *how, *notices]
        findings, rules = self._judged(books, answers)
        hostile = [n for d in window.documents for n in d.notices]
        if books:
            hostile = [n for n in hostile if not integrity.raises(n)]
        return Report(
            version=__version__,
            run=ran(
                self.job,
                self.engine,
                window,
                prefix.session,
                Seconds(**self.seconds, total=perf_counter() - self.begun),
                self.started,
                tuple(book.id for book in books),
            ),
            coverage=coverage(window),
            answers=tuple(answers),
            findings=findings,
            rules=rules,
            warnings=(*told, *hostile),
            roots=self.job.paths,
            path_prefix=ingest.repository_prefix(self.job.paths),
            tables=tuple(table for book in books for table in tables.made(book, answers, read)),
        )

    def _judged(
        self, books: Sequence[playbooks.Playbook], answers: Sequence[Answer]
    ) -> tuple[tuple[Finding, ...], tuple[Rule, ...]]:
        if not books:
            return (), ()
        read = self.documents
        found = [f for book in books for f in judge.findings(book, answers, read)]
        rules = [r for book in books for r in judge.rules(book)]
        found += integrity.findings(self.packed().documents)
        prefix = ingest.repository_prefix(self.job.paths)
        return fingerprint.stamped(found, read, prefix), (*rules, *integrity.RULES)


def demand_room(job: Job, engine: LocalEngine, window: Window) -> None:
    """Refuse a reading that memory or disk will not suffice for. Raises EngineError."""
    found = machine.look(job.cache_dir)  # before the engine brings in torch
    if job.plan_check and not engine.holds(window):
        verdict.check(engine, len(window.tokens), len(window.segments), found)


def ran(
    job: Job,
    engine: LocalEngine,
    window: Window,
    session: SessionFacts,
    seconds: Seconds,
    started: datetime,
    books: tuple[str, ...] = (),
) -> Run:
    """The facts of a run that read ``window``, as its report gives them."""
    return Run(
        command=job.command,
        playbooks=books,
        seed=job.seed,
        started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        model=engine.facts,
        window_tokens=len(window.tokens),
        window_budget=window.budget,
        window_documents=len(window.segments),
        session=session,
        seconds=seconds,
        peak_rss_bytes=peak_rss_bytes(),
    )


def _demand_packed(questions: Sequence[Question], window: Window) -> None:
    for question in questions:
        if question.document is None or window.segment_of(question.document):
            continue
        from difflib import get_close_matches

        paths = [segment.document.path for segment in window.segments]
        close = get_close_matches(question.document, paths, 3)
        raise UsageError(
            f"Question {question.id!r} names the document {question.document!r}, which was not "
            "read.",
            hint=f"Did you mean {' or '.join(close)}?"
            if close
            else "`kimidoc pack PATH...` lists the documents as they are called.",
        )


def _apart(books: list[playbooks.Playbook]) -> list[playbooks.Playbook]:
    """The playbooks, if their rules cannot be confused."""
    taken: set[str] = set()
    for book in books:
        names = (book.prefix, book.id)
        if shared := [name for name in names if name in taken]:
            raise UsageError(
                f"Two playbooks share the name or prefix {shared[0]!r}.",
                hint="Give each file its own id and prefix.",
            )
        taken.update(names)
    return books


def coverage(window: Window) -> tuple[CoverageRow, ...]:
    """Every path's fate with the tokens it takes, in the window's coverage order."""
    tokens = {s.document.path: s.end - s.start for s in window.segments}
    return tuple(
        CoverageRow(
            path=d.path,
            kind=d.kind,
            status=d.status,
            reason=d.reason,
            tokens=tokens.get(d.path, 0),
            pages=len(d.pages),
            sha256=d.sha256,
        )
        for d in window.documents
    )
