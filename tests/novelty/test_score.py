"""Planted one-word edits in near-duplicates: found, named, and put before everything else."""

from __future__ import annotations

import numpy as np
import pytest

from kimidoc.novelty import score, strip
from kimidoc.novelty.score import Line, Scored
from tests.novelty.conftest import LEASE, OTHER, heard

EDITS = {
    "a term": ("unpaid for thirty days", "unpaid for ninety days", "thirty", "ninety"),
    "a negation put in": ("and the lease then", "and the lease not then", "", "not"),
    "a negation left out": ("tenant shall not assign", "tenant shall assign", "not", ""),
    "a name": ("consent", "approval", "consent", "approval"),
    "two words": ("in four equal parts", "in a single part", "four equal parts", "a single part"),
}


def _best(found: Scored) -> Line:
    return max(found.lines, key=lambda line: line.score)


def _words(found: list[Scored], line: Line) -> tuple[str, str]:
    texts = {each.document.path: each.document.text for each in found}
    own = next(each.document.text for each in found if line in each.lines)
    changed = line.changed
    assert changed is not None and changed.path is not None
    there = texts[changed.path][changed.other_start : changed.other_end]
    return there, own[changed.start_char : changed.end_char]


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("between", ["", OTHER * 40])
def test_an_edit_is_the_first_line_and_names_both_wordings(name: str, between: str) -> None:
    old, new, was, now = EDITS[name]
    edited = LEASE.replace(old, new, 1)
    assert edited != LEASE
    found = score.scored(heard(LEASE, OTHER + between, edited))
    best = _best(found[2])
    assert edited.index(new) in range(best.start_char - len(new), best.end_char)
    assert _words(found, best) == (was, now)
    assert best.change > max(line.score for line in found[2].lines if line is not best)


def test_what_stands_elsewhere_wrapped_otherwise_is_not_new() -> None:
    wrapped = "\n".join(" ".join(LEASE.split()[n : n + 7]) for n in range(0, 200, 7))
    first, second, other = score.scored(heard(LEASE, wrapped, OTHER))
    assert second.copied > 0.9 and second.new < 0.5 < 2 < other.new
    assert not any(line.change for line in (*first.lines, *second.lines))
    assert other.copied == 0


def test_against_an_earlier_version_only_that_version_is_known() -> None:
    edited = LEASE.replace("thirty", "ninety") + OTHER
    words = heard(LEASE, edited, OTHER)
    found = score.scored(words, score.of_documents(words, ["a.txt"]))
    assert _words(found, _best(found[1])) == ("thirty", "ninety")
    assert found[1].lines[-1].new > 2  # it stands in c.txt, which is no earlier version
    assert found[0].copied == 0  # nor does a document vouch for itself
    everything = score.scored(words)
    assert everything[1].lines[-1].new < 0.5


def test_a_name_changed_throughout_counts_less_than_one_change() -> None:
    edited = LEASE.replace("premises", "building").replace("six months", "two months")
    found = score.scored(heard(LEASE, edited))
    assert _words(found, _best(found[1])) == ("six", "two")


def test_sections_and_documents_sum_up_their_words() -> None:
    found = score.scored(heard(LEASE, LEASE.replace("thirty", "ninety"), OTHER))
    for each in found:
        assert sum(line.words for line in each.lines) == each.words
        total = sum(line.new * line.words for line in each.lines)
        assert total == pytest.approx(each.new * each.words, rel=1e-4)
        assert each.nats == pytest.approx(
            sum(line.nats * line.words for line in each.lines) / each.words, rel=1e-4
        )
    sections = {section.label: section for section in found[1].sections}
    assert list(sections) == ["1. Term", "2. Rent", "3. Assignment", "4. Repair"]
    assert [section.changes for section in sections.values()] == [0, 1, 0, 0]
    assert sum(section.words for section in sections.values()) == found[1].words
    assert found[2].sections == ()


def test_of_a_line_of_few_words_the_mean_says_little() -> None:
    found = score.scored(heard(OTHER + "Zyx\n" + OTHER.replace("board", "crew")))
    short = next(line for line in found[0].lines if line.words == 1)
    assert short.new > 2 and short.score < short.new / 2


def test_a_long_line_is_cut_at_sentences() -> None:
    paragraph = " ".join(LEASE.replace("\n", " ").split()) * 3
    (found,) = score.scored(heard(paragraph))
    assert len(found.lines) > 5
    assert all(line.end_char - line.start_char <= 240 for line in found.lines)
    assert "".join(paragraph[x.start_char : x.end_char] for x in found.lines) == paragraph
    unbroken = score.scored(heard("x" * 5000))[0]
    assert [line.words for line in unbroken.lines] == [1]


@pytest.mark.parametrize("texts", [("",), (" \n\n",), ("word",), ("", "a b c", "a b c")])
def test_hardly_anything_to_read_is_no_error(texts: tuple[str, ...]) -> None:
    for each in score.scored(heard(*texts)):
        assert sum(line.words for line in each.lines) == each.words
        assert strip.cells(each) == [] if not each.words else strip.cells(each)


def test_a_strip_is_hot_where_it_is_new_and_marks_the_change() -> None:
    edited = LEASE.replace("thirty", "ninety") + OTHER * 1
    found = score.scored(heard(LEASE, edited))[1]
    cells = strip.cells(found)
    assert len(cells) == len(found.lines)
    assert [cell.changed for cell in cells].index(True) == 4
    assert cells[-1].heat > 0.6 > 0.2 > cells[0].heat
    assert len(strip.cells(found, 5)) == 5
    assert strip.cells(found, 5)[-1].lines[1] == found.document.text.count("\n")


def test_figures_do_not_depend_on_the_order_of_the_documents() -> None:
    edited = LEASE.replace("thirty", "ninety")
    one, two = score.scored(heard(LEASE, OTHER, edited)), score.scored(heard(edited, OTHER, LEASE))
    assert np.allclose([x.new for x in one], [x.new for x in reversed(two)], atol=1e-4)
