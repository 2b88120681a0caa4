"""A check's signs over every sentence or line of a document, for what must not be overlooked.

Some checks look for their signs in the quotes that an answer came with. One that says
``search = "sentences"``, "lines" or "code" looks in the whole text instead, by code alone, so that
a clause of change of control is found among boilerplate, and ``shell=True`` in a module, whatever
the model quoted. What it finds is a sentence or a line with its offsets; that the words are there
is certain, what they amount to is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kimidoc.clauses.passages import END, QUOTE_CHARS
from kimidoc.playbooks import calls
from kimidoc.playbooks.signs import matched
from kimidoc.types import Citation, Document, Severity

TABLES = frozenset({"xlsx", "xls", "ods", "csv"})  # their rows are no sentences
WORDS = 5  # fewer are no clause, nor is a row of a table
_WORD = re.compile(r"\w+")
_VERB = re.compile(
    r"\b(?:shall|will|may|must|can|cannot|is|are|was|were|be|been|has|have|had|do(?:es)?|agrees?"
    r"|grants?|means?|undertakes?|appoints?|terminates?|expires?|ends?|applies|apply)\b",
    re.IGNORECASE,
)
BEFORE, AFTER = 12, 8  # lines of a program that say what a place in it is for
_DOCSTRING = re.compile(
    r"(?:\A|:[ \t]*(?:#[^\n]*)?\n)\s*[rRuU]?(?P<q>\"\"\"|\'\'\')(?:(?!(?P=q)).)*+(?P=q)", re.DOTALL
)
_COMMENT = re.compile(r"[ \t]*(?:#|//|/?\*|--|<!--|;)")


@dataclass(frozen=True, slots=True)
class Found:
    """What an analysis found in one document: the words to say and the quotes it rests on.

    ``severity``: where the words themselves make it lighter than the playbook says.
    """

    path: str
    words: str
    citations: tuple[Citation, ...]
    severity: Severity | None = None


def sentence(text: str, at: int) -> tuple[int, int]:
    """Where the sentence that holds character ``at`` begins and ends, white space left out."""
    low, high = max(0, at - QUOTE_CHARS), min(len(text), at + QUOTE_CHARS)
    start, end = low, high
    for match in END.finditer(text, low, high):
        if match.end() <= at:
            start = match.end()
        else:
            end = match.end()
            break
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def places(signs: Sequence[str], document: Document) -> Iterator[Citation]:
    """Every sentence of a document that a sign matches and that does not deny it, in order."""
    if document.kind in TABLES:
        return
    text, found = document.text, set[tuple[int, int]]()
    for sign in signs:
        pattern = re.compile(sign.replace(" ", r"\s+"), re.IGNORECASE | re.DOTALL)
        for match in pattern.finditer(text):
            found.add(sentence(text, match.start()))
    for start, end in sorted(found):
        said = text[start:end]
        if said.count(" | ") >= 2 or len(_WORD.findall(said)) < WORDS:
            continue
        if matched(signs, said):
            if heading(said):  # by itself it says nothing: the clause is what follows
                after = next((at for at in range(end, len(text)) if not text[at].isspace()), end)
                end = max(end, min(sentence(text, after)[1], start + QUOTE_CHARS))
            yield Citation.of(document, start, end)


def heading(said: str) -> bool:
    """Whether some words are only titles: most begin with a capital, and no verb is among them."""
    words = re.findall(r"[A-Za-z][\w’'-]*", said)
    large = sum(word[0].isupper() for word in words if len(word) > 3)
    return 5 * large >= 4 * sum(len(w) > 3 for w in words) and not _VERB.search(said)


def around(document: Document, citation: Citation) -> str:
    """The path, and the lines around a place in a program: ``BEFORE`` and ``AFTER`` it."""
    assert citation.start_char is not None and citation.end_char is not None
    text, start, end = document.text, citation.start_char, citation.end_char
    before = text[:start].split("\n")[-1 - BEFORE :]
    after = text[end:].split("\n", AFTER + 1)[: AFTER + 1]
    return "\n".join((document.path, "\n".join(before) + text[start:end] + "\n".join(after)))


def docstrings(text: str) -> tuple[tuple[int, int], ...]:
    """Where Python's docstrings stand, texts that are a block's first statement."""
    return tuple(m.span() for m in _DOCSTRING.finditer(text))


def _within(spans: Sequence[tuple[int, int]], at: int) -> bool:
    return any(start <= at < end for start, end in spans)


def lines(
    signs: Sequence[str], document: Document, *, comments: bool, harmless: tuple[str, ...] = ()
) -> Iterator[Citation]:
    """Every run of whole lines that a sign matches, in order, each line cited once.

    ``comments`` False passes over matches that begin in a line that is only a comment, or in a
    docstring; those whose call has a ``harmless`` argument are passed over too.
    """
    text, found = document.text, dict[int, tuple[int, int]]()  # line -> its first match
    said = () if comments or document.kind != "python" else docstrings(text)
    for sign in signs:
        for match in re.finditer(sign.replace(" ", r"\s+"), text, re.IGNORECASE):
            start = text.rfind("\n", 0, match.start()) + 1
            if not match[0] or calls.has(text, match, document.kind, harmless):
                continue
            if comments or not (_COMMENT.match(text, start) or _within(said, match.start())):
                found[start] = min(found.get(start, match.span()), match.span())
    last = 0
    for start, (first, after) in sorted(found.items()):
        if start < last:
            continue
        end = text.find("\n", after - 1)
        last = end = len(text) if end < 0 else end
        if end - start > QUOTE_CHARS:  # a program without line feeds
            start, end = max(start, first - 80), min(end, first + QUOTE_CHARS - 80)
        yield Citation.of(
            document, start + len(text[start:end]) - len(text[start:end].lstrip()), end
        )
