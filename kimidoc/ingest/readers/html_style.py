"""Which text of a page no reader sees: inline styles, presentational attributes, simple rules.

Read are the ``style`` attribute and those rules of ``<style>`` sheets whose selector is a single
tag, ``.class`` or ``#id``. Sheets in other files are not; the reader says so. Text is hidden when
it is not displayed, transparent, (almost) of its background's colour, at most a pixel high,
clipped to nothing, or placed off the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

Declarations = Mapping[str, str]
Colour = tuple[int, int, int]

CAUSES = (
    "it is not displayed",
    "it is made invisible",
    "it is transparent",
    "its letters have no height",
    "it is clipped to nothing",
    "it stands off the page",
    "it has the colour of its background",
)
NOT_DISPLAYED, INVISIBLE, TRANSPARENT, TINY, CLIPPED, OFF_PAGE, SAME_COLOUR = range(len(CAUSES))

_NAMED: dict[str, Colour] = {
    "black": (0, 0, 0),
    "silver": (192, 192, 192),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "white": (255, 255, 255),
    "maroon": (128, 0, 0),
    "red": (255, 0, 0),
    "purple": (128, 0, 128),
    "fuchsia": (255, 0, 255),
    "green": (0, 128, 0),
    "lime": (0, 255, 0),
    "olive": (128, 128, 0),
    "yellow": (255, 255, 0),
    "navy": (0, 0, 128),
    "blue": (0, 0, 255),
    "teal": (0, 128, 128),
    "aqua": (0, 255, 255),
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245),
    "ghostwhite": (248, 248, 255),
    "floralwhite": (255, 250, 240),
}
_CLOSE = 12  # of 255 per channel: less than an eye tells apart on a page
_FAR = 500.0  # pixels
_PIXELS = {"px": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78}
_LENGTH = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))\s*(px|pt|em|rem|in|cm|mm|%|)", re.ASCII)
_RGB = re.compile(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)(?:[\s,/]+([\d.]+%?))?\s*\)")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SIMPLE = re.compile(r"[.#]?-?[a-z_][\w-]*", re.IGNORECASE)
_RULES = 20_000


@dataclass(frozen=True, slots=True)
class Look:
    """How an element's own text looks; the defaults are a page's. None: not known."""

    lost: int | None = None  # a cause that no descendant can undo
    invisible: bool = False
    tiny: bool = False
    colour: Colour | None = (0, 0, 0)
    background: Colour | None = (255, 255, 255)

    @property
    def cause(self) -> int | None:
        """Why a reader does not see this text: an index into CAUSES; None if they do."""
        if self.lost is not None:
            return self.lost
        if self.invisible:
            return INVISIBLE
        if self.tiny:
            return TINY
        if self.colour and self.background and _alike(self.colour, self.background):
            return SAME_COLOUR
        return None


def look(parent: Look, tag: str, attributes: Mapping[str, str | None], style: Declarations) -> Look:
    """The look of an element with these attributes and (cascaded) declarations."""
    if not style and not attributes:
        return parent
    mine = _coloured(parent, tag, attributes, style)
    if visibility := style.get("visibility"):
        mine = replace(mine, invisible=visibility in ("hidden", "collapse"))
    if (size := style.get("font-size")) and (tiny := _is_tiny(size, mine.tiny)) != mine.tiny:
        mine = replace(mine, tiny=tiny)
    if mine.lost is None and (lost := _lost(attributes, style)) is not None:
        mine = replace(mine, lost=lost)
    return mine


def cascade(
    rules: Mapping[str, Declarations], tag: str, attributes: Mapping[str, str | None]
) -> Declarations:
    """What applies to an element: rules for its tag, its classes, its id, then its own style."""
    own = declarations(attributes.get("style") or "")
    if not rules:
        return own
    keys = [tag, *(f".{name}" for name in (attributes.get("class") or "").split()[:64])]
    if identifier := attributes.get("id"):
        keys.append(f"#{identifier}")
    found = [rules[key] for key in keys if key in rules]
    if not found:
        return own
    merged: dict[str, str] = {}
    for each in [*found, own]:
        merged.update(each)
    return merged


def declarations(style: str) -> Declarations:
    """``a: b; c: d`` as a mapping; names and values in lower case, the last of a name wins."""
    return _short(style) if len(style) <= 500 else _parsed(style)


@lru_cache(maxsize=4096)
def _short(style: str) -> Declarations:
    return _parsed(style)


def _parsed(style: str) -> Declarations:
    found = {}
    for part in _COMMENT.sub(" ", style).lower().split(";"):
        name, colon, value = part.partition(":")
        if colon:
            found[name.strip()] = value.replace("!important", "").strip()
    return found


def rules(sheet: str) -> dict[str, Declarations]:
    """The rules of a style sheet that stand outside of any @-rule and name one simple selector."""
    found: dict[str, dict[str, str]] = {}
    depth = start = opened = 0
    selectors: list[str] = []
    sheet = _COMMENT.sub(" ", sheet)
    for match in re.finditer(r"[{};]", sheet):
        at, character = match.start(), match.group()
        if character == "{":
            if depth == 0:
                selectors = [s.strip() for s in sheet[start:at].split(",")]
                opened = at + 1
            depth += 1
        elif character == "}":
            depth = max(0, depth - 1)
            if depth == 0:
                for selector in filter(_SIMPLE.fullmatch, selectors):
                    found.setdefault(selector, {}).update(declarations(sheet[opened:at]))
                selectors, start = [], at + 1
                if len(found) > _RULES:
                    break
        elif depth == 0:
            start = at + 1
    return dict(found)


def _coloured(
    parent: Look, tag: str, attributes: Mapping[str, str | None], style: Declarations
) -> Look:
    background, colour = parent.background, parent.colour
    if (value := attributes.get("bgcolor")) and (painted := _colour(value.lower())):
        background = painted
    if attributes.get("background"):
        background = None
    for name in ("background", "background-color", "background-image"):
        if value := style.get(name):
            background = _background(value, background)
    value = attributes.get("color") if tag == "font" else attributes.get("text")
    value = style.get("color") or (value.lower() if value and tag in ("font", "body") else None)
    if value not in (None, "inherit", "unset", "currentcolor"):
        assert value is not None
        if value == "transparent" or _alpha(value) == 0.0:
            return replace(parent, background=background, colour=None, lost=TRANSPARENT)
        colour = _colour(value)
    elif tag == "a" and "href" in attributes:
        colour = None  # the browser's own
    if (background, colour) == (parent.background, parent.colour):
        return parent
    return replace(parent, background=background, colour=colour)


def _background(value: str, inherited: Colour | None) -> Colour | None:
    if "url(" in value or "gradient(" in value:
        return None
    if value in ("none", "transparent", "inherit", "initial", "unset", "0", "0 0"):
        return inherited
    if (alpha := _alpha(value)) is not None and alpha < 1:
        return inherited if alpha == 0 else None
    for word in [value, *value.split()]:
        if (painted := _colour(word)) is not None:
            return painted
    return None


def _colour(value: str) -> Colour | None:
    if value in _NAMED:
        return _NAMED[value]
    digits = value.removeprefix("#")
    if re.fullmatch(r"[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8}", digits):
        pairs = [d * 2 for d in digits[:3]] if len(digits) < 6 else re.findall("..", digits[:6])
        return int(pairs[0], 16), int(pairs[1], 16), int(pairs[2], 16)
    if match := _RGB.search(value):
        red, green, blue = (min(255, int(match[n][:4])) for n in (1, 2, 3))
        return red, green, blue
    return None


def _alpha(value: str) -> float | None:
    match = _RGB.search(value)
    if match is None or match[4] is None:
        return None
    return _number(match[4])


def _number(value: str) -> float:
    scale = 100 if value.endswith("%") else 1
    try:
        return float(value.rstrip("%")) / scale
    except ValueError:
        return 1.0


def _alike(one: Colour, other: Colour) -> bool:
    return all(abs(a - b) <= _CLOSE for a, b in zip(one, other, strict=True))


def _pixels(value: str | None) -> float | None:
    match = _LENGTH.fullmatch(value or "")
    if match is None:
        return None
    number = float(match[1])
    return number * _PIXELS.get(match[2], 0.16 if match[2] == "%" else 1.0)


def _is_tiny(size: str, inherited: bool) -> bool:
    pixels = _pixels(size)
    if pixels is None:
        return inherited if size in ("inherit", "unset") else False
    if size.endswith(("em", "%")) and not size.endswith("rem"):
        return inherited or pixels <= 1
    return pixels <= 1.4  # a point; the smallest print that is read has five


def _lost(attributes: Mapping[str, str | None], style: Declarations) -> int | None:
    display = style.get("display")
    if display == "none" or style.get("mso-hide") == "all":
        return NOT_DISPLAYED
    if "hidden" in attributes and display is None and attributes["hidden"] != "until-found":
        return NOT_DISPLAYED
    if (opacity := style.get("opacity")) is not None and _number(opacity) <= 0.02:
        return TRANSPARENT
    return _placed(style)


def _placed(style: Declarations) -> int | None:
    if style.get("overflow") in ("hidden", "clip"):
        for name in ("max-height", "height", "max-width", "width"):
            pixels = _pixels(style.get(name))
            if pixels is not None and pixels <= 1:
                return CLIPPED
    clip = style.get("clip", "").replace("px", "").replace(",", " ").split()
    if clip and clip[0].startswith("rect(") and set("".join(clip)[5:]) <= set("01 )"):
        return CLIPPED
    if style.get("clip-path", "").replace(" ", "") in ("inset(50%)", "inset(100%)", "circle(0)"):
        return CLIPPED
    if style.get("transform", "").replace(" ", "").startswith("scale(0)"):
        return CLIPPED
    names = ["text-indent", "margin-left", "margin-top"]
    if style.get("position") in ("absolute", "fixed", "relative"):
        names += ["left", "top", "right", "bottom"]
    distances = (_pixels(style.get(name)) for name in names)
    return OFF_PAGE if any(d is not None and d <= -_FAR for d in distances) else None
