"""What an error proposes is true, and small enough to type."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from kimidoc.pack import suggest

NAMES = st.one_of(
    st.sampled_from(
        ["a", "b", "src", "lease.pdf", "a b", "*", "?", "[x]", "a\\", "!no", "#1", "{y}"]
    ),
    st.sampled_from(["zero\u200bwidth", "zero\u2060width", "\x1b[2J", "\udcff", "合同", " x "]),
)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@st.composite
def trees(draw: st.DrawFn) -> dict[str, int]:
    """Paths of which none is a folder of another, with their tokens."""
    paths = draw(st.sets(PATHS, min_size=1, max_size=9))
    files = [p for p in sorted(paths) if not any(other.startswith(f"{p}/") for other in paths)]
    return {path: draw(st.integers(1, 50)) for path in files}


@settings(max_examples=300)
@given(costs=trees(), share=st.floats(0.01, 1))
def test_suggested_globs_make_the_rest_fit_and_leave_something(costs, share):
    over = max(1, int(sum(costs.values()) * share))
    globs = suggest.excludes(costs, over)
    assume(globs)
    assert len(globs) <= 5
    assert all(glob.isprintable() for glob in globs)
    gone = set(GitIgnoreSpec.from_lines(globs).match_files(costs))
    assert sum(costs[path] for path in gone) >= over
    assert gone != set(costs)
    error = suggest.over_budget(
        costs, 1000 + sum(costs.values()), 1000 + sum(costs.values()) - over
    )
    left = 1000 + sum(costs[path] for path in set(costs) - gone)
    assert f"(leaves {left:,} tokens)" in error.hint
    typed = " ".join(f"--exclude {shlex.quote(glob)}" for glob in globs)
    assert f"  {typed} (leaves" in error.hint


@given(
    names=st.lists(NAMES.filter(str.isprintable), min_size=2, unique=True),
    depth=st.integers(1, 3),
)
def test_documents_whose_names_differ_can_always_be_told_apart(names, depth):
    paths = ["/".join(names[at : at + depth]) for at in range(0, len(names), depth)]
    assume(len(paths) > 1)
    assert suggest.excludes(dict.fromkeys(paths, 1), 1)


@pytest.mark.parametrize(
    ("costs", "over", "globs"),
    [
        ({"a.txt": 10, "b.txt": 20, "c.txt": 30}, 15, ("b.txt",)),
        ({"a.txt": 10, "b.txt": 20, "c.txt": 30}, 35, ("a.txt", "c.txt")),
        ({"src/a": 10, "src/b": 10, "c": 5}, 18, ("src/**",)),
        ({"x/a": 10, "y/a": 10, "c": 5, "a": 1}, 21, ("a",)),
        ({"only.txt": 10}, 1, ()),
        ({f"{n}": 1 for n in range(20)}, 10, ()),
        ({"a b/c": 9, "d": 1}, 5, ("a b/c",)),
        ({"w*": 9, "wide": 1}, 5, ("w\\*",)),
        ({"e\x1b[2J": 9, "d": 1}, 5, ("e*\\[2J",)),
        ({"!x": 9, "d": 1}, 5, ("\\!x",)),
    ],
)
def test_the_fewest_and_cheapest_globs(costs, over, globs):
    assert suggest.excludes(costs, over) == globs


def test_golden_error():
    costs = {
        "filings/10-K 2025.html": 180_000,
        "filings/10-K 2024.html": 175_500,
        "notes.md": 900,
        "bad\x1bname.txt": 1_200,
        "a": 10,
        "b": 5,
    }
    error = suggest.over_budget(costs, 357_715, 300_000)
    assert error.exit_code == 3
    assert error.message == "The window has 357,715 tokens and the budget is 300,000."
    assert error.hint == (
        "The largest documents are\n"
        "       180,000 tokens  filings/10-K 2025.html\n"
        "       175,500 tokens  filings/10-K 2024.html\n"
        "         1,200 tokens  bad\\x1bname.txt\n"
        "           900 tokens  notes.md\n"
        "            10 tokens  a\n"
        "Use one of\n"
        "  --exclude 'filings/10-K 2024.html' (leaves 182,215 tokens)\n"
        "  --budget 357715 if the model reads that much\n"
        "  --overflow drop-largest"
    )


def test_golden_error_for_one_document():
    error = suggest.over_budget({"big.pdf": 500}, 510, 100)
    assert error.hint == (
        "The only document is\n"
        "           500 tokens  big.pdf\n"
        "Use one of\n"
        "  --budget 510 if the model reads that much"
    )


def test_golden_error_when_a_policy_leaves_nothing():
    error = suggest.nothing_fits({"b.pdf": 500, "a.pdf": 500, "c.pdf": 900}, 12, 100)
    assert error.message == "No document is left within the budget of 100 tokens."
    assert error.hint == (
        "Raise --budget to 512 or more: that is what the smallest document, a.pdf, needs."
    )


def test_many_documents_are_grouped_in_one_pass_each(monkeypatch):
    costs = {f"d{n % 30}/e{n % 7}/f{n}.txt": 1 + n % 50 for n in range(3000)}
    calls: list[str] = []
    glob = suggest._glob
    monkeypatch.setattr(suggest, "_glob", lambda path: calls.append(path) or glob(path))
    assert suggest.excludes(costs, sum(costs.values()) // 8)
    parts = sum(path.count("/") + 1 for path in costs)
    assert len(calls) <= 3 * parts
