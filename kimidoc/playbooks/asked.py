"""What analysts asked on a call: what the prepared remarks leave out, or figures that they give
otherwise.

The words of a question that carry its subject (five letters of each, the common words of such calls
left out) are looked for in the remarks; a question most of whose words do not stand there was not
addressed. And a figure that the company states of the same thing for the same time in both parts,
by word rules, is compared: the same unit, no rounding that explains it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kimidoc.playbooks.sweep import Found, sentence
from kimidoc.playbooks.transcript import Transcript, Turn, transcript
from kimidoc.types import Citation, Document, Row
from kimidoc.values.numbers import FIGURES, figures

COLUMNS = ("Asked by", "Not in the prepared remarks", "Answered by", "Document")
SHARE = 0.6  # of a question's words that the remarks do not have
FEWEST = 2  # such words
LONG = 300  # words of remarks: a call may begin with questions
SHOWN = 6  # of them, and questions that a finding names
STEM = 5
_WORD = re.compile(r"\b[A-Za-z]{5,}\b(?![-'’])")  # not what is stuttered or drawn together
_COMMON = frozenset(
    """about above absolutely accustomed actually afternoon again ahead almost already although
    always amount analyst analysts announced answer answered anything anyway appreciate around
    asked asking assume background basically basis because become before behind being believe
    better between bigger breather bring broadly called calls cause check clarify color colour
    comes comfortable coming comment commentary commented comments congrat congrats
    congratulations could couple covered crosstalk curious decent detail details different doing
    during earlier early eighty either enough especially evening every everybody everyone
    everything exactly example expect expected explain extra fairly fifteen fifty first folks
    follow following forty forward frame framed framework front further given gives giving going
    gonna great group guess guidance guide happen happened happy having heard hello helped
    helpful hopefully hoping however hundred imagine impact important inaudible indicated
    instructive interesting large larger later learned least level likely little longer looked
    looking looks maybe means meant mention mentioned might million minute missed morning mostly
    never ninety noted nothing number numbers obvious obviously often operator other others
    outlook overall particular particularly paying people percent perhaps period perspective
    piece place please point possible potentially prefer prepared pretty prior probably process
    provide purposes putting quarter quarters question questions quick quickly quite range
    rather ready realize really regarding related relative remarks remind reminder right roughly
    saying second seeing seems sense seventy several should similar since sixty somebody someone
    something somewhat sorry sounded sounds speak specific specifically spoke start started
    statement still stuff taken taking talked talking terms thank thanks their there these thing
    things think thinking third thirteen thirty those though thought thoughts thousand three
    through throw times today together total touch toward towards trying twelve twenty twice
    understand until using usual usually various versus wanna wanted wanting whatever where
    whether which while whole within without wonder wondering would years yesterday yours
    yourself
    """.split()
)
_METRIC = (
    r"(?P<metric>(?:[a-z-]+ )?(?:revenues?|sales|gross margin|operating margin|operating income"
    r"|net income|earnings per (?:diluted )?share|free cash flow|capital expenditures|net debt"
    r"|tax rate|backlog|ebitda))"
)


def _spaced(pattern: str) -> re.Pattern[str]:
    """A space stands for any white space: lines are wrapped anywhere."""
    return re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE)


_STATED = _spaced(
    rf"\b{_METRIC} (?P<when>(?:for|in) (?:the )?(?:[\w']+ ){{0,2}}(?:quarter|year|half|20\d\d) )?"
    rf"(?:was|were) \$?(?P<value>{FIGURES})\s?(?P<unit>%|percent|million|billion|cents)"
    r"(?! points)",
)


@dataclass(frozen=True, slots=True)
class Question:
    """One asker's turn, its words that the remarks do not have, and who spoke next."""

    call: Transcript
    turn: Turn
    missing: tuple[str, ...]
    answer: Turn | None

    @property
    def quote(self) -> Citation:
        """The first sentence of the turn that has such a word; the turn's own, no longer."""
        text = self.call.document.text
        at = text.index(self.missing[0], self.turn.start, self.turn.end)
        low, high = sentence(text, at)
        low, high = max(low, self.turn.start), min(high, self.turn.end)
        return Citation.of(self.call.document, low, low + len(text[low:high].rstrip()))


