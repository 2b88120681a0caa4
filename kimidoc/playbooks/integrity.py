"""Hostile documents as findings: always raised, whatever playbook runs, and never by a model.

Ingest notices what it found (codes beginning with ``integrity.``); here it becomes a finding with
a rule, so that it reaches SARIF, gates and baselines. It cannot be switched off.
"""

from __future__ import annotations

from collections.abc import Sequence

from kimidoc.playbooks.judge import fingerprint
from kimidoc.types import Citation, Document, Finding, Notice, Rule, Severity

PREFIX = "integrity."
QUOTE_CHARS = 400
_HELP = "Look at the place with your own eyes before you rely on this document."


def _rule(name: str, title: str, severity: Severity, description: str) -> Rule:
    return Rule(
        PREFIX + name, title, severity, description, _HELP, ("document-integrity", "security")
    )


RULES = (
    _rule(
        "hidden-text",
        "Hidden text",
        "high",
        "The document holds text that a person looking at it does not see.",
    ),
    _rule(
        "instructions",
        "Instructions to an AI reader",
        "high",
        "The document speaks to a language model. It was read as text and not obeyed.",
    ),
    _rule(
        "special-tokens",
        "Control tokens of a language model",
        "medium",
        "The document holds the written form of a model's control tokens. They were read as text.",
    ),
    _rule(
        "invisible",
        "Invisible characters",
        "medium",
        "The document holds characters that do not show or that change the order of others.",
    ),
    _rule(
        "header",
        "Imitated document header",
        "medium",
        "The document imitates the line with which kimidoc opens a document.",
    ),
    _rule(
        "unchecked",
        "Not checked for hidden text",
        "low",
        "A part of the document could not be checked for hidden text. That is not a clean result.",
    ),
)
_BY_ID = {rule.id: rule for rule in RULES}


def raises(notice: Notice) -> bool:
    """Whether a notice becomes a finding when a playbook runs."""
    return notice.code in _BY_ID


def findings(documents: Sequence[Document]) -> list[Finding]:
    """One finding for every such notice of every document, read or not."""
    return [
        _finding(document, notice)
        for document in documents
        for notice in document.notices
        if raises(notice)
    ]


def _finding(document: Document, notice: Notice) -> Finding:
    rule = _BY_ID[notice.code]
    citations = (_citation(document, notice.span),) if notice.span else ()
    return Finding(
        rule_id=rule.id,
        title=rule.title,
        severity=rule.severity,
        message=notice.message,
        path=document.path,
        citations=citations,
        fingerprint=fingerprint(rule.id, document.path, citations),
    )


def _citation(document: Document, span: tuple[int, int]) -> Citation:
    return Citation.of(document, span[0], min(span[1], span[0] + QUOTE_CHARS))
