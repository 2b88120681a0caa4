"""Tracked changes (revision marks): which text stands, and how many changes there were.

Accepted, insertions stand and deletions are gone; rejected, the other way round; with "both", the
text shows ``[-deleted-]`` and ``{+inserted+}``. Moves are a deletion and an insertion. A paragraph
whose mark is gone runs on into the next one. ECMA-376 part 1, 17.13.5.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from kimidoc.ingest.base import TrackedChanges
from kimidoc.ingest.readers.ooxml import child

_INSERTED = ("w:ins", "w:moveTo", "w:cellIns")
_DELETED = ("w:del", "w:moveFrom", "w:cellDel")
_MARKS = {"w:ins": ("{+", "+}"), "w:del": ("[-", "-]")}


class Changes:
    """One document's revisions under one mode."""

    def __init__(self, mode: TrackedChanges) -> None:
        self.mode = mode
        self.insertions = self.deletions = 0
        self.authors: set[str] = set()

    def count(self, part: Element) -> None:
        """Take a part's revisions into account. Marks on paragraph ends count with their text."""
        for tags, inserted in ((_INSERTED, True), (_DELETED, False)):
            for tag in tags:
                for one in part.iter(tag):
                    if len(one):
                        self._add(one, inserted)
        for row in (*part.iter("w:trPr"), *part.iter("w:tcPr")):
            for one in row:
                if one.tag in _INSERTED or one.tag in _DELETED:
                    self._add(one, one.tag in _INSERTED)

    def _add(self, one: Element, inserted: bool) -> None:
        self.insertions += inserted
        self.deletions += not inserted
        if author := one.get("w:author"):
            self.authors.add(author)

    def is_change(self, element: Element) -> bool:
        """Whether an element wraps inserted or deleted content."""
        return element.tag in _INSERTED or element.tag in _DELETED

    def stands(self, element: Element) -> bool:
        """Whether what a change wraps is in the text."""
        return self.mode == "both" or (element.tag in _INSERTED) == (self.mode == "accept")

    def marks(self, element: Element) -> tuple[str, str]:
        """What is written around it."""
        if self.mode != "both":
            return "", ""
        return _MARKS["w:ins" if element.tag in _INSERTED else "w:del"]

    def of_properties(self, properties: Element | None) -> Element | None:
        """The change that inserted or deleted a whole row or cell."""
        if properties is None:
            return None
        return next((one for one in properties if self.is_change(one)), None)

    def runs_on(self, paragraph: Element) -> bool:
        """Whether a paragraph's end is gone, so that the next one continues it."""
        change = self.of_properties(child(paragraph, "w:pPr", "w:rPr"))
        return change is not None and not self.stands(change)

    def notice(self) -> str | None:
        """One sentence on what was done with how many changes."""
        if not self.insertions and not self.deletions:
            return None
        done = {"accept": "accepted", "reject": "rejected", "both": "shown in the text"}[self.mode]
        people = f" by {len(self.authors)} author(s)" if self.authors else ""
        return (
            f"{self.insertions} tracked insertion(s) and {self.deletions} deletion(s){people} "
            f"are {done}; --tracked-changes reads them another way."
        )
