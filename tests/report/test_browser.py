"""The page in a real browser: its script works, its policy has nothing to complain of.

Skipped where there is no Chromium.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kimidoc.report import html
from kimidoc.types import Report, Row, Table
from tests.report import browser
from tests.report.browser import Page
from tests.report.conftest import LEASE
from tests.report.page_report import CLAUSE, large, rich

pytestmark = pytest.mark.skipif(browser.found() is None, reason="there is no Chromium here")
Open = Callable[[Report], Page]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    page = Page(tmp_path_factory.mktemp("chromium"))
    yield page
    page.close()


@pytest.fixture
def opened(chromium: Page, tmp_path: Path) -> Iterator[Open]:
    """Open a report's page; at the end nothing may have been complained of."""
    chromium.told.clear()

    def open_(report: Report) -> Page:
        file = tmp_path / "report.html"
        file.write_text(html.render(report), "utf-8")
        chromium.look(1280)
        chromium.open(file)
        return chromium

    yield open_
    assert chromium.told == []


def _shown(page: Page, list_: str) -> int:
    found = page.js(f"document.querySelectorAll('#{list_} > article:not([hidden])').length")
    assert isinstance(found, int)
    return found


def _fill(page: Page, field: str, text: str) -> None:
    page.js(
        f"(async () => {{ const f = document.querySelector('{field}'); f.value = '{text}';"
        "f.dispatchEvent(new Event('input', {bubbles: true}));"
        "await new Promise((done) => setTimeout(done, 200)); })()"
    )


def test_filters_and_orders(opened: Open) -> None:
    page = opened(rich())
    bar = "[data-for=finding-list] "
    assert _shown(page, "finding-list") == 7
    _fill(page, f"{bar}[name=text]", "lease ended 2027")
    assert _shown(page, "finding-list") == 1
    _fill(page, f"{bar}[name=text]", "")
    page.js(f"document.querySelector('{bar}[value=high]').click()")
    assert _shown(page, "finding-list") == 4
    tally = page.js(f"document.querySelector('{bar}.tally').textContent")
    assert tally == "4 of 7 findings shown"
    page.js("location.hash = '#finding-2'")  # a link to what is filtered away shows it again
    page.js("new Promise((done) => setTimeout(done, 50))")
    assert _shown(page, "finding-list") == 7
    _fill(page, f"{bar}[name=order]", "title")
    first = page.js("document.querySelector('#finding-list h3 bdi').textContent")
    assert first.startswith("=cmd")


def test_a_quote_opens_in_its_text_and_the_keyboard_is_enough(opened: Open) -> None:
    page = opened(rich())
    page.js(
        "document.querySelector('#finding-list article button.open').closest('article').focus()"
    )
    page.press("o")
    assert page.js("document.querySelector('#viewer').open")
    assert page.js("document.querySelector('#viewer-title').textContent") == LEASE
    marked = "Array.from(document.querySelectorAll('#viewer mark'), (m) => m.textContent).join('')"
    assert page.js(marked) == CLAUSE
    assert page.js("document.querySelector('#viewer mark').parentNode.dataset.number") == "201"
    assert page.js("document.activeElement.id") == "viewer-text"
    page.press("n")
    assert page.js(marked).startswith("</script><script>alert(2)")
    page.press("p")
    assert page.js(marked) == CLAUSE
    page.press("Escape")
    assert not page.js("document.querySelector('#viewer').open")
    assert page.js("document.activeElement.className") == "open"
    page.press("j")
    assert page.js("document.activeElement.tagName") == "ARTICLE"
    assert page.js("document.scripts.length") == 3  # no text became one


