"""Secrets in quotes and messages, masked before any format prints them.

A report is forwarded further than the documents it quotes. The patterns are detect-secrets'
plugins for tokens of known shape plus its keyword rules (``password = "…"``), and what it lacks:
newer token shapes, the body of a private key, and unquoted ``NAME_PASSWORD=value`` lines. Its
entropy plugins are left out: they take hashes and identifiers, which quotes are full of, for
secrets.

Masking keeps the length, so offsets hold, and the first and last two characters, so that an owner
can tell which secret it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from kimidoc.types import (
    Answer,
    Citation,
    CoverageRow,
    Finding,
    Imported,
    Notice,
    Report,
    Row,
    Table,
)

CODE = "secrets-redacted"
_MASK = "*"
_PIECE = 8_000  # longer lines are searched in pieces: the patterns backtrack
_OVERLAP = 400  # longer than any token the patterns know, but for key bodies
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----([^-]*)", re.ASCII)
_ASSIGNMENT = re.compile(
    r"^\s*(?:export\s+)?\w{0,60}(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY)\w{0,20}"
    r"[ \t]*[=:][ \t]*([^\s'\"`$<{(\[]\S{5,})[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_CODE = re.compile(  # what stands after "password =" or "token:" in a program, unquoted
    r"[A-Za-z_][\w.]*[(\[]|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+[;,]?$|[a-z]+(?:_[a-z]+)+[;,]?$"
    r"|(?:[A-Z][a-z]+){2,}[;,?]?$|(?:string|number|boolean|required|optional|undefined)\b"
)
_PLACEHOLDER = re.compile(
    r"\$\{|\{\{|%\(|%s|<[\w -]+>|^\*+$|\S+\s+\S+\s+\S+|^.{0,3}$|^(?:true|false|none|null)$", re.I
)
_TOKENS = tuple(
    re.compile(rf"(?<!\w){shape}", re.ASCII)
    for shape in (
        r"AIza[\w-]{35}",  # Google
        r"github_pat_\w{22,255}",
        r"sk-(?:proj|ant|svcacct|admin)-[\w-]{20,}",  # OpenAI, Anthropic
        r"hf_[A-Za-z0-9]{30,}",  # Hugging Face
        r"npm_[A-Za-z0-9]{36}",
    )
)
_KEYWORD_HINT = re.compile(r"key|pass|pwd|secret|contrase", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Patterns:
    tokens: tuple[re.Pattern[str], ...]
    keywords: tuple[tuple[re.Pattern[str], int], ...]


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    """detect-secrets' regular expressions. Its verifiers, which use the network, are never run."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins.base import RegexBasedDetector
    from detect_secrets.plugins.keyword import QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP

    left_out = {"IPPublicDetector", "PrivateKeyDetector"}
    plugins: list[type[Any]] = list(get_mapping_from_secret_type_to_class().values())
    tokens = [
        pattern
        for plugin in plugins
        if issubclass(plugin, RegexBasedDetector) and plugin.__name__ not in left_out
        for pattern in plugin().denylist
    ]
    return _Patterns((*_TOKENS, *tokens), tuple(QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP.items()))


def mask(secret: str) -> str:
    """As long as ``secret``, white space kept; the first and last two characters from 8 on."""
    keep = 2 if len(secret) >= 8 else 0
    middle = "".join(c if c.isspace() else _MASK for c in secret[keep : len(secret) - keep])
    return secret[:keep] + middle + secret[len(secret) - keep :]


def redact(text: str) -> tuple[str, int]:
    """The text with its secrets masked, and how many there were. The length never changes."""
    spans = _merged(sorted(_spans(text)))
    if not spans:
        return text, 0
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], mask(text[start:end])]
        at = end
    masked = "".join([*parts, text[at:]])
    assert len(masked) == len(text)
    return masked, len(spans)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for match in _PRIVATE_KEY.finditer(text):
        yield match.span(1)
    for match in _ASSIGNMENT.finditer(text):
        if not _PLACEHOLDER.search(match.group(1)) and not _CODE.match(match.group(1)):
            yield match.span(1)
    for base, piece in _pieces(text):
        for start, end in _spans_in_line(piece):
            yield base + start, base + end


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for row in text.split("\n"):
        for start in range(0, max(1, len(row) - _OVERLAP), _PIECE):
            yield at + start, row[start : start + _PIECE + _OVERLAP]
        at += len(row) + 1


