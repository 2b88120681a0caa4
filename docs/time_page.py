"""How soon a page of many findings is there and filters: ``python -m docs.time_page``.

A page as ``kimidoc analyze --html`` writes it, of made-up findings, is opened in Chromium from a
file; the best and the worst of some runs are said. Opening: from the start of the navigation to
the end of its load event, and to the first text painted. Filtering: from the key that is pressed to
the frame after the list has changed, the 120 ms included that are waited for further keys.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from kimidoc.report import html
from tests.report.browser import Page
from tests.report.page_report import large

_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
_PAINTED = """new Promise((done) => new PerformanceObserver((list) => {
  for (const entry of list.getEntriesByName('first-contentful-paint')) done(entry.startTime);
}).observe({type: 'paint', buffered: true}))"""
_FILTERED = """new Promise((done) => {
  const bar = document.querySelector('[data-for=finding-list]');
  const field = bar.querySelector('[name=%s]'), tally = bar.querySelector('.tally');
  const start = performance.now();
  new MutationObserver(() => requestAnimationFrame(() => setTimeout(
    () => done(performance.now() - start)))).observe(tally, {childList: true});
  field.value = '%s';
  field.dispatchEvent(new Event('input', {bubbles: true}));
})"""


def measured(findings: int, quotes: int, runs: int) -> dict[str, list[float]]:
    """Milliseconds by what was done."""
    figures: dict[str, list[float]] = {}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "report.html"
        file.write_text(html.render(large(findings, quotes)), "utf-8")
        print(f"{findings:,} findings, {findings * quotes:,} quotes, {file.stat().st_size:,} bytes")
        page = Page(Path(folder))
        try:
            for _ in range(runs):
                page.look(1280)
                page.open(file)
                todo = {
                    "loaded": _LOADED,
                    "first text painted": _PAINTED,
                    "filtered by words": _FILTERED % ("text", "clause 77"),
                    "by other words": _FILTERED % ("text", "notice days"),
                    "by a document": _FILTERED % ("document", "7"),
                }
                for what, expression in todo.items():
                    figures.setdefault(what, []).append(float(page.js(expression)))
        finally:
            page.close()
    return figures


def main() -> None:
    """Print them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--findings", type=int, default=1_000)
    parser.add_argument("--quotes", type=int, default=5)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    for what, figures in measured(given.findings, given.quotes, given.runs).items():
        print(f"{what}: {min(figures):,.0f} to {max(figures):,.0f} ms")


if __name__ == "__main__":
    main()
