"""HTML bytes -> markup that the parser can be given safely.

The parser follows the HTML standard, which makes every block look through all open elements: time
grows with the square of the nesting (100,000 nested ``div`` take 17 s). Browsers stop nesting at
512 elements; so does ``shallow``, which takes out deeper tags and keeps their text.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter

from kimidoc.ingest.decode import Decoded, decode

DEEPEST = 512

VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr basefont bgsound frame "
    "keygen".split()
)
# Start tag -> the open elements it closes, and those it does not look through for them.
_NOTHING: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
_PARAGRAPH = (frozenset(("p",)), frozenset("table td th caption button object".split()))
_IMPLIED = {
    name: (frozenset(closed.split()), frozenset(within.split()))
    for names, closed, within in (
        ("li", "li", "ul ol menu dir table td"),
        ("dt dd", "dt dd", "dl table td"),
        ("td th", "td th", "table tr"),
        ("tr", "tr", "table"),
        ("tbody thead tfoot", "tbody thead tfoot", "table"),
        ("option optgroup", "option", "select datalist"),
        ("rt rp rb", "rt rp rb", "ruby"),
        ("a", "a", "table td"),
    )
    for name in names.split()
}
_CLOSES_P = frozenset(
    "p address article aside blockquote center details div dir dl fieldset figure footer form "
    "h1 h2 h3 h4 h5 h6 header hgroup hr main menu nav ol pre section table ul".split()
)
_LOOK_BACK = 32
# Content in which "<" opens no tag; one that is never closed runs to the end.
_OPAQUE = "script|style|textarea|title|xmp|iframe|noembed|noframes"
_TAG = re.compile(
    rf"<!--(?:-?>|.*?--!?>|.*)|<(?P<opaque>{_OPAQUE})(?=[\s/>])(?:.*?</(?P=opaque)|.*)"
    r"|<(?P<close>/?)(?P<name>[a-z][^\s/<>]*)(?P<rest>[^<>]*)>",
    re.IGNORECASE | re.DOTALL,
)
_XML_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*\?>")
_EMPTY_TAG = re.compile(
    r"""<([a-zA-Z][^\s/<>"']*)((?:\s[^<>"']*(?:"[^"<]*"[^<>"']*|'[^'<]*'[^<>"']*)*)?)/>"""
)
_CHARSET = re.compile(rb"<meta\s[^>]*?charset\s*=\s*[\"']?\s*([\w.:+-]+)", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"<\?xml\s[^>]*?encoding\s*=\s*[\"']([\w.:+-]+)", re.IGNORECASE)
_PRESCAN_BYTES = 4096

# What the Encoding Standard reads under a label, where Python's codec of that name is narrower.
_LABELS = {
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "utf-16": "utf-8",  # a page in UTF-16 has a byte order mark, or could not be read this far
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
    "utf-32": "utf-8",
    "utf-7": "utf-8",  # no browser reads it: it hides markup
}


def decoded(data: bytes) -> Decoded:
    """A page's bytes as markup. What the page says about its encoding counts if it is possible."""
    head = data[:_PRESCAN_BYTES]
    match = _CHARSET.search(head) or _XML_ENCODING.match(head.lstrip())
    return decode(data, declared=web_label(match[1].decode("ascii")) if match else None)


def web_label(charset: str) -> str:
    """The Python codec for a declared charset, read as browsers do; unknown ones stay."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return charset
    return _LABELS.get(name, name)


def is_xml(markup: str) -> bool:
    """Does the page call itself XML, so that ``<a/>`` is an empty element?"""
    return _XML_DECLARATION.match(markup[:_PRESCAN_BYTES]) is not None


def expanded(markup: str) -> str:
    """XHTML's ``<x/>`` as ``<x></x>``, which is what it means there. Inline XBRL is full of it."""

    def both(match: re.Match[str]) -> str:
        name, attributes = match.groups()
        return match.group() if name.lower() in VOID else f"<{name}{attributes}></{name}>"

    return _EMPTY_TAG.sub(both, markup)


def shallow(markup: str, deepest: int = DEEPEST) -> str:
    """The markup without the tags that nest deeper than ``deepest``; a block becomes a line break.

    Which elements are open is an estimate: a page that is built to defeat it costs time, no more.
    """
    if markup.count("<") <= deepest:
        return markup
    open_ = _Open()
    parts: list[str] = []
    done = 0
    for match in _TAG.finditer(markup):
        name = (match["name"] or "").lower()
        if not name or name in VOID:
            continue
        depth = open_.close(name) if match["close"] else open_.open(name)
        if depth > deepest:
            parts += [markup[done : match.start()], "<br>" if name in _CLOSES_P else " "]
            done = match.end()
    return "".join([*parts, markup[done:]]) if parts else markup


class _Open:
    """The elements that are open, as far as tags alone tell."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._counts: Counter[str] = Counter()

    def open(self, name: str) -> int:
        """A start tag, which may close an element that has no end tag. Returns its depth."""
        closed, within = _IMPLIED.get(name) or (_PARAGRAPH if name in _CLOSES_P else _NOTHING)
        for back, other in enumerate(self._names[: -_LOOK_BACK - 1 : -1], 1):
            if other in closed:
                self._pop(back)
                break
            if other in within:
                break
        self._names.append(name)
        self._counts[name] += 1
        return len(self._names)

    def close(self, name: str) -> int:
        """An end tag: closes the nearest such element and all in it. Returns its depth, or 0."""
        if not self._counts[name]:
            return 0
        back = next(n for n, other in enumerate(reversed(self._names), 1) if other == name)
        depth = len(self._names) - back + 1
        self._pop(back)
        return depth

    def _pop(self, count: int) -> None:
        for _ in range(count):
            self._counts[self._names.pop()] -= 1
