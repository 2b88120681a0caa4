"""The text of one Word paragraph: runs, breaks, fields, notes' marks, changes, hidden stretches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from kimidoc.ingest.readers.docx_changes import Changes
from kimidoc.ingest.readers.docx_styles import Styles
from kimidoc.ingest.readers.ooxml import child, value

_ANCHOR = 300  # characters of commented text that are kept
_PLAIN = {"w:tab": "\t", "w:ptab": "\t", "w:cr": "\n", "w:noBreakHyphen": "-"}
_NOTES = {"w:footnoteReference": "", "w:endnoteReference": "e"}
_SYMBOLS = {
    0xA8: "☐", 0x6F: "☐", 0xFE: "☒", 0xFD: "☒", 0x78: "☒", 0xFC: "✓", 0xFB: "✗",
    0xB7: "•", 0xA7: "▪", 0xE0: "→", 0xD2: "®", 0xD3: "©", 0xD4: "™",
}  # fmt: skip
"""Characters of Wingdings and Symbol that documents use; they have no code point of their own."""


class Text:
    """Text with the stretches [start, end) of it that are not seen, and why."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self.hidden: list[tuple[int, int, str]] = []

    @property
    def text(self) -> str:
        """All of it."""
        self._parts = ["".join(self._parts)]
        return self._parts[0]

    def add(self, text: str, unseen: str | None = None) -> None:
        """Append ``text``; a stretch that is unseen for the same reason grows."""
        start, end = self._length, self._length + len(text)
        self._parts.append(text)
        self._length = end
        if unseen is None or not text:
            return
        if self.hidden and self.hidden[-1][1:] == (start, unseen):
            self.hidden[-1] = (self.hidden[-1][0], end, unseen)
        else:
            self.hidden.append((start, end, unseen))

    def join(self, other: Text) -> None:
        """Append another text."""
        at = self._length
        self.add(other.text)
        self.hidden += [(at + a, at + b, why) for a, b, why in other.hidden]

    def stripped(self) -> Text:
        """The same without white space at its ends; a hidden blank is no hidden text."""
        whole, out = self.text, Text()
        cut, text = len(whole) - len(whole.lstrip()), whole.strip()
        out.add(text)
        for start, end, why in self.hidden:
            a, b = max(0, start - cut), min(len(text), end - cut)
            if any(c.isalnum() for c in text[a:b]):
                out.hidden.append((a, b, why))
        return out


@dataclass
class Story:
    """What a document's paragraphs share, and what they leave behind while they are read."""

    styles: Styles
    changes: Changes
    footnotes: dict[str, int] = field(default_factory=dict)  # id -> number, as met
    endnotes: dict[str, int] = field(default_factory=dict)
    anchors: dict[str, str] = field(default_factory=dict)  # comment id -> the text it is about
    open: set[str] = field(default_factory=set)  # comments whose anchor is being read