def _spans_in_line(row: str) -> Iterator[tuple[int, int]]:
    patterns = _patterns()
    for pattern in patterns.tokens:
        for match in pattern.finditer(row):
            yield _secret(match)
    if not _KEYWORD_HINT.search(row):
        return
    for pattern, group in patterns.keywords:
        for match in pattern.finditer(row):
            if match.group(group) and not _PLACEHOLDER.search(match.group(group)):
                yield match.span(group)


def _secret(match: re.Match[str]) -> tuple[int, int]:
    """Its first group where that is the secret; a group with more behind it is a mere prefix."""
    start, end = match.span(1) if match.re.groups and match.group(1) else match.span()
    return (start, end) if end - start >= match.end() - end else match.span()


@dataclass(slots=True)
class _Redactor:
    """Masks the texts of one report and remembers what it masked."""

    seen: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def text(self, text: str) -> str:
        if text not in self.seen:
            self.seen[text], found = redact(text)
            self.count += found
        return self.seen[text]

    def citations(self, citations: tuple[Citation, ...]) -> tuple[Citation, ...]:
        return tuple(
            replace(c, text=self.text(c.text), section=c.section and self.text(c.section))
            for c in citations
        )

    def answer(self, answer: Answer) -> Answer:
        return replace(
            answer,
            question=replace(answer.question, text=self.text(answer.question.text)),
            text=self.text(answer.text),
            citations=self.citations(answer.citations),
            values=tuple(
                replace(v, words=self.text(v.words), note=self.text(v.note)) for v in answer.values
            ),
        )

    def table(self, table: Table) -> Table:
        rows = tuple(
            Row(tuple(map(self.text, row.cells)), self.citations(row.citations))
            for row in table.rows
        )
        return replace(table, rows=rows)

    def imported(self, item: Imported) -> Imported:
        return replace(
            item,
            message=self.text(item.message),
            place=self.citations((item.place,))[0] if item.place is not None else None,
            citations=self.citations(item.citations),
        )

    def finding(self, finding: Finding) -> Finding:
        return replace(
            finding,
            title=self.text(finding.title),
            message=self.text(finding.message),
            citations=self.citations(finding.citations),
        )

    def row(self, row: CoverageRow) -> CoverageRow:
        return replace(row, reason=row.reason and self.text(row.reason))

    def notice(self, notice: Notice) -> Notice:
        return replace(notice, message=self.text(notice.message))


@lru_cache(maxsize=1)  # one run is often written in several formats
def redacted(report: Report) -> Report:
    """The report with secrets masked in every text, offsets untouched, and a warning that counts
    the distinct texts' secrets. A report that carries that warning is returned as it is."""
    if any(notice.code == CODE for notice in report.warnings):
        return report
    redactor = _Redactor()
    masked = replace(
        report,
        answers=tuple(map(redactor.answer, report.answers)),
        findings=tuple(map(redactor.finding, report.findings)),
        coverage=tuple(map(redactor.row, report.coverage)),
        warnings=tuple(map(redactor.notice, report.warnings)),
        tables=tuple(map(redactor.table, report.tables)),
        imported=tuple(map(redactor.imported, report.imported)),
    )
    if not redactor.count:
        return masked
    many = redactor.count != 1
    notice = Notice(
        CODE,
        f"{redactor.count} {'secrets are' if many else 'secret is'} masked in this report, length "
        f"kept; {'they stand' if many else 'it stands'} unmasked in the documents.",
    )
    return replace(masked, warnings=(*masked.warnings, notice))
