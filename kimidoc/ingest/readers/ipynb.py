"""Jupyter notebooks, formats 1 to 4: cells in order, each a section, outputs as text.

Markdown and code stand as they were written, code behind ``In [n]:`` and its results behind
``Out [n]:``. Of a result the plainest form is taken; pictures are ``[image output]``, terminal
colours and overwritten progress bars go, and long results are cut, which makes it partial.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from kimidoc.ingest.base import Extract, Source, TextBuilder, Unreadable
from kimidoc.ingest.decode import decode
from kimidoc.ingest.readers import html

OUTPUT_CHARS = 20_000
_TEXTS = ("text/plain", "text/markdown", "text/latex", "application/json")
# ECMA-48: control sequences, operating system commands, other escapes.
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
_INLINE_DATA = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,[A-Za-z0-9+/=]{64,}")


def read(source: Source) -> Extract:
    """Read a notebook. Raises Unreadable when it is not one, or is damaged."""
    notebook = _parsed(decode(source.file.read_bytes()).text)
    builder = TextBuilder(source.limits.text_bytes)
    cut = 0
    for number, cell in enumerate(notebook["cells"], 1):
        if isinstance(cell, dict):
            cut += _write(cell, number, builder, source.limits.text_bytes)
    results = f"{cut:,} results" if cut != 1 else "a result"
    return builder.extract((), f"{results} cut to {OUTPUT_CHARS:,} characters" if cut else None)


def _parsed(text: str) -> dict[str, Any]:
    """The notebook as format 4, which is taken as it is: small faults do not cost its text."""
    try:
        notebook: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"damaged (not JSON at line {error.lineno:,})") from None
    except RecursionError:
        raise Unreadable("damaged (nested without end)") from None
    if not isinstance(notebook, dict) or "nbformat" not in notebook:
        raise Unreadable("not a notebook (no nbformat)")
    if notebook["nbformat"] in (1, 2, 3):
        notebook = _converted(text)
    if not isinstance(notebook.get("cells"), list):
        raise Unreadable("not a notebook (no cells)")
    return notebook


def _converted(text: str) -> dict[str, Any]:
    """A notebook of an older format."""
    import nbformat
    from nbformat.validator import ValidationError

    try:
        old = nbformat.reader.reads(text)  # type: ignore[no-untyped-call]
        converted = nbformat.convert(old, 4)  # type: ignore[no-untyped-call]
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"damaged (an old notebook: {type(error).__name__})") from None
    assert isinstance(converted, dict)
    return converted


def _write(cell: dict[str, Any], number: int, builder: TextBuilder, limit_bytes: int) -> int:
    """Write a cell; how many of its results were cut."""
    kind = cell.get("cell_type") if cell.get("cell_type") in ("code", "markdown") else "raw"
    text = _INLINE_DATA.sub("[data]", _joined(cell.get("source"))).rstrip("\n")
    count = cell["execution_count"] if isinstance(cell.get("execution_count"), int) else " "
    if text:
        builder.section(f"cell {number} ({kind})")
        builder.write((f"In [{count}]:\n" if kind == "code" else "") + text + "\n\n")
    outputs = cell.get("outputs")
    shown = [
        text
        for output in (outputs if isinstance(outputs, list) else [])
        if isinstance(output, dict) and (text := _shown(output, limit_bytes).strip("\n"))
    ]
    if shown:
        builder.section(f"cell {number} (output)")
        builder.write(f"Out [{count}]:\n")
    for text in shown:
        builder.write(_cut(text) + "\n\n")
    return sum(len(text) > OUTPUT_CHARS for text in shown)


def _shown(output: dict[str, Any], limit_bytes: int) -> str:
    """One result as text."""
    kind = output.get("output_type")
    if kind == "stream":
        return _on_terminal(_joined(output.get("text")))
    if kind == "error":
        name, value = _joined(output.get("ename")), _joined(output.get("evalue"))
        trace = output.get("traceback")
        text = _on_terminal("\n".join(map(_joined, trace if isinstance(trace, list) else [])))
        return text if f"{name}: {value}" in text else f"{text}\n{name}: {value}"
    data = output.get("data")
    return "\n".join(_forms(data, limit_bytes)) if isinstance(data, dict) else ""


def _forms(data: dict[str, Any], limit_bytes: int) -> Iterator[str]:
    """The plainest of a result's forms, and that it has a picture."""
    plain = next((data[name] for name in _TEXTS if name in data), None)
    if plain is not None:
        text = _joined(plain) if isinstance(plain, str | list) else json.dumps(plain)
        yield _INLINE_DATA.sub("[data]", _on_terminal(text))
    elif "text/html" in data:
        yield html.extract(_joined(data["text/html"]), limit_bytes).text
    if any(name.startswith("image/") for name in data):
        yield "[image output]"
    elif plain is None and "text/html" not in data and data:
        yield f"[{min(data)} output]"


def _joined(lines: object) -> str:
    """A multi-line string, which may be stored as a list of its lines."""
    if isinstance(lines, list):
        return "".join(line for line in lines if isinstance(line, str))
    return lines if isinstance(lines, str) else ""


def _on_terminal(text: str) -> str:
    """What is left to see once escapes are obeyed and lines are overwritten."""
    text = _TERMINAL.sub("", text).replace("\r\n", "\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _cut(text: str) -> str:
    if len(text) <= OUTPUT_CHARS:
        return text
    return f"{text[:OUTPUT_CHARS]}\n[{len(text) - OUTPUT_CHARS:,} more characters of this result]"
