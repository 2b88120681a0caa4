"""What a finding is recognised by in a later run: ``kimidoc/v1`` in SARIF's partialFingerprints.

sha256 over the rule, the path from the repository's top, the symbol or section, and the words of
the quote, folded: white space, quotation marks, brackets, a comma before a closing bracket and a
hyphen at a line's end do not count, so that a formatter or a re-wrapped paragraph changes nothing.
Of a quote inside a call that runs over several lines of a program the whole call counts, since a
formatter splits and joins those. Line numbers never do. The same words twice in one section are
told apart by their order there.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from kimidoc.types import Citation, Document, Finding

_CALLS = frozenset(
    "python javascript typescript java go rust c cpp csharp ruby php kotlin swift scala".split()
)
_LINES, _CHARS = 40, 3_000  # of a call; a longer one is data, and its quote stands for itself
_HYPHENATED = re.compile(r"(?<=\w)[-\u00ad]\s*\n\s*(?=\w)")
_LAST_COMMA = re.compile(r",(?=[\s\"'`]*[)\]}])")
_PREFIX = re.compile(
    r"(?<!\w)[fFrRbBuU]{1,2}(?=[\"'])"
)  # literals side by side are joined and split
_DROPPED = re.compile(r"[\s()\"'`\\\u00ad\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb]+")
_STOPS = re.compile(r"[;{}:]\s*(?:(?:#|//)[^\n]*)?$")
_ASIDE = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|(?:#|//)[^\n]*")


def stamped(
    findings: Sequence[Finding], documents: Iterable[Document], prefix: str = ""
) -> tuple[Finding, ...]:
    """The findings with their fingerprints. ``prefix`` leads from the repository's top to paths."""
    by_path = {document.path: document for document in documents}
    keys = [_key(finding, by_path, prefix) for finding in findings]
    order = sorted(range(len(keys)), key=lambda at: (_place(findings[at]), at))
    seen: Counter[str] = Counter()
    prints = [""] * len(keys)
    for at in order:
        seen[keys[at]] += 1
        nth = seen[keys[at]]
        key = keys[at] if nth == 1 else f"{keys[at]}\0{nth}"
        prints[at] = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return tuple(replace(f, fingerprint=p) for f, p in zip(findings, prints, strict=True))


def folded(text: str) -> str:
    """A text without what a formatter or an editor changes."""
    text = _HYPHENATED.sub("", unicodedata.normalize("NFKC", text))
    return _DROPPED.sub("", _PREFIX.sub("", _LAST_COMMA.sub("", text)))


def _place(finding: Finding) -> int:
    return (finding.citations[0].start_char or 0) if finding.citations else 0


def _key(finding: Finding, documents: Mapping[str, Document], prefix: str) -> str:
    first = finding.citations[0] if finding.citations else None
    words = section = ""
    if first is not None:
        words, section = _words(first, documents.get(first.path or "")), first.section or ""
    path = finding.path or (first.path if first else None) or ""
    return "\0".join((finding.rule_id, prefix + path, section, folded(words)))


def _words(citation: Citation, document: Document | None) -> str:
    if document is None or document.kind not in _CALLS or citation.start_char is None:
        return citation.text
    start, end = _call(document.text, citation.start_char, citation.end_char or 0)
    return document.text[start:end]


def _call(text: str, start: int, end: int) -> tuple[int, int]:
    """The lines of the call that [start, end) stands in, where it began on an earlier line."""
    first = text.rfind("\n", 0, start) + 1
    opened = _opening(text, first)
    if opened is None and _balance(text[start:end]) <= 0:
        return start, end
    begin = start if opened is None else opened
    depth, at = 0, begin
    while at < len(text) and at - begin < _CHARS:
        stop = text.find("\n", at)
        stop = len(text) if stop < 0 else stop
        depth += _balance(text[at:stop])
        if stop >= end and depth <= 0:
            while text[begin].isspace():
                begin += 1
            return begin, stop
        at = stop + 1
    return start, end


def _opening(text: str, first: int) -> int | None:
    """Where the line begins whose round bracket is still open at ``first``; None if none is."""
    depth, at, found = 0, first, None
    for _ in range(_LINES):
        if at == 0:
            break
        before = text.rfind("\n", 0, at - 1) + 1
        row = text[before : at - 1]
        if not row.strip() or _STOPS.search(_ASIDE.sub(_blank, row)):
            break
        depth += _balance(row)
        if depth > 0:
            found, depth = before, 0
        at = before
    return found


def _balance(text: str) -> int:
    plain = _ASIDE.sub(_blank, text)
    return plain.count("(") - plain.count(")")


def _blank(match: re.Match[str]) -> str:
    """What stands in a string or a comment opens nothing; a lone mark stays what it is."""
    return "" if match[0][0] in "#/" else match[0][0] * 2
