from hypothesis import given
from hypothesis import strategies as st

from kimidoc.pack import window_order
from kimidoc.types import Document


def _documents(*names: str, changed: str = "") -> list[Document]:
    return [Document(n, "text", "read", n, sha256=n + "'" * (n in changed)) for n in names]


def _paths(documents, known=()):
    return [d.path for d in window_order(documents, {name: name for name in known})]


def test_the_given_order_stays_without_a_session():
    assert _paths(_documents("b", "a", "c")) == ["b", "a", "c"]


def test_unchanged_documents_keep_the_sessions_order_and_come_first():
    assert _paths(_documents("a", "b", "c", "d"), known="dba") == ["d", "b", "a", "c"]


def test_changed_documents_move_behind_the_unchanged_ones():
    assert _paths(_documents("a", "b", "c", changed="a"), known="abc") == ["b", "c", "a"]


def test_a_document_without_a_hash_counts_as_changed():
    bare = Document("a", "text", "read", "x")
    assert [d.path for d in window_order([bare, *_documents("b")], {"a": "", "b": "b"})] == [
        "b",
        "a",
    ]


def test_documents_without_text_are_not_packed():
    skipped = Document("s", "text", "skipped", reason="binary")
    assert _paths([skipped, Document("e", "text", "read"), *_documents("a")]) == ["a"]


@given(st.permutations("abcdef"), st.permutations("abcdef"), st.sets(st.sampled_from("abcdef")))
def test_nothing_is_lost_and_the_sessions_order_survives(given_order, known, changed):
    ordered = _paths(_documents(*given_order, changed="".join(changed)), known)
    unchanged = [name for name in known if name not in changed]
    assert ordered == unchanged + [name for name in given_order if name in changed]
