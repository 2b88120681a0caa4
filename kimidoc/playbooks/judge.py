"""Answers and documents -> Findings, by the rule each check states and by nothing else.

A finding is known by its rule, its message and the places it quotes: the same words in two places
of a section are two. A fingerprint is made of the rule, the document, the section and the words of
the quote, never of line numbers: a finding keeps it when lines move or are re-wrapped. Findings
that share one are told apart by ``report.fingerprint.stamped``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from kimidoc.playbooks import (
    amendments,
    asked,
    deadlines,
    dealings,
    executed,
    flows,
    followups,
    guidance,
    handlers,
    leverage,
    reassurances,
    recomputed,
    records,
    references,
    register,
    remarks,
    restated,
    risks,
    searched,
    segments,
    sweep,
    terms,
)
from kimidoc.playbooks.ask import rule_id
from kimidoc.playbooks.choose import fits
from kimidoc.playbooks.format import Analysis, Check, FindingRule, Method, Playbook
from kimidoc.playbooks.signs import matched
from kimidoc.types import Answer, Citation, Document, Finding, Rule, Severity

METHODS: Mapping[Method, Callable[[Sequence[Document]], Iterator[sweep.Found]]] = {
    "annexes": references.annexes,
    "agreements": references.agreements,
    "expired": terms.expired,
    "unsigned": executed.unsigned,
    "conflicts": amendments.conflicts,
    "missed": deadlines.missed,
    "register": register.differences,
    "changed": restated.changed,
    "defined": restated.defined,
    "dealings": dealings.exclusive,
    "unguarded": handlers.unguarded,
    "unserved": handlers.unserved,
    "recomputed": recomputed.wrong,
    "remarks": remarks.contradicted,
    "leverage": leverage.stated,
    "reassurances": reassurances.contradicted,
    "segments": segments.wrong,
    "asked": asked.raised,
    "told-otherwise": asked.differing,
    "guidance": guidance.missed,
    "revised": guidance.revised,
    "risks": risks.changed,
    "contradictions": records.contradictions,
    "gaps": records.gaps,
    "supplies": records.supplies,
    "follow-ups": followups.open_ones,
    "stopped": followups.stopped,
}
# What is only named to be told apart: "(other than in connection with a change of control)".
_ASIDE = re.compile(r"\((?:whether|other than|except|including|excluding)\b[^()]*\)", re.IGNORECASE)
WORDS = 8  # of a match that a message repeats
QUOTES = 5  # sentences that one swept finding shows; the message counts the rest


def findings(
    book: Playbook, answers: Iterable[Answer], documents: Sequence[Document] = ()
) -> tuple[Finding, ...]:
    """What the answers of one playbook amount to, in their order, and what a sweep finds.

    ``documents``: those that were read; checks that search more than quotes look there.
    """
    checks = {check.id: check for check in book.checks}
    found: list[Finding] = []
    for answer in answers:
        if answer.question.playbook != book.id or answer.question.check is None:
            continue
        check = checks[answer.question.check]
        if check.finding is not None and (finding := _judged(book, check, check.finding, answer)):
            found.append(finding)
    followed = flows.Followed(documents) if _follows(book) else None
    for document in documents:
        for check in book.checks:
            rule = check.finding
            if rule and followed and rule.flow:
                raised = followed.raised(rule.flow, document.path)
                found += (_flowed(book, check, rule, one, document) for one in raised)
            if rule and rule.search != "quotes" and fits(document, check.documents):
                swept = _swept(book, check, rule, document)
                if followed and rule.flow and followed.knows(rule.flow, document):
                    swept = (
                        _unproved(f) for f in swept if not followed.decides(rule, f.citations[0])
                    )
                found += swept
    for analysis in book.analyses:
        if analysis.method == "flow" and followed:
            raised = followed.raised(analysis.flow)
            found += (_flowed(book, analysis, analysis, one) for one in raised)
        elif analysis.method != "flow":
            found += (_joined(book, analysis, one) for one in METHODS[analysis.method](documents))
    return tuple(dict.fromkeys(found))


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
    ) + tuple(
        Rule(
            id=rule_id(book, analysis),
            title=analysis.title,
            severity=analysis.severity,
            description=analysis.message,
            help=analysis.help,
            tags=(book.id, *analysis.tags),
        )
        for analysis in book.analyses
    )


def _judged(book: Playbook, check: Check, rule: FindingRule, answer: Answer) -> Finding | None:
    if answer.status == "error" or rule.when != answer.status or rule.search != "quotes":
        return None
    citations = tuple(c for c in answer.citations if c.verified) if rule.when == "found" else ()
    message = rule.message
    if rule.signs:
        citations = tuple(c for c in citations if matched(rule.signs, c.text, prose=book.prose))
        if not citations:
            return None
        quote = citations[0].text
        words = _brief(quote, matched(rule.signs, quote, prose=book.prose))
        message = f"{message} (Raised by a word rule: the quote holds “{words}”.)"
    path = answer.question.document or next((c.path for c in citations), None)
    return _finding(rule_id(book, check), check.title, rule.severity, message, path, citations)


def _swept(
    book: Playbook, check: Check, rule: FindingRule, document: Document
) -> Iterator[Finding]:
    """One finding for a document of prose, with its sentences; one for every place in code."""
    if rule.search != "sentences":
        for citation in searched.places(rule, document):
            match = matched(rule.signs, citation.text, prose=False)
            words = f": “{_brief(citation.text, match)}”" if match else ""  # cut off, if too long
            severity, said = _weighed(rule, document, citation)
            message = f"{rule.message} (Raised by a word rule over every line{words}.){said}"
            yield _finding(
                rule_id(book, check),
                check.title,
                severity,
                message,
                document.path,
                (citation,),
            )
        return
    citations = tuple(searched.places(rule, document))
    if not citations:
        return
    severity, said = rule.severity, ""
    if rule.consequences:
        grave = [c for c in citations if _does(rule, c.text)]
        citations = tuple(dict.fromkeys((*grave, *citations)))  # those that matter first
        if not grave:
            severity = rule.otherwise or severity
            said = " No consequence stands in the same sentence, so look for one elsewhere."
    words = _brief(citations[0].text, matched(rule.signs, citations[0].text))
    message = (
        f"{rule.message} (Raised by a word rule over every sentence of the document, which here "
        f"matched “{words}”.){said}"
    )
    if (more := len(citations) - QUOTES) > 0:
        message += f" {more:,} more sentence{'s' * (more > 1)} of it fit the rule."
    name = rule_id(book, check)
    yield _finding(name, check.title, severity, message, document.path, citations[:QUOTES])


def _weighed(rule: FindingRule, document: Document, citation: Citation) -> tuple[Severity, str]:
    """How severe a place in a program is: less where nothing around it says what it is for."""
    around = sweep.around(document, citation)
    if not rule.consequences or matched(rule.consequences, around, prose=False):
        return rule.severity, ""
    return rule.otherwise or rule.severity, " Nothing in the lines around it says that it matters."


def _unproved(finding: Finding) -> Finding:
    """Of a document whose data flow was followed, nothing is critical that no flow bears out."""
    if finding.severity != "critical":
        return finding
    said = " No value from outside was seen to reach it; what callers elsewhere give is not known."
    return replace(finding, severity="high", message=finding.message + said)


def _does(rule: FindingRule, text: str) -> bool:
    """Whether a sentence has a consequence for what the signs look for, asides left out."""
    plain = _ASIDE.sub("", text)
    return bool(matched(rule.signs, plain) and matched(rule.consequences, plain))


def _follows(book: Playbook) -> bool:
    rules = [*(check.finding for check in book.checks), *book.analyses]
    return any(rule is not None and rule.flow for rule in rules)


def _flowed(
    book: Playbook,
    of: Check | Analysis,
    rule: FindingRule | Analysis,
    raised: flows.Raised,
    document: Document | None = None,
) -> Finding:
    usual, said = rule.severity, ""
    if isinstance(rule, FindingRule) and document is not None:
        usual, said = _weighed(rule, document, raised.citations[0])
    message = (
        f"{rule.message.rstrip('.')}: {raised.words}. (Raised by following the data flow.){said}"
    )
    weight = flows.severity(usual, raised)
    return _finding(rule_id(book, of), of.title, weight, message, raised.path, raised.citations)


def _joined(book: Playbook, analysis: Analysis, found: sweep.Found) -> Finding:
    name = rule_id(book, analysis)
    message = f"{analysis.message}: {found.words}. (Raised by a rule over all documents.)"
    severity = found.severity or analysis.severity
    return _finding(name, analysis.title, severity, message, found.path, found.citations)


def _brief(quote: str, match: str) -> str:
    """The first words a sign matched, the last of them whole; all of them stand in the quote."""
    end = quote.index(match) + len(match)
    rest = re.match(r"\w*", quote[end:]) if match[-1].isalnum() else None
    said = (match + (rest[0] if rest else "")).split()
    return " ".join(said[:WORDS]) + (" …" if len(said) > WORDS else "")


def _finding(
    name: str,
    title: str,
    severity: Severity,
    message: str,
    path: str | None,
    citations: tuple[Citation, ...],
) -> Finding:
    return Finding(
        rule_id=name,
        title=title,
        severity=severity,
        message=message,
        path=path,
        citations=citations,
        fingerprint=fingerprint(name, path, citations),
    )


def fingerprint(rule: str, path: str | None, citations: Sequence[Citation]) -> str:
    """sha256 over rule, document, section and normalised quote; 32 hexadecimal digits."""
    first = citations[0] if citations else None
    section = (first.section or "") if first else ""
    words = " ".join(first.text.split()) if first else ""
    key = "\0".join((rule, path or "", section, words))
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
