"""What is called settled on a call, beside what another document of the set says of it.

Two rules. A sentence that calls customers or their contracts sound, and elsewhere a notice, dated
no later than the call, by which a customer or other counterparty ends a contract or will not renew
it. And a sentence that calls a trouble over ("solved", "behind us"), and elsewhere a sentence on
the same thing that reckons with more of it: further provisions, a claim that is disputed. That two
sentences are on the same thing is told by the words they share, the names of things above all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from kimidoc.playbooks.negation import negated
from kimidoc.playbooks.statements import year_of
from kimidoc.playbooks.sweep import TABLES, Found, sentence
from kimidoc.playbooks.terms import written
from kimidoc.playbooks.transcript import transcript
from kimidoc.types import Citation, Document
from kimidoc.values.dates import DATE, iso

ENOUGH = 3  # a name that both sides share counts two, another word one
QUOTES = 4  # places that one finding shows against the remark
AROUND = 200  # characters before a sentence that say what it is on
_BACK = re.compile(r"(?:it|that|this|they|these|those)\b", re.IGNORECASE)


def _spaced(pattern: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    """A space stands for any white space: lines are wrapped anywhere."""
    return re.compile(pattern.replace(" ", r"\s+"), flags)


_SOUND = _spaced(
    r"\b(?:customers?|clients?|accounts?|relationships?|contracts?|renewals?)\b[^.;]{0,40}?"
    r"\b(?:is|are|remains?)\b[^.;]{0,16}?\b(?:in (?:very )?good (?:shape|standing)|healthy"
    r"|solid|(?:very|as) (?:good|strong)|excellent|intact|never been (?:better|stronger))\b"
    r"|\b(?:have|has) not lost (?:a|any)(?: \w+){0,2} customers?\b",
)
_LEAVES = _spaced(
    r"(?P<who>[A-Z][\w&'’.-]+(?: [A-Z&][\w&'’.-]*){0,4}) (?:has |have )?(?:gave|given|served"
    r"|delivered|sent)?\s*(?:us )?(?:written )?(?:notice|notified us|informed us|told us)\b"
    r"[^.;]{0,60}\b(?:not be (?:extended|renewed)|(?:not|no longer) (?:intend|wish|plan|extend"
    r"|renew|continue|buy|purchase)\w*|terminat\w+|cancel\w*|(?:to|will) end\b|out to tender"
    r"|non-renewal)",
    0,
)
_OVER = _spaced(
    r"\b(?:is|are|was|were|been|now) (?:fully |completely |now |all )?(?:solved|resolved|fixed"
    r"|behind us|taken care of|closed out)\b|\bput (?:\w+ ){1,4}behind us\b"
    r"|\bno longer an? (?:issue|problem|concern)\b",
)
_GOES_ON = _spaced(
    r"\bfurther (?:provisions?|charges?|costs?|claims?|losses|write-?downs?|failures?|recalls?)\b"
    r"|\bno provision\b|\bnot (?:provided for|yet been (?:resolved|remedied|fixed))\b"
    r"|\bremains? (?:unresolved|open|outstanding)\b|\bdispute the claims?\b",
)
_NOBODY = frozenset("the this that each either such any if we our it he she they".split())
_CUSTOMER = re.compile(r"\b(?:customers?|clients?|buyers?|accounts? for|accounted for)\b", re.I)
_COMMON = frozenset(
    """that this with have been were which from about will would could since than more they them
    their there what when where year years first second third fourth quarter fiscal million billion
    company business some very also into other january february march april june july august
    september october november december""".split()
)


def contradicted(documents: Sequence[Document]) -> Iterator[Found]:
    """Every reassurance on a call that another document takes back."""
    papers = [document for document in documents if document.kind not in TABLES]
    for call in papers:
        if transcript(call) is None:
            continue
        others = [d for d in papers if d.path != call.path and transcript(d) is None]
        yield from _customers(call, others)
        yield from _troubles(call, others)


def _customers(call: Document, others: Sequence[Document]) -> Iterator[Found]:
    leaving = [one for paper in others for one in _leaving(paper, call)]
    for claim in _claims(call, _SOUND) if leaving else ():
        words = " ".join(claim.text.split())
        who = ", ".join(dict.fromkeys(name for name, _ in leaving))
        quotes = tuple(quote for _, quote in leaving[:QUOTES])
        yield Found(call.path, f"“{words}”, and notice by {who}", (claim, *quotes))


def _leaving(paper: Document, call: Document) -> Iterator[tuple[str, Citation]]:
    """Notices by which a customer leaves that were given by the day of the call."""
    found = written(call)
    day = iso(found[0]) if found else None
    for match in _LEAVES.finditer(paper.text):
        low, high = sentence(paper.text, match.start())
        given = re.search(DATE, paper.text[low : match.end()], re.IGNORECASE)
        when = iso(given[0]) if given else None
        known = when <= day if when and day else year_of(paper) == year_of(call) != ""
        if known and _is_customer(paper.text, match["who"]):
            yield " ".join(match["who"].split()), Citation.of(paper, low, high)


def _is_customer(text: str, name: str) -> bool:
    if name.split()[0].casefold() in _NOBODY:  # "The Company", "We": no name
        return False
    first = re.compile(rf"\b{re.escape(name.split()[0])}\b")
    return any(
        _CUSTOMER.search(text, max(0, match.start() - AROUND), match.end() + AROUND)
        for match in first.finditer(text)
    )


def _troubles(call: Document, others: Sequence[Document]) -> Iterator[Found]:
    papers = [paper for paper in others if year_of(paper) == year_of(call) != ""]
    names = _names([call, *papers])
    for claim in _claims(call, _OVER) if papers else ():
        about = _words(call, claim)
        against = [
            (weight, quote)
            for paper in papers
            for quote in _claims(paper, _GOES_ON)
            if (weight := _weight(about & _words(paper, quote), names)) >= ENOUGH
        ]
        if against:
            against.sort(key=lambda one: -one[0])
            words, first = (" ".join(q.text.split()) for q in (claim, against[0][1]))
            quotes = tuple(quote for _, quote in against[:QUOTES])
            yield Found(call.path, f"“{words}”; elsewhere “{first}”", (claim, *quotes))


def _claims(document: Document, pattern: re.Pattern[str]) -> Iterator[Citation]:
    """Sentences that a pattern matches and that do not deny it, each once."""
    seen: set[tuple[int, int]] = set()
    for match in pattern.finditer(document.text):
        low, high = sentence(document.text, match.start())
        said, at = document.text[low:high], match.start() - low
        denied = pattern is not _GOES_ON and negated(said, at, min(len(said), match.end() - low))
        if (low, high) in seen or denied or said.endswith("?"):
            continue
        seen.add((low, high))
        before = document.text[max(0, low - AROUND) : low].rstrip()
        if before and _BACK.match(said):  # "It is solved.": of what, the sentence before says
            low = sentence(document.text, max(0, low - AROUND) + len(before) - 1)[0]
        yield Citation.of(document, low, high)


def _words(document: Document, quote: Citation) -> set[str]:
    """The words of a sentence and of what stands directly before it."""
    assert quote.start_char is not None and quote.end_char is not None
    near = document.text[max(0, quote.start_char - AROUND) : quote.end_char]
    return {word.casefold() for word in re.findall(r"[A-Za-z][\w-]{3,}", near)} - _COMMON


def _names(documents: Sequence[Document]) -> frozenset[str]:
    """Words that are always written with a capital and that no document begins with."""
    large, small, heads = Counter[str](), set[str](), set[str]()
    for document in documents:
        heads.update(re.findall(r"[a-z][\w-]{3,}", document.text[:200].casefold()))
        for word in re.findall(r"[A-Za-z][\w-]{3,}", document.text):
            if word[0].isupper():
                large[word.casefold()] += 1
            else:
                small.add(word)
    return frozenset(word for word, count in large.items() if count > 1) - small - heads - _COMMON


def _weight(shared: set[str], names: frozenset[str]) -> int:
    return sum(2 if word in names else 1 for word in shared)
