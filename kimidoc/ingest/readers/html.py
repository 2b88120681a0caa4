"""HTML: what a browser shows, in its order, as lines.

Blocks stand on lines, tables as ``a | b`` rows, lists with their markers, headings open sections,
``pre`` keeps its white space, images are their alternative text, the title comes first. Scripts,
styles, templates and the header of inline XBRL are left out. Text that no reader sees is kept and
reported (``html_style``), and so are long comments, without their text. Among program code a page
does not come here: its scripts are to be read (``gather``).

``extract`` does the same for the HTML body of a mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

from kimidoc.ingest.base import Extract, Source, TextBuilder
from kimidoc.ingest.readers import html_markup, html_style
from kimidoc.ingest.readers.html_layout import Flow, Grid, Hidden, Numbering, compose, deeper
from kimidoc.types import Notice

HIDDEN_TEXT = "integrity.hidden-text"
UNREAD_STYLES = "styles-not-read"

_DROPPED = frozenset(
    "script style template head title iframe noframes noembed applet audio video canvas datalist "
    "desc metadata annotation annotation-xml ix:header".split()
)
_GAPS = frozenset("p ul ol dl table pre blockquote hr figure listing xmp plaintext menu".split())
_BLOCKS = _GAPS | frozenset(
    "address article aside body caption center dd details dialog dir div dt fieldset figcaption "
    "footer form header hgroup html legend li main nav optgroup option search section summary "
    "text tbody td tfoot th thead tr".split()
)
_LISTS = frozenset("ul ol menu dir".split())
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_VERBATIM = frozenset("pre textarea listing xmp plaintext".split())
_STRUCK = frozenset("del s strike".split())
_WITHOUT_VALUE = frozenset("hidden checkbox radio password file image range color".split())
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_INDENT = "  "

_COMMENT_WORDS = 20
_LISTED = 20
_WORD = re.compile(r"[^\W\d_]{2,}")
_TAGS = re.compile("<[^<>]*>")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def read(source: Source) -> Extract:
    """Read a page; what it says about its encoding counts, where that is possible."""
    decoded = html_markup.decoded(source.file.read_bytes())
    extracted = extract(decoded.text, source.limits.text_bytes, source.path)
    reasons = [r for r in (decoded.partial(source.limits.text_bytes), extracted.partial) if r]
    return replace(
        extracted,
        notices=(*decoded.notices(source.path), *extracted.notices),
        partial="; ".join(reasons) or None,
    )


def extract(markup: str, limit_bytes: int, path: str | None = None) -> Extract:
    """The text of a page, with sections and notices about the document at ``path``."""
    markup = _LONE_SURROGATE.sub("\ufffd", markup)
    if html_markup.is_xml(markup):
        markup = html_markup.expanded(markup)
    page = _Page(LexborHTMLParser(html_markup.shallow(markup)))
    builder = TextBuilder(limit_bytes)
    hidden = compose(page.flow.lines, builder)
    taken = builder.extract()
    notices = [*_hidden_text(hidden, taken.text, path), *page.notices(path)]
    return replace(taken, notices=tuple(notices))


def _hidden_text(hidden: Sequence[Hidden], text: str, path: str | None) -> Iterator[Notice]:
    """A notice for each of the first places, and one for how many more there are."""
    for each in hidden[:_LISTED]:
        end = each.start + len(text[each.start : each.end].rstrip(" \n|\t"))
        message = f"The page has text that no reader sees: {html_style.CAUSES[each.cause]}."
        yield Notice(HIDDEN_TEXT, message, path, (each.start, end))
    if len(hidden) > _LISTED:
        more = len(hidden) - _LISTED
        yield Notice(HIDDEN_TEXT, f"{more:,} more places have text that no reader sees.", path)


@dataclass(slots=True)
class _Element:
    """An open element: what holds for its children, and what is due when it closes."""

    tag: str
    child: LexborNode | None  # the next to visit
    flow: Flow
    look: html_style.Look
    grid: Grid | None = None
    numbering: Numbering | None = None
    verbatim: bool = False
    raised: bool = False
    block: bool = False
    indent: str = ""
    closing: str = ""


class _Page:
    """One walk over the tree, without recursion: how deep it nests is the document's choice."""

    def __init__(self, parser: LexborHTMLParser) -> None:
        self.flow = Flow()
        self._rules: dict[str, html_style.Declarations] = {}
        self._comments = self._comment_words = 0
        for sheet in parser.css("style"):
            for selector, style in html_style.rules(sheet.text()).items():
                self._rules[selector] = {**self._rules.get(selector, {}), **style}
        self._sheets_elsewhere = len(parser.css("link[rel~=stylesheet][href]"))
        for title in parser.css("head > title")[:1]:
            self.flow.text(title.text())
            self.flow.gap()
        root = parser.root
        self._walk(root.parent.first_child if root is not None and root.parent else root)
        self.flow.end_line()

    def notices(self, path: str | None) -> Iterator[Notice]:
        """What was left out, and what could not be judged."""
        if self._comments:
            said = (
                f"The page has comments with {self._comment_words:,} words that no reader sees; "
                "they are not part of its text."
            )
            yield Notice(HIDDEN_TEXT, said, path)
        if self._sheets_elsewhere:
            said = "The page has style sheets in other files; what they hide was not looked for."
            yield Notice(UNREAD_STYLES, said, path)

    def _walk(self, first: LexborNode | None) -> None:
        open_ = [_Element("", first, self.flow, html_style.Look())]
        while open_:
            parent = open_[-1]
            node = parent.child
            if node is None:
                self._close(open_.pop())
                continue
            parent.child = node.next
            if (element := self._node(node, parent)) is not None:
                open_.append(element)

    def _node(self, node: LexborNode, parent: _Element) -> _Element | None:
        """Take in a node; an element with content is returned, opened."""
        tag = node.tag or "-"
        if tag == "-text":
            _write(node.text_content or "", parent)
        elif tag == "-comment":
            words = len(_WORD.findall(_TAGS.sub(" ", node.comment_content or "")))
            if words > _COMMENT_WORDS:
                self._comments += 1
                self._comment_words += words
        elif tag == "br":
            parent.flow.line_break()
        elif tag[0] != "-" and tag not in _DROPPED:
            attributes = node.attributes
            style = html_style.cascade(self._rules, tag, attributes)
            look = html_style.look(parent.look, tag, attributes, style)
            if tag in ("img", "input"):
                _write(_shown_instead(tag, attributes), replace(parent, look=look))
            else:
                return _open(node, attributes, style, look, parent)
        return None

    def _close(self, element: _Element) -> None:
        flow, tag = element.flow, element.tag
        if element.closing:
            flow.text(element.closing, element.look.cause)
        if tag in _HEADINGS:
            flow.heading(0)
        elif tag == "table" and element.grid is not None:
            flow.table(element.grid.lines())
        elif element.block:
            _separate(tag, flow, element.numbering)
            if tag in ("li", "dd", "blockquote"):
                flow.indent, flow.marker = element.indent, None


