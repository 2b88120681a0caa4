"""The source text in a page: every located quote opens at its own words, and nothing leaks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser as Parser

from kimidoc.report import excerpts, html, safe
from kimidoc.report.viewer import Viewer
from kimidoc.types import Citation, Document, Finding, Report
from tests.report.conftest import AWS_KEY, HAN, LEASE, empty
from tests.report.page_report import CLAUSE, HOSTILE, cite, large, opened, rich, source

TEXT = st.text("ab \n\r\t\x1b\u202e𝔘é字", max_size=80)


def _units(text: str, start: int, end: int) -> str:
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


def _citing(document: Document, spans: list[tuple[int, int]]) -> Report:
    citations = tuple(
        Citation("exact", document.text[a:b], document.path, a, b, 1, 1) for a, b in spans
    )
    finding = Finding("x", "x", "low", "x", None, citations, "x")
    report = replace(empty(), findings=(finding,))
    return replace(report, excerpts=excerpts.of(report, [document]))


@given(TEXT, st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), max_size=5))
def test_units_of_the_shown_text_are_the_characters_of_the_document(
    text: str, ends: list[tuple[int, int]]
) -> None:
    spans = [(min(p), max(p)) for p in ends if max(p) <= len(text)]
    report = _citing(Document("a", "text", "read", text), spans)
    viewer = Viewer(report)
    shown = [str(each["text"]) for each in viewer.data()]
    for citation in report.findings[0].citations:
        place = viewer.place(citation)
        assert place is not None
        at, start, end = place
        cut = _units(shown[at], start, end)
        assert "\x1b" not in cut and "\u202e" not in cut
        if "\r" not in citation.text and not citation.text.startswith("\n"):
            assert cut == safe.visible(citation.text.replace("\t", "    "))


def test_a_quote_opens_at_its_own_words_with_secrets_masked_around_it() -> None:
    page = Parser(html.render(rich()))
    data = page.css_first("#sources")
    assert data is not None and "<" not in data.text()
    sources = json.loads(data.text())
    (excerpt,) = sources
    assert excerpt["path"] == LEASE and excerpt["line"] == 1
    assert AWS_KEY not in html.render(rich()) and AWS_KEY[:2] in excerpt["text"]
    shown = {
        _units(sources[at]["text"], start, end)
        for button in page.css("button.open")
        for at, start, end in [map(int, (button.attributes["data-at"] or "").split())]
    }
    assert shown == {CLAUSE, safe.visible(HOSTILE)}


def test_only_located_quotes_whose_text_is_there_can_be_opened() -> None:
    viewer = Viewer(rich())
    clause = cite(source(), CLAUSE)
    assert viewer.place(clause) is not None
    assert viewer.place(replace(clause, status="fuzzy")) is None
    assert viewer.place(Citation("unverified", "never said")) is None
    assert viewer.place(HAN) is None  # its document gave no excerpt
    assert not Parser(html.render(replace(rich(), excerpts=()))).css("button.open")


def test_a_long_document_gives_whole_lines_around_its_quotes() -> None:
    lines = [f"{n} " + "word " * (n % 9) for n in range(6_000)]
    document = Document("long.txt", "text", "read", "\n".join(lines))
    starts = document.line_starts
    spans = [(starts[n], starts[n] + 4) for n in (0, 1, 3_000, 5_999)]
    report = _citing(document, spans)
    found = opened(report)["long.txt"]
    assert len(found) == 3
    for excerpt in found:
        assert starts[excerpt.start_line - 1] == excerpt.start_char
        end = excerpt.start_char + len(excerpt.text)
        assert document.text[excerpt.start_char : end] == excerpt.text
        assert end == len(document.text) or document.text[end] == "\n"
    for citation in report.findings[0].citations:
        assert excerpts.holding(opened(report), citation) is not None


def test_excerpts_stay_within_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = large(300, 3)
    size = sum(len(excerpt.text) for excerpt in whole.excerpts)
    documents = [Document(e.path, "text", "read", e.text) for e in whole.excerpts]
    monkeypatch.setattr(excerpts, "MOST", size // 2)
    smaller = excerpts.of(whole, documents)
    assert 0 < sum(len(excerpt.text) for excerpt in smaller) <= size // 2
    for citation in excerpts.citations(whole):
        found = replace(whole, excerpts=smaller)
        assert excerpts.holding(opened(found), citation) is not None
    monkeypatch.setattr(excerpts, "MOST", 10)
    assert excerpts.of(whole, documents) == ()


def test_one_endless_line_is_cut() -> None:
    document = Document("min.js", "text", "read", "x" * 100_000)
    (excerpt,) = _citing(document, [(50_000, 50_010)]).excerpts
    assert len(excerpt.text) < 10_000 and excerpt.start_line == 1
