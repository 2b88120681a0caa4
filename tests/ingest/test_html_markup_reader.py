"""Any markup, however deep and however wrong: no word is lost, and no time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kimidoc.ingest.readers import html_markup
from tests.ingest.html_files import extract, hidden

WORDS = st.lists(
    st.text(alphabet="abcdefghijklmnopqrstuvwxyzäß合", min_size=1, max_size=6), min_size=1
).map(" ".join)
TAGS = ["p", "div", "span", "b", "li", "ul", "h2", "td", "blockquote", "pre", "center", "x-y", "q"]
TREES = st.recursive(
    st.tuples(st.booleans(), WORDS),
    lambda inner: st.tuples(st.sampled_from(TAGS), st.lists(inner, min_size=1, max_size=4)),
    max_leaves=25,
)


def _markup(tree: tuple, shown: list[str], unseen: list[str]) -> str:
    head, body = tree
    if isinstance(head, bool):
        (unseen if head else shown).extend(body.split())
        return f"<span hidden>{body}</span> " if head else body + " "
    inner = "".join(_markup(child, shown, unseen) for child in body)
    return f"<table><tr><td>{inner}</table>" if head == "td" else f"<{head}>{inner}</{head}>"


@settings(max_examples=80, deadline=None)
@given(TREES)
def test_every_word_is_there_once_and_the_hidden_ones_are_pointed_at(tree):
    shown: list[str] = []
    unseen: list[str] = []
    extracted = extract(_markup(tree, shown, unseen))
    marks = str.maketrans("“”>|-", "     ")
    assert sorted(extracted.text.translate(marks).split()) == sorted(shown + unseen)
    if len(extracted.notices) <= 20:
        pointed = " ".join(hidden(extracted)).translate(marks).split()
        assert sorted(pointed) == sorted(unseen)


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="<>/!-abp =\"'&;#x0\x00\r\n\t\ud800").map(lambda t: t.replace("\ud800", ""))
)
def test_any_markup_gives_text_without_tags_of_ours(markup):
    text = extract(markup).text
    assert not any(0xD800 <= ord(c) < 0xE000 for c in text)
    assert "\n\n\n" not in text.replace("<", "").replace("\r", "") or "pre" in markup


@pytest.mark.parametrize(
    ("markup", "tail"),
    [
        ("<div>" * 100_000 + "deep", "deep\n"),
        ("<ul><li>" * 50_000 + "deep", "deep\n"),
        ("<table><tr><td>" * 30_000 + "deep", "deep\n"),
        ("<b><i><div>" * 30_000 + "deep", "deep\n"),
        ("<div></x>" * 50_000 + "deep", "deep\n"),
        ("<!--><div>-->" * 20_000 + "deep", "-->deep\n"),
        ("<blockquote>" * 50_000 + "in" + "</blockquote>" * 50_000 + "out", "\n\nout\n"),
        ("<!--" * 50_000 + "deep", ""),
        ("<a " * 50_000 + "deep", ""),
    ],
)
def test_nesting_costs_neither_the_stack_nor_square_time(markup, tail):
    # The parser alone needs minutes for some of these, and a recursive walk dies of them.
    text = extract(markup).text
    assert text[len(text) - len(tail) :] == tail
    assert bool(text) == bool(tail)


def test_shallow_leaves_an_ordinary_page_alone():
    page = "<h1>Terms</h1>" + "<p>unclosed<li>items<td>cells<font size=2>" * 3000
    counted = html_markup.shallow(page.replace("<font size=2>", ""))
    assert counted == page.replace("<font size=2>", "")


def test_shallow_keeps_all_text_and_the_outer_tags():
    deep = "<div>a" * 30 + "</div>b" * 30 + "<p>c"
    cut = html_markup.shallow(deep, deepest=10)
    assert cut.count("<div>") == cut.count("</div>") == 10
    assert (
        extract(cut).text.split() == extract(deep).text.split() == ["a"] * 30 + ["b"] * 30 + ["c"]
    )
