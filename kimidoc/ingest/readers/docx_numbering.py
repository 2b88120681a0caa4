"""The numbers Word puts in front of paragraphs: they are in no text, and lawyers cite them.

A paragraph names a list (``w:num``) and a level, itself or through its style; the list's abstract
definition holds the format of each level, and all lists of one definition count on together unless
one restarts. ECMA-376 part 1, 17.9. Scripts other than Latin are counted in digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from kimidoc.ingest.readers.docx_styles import Styles
from kimidoc.ingest.readers.ooxml import child, children, number, value

LEVELS = 9
BULLET = "•"
_MOST = 100_000  # a larger start value is nobody's clause number


@dataclass
class _Level:
    start: int = 1
    form: str = "decimal"
    text: str = ""
    legal: bool = False
    restart: int | None = None
    suffix: str = "tab"
    style: str | None = None


@dataclass
class _List:
    """One w:num: its abstract definition, levels after overrides, and restarts not yet used."""

    abstract: str
    levels: list[_Level]
    restarts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """Counts as the document goes by: every paragraph is asked once, in order."""

    def __init__(self, part: Element | None, styles: Styles) -> None:
        self._styles = styles
        self._abstract = {
            one.get("w:abstractNumId", ""): one for one in children(part, "w:abstractNum")
        }
        self._of_style = {
            link: name
            for name, one in self._abstract.items()
            if (link := value(one, "w:styleLink")) is not None
        }
        self._lists: dict[str, _List] = {}
        for one in children(part, "w:num"):
            self._lists[one.get("w:numId", "")] = self._list(one)
        self._counts: dict[str, list[int | None]] = {}

    def label(self, paragraph: Element, style: str | None) -> tuple[str, str, int] | None:
        """(label, what separates it from the text, level) of the next paragraph, if it has one."""
        found = self._place(paragraph, style)
        if found is None:
            return None
        listed, level = found
        counts = self._counts.setdefault(listed.abstract, [None] * LEVELS)
        now, form = counts[level], listed.levels[level]
        if level in listed.restarts:
            counts[level] = listed.restarts.pop(level)
        else:
            counts[level] = form.start if now is None else now + 1
        for deeper in range(level + 1, LEVELS):
            after = listed.levels[deeper].restart
            if after is None or level < after:
                counts[deeper] = None
        text = _render(listed.levels, level, counts)
        return (text, "" if form.suffix == "nothing" else " ", level) if text else None

    def _place(self, paragraph: Element, style: str | None) -> tuple[_List, int] | None:
        """The list and level of a paragraph: its own words first, then its style's."""
        own = child(paragraph, "w:pPr", "w:numPr")
        list_id, level = value(own, "w:numId"), value(own, "w:ilvl")
        named: str | None = None
        if list_id is None:
            for name, one in self._styles.chain(style):
                stated = child(one, "w:pPr", "w:numPr")
                list_id = value(stated, "w:numId")
                if list_id is not None:
                    level, named = level or value(stated, "w:ilvl"), name
                    break
        listed = self._lists.get(list_id or "0")
        if listed is None or list_id == "0":
            return None
        at = number(level)
        if named is not None:
            at = next((i for i, one in enumerate(listed.levels) if one.style == named), at)
        return listed, min(max(at, 0), LEVELS - 1)

    def _list(self, one: Element) -> _List:
        abstract = value(one, "w:abstractNumId") or ""
        linked = value(self._abstract.get(abstract), "w:numStyleLink")
        if linked is not None:  # the definition stands with the style
            abstract = self._of_style.get(linked, abstract)
        listed = _List(abstract, [_Level() for _ in range(LEVELS)])
        _define(listed.levels, self._abstract.get(abstract))
        for override in children(one, "w:lvlOverride"):
            at = number(override.get("w:ilvl"))
            _define(listed.levels, override)
            start = value(override, "w:startOverride")
            if start is not None and 0 <= at < LEVELS:
                listed.restarts[at] = min(number(start, 1), _MOST)
        return listed


def _define(levels: list[_Level], definition: Element | None) -> None:
    for one in children(definition, "w:lvl"):
        at = number(one.get("w:ilvl"))
        if not 0 <= at < LEVELS:
            continue
        restart = value(one, "w:lvlRestart")
        legal = child(one, "w:isLgl")
        levels[at] = _Level(
            start=min(number(value(one, "w:start"), 0), _MOST),
            form=value(one, "w:numFmt") or "decimal",
            text=value(one, "w:lvlText") or "",
            legal=legal is not None and legal.get("w:val", "1") not in ("0", "false"),
            restart=None if restart is None else number(restart),
            suffix=value(one, "w:suff") or "tab",
            style=value(one, "w:pStyle"),
        )


def _render(levels: list[_Level], level: int, counts: list[int | None]) -> str:
    form = levels[level]
    if form.form == "bullet":
        return form.text if form.text in ("-", "–", "—", "*") else BULLET

    def written(match: re.Match[str]) -> str:
        at = int(match[1]) - 1
        count = counts[at]
        shape = "decimal" if form.legal else levels[at].form
        return formatted(levels[at].start if count is None else count, shape)

    text = re.sub(r"%([1-9])", written, form.text).strip()
    # A symbol font's characters stand for pictures; what they show is not in the file.
    return "".join(BULLET if "\ue000" <= c <= "\uf8ff" else c for c in text)


def formatted(count: int, form: str) -> str:
    """A count in one of Word's number formats: 3 -> "3", "03", "iii", "C", "3rd", "three"."""
    if form in ("upperRoman", "lowerRoman"):
        roman = _roman(count)
        return roman if form == "upperRoman" else roman.lower()
    if form in ("upperLetter", "lowerLetter") and count > 0:
        letter = chr(ord("A") + (count - 1) % 26) * min((count - 1) // 26 + 1, 99)
        return letter if form == "upperLetter" else letter.lower()
    if form == "decimalZero":
        return f"{count:02d}"
    if form == "ordinal":
        tens = count % 100 in (11, 12, 13)
        return f"{count}{'th' if tens else {1: 'st', 2: 'nd', 3: 'rd'}.get(count % 10, 'th')}"
    if form in ("cardinalText", "ordinalText") and 0 < count <= len(_CARDINALS):
        return (_CARDINALS if form == "cardinalText" else _ORDINALS)[count - 1].capitalize()
    return "" if form == "none" else str(count)


_CARDINALS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()


def _roman(count: int) -> str:
    if not 0 < count < 4000:
        return str(count)
    parts = []
    for size, sign in (
        (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
        (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    ):  # fmt: skip
        parts.append(sign * (count // size))
        count %= size
    return "".join(parts)
