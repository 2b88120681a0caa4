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

    documents   from Notice to Window
    answers     from Question to Rule
    reports     from Row to Report

Others import from here. Characters are 0-based Unicode code points into ``Document.text``, end
exclusive. Lines and pages are 1-based. Tokens are 0-based indices into ``Window.tokens``, end
exclusive.
"""

from kimidoc.types.answers import (
    SEVERITIES,
    Answer,
    AnswerStatus,
    Baseline,
    Citation,
    CitationStatus,
    Evidence,
    Finding,
    Question,
    Quote,
    Rule,
    Severity,
    Value,
    ValueKind,
)
from kimidoc.types.documents import (
    Document,
    Encoding,
    Mark,
    Notice,
    Place,
    ReadStatus,
    Segment,
    Tokenizer,
    Window,
)
from kimidoc.types.reports import (
    CoverageRow,
    Excerpt,
    Imported,
    ModelFacts,
    Report,
    Row,
    Run,
    Seconds,
    SessionFacts,
    Strip,
    Table,
    Verdict,
)

__all__ = [
    "SEVERITIES",
    "Answer",
    "AnswerStatus",
    "Baseline",
    "Citation",
    "CitationStatus",
    "CoverageRow",
    "Document",
    "Encoding",
    "Evidence",
    "Excerpt",
    "Finding",
    "Imported",
    "Mark",
    "ModelFacts",
    "Notice",
    "Place",
    "Question",
    "Quote",
    "ReadStatus",
    "Report",
    "Row",
    "Rule",
    "Run",
    "Seconds",
    "Segment",
    "SessionFacts",
    "Severity",
    "Strip",
    "Table",
    "Tokenizer",
    "Value",
    "ValueKind",
    "Verdict",
    "Window",
]