def unaddressed(document: Document) -> Iterator[Question]:
    """Questions of a call most of whose subject the prepared remarks do not speak of."""
    call = transcript(document)
    if call is None or sum(len(call.text(turn).split()) for turn in call.remarks) < LONG:
        return
    spoken = {_stem(word) for turn in call.remarks for word in _WORD.findall(call.text(turn))}
    for at, turn in enumerate(call.questions):
        text = call.text(turn)
        if not call.asks(turn) or "?" not in text:
            continue
        words = dict.fromkeys(w for w in _WORD.findall(text) if w.casefold() not in _COMMON)
        missing = tuple(word for word in words if _stem(word) not in spoken)
        if len(missing) >= FEWEST and len(missing) >= SHARE * len(words):
            later = call.questions[at + 1 :]
            answer = next((t for t in later if t.who not in call.operators), None)
            yield Question(call, turn, missing, None if answer and call.asks(answer) else answer)


def _stem(word: str) -> str:
    return word.casefold()[:STEM]


def rows(documents: Sequence[Document]) -> Iterator[Row]:
    """The table: each such question, and the beginning of its answer."""
    for document in documents:
        for one in unaddressed(document):
            quotes = [one.quote]
            if one.answer:
                low, high = sentence(document.text, one.answer.start)
                quotes.append(Citation.of(document, max(low, one.answer.start), high))
            words = ", ".join(one.missing[:SHOWN])
            who = one.answer.who if one.answer else "nobody"
            yield Row((one.turn.who, words, who, document.path), tuple(quotes))


def raised(documents: Sequence[Document]) -> Iterator[Found]:
    """One finding for the questions of a call that its remarks left open."""
    for document in documents:
        if every := list(unaddressed(document)):
            said = "; ".join(f"{q.turn.who}: {', '.join(q.missing[:3])}" for q in every[:SHOWN])
            more = f"; and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
            quotes = tuple(dict.fromkeys(one.quote for one in every[:SHOWN]))
            yield Found(document.path, f"{said}{more}", quotes)


def differing(documents: Sequence[Document]) -> Iterator[Found]:
    """Figures that the company stated in the remarks and otherwise in an answer."""
    for document in documents:
        if (call := transcript(document)) is None:
            continue
        before = dict(_stated(call, call.remarks))
        for key, (value, quote) in _stated(call, [t for t in call.questions if not call.asks(t)]):
            if key not in before or _close(before[key][0], value):
                continue
            first, earlier = before[key]
            metric, _, unit = key
            said = f"{metric}: {first} {unit} in the prepared remarks, {value} {unit} in an answer"
            yield Found(document.path, said, (earlier, quote))


_Key = tuple[str, str, str]


def _stated(
    call: Transcript, turns: Sequence[Turn]
) -> Iterator[tuple[_Key, tuple[Decimal, Citation]]]:
    """(figure, period, unit) -> value, for every sentence of some turns that states one."""
    text = call.document.text
    for turn in turns:
        for match in _STATED.finditer(text, turn.start, turn.end):
            low, high = sentence(text, match.start())
            low, high = max(low, turn.start), min(high, turn.end)
            metric, when = (
                " ".join((m or "").casefold().split()) for m in match.group("metric", "when")
            )
            unit = "percent" if match["unit"] == "%" else match["unit"].casefold()
            yield (
                (metric, when, unit),
                (figures(match["value"]), Citation.of(call.document, low, high)),
            )


def _close(one: Decimal, other: Decimal) -> bool:
    """Equal once both are rounded as the one with fewer places is."""
    places = min(-int(v.as_tuple().exponent) for v in (one, other))
    return abs(one - other) <= Decimal("0.55").scaleb(-max(places, 0))
