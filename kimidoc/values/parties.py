"""Who a contract is made between: a rule over its opening, American and British.

"by and between X, Inc., a Delaware corporation ("Supplier"), and Y Ltd", "(1) X LIMITED (company
number 1) of … (the "Seller"); and (2) Y PLC". A name is a run of capitalised words, cut where the
description of the party begins; what is defined beside it in quotation marks is its role.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kimidoc.types import Value

MOST = 12  # parties; more is a list of something else
_BETWEEN = re.compile(
    r"\b(?:by and )?(?:between|among|amongst)\b\s*:?",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"(?:^|\s)\((?P<n>\d)\)\s+\W{0,2}(?P<name>[A-Z][^;]{2,300}?)"
    r"(?=;|\.\s*\n|\n\s*\n|\s\(\d\)\s|\n\d|$)"
)
_COMPANY = (
    r"(?:Limited|Ltd|PLC|plc|LLP|LLC|L\.L\.C|LP|L\.P|Inc|Incorporated|Corporation|Corp|Company|Co"
    r"|GmbH|AG|S\.?A|N\.?V|B\.?V|AB|A/S|ASA|Oy|Oyj|SE|KG|S\.p\.A|S\.?r\.?l|Pty|Trust|Bank|University"
    r"|Partnership|Foundation|LIMITED|LTD|INC|CORPORATION|CORP|COMPANY)\b\.?"
)
_NAME = re.compile(
    rf"(?P<company>(?!(?i:and)\b)(?:[A-Z0-9][\w&.’'/-]*,?\s+(?:(?:of|and|the|de|la|van|von|&|for)\s+)?){{0,8}}?{_COMPANY}"
    rf"(?:,?\s+{_COMPANY})*)"
    r"|(?P<person>(?:(?:(?i:Dr|Mr|Mrs|Ms|Miss|Prof|Sir|Dame))\.?\s+)?[A-Z][\w’'-]+(?:\s+(?:[A-Z][\w’'-]+|[A-Z]\.|van|von|de)){1,4})"
)
_ROLE = re.compile(
    r"\(\W{0,3}(?:(?:hereinafter|collectively|together|referred to(?: herein)? as|each)\b,?\s+)*"
    r"(?:the\s+)?(?:[“\"](?:the\s+)?(?P<quoted>[A-Z][\w &’'-]{1,40})[,.]?[”\"]"
    r"|\W{0,2}(?P<plain>[A-Z][\w’'-]+(?: [A-Z][\w’'-]+){0,2})\W{0,2}\))"
)
_SKIP = re.compile(
    r"^(?:(?:This|The|That|Agreement|Contract|Party|Parties|Date|Effective|Limited|Liability|Company"
    r"|Corporation|Inc|LLC|Ltd|SA|AG|Bank|Trust|University|Public|Private|BVI|USA|State|Delaware"
    r"|New York|Nevada|California)\b[\s,.]*)+$",
    re.IGNORECASE,
)
_OF_A_PLACE = re.compile(r"\ban?\s+(?:[A-Z][\w.]*\s+){0,2}$")  # "a Delaware corporation" is no name
_BODY = re.compile(r"\b(?:WITNESSETH|WHEREAS|Whereas|RECITALS?|Recitals|BACKGROUND|Background)\b")


def opens(text: str) -> bool:
    """Whether a text says between whom it is made."""
    numbers = {match["n"] for match in _NUMBERED.finditer(text)}
    return {"1", "2"} <= numbers or _BETWEEN.search(text) is not None


def find(text: str) -> Iterator[Value]:
    """The parties that an opening names, each with its role in the note where one is defined."""
    body = _BODY.search(text)
    text = text[: body.start()] if body else text
    numbered = [m for m in _NUMBERED.finditer(text)]
    one = bool(numbered) and numbered[0]["n"] in "12"
    if one:
        pieces = [m["name"] for m in numbered]
    else:
        start = _BETWEEN.search(text)
        pieces = [text[start.end() :] if start else text]
    seen: set[str] = set()
    for piece in pieces:
        for words, role in _named(piece, one=one):
            if words.casefold() not in seen and len(seen) < MOST:
                seen.add(words.casefold())
                yield Value("party", words, " ".join(words.split()).rstrip(","), role)


def _named(piece: str, *, one: bool) -> Iterator[tuple[str, str]]:
    """The names in a part of an opening; only its first where each part is one party's."""
    names = [
        match
        for match in _NAME.finditer(piece)
        if not _SKIP.match(match[0].strip())
        and not _OF_A_PLACE.search(piece[max(0, match.start() - 40) : match.start()])
        and (match["company"] or one or _described(piece, *match.span()))
    ]
    for at, match in enumerate(names[:1] if one else names):
        until = names[at + 1].start() if at + 1 < len(names) and not one else len(piece)
        role = _ROLE.search(piece, match.end(), until)
        yield match[0].strip(), (role["quoted"] or role["plain"]) if role else ""


def _described(piece: str, start: int, end: int) -> bool:
    """Whether a person's name stands where a party does, and what follows says that it is one."""
    told = r",?\s*(?:an individual|residing|of\s+\d|\((?:the\s+|hereinafter\s+)?[“\"])"
    begins = re.search(r"(?:^|\band|[,;:])\s*$", piece[max(0, start - 8) : start])
    return bool(begins and re.match(told, piece[end:]))
