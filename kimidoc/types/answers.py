"""What is asked and what came of it: questions, quotes, answers, findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kimidoc.types.documents import Document

CitationStatus = Literal["exact", "normalised", "fuzzy", "unverified"]
AnswerStatus = Literal["found", "not_found", "error"]
Severity = Literal["low", "medium", "high", "critical"]
Baseline = Literal["new", "unchanged", "absent"]
ValueKind = Literal["date", "duration", "money", "percentage", "party"]

SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to find out. ``document`` restricts it to one packed path.

    ``each``: whether it is put to every document by itself, with an answer for each; None leaves
    that to its wording, and then there is one answer (``ask.spread``).
    ``terms`` are lexical anchors a playbook check declares: they help choose what is attended to,
    as a named prior, and never are an answer.
    """

    id: str
    text: str
    document: str | None = None
    playbook: str | None = None
    check: str | None = None
    terms: tuple[str, ...] = ()
    each: bool | None = None


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

    @classmethod
    def of(cls, document: Document, start: int, end: int) -> Citation:
        """The characters [start, end) of a document, located by construction."""
        place = document.place(start, end)
        return cls(
            "exact",
            document.text[start:end],
            document.path,
            start,
            end,
            place.start_line,
            place.end_line,
            place.page,
            place.section,
        )

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
    ``by_rule``: a playbook's own rule found the quotes; the model was not asked. ``named``: the
    document that the question was put to alone, because its words name it.
    """

    question: Question
    status: AnswerStatus
    text: str = ""
    citations: tuple[Citation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    values: tuple[Value, ...] = ()
    by_rule: bool = False
    named: str | None = None

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
