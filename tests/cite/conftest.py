"""A contract with typography that bites, and the slow twin of normalised location."""

from __future__ import annotations

from dataclasses import dataclass
from unicodedata import category, normalize

from kimidoc.cite.forms import BREAK, BREAKING, DASHES, INVISIBLE, SOFT, forms
from kimidoc.types import Document, Mark

CONTRACT = (
    "12 Termination\n"
    "12.1 Either party may terminate this agree-\nment by giving not less than ninety (90) days’\n"
    "written notice to the other’s change-of-\ncontrol officer.\n"
    "\f13 Liability\n"
    "13.1 The total liability of each party shall not exceed £1,640,000 in any Contract Year – or\n"
    "\t10 per cent of the Charges, whichever is the  greater… “Charges” means the ﬁnal charges.\n"
    "13.2 The Supplier is unable to pay its debts if it says so on 3 March 2021.\n"
)
PAGE_TWO = CONTRACT.index("13 Liability")


def document(text: str, path: str = "contract.pdf") -> Document:
    """A document of two pages and two sections where the text is the contract's, else of none."""
    if text != CONTRACT:
        return Document(path, "text", "read", text)
    marks = (Mark(0, "12 Termination"), Mark(PAGE_TWO, "13 Liability"))
    return Document(path, "pdf", "read", text, pages=(0, PAGE_TWO), sections=marks)


@dataclass
class Unit:
    """What a folded character is: a sign or a hyphen's kind, and where it came from."""

    sign: str
    start: int
    end: int
    hyphen: str = ""


def twin(text: str, quote: str) -> list[tuple[int, int]]:
    """Every place where ``text`` says ``quote``: the definition, by trying each start in turn."""
    source, wanted = units(text), units(INVISIBLE.sub("", quote).strip())
    found = []
    for at, first in enumerate(source):
        if not wanted or first.hyphen or (at and source[at - 1].start == first.start):
            continue
        end = _walk(source, at, wanted)
        if end is None:
            continue
        after = source[end].sign if end < len(source) else ""
        torn = end < len(source) and source[end].start == source[end - 1].start
        if not torn and not _is_mark(first.sign) and not _is_mark(after):
            found.append((first.start, source[end - 1].end))
    return sorted(set(found))


def _is_mark(sign: str) -> bool:
    return bool(sign) and category(sign).startswith("M")


def _walk(source: list[Unit], at: int, wanted: list[Unit]) -> int | None:
    """Match ``wanted`` from ``source[at]`` on: the unit behind the match."""
    i = 0
    while i < len(wanted):
        a, b = wanted[i], source[at] if at < len(source) else Unit("", 0, 0)
        if a.hyphen and b.hyphen:
            if {a.hyphen, b.hyphen} == {"joining", "spaced"}:
                return None
            i, at = i + 1, at + 1
        elif a.hyphen or b.hyphen:
            if (a.hyphen or b.hyphen) != "broken":
                return None
            i, at = (i + 1, at) if a.hyphen else (i, at + 1)
        elif a.sign == b.sign:
            i, at = i + 1, at + 1
        else:
            return None
    return at


def units(text: str) -> list[Unit]:
    """The folded characters of ``text``, one pass after the other, a character at a time."""
    return _unified(_spaced(_hyphens(_composed(_visible(text)))))


def _visible(text: str) -> list[Unit]:
    dropped = {i for m in INVISIBLE.finditer(text) for i in range(*m.span())}
    return [Unit(c, i, i + 1) for i, c in enumerate(text) if i not in dropped]


def _composed(given: list[Unit]) -> list[Unit]:
    table, out, at = forms(), [], 0
    while at < len(given):
        end = at + 1
        while end < len(given) and not given[at].sign.isspace() and _joins(given[end].sign):
            end += 1
        cluster = "".join(u.sign for u in given[at:end])
        plain = normalize("NFC", cluster.translate(table.every))
        if plain == cluster.translate(table.single):
            out += given[at:end]
        else:
            out += [Unit(c, given[at].start, given[end - 1].end) for c in plain]
        at = end
    return out


def _joins(c: str) -> bool:
    return category(c).startswith("M") or "\u1160" <= c <= "\u11ff" or "\ud7b0" <= c <= "\ud7ff"


def _hyphens(given: list[Unit]) -> list[Unit]:
    out, at = [], 0
    while at < len(given):
        end = at + 1
        if given[at].sign in "-" + DASHES + SOFT and at and _inner(given[at - 1].sign):
            while end < len(given) and given[end].sign.isspace():
                end += 1
            if end < len(given) and given[end].sign.isalnum():
                gap = [u.sign for u in given[at + 1 : end]]
                numeric = given[at - 1].sign.isnumeric() or given[end].sign.isnumeric()
                kind = "joining" if not gap else "spaced"
                if set(gap) & set(BREAK):
                    kind = "broken" if given[at].sign in BREAKING and not numeric else "dash"
                out.append(Unit("", given[at].start, given[end - 1].end, kind))
                at = end
                continue
        out.append(given[at])
        at += 1
    return out


def _inner(c: str) -> bool:
    return c.isalnum() or category(c).startswith("M")


def _spaced(given: list[Unit]) -> list[Unit]:
    out, at = [], 0
    while at < len(given):
        end = at
        while end < len(given) and given[end].sign.isspace():
            end += 1
        if end == at:
            out.append(given[at])
            at += 1
            continue
        between = at and end < len(given) and _cjk(given[at - 1].sign) and _cjk(given[end].sign)
        if not between:
            out.append(Unit(" ", given[at].start, given[end - 1].end))
        at = end
    return out


def _cjk(c: str) -> bool:
    return c != "" and (
        "\u3001" <= c <= "\u30ff" or "\u4e00" <= c <= "\u9fff" or c in "，。：；！？"
    )


def _unified(given: list[Unit]) -> list[Unit]:
    table = forms().single
    return [Unit(u.sign.translate(table), u.start, u.end, u.hyphen) for u in given]
