"""Programs written here, analysed; a flow is its check, its sink's and its source's line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kimidoc.dataflow import Analysis, Spot, analysed
from kimidoc.types import Document

Told = list[tuple[str, int, int | None]]
_IMPORTS = """import java.util.*;
import javax.servlet.http.*;
"""


def document(text: str, path: str = "App.java") -> Document:
    return Document(path, "java" if path.endswith(".java") else "python", "read", text)


def told(analysis: Analysis, documents: list[Document], check: str | None = None) -> Told:
    texts = {d.path: d for d in documents}

    def line(spot: Spot) -> int:
        return texts[spot.path].place(spot.start, spot.end).start_line

    return [
        (f.check, line(f.sink), line(f.taint.source) if f.taint else None)
        for f in analysis.flows
        if check in (None, f.check)
    ]


@pytest.fixture
def java() -> Callable[..., list[str]]:
    """The checks raised in the body of a servlet's method; ``more``: members of its class."""

    def checks(body: str, more: str = "") -> list[str]:
        text = (
            f"{_IMPORTS}public class App extends HttpServlet {{\n"
            "  public void doGet(HttpServletRequest request, HttpServletResponse response)\n"
            "      throws Exception {\n"
            '    String name = request.getParameter("name");\n'
            f"    {body}\n  }}\n{more}\n}}\n"
        )
        return [flow.check for flow in analysed([document(text)]).flows]

    return checks


@pytest.fixture
def python() -> Callable[[str], list[str]]:
    """The checks raised in a module."""

    def checks(text: str) -> list[str]:
        return [flow.check for flow in analysed([document(text, "app.py")]).flows]

    return checks