class Inline:
    """One paragraph being read. ``boxes`` are the text boxes anchored in it."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.out = Text()
        self.boxes: list[Element] = []

    def read(self, paragraph: Element, shaded: bool) -> None:
        """Append a paragraph's text. ``shaded``: it stands on a ground of unknown colour."""
        shaded = shaded or child(paragraph, "w:pPr", "w:shd") is not None
        self._walk(paragraph, self.story.styles.of(paragraph), shaded)

    def _walk(self, parent: Element, style: str | None, shaded: bool) -> None:
        changes = self.story.changes
        for element in parent:
            tag = element.tag
            if tag == "w:r":
                self._run(element, self.story.styles.unseen(element, style, shaded))
            elif tag == "w:commentRangeStart":
                self.story.open.add(element.get("w:id", ""))
            elif tag == "w:commentRangeEnd":
                self.story.open.discard(element.get("w:id", ""))
            elif tag == "m:oMath" or tag == "m:oMathPara":
                self._write("".join(t.text or "" for t in element.iter("m:t")), None)
            elif tag == "w:sdt":
                self._walk_if(child(element, "w:sdtContent"), style, shaded)
            elif tag == "w:ruby":
                self._walk_if(child(element, "w:rubyBase"), style, shaded)
            elif tag == "mc:AlternateContent":
                for one in chosen(element):
                    self._walk(one, style, shaded)
            elif changes.is_change(element):
                if changes.stands(element):
                    before, after = changes.marks(element)
                    self._write(before, None)
                    self._walk(element, style, shaded)
                    self._write(after, None)
            elif tag not in _PROPERTIES:
                self._walk(element, style, shaded)

    def _walk_if(self, element: Element | None, style: str | None, shaded: bool) -> None:
        if element is not None:
            self._walk(element, style, shaded)

    def _run(self, run: Element, unseen: str | None) -> None:
        for element in run:
            tag = element.tag
            if tag in ("w:t", "w:delText"):
                self._write(element.text or "", unseen)
            elif tag in _PLAIN:
                self._write(_PLAIN[tag], unseen)
            elif tag == "w:br":
                page = element.get("w:type") in ("page", "column")
                self._write("" if page else "\n", unseen)
            elif tag == "w:sym":
                self._write(_symbol(element), unseen)
            elif tag in _NOTES:
                self._note(element, _NOTES[tag])
            elif tag == "w:fldChar":
                self._write(_checkbox(element), unseen)
            elif tag == "mc:AlternateContent":
                for one in chosen(element):
                    self._run(one, unseen)
            elif tag == "w:ruby":
                self._walk_if(child(element, "w:rubyBase"), None, True)
            elif tag in ("w:drawing", "w:pict", "w:object"):
                self.boxes += boxes(element)

    def _note(self, reference: Element, prefix: str) -> None:
        known = self.story.endnotes if prefix else self.story.footnotes
        number = known.setdefault(reference.get("w:id", ""), len(known) + 1)
        self._write(f"[^{prefix}{number}]", None)

    def _write(self, text: str, unseen: str | None) -> None:
        self.out.add(text, unseen)
        for comment in self.story.open:
            anchor = self.story.anchors.get(comment, "")
            if len(anchor) < _ANCHOR:
                self.story.anchors[comment] = (anchor + text)[:_ANCHOR]


_PROPERTIES = ("w:pPr", "w:rPr", "w:sdtPr", "w:sdtEndPr", "w:smartTagPr", "w:customXmlPr")


def chosen(alternatives: Element) -> Iterator[Element]:
    """One branch of mc:AlternateContent: they say the same thing in a newer and an older way."""
    branches = [one for one in alternatives if one.tag in ("mc:Choice", "mc:Fallback")]
    spoken = [one for one in branches if next(one.iter("w:t"), None) is not None]
    yield from (spoken or branches)[:1]


def boxes(drawing: Element) -> Iterator[Element]:
    """The text boxes of a drawing, outermost only, one branch of each alternative."""
    for element in drawing:
        if element.tag == "w:txbxContent":
            yield element
        elif element.tag == "mc:AlternateContent":
            for one in chosen(element):
                yield from boxes(one)
        else:
            yield from boxes(element)


def _symbol(element: Element) -> str:
    """w:sym: a character of a symbol font, often in the private use area."""
    try:
        code = int(element.get("w:char", ""), 16)
    except ValueError:
        return "�"
    if 0xF000 <= code <= 0xF0FF or code < 0x100:
        return _SYMBOLS.get(code & 0xFF, "�")
    return chr(code) if code < 0xD800 or 0xE000 <= code <= 0x10FFFF else "�"


def _checkbox(field_start: Element) -> str:
    """A legacy form's check box has no text; what it shows stands in its properties."""
    box = child(field_start, "w:ffData", "w:checkBox")
    if box is None:
        return ""
    for state in ("w:checked", "w:default"):
        if child(box, state) is not None:
            ticked = value(box, state) or "1"
            return "☒" if ticked not in ("0", "false", "off") else "☐"
    return "☐"