def test_tables_and_the_overview_sort_and_narrow(opened: Open) -> None:
    page = opened(rich())
    day = "document.querySelector('#table-1 tbody td').textContent"
    assert page.js(day) == "2027-06-24"
    page.js("document.querySelector('#table-1 th button').click()")
    assert page.js(day) == "2026-12-24"
    head = "document.querySelectorAll('#matrix-1 th button')"
    page.js(f"{head}[1].click()")
    raised = "document.querySelector('#matrix-1 tbody td').textContent"
    assert "finding" in page.js(raised)
    page.js(f"{head}[1].click()")
    assert "finding" not in page.js(raised)
    page.js("document.querySelector('[data-rows=matrix-1] [name=raised]').click()")
    rows = page.js("document.querySelectorAll('#matrix-1 tbody tr:not([hidden])').length")
    assert 0 < rows < page.js("document.querySelectorAll('#matrix-1 tbody tr').length")


def test_an_overview_of_many_checks_scrolls_in_its_own_frame(opened: Open) -> None:
    """41 columns: what only a screen reader hears in a cell must not widen the page either."""
    report = rich()
    first = next(a for a in report.answers if a.question.check is not None)
    more = tuple(
        replace(first, question=replace(first.question, id=f"q-{n}", check=f"check-{n}"))
        for n in range(60)
    )
    page = opened(replace(report, answers=(*report.answers, *more)))
    page.look(1280)
    assert page.js("document.querySelectorAll('#matrix-1 thead th').length") > 60
    assert page.js("document.documentElement.scrollWidth") <= 1280


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_runs_out_of_the_page(opened: Open, width: int, scheme: str) -> None:
    page = opened(rich())
    page.look(width, scheme=scheme)
    assert page.js("document.documentElement.scrollWidth") <= width
    page.js("document.querySelector('button.open').click()")
    box = page.js("(({left, right}) => [left, right])(viewer.getBoundingClientRect())")
    assert 0 <= box[0] < box[1] <= width
    paper = page.js("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")


def test_counts_and_words_are_not_broken_in_two(opened: Open) -> None:
    quote = rich().tables[0].rows[0].citations
    cells = (
        "Net revenue",
        "heat pumps",
        "thousands",
        "of the whole",
        LEASE,
        "fiscal 2025",
        "text " * 60,
    )
    rows = tuple(Row(cells, quote) for _ in range(11))
    table = Table(
        "t", "Expectations of management, old above new", "By a rule.", tuple("abcdefg"), rows
    )
    page = opened(replace(rich(), tables=(table,)))
    lines = (
        "((node) => {{ const range = document.createRange(); range.selectNodeContents(node);"
        "return new Set(Array.from(range.getClientRects(), (r) => Math.round(r.top))).size; }})"
        "(document.querySelector('{}'))"
    )
    assert page.js("document.querySelector('nav a[href=\"#table-1\"] .count').textContent") == "11"
    assert page.js(lines.format('nav a[href="#table-1"] .count')) == 1
    assert page.js(lines.format("#table-1 tbody td:nth-child(3)")) == 1
    assert page.js(lines.format("#table-1 tbody summary")) == 1
    assert page.js("document.documentElement.scrollWidth") <= 1280


def test_print_leaves_controls_out_and_opens_folds(opened: Open) -> None:
    page = opened(rich())
    page.js("dispatchEvent(new Event('beforeprint'))")
    assert page.js("document.querySelectorAll('details:not([open])').length") == 0
    page.look(794, media="print")
    for hidden in ("nav", ".open", ".keys", ".field"):
        assert page.js(f"getComputedStyle(document.querySelector('{hidden}')).display") == "none"
    page.js("dispatchEvent(new Event('afterprint'))")
    assert page.js("document.querySelectorAll('details[data-printed]').length") == 0


def test_five_thousand_citations_are_all_there(opened: Open) -> None:
    page = opened(large(1_000, 5))
    assert _shown(page, "finding-list") == 1_000
    assert page.js("document.querySelectorAll('button.open').length") == 5_000
    _fill(page, "[data-for=finding-list] [name=document]", "7")
    assert _shown(page, "finding-list") == 50
    last = "Array.from(document.querySelectorAll('button.open')).at(-1)"
    page.js(f"{last}.click()")
    quoted = page.js(f"{last}.closest('figure').querySelector('blockquote').textContent")
    assert page.js("document.querySelector('#viewer mark').textContent") == quoted
