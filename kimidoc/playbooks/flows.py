"""Data flow as findings: a sink's line, the way there, and what becomes of a check's signs.

A finding quotes the sink first, then the source and the steps between them. In a document that was
followed, the flow decides over the one-line signs of the same check: a sign on the way of a flow is
that flow's finding; one whose text or call holds literals of the program only is dropped, and the
table ``flow`` says so; where the flow cannot tell, the sign stays. A value that comes from the
machine itself (a file, the environment, a database) weighs one step less than one from a request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kimidoc.clauses.passages import QUOTE_CHARS
from kimidoc.dataflow import Analysis, Flow, Spot, Taint, Verdict, analysed, checks
from kimidoc.playbooks import sweep
from kimidoc.playbooks.choose import fits
from kimidoc.playbooks.format import Check, FindingRule, Playbook
from kimidoc.types import SEVERITIES, Answer, Citation, Document, Row, Severity

COLUMNS = ("Document", "Data flow", "Sinks", "Reached", "Signs dropped")
STEPS = 6  # of a way that are quoted
WORDS = 80  # characters of code that a message repeats
_WHOLE = "followed"


@dataclass(frozen=True, slots=True)
class Raised:
    """One flow as a finding says it."""

    path: str
    words: str
    citations: tuple[Citation, ...]
    remote: bool


@lru_cache(maxsize=1)
def _analysed(documents: tuple[Document, ...]) -> Analysis:
    """Findings and tables of one run ask for the same documents."""
    return analysed(documents)


class Followed:
    """The flows of a set of documents, as a playbook asks for them."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = {document.path: document for document in documents}
        self._analysis = _analysed(tuple(documents))
        # by document, so that a sign is compared with what stands in its own
        self._ways: dict[str, list[tuple[str, Spot]]] = {}
        for flow in self._analysis.flows:
            for spot in _spots(flow):
                self._ways.setdefault(spot.path, []).append((flow.check, spot))
        self._looked: dict[str, list[tuple[str | None, Spot, Verdict]]] = {}
        for (check, spot), verdict in self._analysis.sinks.items():
            self._looked.setdefault(spot.path, []).append((check, spot, verdict))
        for spot, verdict in self._analysis.texts.items():
            self._looked.setdefault(spot.path, []).append((None, spot, verdict))

    def raised(self, names: Sequence[str], path: str | None = None) -> Iterator[Raised]:
        """The findings of some of the flow's checks; those of one way or of one line are one."""
        ways: dict[object, list[Flow]] = {}
        for flow in self._analysis.flows:
            if flow.check in names and path in (None, flow.sink.path):
                ways.setdefault(self._way(flow), []).append(flow)
        lines: dict[tuple[str, str, int], list[Flow]] = {}
        for flows in self._begun(ways.values()):
            line = self._line(flows[0].sink).start_line or 0
            lines.setdefault((flows[0].check, flows[0].sink.path, line), []).extend(flows)
        for flows in lines.values():
            first = flows[0]
            yield Raised(
                first.sink.path,
                self._said(flows),
                self._quotes(flows),
                first.taint is None or first.taint.kind == "remote",
            )

    def _begun(self, ways: Iterable[list[Flow]]) -> Iterator[list[Flow]]:
        """A sink on the way to another is where it began: ``new File(x)``, then it is opened."""
        sinks: dict[tuple[str, Spot], list[tuple[str, int | None]]] = {}
        for flows in ways:
            taint = flows[0].taint
            if taint is not None:
                own = sinks.setdefault((flows[0].check, taint.source), [])
                line = self._line(flows[0].sink)
                passed = [(s.path, self._line(s).start_line) for s in taint.steps]
                here = (flows[0].sink.path, line.start_line)
                if any(step in own and step != here for step in passed):
                    continue
                own.append(here)
            yield flows

    def _way(self, flow: Flow) -> object:
        """Flows of one way to several sinks have this in common."""
        if flow.taint is None:
            return flow
        sink = self._line(flow.sink)
        steps = tuple(
            step
            for step in flow.taint.steps
            if step.path != sink.path or self._line(step).start_line != sink.start_line
        )
        # Without a step of its own a source that is used twice is used twice.
        return (flow.check, flow.sink.path, flow.taint.source, steps) if len(steps) > 1 else flow

    def _said(self, flows: Sequence[Flow]) -> str:
        first = flows[0]
        if first.taint is None:
            literal = f" with “{_brief(first.literal)}”" if first.literal else ""
            return f"`{first.words}`{literal}"
        given = f"the {first.taint.label} of `{_brief(self._text(first.taint.source))}`"
        more = len({f.taint.label for f in flows if f.taint}) - 1
        also = f" (and {more} more source{'s' * (more > 1)})" if more else ""
        places = len({flow.sink for flow in flows}) - 1
        where = f" and {places} more call{'s' * (places > 1)}" if places else ""
        return f"{given}{also} reaches `{_brief(first.words)}`{where}"

    def _text(self, spot: Spot) -> str:
        return self._documents[spot.path].text[spot.start : spot.end]

    def _quotes(self, flows: Sequence[Flow]) -> tuple[Citation, ...]:
        """The first sink, its source, steps between them, and other sinks; each line once."""
        flow = flows[0]
        spots = [flow.sink]
        if flow.taint is not None:
            steps = flow.taint.steps
            if len(steps) > STEPS:
                steps = (*steps[: STEPS // 2], *steps[-STEPS // 2 :])
            spots += [flow.taint.source, *steps]
        spots += [other.sink for other in flows[1 : STEPS + 1]]
        found: dict[tuple[str | None, int | None], Citation] = {}
        for spot in spots:
            citation = self._line(spot)
            found.setdefault((citation.path, citation.start_line), citation)
        return tuple(found.values())

    def _line(self, spot: Spot) -> Citation:
        """The whole lines a spot stands in, white space left out, as signs quote them."""
        document = self._documents[spot.path]
        text, start = document.text, document.text.rfind("\n", 0, spot.start) + 1
        end = text.find("\n", max(spot.end - 1, start))
        end = len(text) if end < 0 else end
        if end - start > QUOTE_CHARS:
            start, end = max(start, spot.start), min(end, spot.start + QUOTE_CHARS)
            cut = text.find("\n", start, end)
            end = cut if cut > 0 else end
        said = text[start:end]
        start += len(said) - len(said.lstrip())
        return Citation.of(document, start, max(start, start + len(said.strip())))

    def knows(self, names: Sequence[str], document: Document) -> bool:
        """Whether the document was followed for one of these checks."""
        return document.path in self._analysis.followed and bool(checks(document.kind) & set(names))

    def decides(self, rule: FindingRule, citation: Citation) -> bool:
        """Whether a sign's line is a flow's already, or holds only what the program spells out."""
        mine = _spot(citation)
        ways = self._ways.get(mine.path, ())
        if any(check in rule.flow and _overlap(spot, mine) for check, spot in ways):
            return True
        return self.harmless(rule, citation)

    def harmless(self, rule: FindingRule, citation: Citation) -> bool:
        """Whether all that signs match in a line stands in texts and calls of literals only.

        A match counts where it stands: that something else on its line is fixed says nothing of it.
        """
        mine = _spot(citation)
        looked = [
            (spot, verdict)
            for check, spot, verdict in self._looked.get(mine.path, ())
            if (check is None or check in rule.flow) and _overlap(spot, mine)
        ]
        if not looked:
            return False
        for sign in rule.signs:
            pattern = re.compile(sign.replace(" ", r"\s+"), re.IGNORECASE)
            for match in pattern.finditer(citation.text):
                at = mine.start + match.start()
                around = [v for spot, v in looked if spot.start <= at < spot.end]
                if not around or any(verdict != "fixed" for verdict in around):
                    return False
        return True

    def rows(self, book: Playbook) -> Iterator[Row]:
        """For each document of a language that is followed: how far, what was found, what not."""
        for path, reason in self._analysis.followed.items():
            own = [v for check, _, v in self._looked.get(path, ()) if check is not None]
            reached = sum(verdict == "reached" for verdict in own)
            dropped = tuple(self._dropped(book, self._documents[path]))
            if own or reason or dropped:
                cells = (path, reason or _WHOLE, str(len(own)), str(reached), str(len(dropped)))
                yield Row(cells, dropped)
        for path, reason in self._analysis.left.items():
            yield Row((path, f"not followed: {reason}", "-", "-", "-"))

    def _dropped(self, book: Playbook, document: Document) -> Iterator[Citation]:
        for check in book.checks:
            rule = check.finding
            if rule is None or not rule.flow or not rule.signs or not _looks(check, document):
                continue
            for citation in sweep.lines(
                rule.signs, document, comments=rule.search == "lines", harmless=rule.arguments
            ):
                if self.harmless(rule, citation):
                    yield citation


def rows(book: Playbook, answers: Sequence[Answer], documents: Sequence[Document]) -> Iterator[Row]:
    """The table ``flow``."""
    return Followed(documents).rows(book)


def severity(usual: Severity, raised: Raised) -> Severity:
    """One step less where the value comes from the machine itself."""
    return usual if raised.remote else SEVERITIES[max(0, SEVERITIES.index(usual) - 1)]


def _looks(check: Check, document: Document) -> bool:
    return fits(document, check.documents)


def _spots(flow: Flow) -> tuple[Spot, ...]:
    taint: Taint | None = flow.taint
    return (flow.sink,) if taint is None else (flow.sink, taint.source, *taint.steps)


def _spot(citation: Citation) -> Spot:
    assert citation.path is not None
    assert citation.start_char is not None and citation.end_char is not None
    return Spot(citation.path, citation.start_char, citation.end_char)


def _overlap(one: Spot, two: Spot) -> bool:
    return one.path == two.path and one.start < two.end and two.start < one.end


def _brief(code: str) -> str:
    said = " ".join(code.split())
    return said if len(said) <= WORDS else said[: WORDS - 1] + "…"