def _open(
    node: LexborNode,
    attributes: dict[str, str | None],
    style: html_style.Declarations,
    look: html_style.Look,
    parent: _Element,
) -> _Element:
    """An element inherits what it does not set. What stands before its content is written."""
    tag = node.tag or ""
    element = _Element(tag, node.first_child, parent.flow, look, parent.grid, parent.numbering)
    element.verbatim, element.raised = parent.verbatim, parent.raised
    element.block = _is_block(tag, style)
    if (space := style.get("white-space")) or tag in _VERBATIM:
        element.verbatim = space in ("pre", "pre-wrap", "break-spaces") or (
            space is None and tag in _VERBATIM
        )
    if element.block:
        _separate(tag, parent.flow, parent.numbering)
    if tag in _HEADINGS:
        parent.flow.heading(0 if element.look.cause is not None else _HEADINGS[tag])
    elif tag in ("sup", "sub"):
        element.raised = tag == "sup"
    elif tag == "q":
        element.closing = "”"
        _write("“", element)
    elif tag in ("table", "tr", "td", "th", "caption"):
        _open_table(element, attributes)
    elif tag in _LISTS or tag in ("li", "dd", "blockquote"):
        _open_list(element, attributes, style, node)
    if tag in _STRUCK or "line-through" in style.get("text-decoration", ""):
        element.closing = "]"
        _write("[struck: ", element)
    return element


def _open_table(element: _Element, attributes: dict[str, str | None]) -> None:
    if element.tag == "table":
        element.grid = Grid()
    elif element.grid is None:
        return
    elif element.tag == "tr":
        element.grid.row()
    else:
        if element.tag == "caption":
            element.flow = element.grid.caption = Flow()
        else:
            element.flow = element.grid.cell(attributes.get("colspan"), attributes.get("rowspan"))
        element.numbering = None


def _open_list(
    element: _Element,
    attributes: dict[str, str | None],
    style: html_style.Declarations,
    node: LexborNode,
) -> None:
    tag, flow = element.tag, element.flow
    if tag in _LISTS:
        items = sum(1 for n in node.iter() if n.tag == "li") if "reversed" in attributes else 0
        element.numbering = Numbering.of(tag, attributes, style, items)
        return
    element.indent = flow.indent
    if tag == "li":
        marker = (element.numbering or Numbering()).marker(attributes.get("value"))
        flow.marker = deeper(flow.indent, marker)
        flow.indent = deeper(flow.indent, " " * len(marker))
    elif tag == "dd":
        flow.indent = deeper(flow.indent, _INDENT)
    else:
        quoted = attributes.get("type") == "cite" or "gmail_quote" in (
            attributes.get("class") or ""
        )
        flow.indent = deeper(flow.indent, "> " if quoted else _INDENT)


def _is_block(tag: str, style: html_style.Declarations) -> bool:
    display = style.get("display", "")
    if display.startswith("inline") and tag not in ("td", "th", "tr", "table"):
        return False
    return tag in _BLOCKS or display in ("block", "flex", "grid", "list-item", "flow-root")


def _separate(tag: str, flow: Flow, numbering: Numbering | None) -> None:
    """A block begins or ends: some stand apart, but not a list within a list."""
    if tag in _GAPS and not (tag in _LISTS and flow.indent):
        flow.gap()
    else:
        flow.end_line()


def _shown_instead(tag: str, attributes: dict[str, str | None]) -> str:
    if tag == "img":
        words = " ".join((attributes.get("alt") or "").split())
        return f"[image: {words}]" if words else ""
    kind = (attributes.get("type") or "text").lower()
    return "" if kind in _WITHOUT_VALUE else attributes.get("value") or ""


def _write(text: str, element: _Element) -> None:
    cause = element.look.cause
    if element.raised and text.strip().isdecimal():
        text = text.translate(_SUPERSCRIPT)
    if element.verbatim and not element.flow.level:
        element.flow.verbatim(text.replace("\xa0", " "), cause)
    else:
        element.flow.text(text, cause)
