"""Documents that are referred to and are not among the documents: annexes, and dated agreements.

Rules over the documents' own words, one joining analysis each:

- an annex (schedule, exhibit, …) that its document names and nowhere opens, or that a letter lists
  as enclosed and whose description fits no other document;
- an agreement named with its date that no other document opens with.

What is found is that the words of a reference are there and that nothing which fits them is; the
document may stand in the set under another name, so a person has to look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kimidoc.playbooks.sweep import TABLES, Found, sentence
from kimidoc.types import Citation, Document
from kimidoc.values.dates import DATE, iso

OPENING = 1_500  # characters in which a document says what it is
HEAD = 400  # and in which it gives its own date
QUOTES = 5  # references shown of one document
_LISTED = 300  # labels closer than this stand in a list, not at the head of what they name
_WORD = re.compile(r"[^\W\d_]{3,}")
_LABEL = re.compile(
    r"\b(?P<kind>(?i:Annex|Annexure|Appendix|Schedule|Exhibit|Attachment))\s+"
    r"(?P<name>[A-Z]{1,2}(?:-?\d{1,2})?|\d{1,2}|[IVX]{1,4})\b(?P<more>[.-]?[A-Z0-9(]?)"
)
# At the beginning of a line, where a page's number may have come before it.
_OPENS = re.compile(r"(?:^|\n(?:\s*\d{1,3}(?=\s))?|\s{3}|[A-Z]{3}\.\s)[\s#*\[“\"-]*$")
# A reference into another text, and forms of the securities law, are no annexes of this one.
_ELSEWHERE = re.compile(
    r"^[\s\w,&-]{0,40}?\b(?:of|to|in|under) (?:the|that|such|said) (?!this\b)[\w\s-]{0,40}?"
    r"(?:Act|[A-Z]{2,5}|Agreement|Lease|Contract|Regulations?|Rules|Code|Form)\b"
)
_LAW = re.compile(r"\b(?:Directive|Regulations?|Act)\b[^.]{0,120}$")
_CHANGES = re.compile(
    r"\b(?:amendment|variation|addendum|supplement|side letter|statement of work|summar\w+)\b", re.I
)
_AGREEMENT = re.compile(
    r"\b(?P<what>(?:[\w-]+ ){0,4}(?:agreement|lease|licence|license|deed|contract|facility))"
    rf"(?: \([^)]{{0,40}}\))?,? (?:dated|made on|of)(?: as of)?(?: the)? (?P<date>{DATE})",
    re.IGNORECASE,
)
_LEADS = re.compile(r"^(?:.*\b(?:the|an?|to|of|and|by|that|certain) )+", re.IGNORECASE)
# An agreement that another one has ended matters less than one that goes on.
_OVER = re.compile(
    r"^(?!.*\b(?:except|other than|with the exception)\b).*?"
    r"\b(?P<how>supersede|terminate|replace|cancel)(?:l?ed|d|s)\b",
    re.IGNORECASE | re.DOTALL,
)
_ENDED = {
    "supersede": "superseded", "terminate": "terminated", "replace": "replaced",
    "cancel": "cancelled",
}  # fmt: skip
_STOP = frozenset("the and for with from that this been have which each other dated".split())


def annexes(documents: Sequence[Document]) -> Iterator[Found]:
    """For each document the annexes that it names and that are not there, with the references."""
    opened = {document.path: _opened(document) for document in documents}
    for document in documents:
        elsewhere: set[str] = set()
        if _CHANGES.search(document.text[:OPENING]):
            elsewhere = {
                n for path, names in opened.items() if path != document.path for n in names
            }
        seen, missing = set(opened[document.path]) | elsewhere, dict[str, Citation]()
        for match in _LABEL.finditer(document.text):
            name, after = _name(match), document.text[match.end("name") :][:90]
            if name in seen or match["more"] not in ("", ".", "-") or _ELSEWHERE.match(after):
                continue
            if _LAW.search(document.text[max(0, match.start() - 160) : match.start()]):
                continue
            seen.add(name)
            start, end = _entry(document, match)
            said = document.text[match.end("name") : end]
            mentioned = match["kind"][1:].islower() or not _at_line_start(
                document.text, match.start()
            )
            if mentioned and not _enclosed(document, said, documents):
                missing[name] = Citation.of(document, start, end)
        if missing:
            quotes = tuple(dict.fromkeys(missing.values()))[:QUOTES]
            yield Found(document.path, ", ".join(missing), quotes)


def agreements(documents: Sequence[Document]) -> Iterator[Found]:
    """Every dated agreement that no document opens with, with the reference."""
    openings = {
        d.path: {iso(m[0]) for m in _dates(d.text[:OPENING])}
        for d in documents
        if d.kind not in TABLES  # a register names agreements and is none
    }
    for document in documents:
        seen: set[str] = set()
        own = {iso(m[0]) for m in _dates(document.text[:HEAD])}
        for match in _AGREEMENT.finditer(document.text):
            date = iso(match["date"])
            if date is None or date in seen or match["what"].casefold().startswith("this "):
                continue
            if any(date in dates for path, dates in openings.items() if path != document.path):
                continue
            if date in own and not _CHANGES.search(document.text[:OPENING]):
                continue
            seen.add(date)
            what = _LEADS.sub("", " ".join(match["what"].split()))
            quote = Citation.of(document, *sentence(document.text, match.start()))
            if over := _OVER.search(quote.text):
                ended = _ENDED[over["how"].casefold()]
                said = f"{what} of {date}, of which it says that it is {ended}"
                yield Found(document.path, said, (quote,), "low")
            else:
                yield Found(document.path, f"{what} of {date}", (quote,))


def _name(match: re.Match[str]) -> str:
    return f"{match['kind'].removesuffix('ure').capitalize()} {match['name'].upper()}"


def _opened(document: Document) -> set[str]:
    """The annexes at whose head something stands: a line begins with the label, outside a list.

    A label in capitals that is referred to in small letters is a head wherever its line was broken.
    """
    text = document.text
    small = {_name(m) for m in _LABEL.finditer(text) if m["kind"][1:].islower()}
    found = {_name(m) for m in _LABEL.finditer(text) if m["kind"].isupper()} & small
    heads = [m for m in _LABEL.finditer(text) if _at_line_start(text, m.start())]
    for at, head in enumerate(heads):
        near = {
            _name(heads[other])
            for other in range(max(0, at - 2), min(len(heads), at + 3))
            if abs(heads[other].start() - head.start()) < _LISTED * abs(other - at)
        }
        if len(near - {_name(head)}) < 2:
            found.add(_name(head))
    return found


def _at_line_start(text: str, at: int) -> bool:
    return bool(_OPENS.search(text[max(0, at - 80) : at])) or at == 0


def _entry(document: Document, match: re.Match[str]) -> tuple[int, int]:
    """The reference as a quote: an entry of a list up to the next one, else its sentence."""
    text = document.text
    if not _at_line_start(text, match.start()):
        return sentence(text, match.start())
    end = min(len(text), match.start() + _LISTED)
    after = _LABEL.search(text, match.end(), end)
    blank = re.search(r"\n[ \t]*\n", text[match.end() : end])
    stops = [end]
    if after:
        stops.append(after.start())
    if blank:
        stops.append(match.end() + blank.start())
    return match.start(), match.start() + len(text[match.start() : min(stops)].rstrip())


def _enclosed(document: Document, said: str, documents: Sequence[Document]) -> bool:
    """Whether a list's description fits another document by name or opening."""
    words = [w.casefold() for w in _WORD.findall(said)]
    first = [w for w in words if w not in _STOP][:2]
    return bool(first) and any(
        all(word in f"{other.path} {other.text[:200]}".casefold() for word in first)
        for other in documents
        if other.path != document.path
    )


def _dates(text: str) -> Iterator[re.Match[str]]:
    return re.finditer(DATE, text, re.IGNORECASE)
