"""The frozen values that travel between the rooms. Standard library only.

    Document   one file as read: its text, where the text came from, what was not read
    Window     many documents as one run of tokens, with the map back to characters
    Question   what is asked; Prompt and Draft are its form on the engine's side (engine/base.py)
    Quote      words a draft claims to have seen; Citation is a quote that code located (or not)
    Answer     one question's verified outcome, with Values read in its quotes by code
    Finding    a playbook's judgement on answers; Table: what it computed over all documents
    Excerpt    source text around what is cited; Strip: how new a document is to the others
    Imported   a result of another tool, confirmed, doubted or open
    Report     everything a run has to say; the report room sees this and nothing else

Characters are 0-based Unicode code points into ``Document.text``, end exclusive. Lines and pages
are 1-based. Tokens are 0-based indices into ``Window.tokens``, end exclusive.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

ReadStatus = Literal["read", "partial", "skipped"]
CitationStatus = Literal["exact", "normalised", "fuzzy", "unverified"]
AnswerStatus = Literal["found", "not_found", "error"]
Severity = Literal["low", "medium", "high", "critical"]
Baseline = Literal["new", "unchanged", "absent"]
Verdict = Literal["confirmed", "doubted", "open", "unread"]
ValueKind = Literal["date", "duration", "money", "percentage", "party"]

SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader of a report must know; ``code`` is stable, ``message`` is prose.

    ``span``: the characters of the document's text it is about, where there are any.
    """

    code: str
    message: str
    path: str | None = None
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """From character ``start`` on, until the next mark, the text stands under ``label``."""

    start: int
    label: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run of characters stands, for a human."""

    start_line: int
    end_line: int
    page: int | None = None
    section: str | None = None


@dataclass(frozen=True)
class Document:
    """One file as read. Skipped files are documents too, with empty text and a reason.

    ``path`` is POSIX and relative to the root the user named: it is the document's name everywhere.
    ``pages[i]`` is the first character of page i+1 (slides count as pages); empty where the format
    has none. ``sections`` are sorted by ``start``; a label is a whole path (``"14 Term > 14.2"``,
    ``"Leases!A7:D7"``, ``"class Pool > def get"``).
    """

    path: str
    kind: str
    status: ReadStatus
    text: str = ""
    reason: str | None = None
    pages: tuple[int, ...] = ()
    sections: tuple[Mark, ...] = ()
    notices: tuple[Notice, ...] = ()
    sha256: str | None = None
    size_bytes: int = 0
    modified_ns: int = 0

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """First character of every line; lines end at LF only (CR LF and lone CR stay text)."""
        starts, at = [0], self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return tuple(starts)

    @cached_property
    def _section_starts(self) -> tuple[int, ...]:
        return tuple(mark.start for mark in self.sections)

    def place(self, start: int, end: int) -> Place:
        """Lines, page and section of the characters [start, end); O(log n)."""
        assert 0 <= start <= end <= len(self.text), (start, end, len(self.text))
        last = max(start, end - 1)
        section = bisect_right(self._section_starts, start) - 1
        return Place(
            start_line=bisect_right(self.line_starts, start),
            end_line=bisect_right(self.line_starts, last),
            page=(bisect_right(self.pages, start) or 1) if self.pages else None,
            section=self.sections[section].label if section >= 0 else None,
        )


@dataclass(frozen=True, slots=True)
class Encoding:
    """One text as tokens: ``ids[i]`` covers characters [starts[i], ends[i]) of that text."""

    ids: array[int]
    starts: array[int]
    ends: array[int]


class Tokenizer(Protocol):
    """What packing needs of a tokenizer. Special tokens in the text are never recognised."""

    @property
    def fingerprint(self) -> str:
        """sha256 over everything that decides its output."""
        ...

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Tokenise many texts as plain text, each on its own."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of a run of tokens, special tokens shown as text."""
        ...


@dataclass(frozen=True, slots=True)
class Segment:
    """A document's tokens in the window: header [start, body), text [body, end)."""

    document: Document
    start: int
    body: int
    end: int


@dataclass(frozen=True)
class Window:
    """Many documents as one run of tokens.

    ``tokens``, ``starts`` and ``ends`` (typecode "i") have one entry per token; the last two are
    characters in the token's own document, and 0 for header and preamble tokens. ``documents`` is
    every document, packed or not, in coverage order; ``segments`` those that were packed, in
    window order. ``nonce`` is in every header and in no document.
    """

    tokens: array[int]
    starts: array[int]
    ends: array[int]
    segments: tuple[Segment, ...]
    documents: tuple[Document, ...]
    budget: int
    nonce: str
    notices: tuple[Notice, ...] = ()

    @cached_property
    def _segment_starts(self) -> tuple[int, ...]:
        return tuple(segment.start for segment in self.segments)

    def segment_at(self, token: int) -> Segment | None:
        """The segment a token belongs to; None in the preamble. O(log n)."""
        at = bisect_right(self._segment_starts, token) - 1
        return self.segments[at] if at >= 0 and token < self.segments[at].end else None

    def segment_of(self, path: str) -> Segment | None:
        """The segment of the document at ``path``, if it was packed."""
        return self._by_path.get(path)

    @cached_property
    def _by_path(self) -> dict[str, Segment]:
        return {segment.document.path: segment for segment in self.segments}


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to find out. ``document`` restricts it to one packed path.

    ``terms`` are lexical anchors a playbook check declares: they help choose what is attended to,
    as a named prior, and never are an answer.
    """

    id: str
    text: str
    document: str | None = None
    playbook: str | None = None
    check: str | None = None
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """Words a draft claims stand in the documents. ``path``: where it says they do, if it does."""

    text: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote as code located it. Unverified: offsets, lines, page and section are None."""

    status: CitationStatus
    text: str
    path: str | None = None
    start_char: int | None = None
    end_char: int | None = None
    start_line: int | None = None
    end_line: int | None = None
    page: int | None = None
    section: str | None = None

    @property
    def verified(self) -> bool:
        """Verified means located word for word, up to white space and typography."""
        return self.status in ("exact", "normalised")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place the model attended to for a question; a higher score is better."""

    path: str
    start_char: int
    end_char: int
    score: float


@dataclass(frozen=True, slots=True)
class Value:
    """A date, a duration, an amount, a percentage or a party, as code read it in a quote.

    ``words`` stand in the quote; ``normal`` is what they amount to ("2024-06-30", "P9M",
    "GBP 186000", "32 %"). Where they can be read in two ways ``normal`` is None and ``note`` says
    which.
    """

    kind: ValueKind
    words: str
    normal: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One question's outcome. ``found`` demands at least one verified citation.

    ``values``: what the check's answer type reads in the verified quotes, beside the words.
    ``by_rule``: a playbook's own rule found the quotes; the model was not asked.
    """

    question: Question
    status: AnswerStatus
    text: str = ""
    citations: tuple[Citation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    values: tuple[Value, ...] = ()
    by_rule: bool = False

    def __post_init__(self) -> None:
        assert self.status != "found" or any(c.verified for c in self.citations)


@dataclass(frozen=True, slots=True)
class Finding:
    """A playbook rule's judgement. The fingerprint never depends on line numbers."""

    rule_id: str
    title: str
    severity: Severity
    message: str
    path: str | None
    citations: tuple[Citation, ...]
    fingerprint: str
    baseline: Baseline = "new"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a finding's ``rule_id`` means: the catalogue that SARIF and the reports print."""

    id: str
    title: str
    severity: Severity
    description: str
    help: str
    tags: tuple[str, ...] = ()


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
