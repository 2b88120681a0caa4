"""Made-up facts and their questions, and how they are put into a window's own text.

    single        a fact that is alone of its kind
    distractors   a fact among DECOYS sentences that differ from it in name and value only
    two hops      who it is in one place, the fact about that person in another
    absent        a question of the same kinds about a name that stands nowhere

Everything is drawn from one seed, so that every window size hides the same facts. Sentences go
where a sentence of the text ends, and no name that is drawn stands in the text already.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import product
from random import Random

from kimidoc import pack
from kimidoc.bench import text
from kimidoc.errors import UsageError
from kimidoc.types import Document, Tokenizer, Window

SINGLE, ALIKE, HOPS, ABSENT = KINDS = ("single", "distractors", "two hops", "absent")
DECOYS = 8
MOST_DEPTHS = 20  # the drawn names are enough for
NEAR = 2_000  # characters in which an end of a sentence is looked for
_END = re.compile(r"[a-z]{4}[.!?][\"'”’)]*(\s+)")  # four letters: "Mr. " ends nothing
_LINE = re.compile(r"(\n)")

_PLACES = (
    "Brack Carn Dunt Elver Farl Grend Holl Ister Jarn Keld Lorn Marr Nethe Orm Pell Quern Rusk "
    "Storr Thorn Ulver Vann Wrex Yarl Zell"
).split()
_ENDS = (
    "barrow beck by combe dale ford garth holm ings keld ley mere ness rigg stead thorpe toft "
    "wath wick worth"
).split()
_FIRST = (
    "Ada Bela Cyril Dora Edgar Freya Gustav Hedda Ivo Jonas Karin Ludwig Mabel Nils Olga Petra "
    "Quentin Rhoda Stellan Tilda Ulrich Vera Wanda Yusuf Zelma"
).split()
_LAST = (
    "Abendroth Brandt Castellan Dorfman Eklund Falkner Grieve Hollis Ibsen Jessop Kowalk Lindqvist "
    "Morrow Norgate Osterman Pryce Quist Rademaker Sorley Tennant Uhlman Vesely Wexler Yarwood"
).split()
_SHADES = "pale dark bright dull faded deep light plain striped spotted".split()
_COLOURS = "green orange violet crimson amber turquoise grey ochre scarlet indigo".split()
_MONTHS = "January March April May June July August October November December".split()


@dataclass(frozen=True, slots=True)
class Needle:
    """A question and what answers it. ``step``: in which of the equal parts of the window.

    ``link``: of two hops, the sentence that leads to the fact, in part ``link_step``. Of an absent
    needle nothing is planted: its texts are empty.
    """

    kind: str
    step: int
    question: str
    value: str = ""
    fact: str = ""
    link: str = ""
    link_step: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """Needles, and all sentences to be planted with their depths, decoys included."""

    needles: tuple[Needle, ...]
    sentences: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Planted:
    """The window, and where each sentence stands in it: (path, start, end) in characters."""

    window: Window
    spans: Mapping[str, tuple[str, int, int]]


@cache
def _forms() -> Mapping[str, Sequence[Mapping[str, str]]]:
    found = files("kimidoc.bench").joinpath("needles.toml").read_text(encoding="utf-8")
    return tomllib.loads(found)


class _Drawn:
    """Names and values, none of them twice, no name that stands in ``texts``."""

    def __init__(self, rng: Random, texts: Sequence[str]) -> None:
        self._rng = rng
        self._pools: dict[str, Iterator[str]] = {
            "place": self._unknown([a + b for a, b in product(_PLACES, _ENDS)], texts),
            "person": self._unknown([f"{a} {b}" for a, b in product(_FIRST, _LAST)], texts),
            "number": self._mixed([str(n) for n in range(101, 1000)]),
            "code": self._mixed([str(n) for n in range(20_011, 99_999, 7)]),
            "money": self._mixed([f"{n:,} pounds" for n in range(1_050, 9_990, 10)]),
            "colour": self._mixed([" ".join(pair) for pair in product(_SHADES, _COLOURS)]),
            "date": self._mixed(
                [
                    f"{day} {month} {year}"
                    for day, month, year in product(range(1, 29), _MONTHS, range(1871, 1899))
                ]
            ),
        }

    def _mixed(self, values: list[str]) -> Iterator[str]:
        self._rng.shuffle(values)
        return iter(values)

    def _unknown(self, values: list[str], texts: Sequence[str]) -> Iterator[str]:
        return (v for v in self._mixed(values) if not any(v in each for each in texts))

    def one(self, kind: str) -> str:
        """The next of its kind."""
        return next(self._pools[kind])


def made(texts: Sequence[str], depths: int, seed: int) -> Made:
    """``depths`` needles of each kind for a window of ``texts``."""
    assert 1 <= depths <= MOST_DEPTHS
    rng = Random(seed)
    drawn, forms = _Drawn(rng, texts), _forms()
    needles, sentences = list[Needle](), list[tuple[str, float]]()
    for n in range(depths):
        # kinds stand a third of a part away: not in one block where there is room
        for kind, within in ((SINGLE, 1 / 6), (ALIKE, 1 / 2), (HOPS, 5 / 6)):
            needles.append(_needle(kind, n, depths, forms[kind], drawn))
            sentences.append((needles[-1].fact, (n + within) / depths))
        sentences.append((needles[-1].link, (needles[-1].link_step + 1 / 3) / depths))
        form = _form(forms[ALIKE], n)
        for _ in range(DECOYS):
            sentences.append((_said(form, drawn), rng.random()))
    asked = [form for pair in zip(forms[SINGLE], forms[ALIKE], strict=True) for form in pair]
    for n in range(depths):
        form = _form(asked, n)
        needles.append(Needle(ABSENT, n, form["asks"].format(name=drawn.one(form["name"]))))
    return Made(tuple(needles), tuple(sentences))


def _form(forms: Sequence[Mapping[str, str]], n: int) -> Mapping[str, str]:
    return forms[n % len(forms)]


def _said(form: Mapping[str, str], drawn: _Drawn) -> str:
    return form["says"].format(name=drawn.one(form["name"]), value=drawn.one(form["value"]))


def _needle(
    kind: str, n: int, depths: int, forms: Sequence[Mapping[str, str]], drawn: _Drawn
) -> Needle:
    form = _form(forms, n)
    name, value = drawn.one(form["name"]), drawn.one(form["value"])
    person = drawn.one("person") if "links" in form else ""
    said = {"name": name, "value": value, "person": person}
    link = form.get("links", "").format(**said)
    asks, says = form["asks"].format(**said), form["says"].format(**said)
    return Needle(kind, n, asks, value, says, link, (n + depths // 2) % depths)


def planted(
    whole: Window, tokens: int, given: Made, tokenizer: Tokenizer, preamble: Sequence[int]
) -> Planted:
    """The first documents of ``whole`` with every sentence in them, ``tokens`` at most.

    Raises UsageError where the sentences would be more than a third of the window.
    """
    sentences = [sentence for sentence, _ in given.sentences]
    room = sum(len(e.ids) + 2 for e in tokenizer.encode(sentences))
    if 3 * room > tokens:
        raise UsageError(
            f"{len(sentences)} sentences of {room:,} tokens are too many for a window of "
            f"{tokens:,}.",
            hint="Give larger --windows, or fewer --depths.",
        )
    part = text.cut(whole, tokens - room)
    places: dict[str, list[tuple[int, str]]] = {s.document.path: [] for s in part.segments}
    for sentence, depth in given.sentences:
        path, at = _at(part, depth)
        places[path].append((at, sentence))
    documents, spans = list[Document](), dict[str, tuple[str, int, int]]()
    for segment in part.segments:
        document = segment.document
        body = document.text[: part.ends[segment.end - 1]]
        body, starts = _inserted(body, places[document.path])
        spans |= {s: (document.path, a, a + len(s)) for s, a in starts.items()}
        documents.append(
            replace(document, text=body, pages=(), sections=(), notices=(), sha256=None)
        )
    assert len(spans) == len(sentences), "every sentence once"
    return Planted(pack.fit(documents, tokenizer, 2**31 - 1, preamble=preamble), spans)


def _at(window: Window, depth: float) -> tuple[str, int]:
    """The document and the character at a depth of the window."""
    token = int(depth * len(window.tokens))
    last = window.segments[0]
    for segment in window.segments:
        if segment.start > token:
            break
        last = segment
    within = min(max(token, last.body), last.end - 1)
    return last.document.path, window.starts[within]


def _inserted(body: str, wanted: Sequence[tuple[int, str]]) -> tuple[str, dict[str, int]]:
    """``body`` with each sentence at the next place for one; and where each begins."""
    parts, starts, done, length = list[str](), dict[str, int](), 0, 0
    places = [(*_place(body, at), sentence) for at, sentence in wanted]
    for at, space, sentence in sorted(places, key=lambda place: place[0]):
        parts += [body[done:at], sentence, space]
        starts[sentence] = length + at - done
        length += at - done + len(sentence) + len(space)
        done = at
    return "".join([*parts, body[done:]]), starts


def _place(body: str, at: int) -> tuple[int, str]:
    """Where a sentence can be put near ``at``, and the white space to set after it."""
    for ends in (_END, _LINE):
        match = ends.search(body, at, at + NEAR)
        for before in ends.finditer(body, max(0, at - NEAR), at) if match is None else ():
            match = before
        if match is not None:
            return match.end(), match[1]
    return at, "\n"  # a text without sentences and lines
