"""Answers -> Findings, by the rule each check states and by nothing else.

A fingerprint is made of the rule, the document, the section and the words of the quote, never of
line numbers: a finding keeps it when lines move or are re-wrapped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256

from kimidoc.playbooks.ask import rule_id
from kimidoc.playbooks.format import Check, FindingRule, Playbook
from kimidoc.playbooks.negation import holds, negated, sentences
from kimidoc.types import Answer, Citation, Finding, Rule


def findings(book: Playbook, answers: Iterable[Answer]) -> tuple[Finding, ...]:
    """What the answers of one playbook amount to, in the order of the answers."""
    checks = {check.id: check for check in book.checks}
    found: dict[str, Finding] = {}
    for answer in answers:
        if answer.question.playbook != book.id or answer.question.check is None:
            continue
        check = checks[answer.question.check]
        if check.finding is not None and (finding := _judged(book, check, check.finding, answer)):
            found.setdefault(finding.fingerprint, finding)
    return tuple(found.values())


def rules(book: Playbook) -> tuple[Rule, ...]:
    """The catalogue: every check that can raise a finding."""
    return tuple(
        Rule(
            id=rule_id(book, check),
            title=check.title,
            severity=check.finding.severity,
            description=check.question,
            help=check.finding.help,
            tags=(book.id, *check.tags),
        )
        for check in book.checks
        if check.finding is not None
    )


def _judged(book: Playbook, check: Check, rule: FindingRule, answer: Answer) -> Finding | None:
    if answer.status == "error" or rule.when != answer.status:
        return None
    citations = tuple(c for c in answer.citations if c.verified) if rule.when == "found" else ()
    message = rule.message
    if rule.signs:
        citations = tuple(c for c in citations if matched(rule.signs, c.text, prose=book.prose))
        if not citations:
            return None
        words = " ".join(matched(rule.signs, citations[0].text, prose=book.prose).split())
        message = f"{message} (Raised by a word rule: the quote holds “{words}”.)"
    path = answer.question.document or next((c.path for c in citations), None)
    name = rule_id(book, check)
    return Finding(
        rule_id=name,
        title=check.title,
        severity=rule.severity,
        message=message,
        path=path,
        citations=citations,
        fingerprint=fingerprint(name, path, citations),
    )


def matched(signs: Sequence[str], text: str, *, prose: bool = True) -> str:
    """The words of ``text`` that the first fitting sign matched; empty when none does.

    A space in a sign stands for any white space: lines are wrapped anywhere. In prose ``.`` spans
    them too, no match goes beyond a sentence, and words in a negated clause do not count, unless
    the sign speaks of a negation itself. In code "not" is an operator and denies nothing.
    """
    flags = re.IGNORECASE | (re.DOTALL if prose else 0)
    places = sentences(text) if prose else [(0, len(text))]
    for sign in signs:
        pattern = re.compile(sign.replace(" ", r"\s+"), flags)
        denies = not prose or holds(sign)
        for match in (m for place in places for m in pattern.finditer(text, *place)):
            if match[0] and (denies or not negated(text, *match.span())):
                return match[0]
    return ""


def fingerprint(rule: str, path: str | None, citations: Sequence[Citation]) -> str:
    """sha256 over rule, document, section and normalised quote; 32 hexadecimal digits."""
    first = citations[0] if citations else None
    section = (first.section or "") if first else ""
    words = " ".join(first.text.split()) if first else ""
    key = "\0".join((rule, path or "", section, words))
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
