"""Owns the HTML documents: markup blocks to one page, as a filing agent would publish it."""

from __future__ import annotations

from html import escape

from markup import Block, Source, runs

STYLE = """
body { font: 11pt/1.45 "Times New Roman", serif; margin: 2em auto; max-width: 46em; }
table { border-collapse: collapse; margin: 1em 0; width: 100%; }
th, td { border-bottom: 1px solid #8a97a5; padding: 2px 6px; text-align: left; }
.r { text-align: right; }
header, footer { color: #8a97a5; font: 8pt Helvetica, sans-serif; }
"""
TAGS = {"title": "h1", "heading1": "h2", "heading2": "h3", "bullet": "li"}
INLINE = {"bold": "b", "italic": "i"}


def render(source: Source) -> bytes:
    """The document as HTML."""
    settings = {name: escape(value) for name, value in source.settings.items()}
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        f'<head><meta charset="utf-8"><title>{settings["title"]}</title>',
        f"<style>{STYLE}</style></head>",
        "<body>",
        f"<header>{settings['header']}</header>",
        *(_block(block) for block in source.blocks),
        f"<footer>{settings['footer']}</footer>",
        "</body>",
        "</html>",
    ]
    return ("\n".join(parts) + "\n").encode()


def _block(block: Block) -> str:
    if block.kind == "table":
        return _table(block)
    tag = TAGS.get(block.kind, "p")
    return f"<{tag}>{_inline(block)}</{tag}>"


def _table(block: Block) -> str:
    lines = ["<table>"]
    for i, row in enumerate(block.rows):
        tag = "th" if i == 0 and block.has_head else "td"
        cells = []
        for j, text in enumerate(row):
            look = ' class="r"' if j in block.right_columns else ""
            cells.append(f"<{tag}{look}>{_inline(Block('text', runs(text)))}</{tag}>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join([*lines, "</table>"])


def _inline(block: Block) -> str:
    parts = []
    for run in block.runs:
        tag = INLINE.get(run.style)
        assert tag or run.style == "plain", f"{run.style} is for Word documents: {run.text}"
        parts.append(f"<{tag}>{escape(run.text)}</{tag}>" if tag else escape(run.text))
    return "".join(parts)
