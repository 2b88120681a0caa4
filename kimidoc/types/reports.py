"""What a run has to say: its facts, tables and excerpts, and the report they stand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kimidoc.types.answers import Answer, Citation, Finding, Rule
from kimidoc.types.documents import Notice, ReadStatus

Verdict = Literal["confirmed", "doubted", "open", "unread"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table and the quotes it was computed from."""

    cells: tuple[str, ...]
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """What a playbook's analysis computed over all documents: a calendar, an exposure, figures.

    ``note`` says by which rule, in one sentence. Rows have as many cells as there are columns.
    """

    id: str
    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        assert all(len(row.cells) == len(self.columns) for row in self.rows), self.id


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a document's text, around what a report cites; it begins at a line's start."""

    path: str
    start_char: int
    start_line: int
    text: str


@dataclass(frozen=True, slots=True)
class Strip:
    """How new a document is to the rest of the set, in equal shares of its lines.

    ``heat`` is 0 to 1, ``changed`` whether a share changes what stands elsewhere, ``lines`` its
    first and last line. ``copied``: share of the words that stand elsewhere.
    """

    path: str
    copied: float
    heat: tuple[float, ...]
    changed: tuple[bool, ...]
    lines: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """A result of another tool, put beside the whole window.

    ``uri`` is as its log has it, ``path`` the document it is about (None, and the verdict "unread",
    where that is not in the window), ``place`` its lines quoted. ``reason`` says by which rule the
    verdict was reached; ``citations`` are what it rests on, elsewhere in the documents.
    """

    tool: str
    rule_id: str
    level: str
    message: str
    uri: str
    path: str | None
    first_line: int | None
    verdict: Verdict
    reason: str
    place: Citation | None = None
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which model read the window."""

    id: str
    fingerprint: str
    architecture: str
    parameters_total: int
    parameters_active: int


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What the prefill cost and what it could reuse. ``id`` is None when nothing was kept."""

    id: str | None
    reused_tokens: int
    prefilled_tokens: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Seconds:
    """Wall-clock seconds per stage."""

    ingest: float = 0.0
    pack: float = 0.0
    prefill: float = 0.0
    answer: float = 0.0
    verify: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One path's fate. ``tokens`` counts its header and text; 0 when it was not packed."""

    path: str
    kind: str
    status: ReadStatus
    reason: str | None
    tokens: int
    pages: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """The circumstances of a run."""

    command: str
    playbooks: tuple[str, ...]
    seed: int
    started: str
    model: ModelFacts
    window_tokens: int
    window_budget: int
    window_documents: int
    session: SessionFacts
    seconds: Seconds
    peak_rss_bytes: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a run has to say.

    ``roots`` are the paths as the user named them; ``path_prefix`` put before a document's path
    makes it relative to the repository it stands in ("" outside of one).
    """

    version: str
    run: Run
    coverage: tuple[CoverageRow, ...]
    answers: tuple[Answer, ...] = ()
    findings: tuple[Finding, ...] = ()
    rules: tuple[Rule, ...] = ()
    warnings: tuple[Notice, ...] = ()
    roots: tuple[str, ...] = ()
    path_prefix: str = ""
    tables: tuple[Table, ...] = ()
    imported: tuple[Imported, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    strips: tuple[Strip, ...] = ()
