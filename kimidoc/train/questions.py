"""Questions for training: many wordings of labelled ones, and questions made from texts alone.

    wordings     the ways to ask for a labelled category: by hand (``wordings.toml``) and by frame
    fragments    inverse cloze (Lee et al. 2019): some words of a stretch ask for where it stands
    headings     a section's heading, in one of many frames, asks for the section
    meanings     a defined term asks for its definition

Everything is drawn from the ``random.Random`` passed in, so the same seed gives the same questions.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from random import Random

from kimidoc.train.sources import Gold, Labelled

FRAMES = (
    "{}", "{}?", "Find the clause about {}.", "What does it say about {}?",
    "Is there anything on {}?", "Quote the {} provision.",
    "Does the agreement contain a {} clause?", "Where is {} dealt with?",
    "Tell me about {}.", "What are the rules on {}?", "Find everything on {}.", "{} clause",
    "Highlight the parts related to {}.", "Which section covers {}?", "What was agreed on {}?",
    "I am looking for {}.", "Show me the passage on {}.", "How is {} handled?", "Summarise {}.",
    "What do the documents say regarding {}?", "Details of {}", "Is {} mentioned anywhere?",
    "Explain {}.", "Does the text address {}?",
)  # fmt: skip
_CITED = (
    "Where does it say {}?", "{}", "Find the place that says {}", "Which passage mentions {}?",
    "What is said about {}?", "Does it say that {}?", "{}?", "Locate: {}",
)  # fmt: skip
_MEANT = (
    'What does "{}" mean?', "Definition of {}", "How is {} defined?", "What is meant by {}?",
    "What is {}?", "define {}",
)  # fmt: skip
_HEADING = re.compile(
    r"(?:^|\n)[ \t]*(?:(?:Section|SECTION|Article|ARTICLE)[ \t]+)?"
    r"(?:\d+(?:\.\d+)*|[IVX]+)[.):]?[ \t]+"
    r"([A-Z][A-Za-z,/&'’ -]{4,60}?)[ \t]*[.:\n]"
)
_DEFINED = re.compile(r"[“\"]([A-Z][\w &/-]{2,40})[”\"] (?:means|shall mean|has the meaning)")
_SENTENCE = re.compile(r"[^.!?\n][^.!?]{60,400}[.!?\n]")
_SHORT = frozenset(
    "a an and any as at be by for from has have if in into is it its of on or our shall such that "
    "the their this to was were will with".split()
)


@cache
def categories() -> Mapping[str, tuple[str, ...]]:
    """The hand-written wordings of every labelled category."""
    text = files("kimidoc.train").joinpath("wordings.toml").read_text(encoding="utf-8")
    return {name: tuple(ways) for name, ways in tomllib.loads(text).items()}


def wordings(category: str) -> tuple[str, ...]:
    """Every way to ask for a category: its name in every frame, then those written by hand."""
    names = [category, category.lower()]
    framed = [frame.format(names[n % 2]) for n, frame in enumerate(FRAMES)]
    framed.append(f"Find the clause about {category}.")
    return tuple(dict.fromkeys([*framed, *categories().get(category, ())]))


def fragments(text: str, rng: Random, count: int) -> Iterator[Gold]:
    """Up to ``count`` sentences that ask, with a part of their words, for where they stand."""
    found = list(_SENTENCE.finditer(text))
    for match in rng.sample(found, min(count, len(found))):
        words = match.group().split()
        first = rng.randrange(max(1, len(words) - 18))
        share = rng.uniform(0.35, 0.9)
        kept = [
            w for w in words[first : first + rng.randrange(5, 19)]
            if rng.random() < (share if w.lower() not in _SHORT else share * 0.6)
        ]  # fmt: skip
        if len(kept) >= 3:
            asked = " ".join(kept).rstrip(".,;:")
            yield Gold(rng.choice(_CITED).format(asked), (match.span(),))


def headings(text: str, rng: Random, count: int) -> Iterator[Gold]:
    """Up to ``count`` headings that ask for the first 400 characters of their sections."""
    found = [m for m in _HEADING.finditer(text) if len(m[1].split()) <= 8]
    for match in rng.sample(found, min(count, len(found))):
        topic = match[1].strip() if rng.random() < 0.3 else match[1].strip().lower()
        yield Gold(
            rng.choice(FRAMES).format(topic), ((match.start(1), match.end() + 400),), alone=True
        )


def meanings(text: str, rng: Random, count: int) -> Iterator[Gold]:
    """Up to ``count`` defined terms that ask for their definitions."""
    found = list(_DEFINED.finditer(text))
    for match in rng.sample(found, min(count, len(found))):
        asked = rng.choice(_MEANT).format(match[1])
        yield Gold(asked, ((match.start(), match.end() + 120),), alone=True)


def enrich(document: Labelled, rng: Random) -> Labelled:
    """The document with questions made from its own text, of each kind one for 3,000 characters."""
    count = 2 + len(document.text) // 3_000
    made = [
        *fragments(document.text, rng, count),
        *headings(document.text, rng, count),
        *meanings(document.text, rng, 1 + count // 4),
    ]
    return replace(document, golds=(*document.golds, *made))
