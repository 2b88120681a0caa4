"""The page, parsed: one script, no way out, no text that became markup, readable colours."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise

import jsonschema
import pytest
from selectolax.lexbor import LexborHTMLParser as Parser

from kimidoc.report import digest, html
from kimidoc.report import json as report_json
from kimidoc.types import Answer, CoverageRow, Notice, Question, Report
from tests.report.conftest import (
    ALMOST,
    ANSWERS,
    AWS_KEY,
    COVERAGE,
    FINDINGS,
    HAN,
    LEASE,
    RUN,
    empty,
    full,
)
from tests.report.page_report import CLAUSE, rich


@pytest.fixture(scope="module")
def page() -> Parser:
    return Parser(html.render(full()))


@pytest.fixture(scope="module")
def rich_page() -> Parser:
    return Parser(html.render(rich()))


def _text(page: Parser, selector: str) -> str:
    node = page.css_first(selector)
    assert node is not None, selector
    return " ".join(node.text().split())


def test_the_policy_admits_one_sheet_and_one_script_by_hash(page: Parser) -> None:
    meta = page.css_first('meta[http-equiv="Content-Security-Policy"]')
    assert meta is not None
    rules = dict(rule.split(" ", 1) for rule in (meta.attributes["content"] or "").split("; "))
    (style,) = page.css("style")
    data, sources, script = page.css("script")

    def hashed(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    assert rules == {
        "default-src": "'none'",
        "style-src": hashed(style.text()),
        "script-src": hashed(script.text()),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert data.attributes["type"] == sources.attributes["type"] == "application/json"


def test_nothing_is_fetched_and_nothing_is_inline(page: Parser) -> None:
    assert not page.css("link, img, iframe, object, embed, base, form, video, audio, source")
    for node in page.css("*"):
        for name, value in node.attributes.items():
            assert name not in ("style", "src", "srcset", "action") and not name.startswith("on")
            if name == "href":
                assert (value or "").startswith("#")
    sheet = page.css_first("style")
    assert sheet is not None and "url(" not in sheet.text() and "@import" not in sheet.text()


def test_document_text_is_text(page: Parser) -> None:
    shown = _text(page, "main")
    assert "</script><script>alert(1)</script> ![x](http://evil.example/p.png)" in shown
    assert "service/<img src=x onerror=alert(1)>.md" in shown
    assert "Is there a <b>guarantee</b> by the parent?" in shown
    assert not page.css("b")


def test_controls_are_shown_and_not_obeyed() -> None:
    text = html.render(full())
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "\\u202eevil" in text and "␛[2J" in text
    text.encode("utf-8")


def test_the_json_in_the_page_is_the_json_report(page: Parser) -> None:
    data = page.css_first("#report")
    assert data is not None
    text = data.text()
    assert "<" not in text
    held = json.loads(text)
    jsonschema.Draft202012Validator(report_json.schema()).validate(held)
    assert held == json.loads(report_json.render(full()))


def test_summary_first_and_it_counts(page: Parser) -> None:
    sections = [node.attributes["id"] for node in page.css("main > section")]
    assert sections == [
        "summary", "findings", "matrix", "answers", "failed", "unfound", "coverage", "warnings",
        "run",
    ]  # fmt: skip
    assert _text(page, ".outcome") == digest.outcome(full())
    tiles = [" ".join(tile.text().split()) for tile in page.css(".tile")]
    assert tiles == [
        "Documents 14 of 21 read 1 only in part, 7 not at all",
        "Findings 6 1 critical, 2 high, 1 medium, 2 low",
        "Checks 4 of 9 with a quote located; 4 not found, 1 error",
        "Quotes 8 of 10 located 2 could not be located word for word",
    ]
    assert "5 warnings, 2 about documents that hide something" in _text(page, ".alert")


def test_quotes_stand_with_document_place_and_status(page: Parser) -> None:
    quotes = {
        " ".join(node.css_first("blockquote, pre").text().split()): " ".join(  # type: ignore[union-attr]
            node.css_first("figcaption").text().split()  # type: ignore[union-attr]
        )
        for node in page.css("figure.quote")
    }
    assert quotes[ALMOST.text] == (
        "! Unverified: close, but not word for word "
        "deal-room/03-suppliers/vantoric-licence.pdf, p. 2, § 3 Term"
    )
    assert quotes[HAN.text] == (
        "✓ Located word for word deal-room/05-asia/分销协议.md, 第八条 转让, line 33"
    )
    assert quotes["The Licensee may assign this Licence freely."] == (
        "! Unverified: not found in the documents No document named"
    )
    assert "%" not in " ".join(quotes.values())  # no invented confidence


def test_a_finding_says_what_to_do(page: Parser) -> None:
    cards = {card.id: card for card in page.css("#finding-list > article")}
    said = cards["finding-1"].css_first(".todo")
    assert said is not None and " ".join(said.text().split()) == (
        "To do: Compare secrets with hmac.compare_digest, and refuse empty ones."
    )


def test_a_finding_says_what_a_filter_needs(page: Parser) -> None:
    cards = page.css("#finding-list > article")
    levels = [card.attributes["data-level"] for card in cards]
    assert levels == ["critical", "high", "high", "medium", "low", "low"]
    proofs = [card.attributes["data-proof"] for card in cards]
    assert proofs == ["all", "some", "all", "all", "all", "none"]
    options = {
        option.attributes["value"]: option.text()
        for option in page.css('[data-for="finding-list"] [name="document"] option')
    }
    named = [(card.attributes["data-documents"] or "").split() for card in cards]
    assert [options[at] for at in named[1]] == [FINDINGS[2].path, HAN.path]
    assert named[5] == []
    for toolbar in page.css(".toolbar"):
        assert "hidden" in toolbar.attributes  # without the script there is nothing to press
        served = toolbar.attributes.get("data-for") or toolbar.attributes["data-rows"]
        assert page.css_first(f"#{served}") is not None


@pytest.mark.parametrize("made", [full, rich, empty])
def test_every_link_leads_somewhere_and_every_id_is_its_own(made: Callable[[], Report]) -> None:
    page = Parser(html.render(made()))
    ids = [node.attributes["id"] for node in page.css("[id]")]
    assert len(ids) == len(set(ids))
    for node in page.css("a[href]"):
        assert (node.attributes["href"] or "")[1:] in ids
    for node in page.css("[aria-labelledby]"):
        assert node.attributes["aria-labelledby"] in ids
    answers = range(1, len(made().answers) + 1)
    assert {f"answer-{n}" for n in answers} <= set(ids)


def test_the_matrix_links_each_check_to_its_answer(page: Parser) -> None:
    table = page.css_first("table.matrix")
    assert table is not None
    assert [" ".join(th.text().split()) for th in table.css("thead th")] == [
        "Document", "Change of control", "Assignment", "Break clause"
    ]  # fmt: skip
    rows = {
        row.css_first("th").text(): [" ".join(cell.text().split()) for cell in row.css("td")]  # type: ignore[union-attr]
        for row in table.css("tbody tr")
    }
    assert rows["deal-room/02-customers/meridale-msa.docx"] == [
        "▲finding", "–not found", "not asked"
    ]  # fmt: skip
    assert rows["deal-room/03-suppliers/vantoric-licence.pdf"] == [
        "–not found", "!failed", "not asked"
    ]  # fmt: skip


def test_a_table_is_sortable_and_each_row_proves_itself(rich_page: Parser) -> None:
    table = rich_page.css_first("#table-1 table.sortable")
    assert table is not None
    rows = [
        [" ".join(cell.text().split()) for cell in row.css("td")] for row in table.css("tbody tr")
    ]
    assert [head.text() for head in table.css("thead th")] == ["Day", "What", "Document", "Proof"]
    assert rows[0][:3] == ["2027-06-24", "Break right <b>", LEASE]
    assert CLAUSE in rows[0][3] and "Located word for word" in rows[0][3]
    assert AWS_KEY not in rows[1][1] and "AWS_ACCESS_KEY_ID" in rows[1][1]
    assert "By a rule." in _text(rich_page, "#table-1")
    assert "Nothing of the kind" in _text(rich_page, "#table-2")
    titles = [link.text().strip() for link in rich_page.css("nav a")]
    assert "Calendar 2" in titles and "Heat strips" in titles


def test_values_read_by_code_stand_beside_their_words(rich_page: Parser) -> None:
    card = _text(rich_page, "#answer-1")
    assert "date “24 June 2027” = 2027-06-24" in card
    assert "date “3/4/2025” (day and month can be read in two ways)" in card
    assert "the model was not asked" in card


def test_a_strip_says_in_words_what_it_draws(rich_page: Parser) -> None:
    changed, same = rich_page.css("svg.strip")
    assert changed.attributes["aria-label"] == f"{LEASE}: changes at 100–205"
    assert (same.attributes["aria-label"] or "").endswith("no change of what stands elsewhere")
    levels = [rect.attributes["class"] for rect in changed.css("rect")]
    assert levels == ["heat-0", "heat-2", "heat-4", "heat-mark"]
    mark = changed.css_first("rect.heat-mark")
    assert mark is not None and (mark.attributes["x"], mark.attributes["width"]) == ("14.85", "0.3")
    assert _text(rich_page, "#strips tbody tr").endswith("91100–205")


def test_a_run_that_only_computed_tables_says_which() -> None:
    made = replace(
        rich(), answers=(), findings=(), run=replace(RUN, command="novelty", playbooks=())
    )
    page = Parser(html.render(made))
    assert _text(page, ".outcome") == "Calendar: 2 rows; Exposure: no rows."
    assert [tile.text() for tile in page.css(".tile h3")] == ["Documents"]


def test_short_answers_are_called_what_they_are(page: Parser) -> None:
    note = _text(page, "#summary")
    assert "A short answer is words of one of its quotes, chosen by the model" in note
    assert "the model’s words" not in note


@pytest.mark.parametrize("made", [full, rich])
def test_it_can_be_read_without_eyes(made: Callable[[], Report]) -> None:
    page = Parser(html.render(made()))
    assert page.css_first("html").attributes["lang"] == "en"  # type: ignore[union-attr]
    for landmark in ("header", "nav[aria-label]", "main", "footer"):
        assert len(page.css(f"body > {landmark}, .page > {landmark}")) == 1
    skip = page.css_first("body > *")
    assert skip is not None and skip.attributes["href"] == "#summary"
    assert len(page.css("h1")) == 1
    for head in page.css("thead th"):
        assert head.attributes["scope"] == "col"
    for head in page.css("tbody th"):
        assert head.attributes["scope"] == "row"
    for control in page.css(".toolbar input, .toolbar select"):
        parent = control.parent
        assert parent is not None and parent.tag == "label"
        assert parent.text(deep=False).strip()
    for button in page.css("button"):
        assert button.text().strip() and button.attributes["type"] == "button"
    for drawn in page.css("svg"):
        named = drawn.attributes.get("role") == "img" and drawn.attributes.get("aria-label")
        assert named or drawn.attributes.get("aria-hidden") == "true"
    for named in page.css("[role=region], [role=search], dialog, section"):
        assert {"aria-label", "aria-labelledby"} & set(named.attributes)
    levels = [int(node.tag[1]) for node in page.css("h1, h2, h3, h4")]
    assert all(below - above <= 1 for above, below in pairwise(levels))
    for scrolled in page.css(".scroll"):
        assert scrolled.attributes["tabindex"] == "0" and "aria-labelledby" in scrolled.attributes


def _variables(sheet: str) -> list[dict[str, str]]:
    return [
        dict(re.findall(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6})", block))
        for block in re.findall(r":root\s*\{(.*?)\}", sheet, re.DOTALL)
    ]


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_every_pair_of_colours_holds_wcag_aa() -> None:
    sheet = files("kimidoc.report").joinpath("page", "style.css").read_text(encoding="utf-8")
    light, dark, paper = _variables(sheet)
    for theme in (light, light | dark, light | paper):
        pairs = [
            (f"{n}-ink", f"{n}-paper") for n in ("critical", "high", "medium", "low", "ok", "doubt")
        ]
        pairs += [(ink, back) for ink in ("ink", "muted", "accent") for back in ("paper", "soft")]
        pairs += [("high-ink", "paper"), ("quote-ink", "quote-paper")]
        for ink, back in pairs:
            assert _contrast(theme[ink], theme[back]) >= 4.5, (ink, back, theme[ink], theme[back])
        # A mark stands out above its strip, on paper (WCAG 1.4.11), and heat rises in even steps.
        assert _contrast(theme["heat-mark"], theme["paper"]) >= 3
        heats = [_contrast(theme[f"heat-{level}"], theme["paper"]) for level in range(5)]
        assert heats == sorted(heats) and heats[4] > 4.5


def test_a_run_of_questions_has_no_findings_and_no_matrix() -> None:
    run = replace(RUN, command="ask", playbooks=())
    page = Parser(html.render(replace(full(), run=run, findings=(), answers=ANSWERS[-2:])))
    assert page.css_first("#findings") is None and page.css_first("#matrix") is None
    assert _text(page, "h1") == "Questions about deal-room and service"
    assert "Questions 1 of 2 with a quote located" in _text(page, ".tiles")


def test_an_empty_analysis_says_that_it_is_one() -> None:
    page = Parser(html.render(empty()))
    assert _text(page, "#findings p").startswith("No findings.")
    assert "nothing was quoted" in _text(page, ".tiles")
    assert page.css_first("#warnings") is None and page.css_first(".alert") is None


def test_a_baseline_shows_states_and_what_is_gone() -> None:
    states = ("unchanged", "new", "absent")
    marked = tuple(replace(f, baseline=s) for f, s in zip(FINDINGS, states, strict=False))  # type: ignore[arg-type]
    page = Parser(html.render(replace(empty(), findings=marked)))
    assert [node.text() for node in page.css(".state")] == ["new", "unchanged"]
    assert FINDINGS[2].title in _text(page, "#gone")


def test_a_moment_is_said_in_words_or_as_it_stands() -> None:
    assert html.moment("2026-07-01T09:30:00Z") == "1 July 2026, 09:30 UTC"
    assert html.moment("2026-07-01T11:30:00+02:00") == "1 July 2026, 09:30 UTC"
    assert html.moment("") == "" and html.moment("soon") == "soon"


@pytest.mark.parametrize("counts", [(3, 1, 7), (0, 0, 5), (1, 999, 0), (1, 1, 10**6)])
def test_a_bar_is_whole_and_without_gaps(counts: tuple[int, ...]) -> None:
    drawn = html.bar(list(zip("abc", counts, strict=True)))
    at = 0
    for _, start, width in drawn:
        assert start == at and width > 0
        at = start + width
    assert at == 1_000
    assert html.bar([("a", 0)]) == []


def test_long_tables_are_cut_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "_ROWS", 4)
    notices = tuple(Notice("same", f"notice {n}") for n in range(9))
    skipped = tuple(
        CoverageRow(f"x/{n}.bin", "bin", "skipped", "binary", 0, 0, None) for n in range(9)
    )
    unfound = tuple(Answer(Question(f"q{n}", "The same?", f"{n}.txt"), "not_found") for n in "ab")
    made = replace(empty(), coverage=(*COVERAGE, *skipped), warnings=notices, answers=unfound)
    page = Parser(html.render(made))
    assert "5 more are in the JSON of this page." in _text(page, "#warnings")
    coverage = _text(page, "#coverage")
    assert "x/1.bin" in coverage and "10 more are in the JSON of this page." in coverage
    assert "The same? 2" in _text(page, "#unfound details")


def test_a_quote_offered_in_vain_is_folded_under_its_question(page: Parser) -> None:
    folded = _text(page, "#answer-4 details")
    assert folded.startswith("1 quote was offered and not located")


def test_rendering_is_a_function_of_the_report(report: Report) -> None:
    assert html.render(report) == html.render(full())
