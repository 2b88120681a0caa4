"""Markdown stays as it is written; its headings are the paths of its places."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimidoc.ingest.readers.markdown import headings
from kimidoc.types import Document
from tests.ingest.conftest import read, tree

LEASE = """\
---
title: # no heading
---
# Lease #
Setext
with two lines
===
Term
----
It runs.

### 1.1 Renewal ##
```python
# a comment
```
~~~
## fenced
``` 
~~~
    # code by its indentation
- # an item
> # quoted
#hashtag
####### seven
#
# Rent  and   costs\r
Five.
## C#
| a |
---
1. one
---
"""

LABELS = [
    "Lease",
    "with two lines",
    "with two lines > Term",
    "with two lines > Term > 1.1 Renewal",
    "Rent and costs",
    "Rent and costs > C#",
]


def test_what_is_a_heading() -> None:
    assert [mark.label for mark in headings(LEASE)] == LABELS


def test_a_place_is_under_its_headings(tmp_path: Path) -> None:
    document = read(tree(tmp_path, {"lease.md": LEASE}))["lease.md"]
    assert (document.kind, document.text) == ("markdown", LEASE)
    for words, section in (
        ("It runs", "with two lines > Term"),
        ("a comment", "with two lines > Term > 1.1 Renewal"),
        ("Five.", "Rent and costs"),
    ):
        at = LEASE.index(words)
        assert document.place(at, at + 1).section == section
    assert document.place(LEASE.index("no heading"), LEASE.index("no heading")).section is None


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("", []),
        ("# " + "x" * 2000, []),  # no title is that long
        ("```\n# in a fence that never ends\n# x", []),
        ("``` a`b\n# not a fence\n", ["not a fence"]),
        ("````\n```\n# in\n````\n# out\n", ["out"]),
        ("---\n# a rule is no front matter", ["a rule is no front matter"]),
        ("a\n\n---\n", []),
        ("a\n---", ["a"]),
        ("### c\n# a\n## b", ["c", "a", "a > b"]),
        ("# a\n# a", ["a", "a"]),
        ("#\ttab", ["tab"]),
    ],
)
def test_corners(text: str, labels: list[str]) -> None:
    assert [mark.label for mark in headings(text)] == labels


@given(st.lists(st.sampled_from(LEASE.splitlines(keepends=True)), max_size=30).map("".join))
def test_any_lines_give_sorted_sections_at_the_starts_of_lines(text: str) -> None:
    marks = headings(text)
    starts = Document("x.md", "markdown", "read", text).line_starts
    assert [mark.start for mark in marks] == sorted({mark.start for mark in marks})
    assert all(mark.start in starts and mark.label.strip() for mark in marks)
