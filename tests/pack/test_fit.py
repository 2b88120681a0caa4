"""One window: exactly what was counted, nothing forged, and the same for the same documents."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kimidoc.errors import BudgetError, UsageError
from kimidoc.pack import Overflow, encode, fit, nonce
from kimidoc.pack.render import SEPARATOR, header
from kimidoc.types import Document, Window
from tests.pack.conftest import CODE, PROSE, SPECIAL, ByteTokenizer, document, mixed_documents

PLENTY = 1 << 30
POLICIES: tuple[Overflow, ...] = get_args(Overflow)
TEXTS = st.lists(st.sampled_from(["rent ", "合同", "x\r\n", "👍🏽", "<|im_end|>", "e\u0301 "])).map(
    "".join
)
SETS = st.lists(TEXTS, min_size=1, max_size=6).map(
    lambda texts: [document(f"d{n}/{n % 2}.txt", text) for n, text in enumerate(texts)]
)
FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def naive(documents: Sequence[Document], tokenizer: ByteTokenizer) -> dict[str, list[int]]:
    """Every packable document's tokens, header and separator included, in the given order."""
    packable = [d for d in documents if d.status != "skipped" and d.text]
    word = nonce.choose([text for d in packable for text in (d.path, d.text)])
    return {
        d.path: [
            *tokenizer.ids(header(word, number, d)),
            *tokenizer.ids(d.text),
            *tokenizer.ids(SEPARATOR),
        ]
        for number, d in enumerate(packable, 1)
    }


def naive_kept(costs: dict[str, int], room: int, overflow: Overflow) -> list[str]:
    kept = list(costs)
    if overflow == "drop-largest":
        order = {path: place for place, path in enumerate(kept)}
        for path in sorted(costs, key=lambda p: (-costs[p], -order[p])):
            if sum(costs[p] for p in kept) > room:
                kept.remove(path)
    while overflow != "drop-largest" and kept and sum(costs[p] for p in kept) > room:
        kept.pop()
    return kept


def words(window: Window, tokenizer: ByteTokenizer) -> str:
    return tokenizer.decode(window.tokens)


def test_the_window_is_preamble_headers_texts_and_separators(tokenizer):
    documents = mixed_documents()
    preamble = [tokenizer.backend.token_to_id("<|im_start|>"), *tokenizer.ids("system\n")]
    window = fit(documents, tokenizer, PLENTY, preamble=preamble)
    parts = naive(documents, tokenizer)
    assert list(window.tokens) == [*preamble, *(t for part in parts.values() for t in part)]
    assert [s.document for s in window.segments] == documents == list(window.documents)
    assert words(window, tokenizer) == "<|im_start|>system\n" + "".join(
        header(window.nonce, number, d) + d.text + SEPARATOR
        for number, d in enumerate(documents, 1)
    )
    for segment in window.segments:
        body = list(window.tokens[segment.body : segment.end])
        assert body == tokenizer.ids(segment.document.text)
        head = window.tokens[segment.start : segment.body]
        assert tokenizer.decode(head).startswith(f"[[{window.nonce} ")
        assert not any(window.ends[segment.start : segment.body])
    assert (window.budget, window.notices) == (PLENTY, ())


@FEW
@given(documents=SETS, less=st.integers(0, 400), overflow=st.sampled_from(POLICIES))
def test_overflow_is_what_its_naive_twin_says(tokenizer, documents, less, overflow):
    parts = naive(documents, tokenizer)
    costs = {path: len(part) for path, part in parts.items()}
    budget = 3 + sum(costs.values()) - less
    kept = naive_kept(costs, budget - 3, overflow)
    if not parts:
        with pytest.raises(UsageError):
            fit(documents, tokenizer, budget, preamble=[0, 0, 0], overflow=overflow)
        return
    if not kept or (overflow == "error" and len(kept) < len(costs)):
        with pytest.raises(BudgetError):
            fit(documents, tokenizer, budget, preamble=[0, 0, 0], overflow=overflow)
        return
    window = fit(documents, tokenizer, budget, preamble=[0, 0, 0], overflow=overflow)
    assert list(window.tokens) == [0, 0, 0, *(t for path in kept for t in parts[path])]
    assert len(window.tokens) <= budget == window.budget
    assert [s.document.path for s in window.segments] == kept
    assert [d.path for d in window.documents] == [d.path for d in documents]
    for before, after in zip(documents, window.documents, strict=True):
        if before.path in kept or not before.text:
            assert after is before
        else:
            tokens = f"{costs[before.path]:,}"
            assert (after.status, after.text) == ("skipped", "")
            assert after.reason == f"dropped to fit the budget ({tokens} tokens)"
    assert len(window.notices) == (len(kept) < len(costs))


def test_the_budget_is_exact(tokenizer):
    documents = mixed_documents()
    exact = len(fit(documents, tokenizer, PLENTY).tokens)
    assert len(fit(documents, tokenizer, exact).tokens) == exact
    with pytest.raises(BudgetError, match=f"{exact:,} tokens and the budget is {exact - 1:,}"):
        fit(documents, tokenizer, exact - 1)


@pytest.mark.parametrize("overflow", POLICIES)
@pytest.mark.parametrize("budget", [0, 1, 10])
def test_a_budget_below_the_preamble_is_a_budget_error(tokenizer, overflow, budget):
    with pytest.raises(BudgetError) as caught:
        fit([document("a", "text")], tokenizer, budget, preamble=[0] * 10, overflow=overflow)
    cost = 10 + len(naive([document("a", "text")], tokenizer)["a"])
    assert re.search(rf"--budget (to )?{cost}\b", caught.value.hint)
    fit([document("a", "text")], tokenizer, cost, preamble=[0] * 10, overflow=overflow)


def test_golden_errors_of_a_run(tokenizer):
    documents = [document("notes.md", "x"), document("filings/10-K.html", "rent " * 400)]
    with pytest.raises(BudgetError) as caught:
        fit(documents, tokenizer, 200)
    total = len(fit(documents, tokenizer, PLENTY).tokens)
    costs = {path: len(part) for path, part in naive(documents, tokenizer).items()}
    small, large = costs["notes.md"], costs["filings/10-K.html"]
    assert str(caught.value) == f"The window has {total:,} tokens and the budget is 200."
    assert caught.value.hint == (
        "The largest documents are\n"
        f"  {large:>12,} tokens  filings/10-K.html\n"
        f"  {small:>12,} tokens  notes.md\n"
        "Use one of\n"
        f"  --exclude filings/10-K.html (leaves {small:,} tokens)\n"
        f"  --budget {total} if the model reads that much\n"
        "  --overflow drop-largest"
    )
    with pytest.raises(BudgetError) as caught:
        fit(documents, tokenizer, small - 1, overflow="drop-largest")
    assert str(caught.value) == f"No document is left within the budget of {small - 1} tokens."


def test_notices_name_what_was_dropped(tokenizer):
    documents = [document(name, PROSE * times) for name, times in (("a", 9), ("b", 1), ("c", 8))]
    costs = {path: len(part) for path, part in naive(documents, tokenizer).items()}
    window = fit(documents, tokenizer, costs["b"] + costs["c"], overflow="drop-largest")
    (notice,) = window.notices
    assert notice.code == "overflow"
    assert notice.message == (
        f"1 document was dropped to fit the budget ({costs['a']:,} tokens in all)"
    )
    window = fit(documents, tokenizer, costs["a"], overflow="drop-last")
    assert window.notices[0].message.startswith("2 documents were dropped")


@pytest.mark.parametrize(
    ("documents", "message", "hint"),
    [
        ([], "There is nothing to read.", "Name files or folders with text."),
        (
            [
                Document("a.png", "text", "skipped", reason="binary"),
                Document("b.png", "text", "skipped", reason="binary"),
                Document("c.bin", "text", "skipped", reason="too large\x1b[2J"),
                Document("d.txt", "text", "read"),
            ],
            "None of the 4 paths has text to read.",
            "Name other files, or mend the cause: binary (2); too large\\x1b[2J (1); empty (1).",
        ),
    ],
)
def test_nothing_to_pack_is_a_usage_error(tokenizer, documents, message, hint):
    with pytest.raises(UsageError) as caught:
        fit(documents, tokenizer, PLENTY)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_documents_without_text_stay_in_the_coverage(tokenizer):
    skipped = Document("s", "pdf", "skipped", reason="encrypted")
    window = fit([skipped, document("a", "text"), document("e", "")], tokenizer, PLENTY)
    assert [d.path for d in window.documents] == ["s", "a", "e"]
    assert [s.document.path for s in window.segments] == ["a"]


# --- Sessions -----------------------------------------------------------------------------------


def _hashed(path: str, text: str) -> Document:
    return document(path, text, sha256=f"sha of {text}")


def test_unchanged_documents_open_the_window_with_the_same_tokens(tokenizer):
    first = [_hashed(name, f"{name} {PROSE}") for name in "abcd"]
    before = fit(first, tokenizer, PLENTY)
    known = {s.document.path: s.document.sha256 or "" for s in before.segments}
    second = [_hashed("0", "new"), *first[:2], _hashed("c", "edited"), first[3]]
    after = fit(second, tokenizer, PLENTY, known=known)
    assert [s.document.path for s in after.segments] == ["a", "b", "d", "0", "c"]
    same = before.segments[2].start
    assert after.tokens[:same] == before.tokens[:same]
    assert after.nonce == before.nonce
    assert [d.path for d in after.documents] == [d.path for d in second]


def test_dropping_a_document_changes_no_other(tokenizer):
    documents = [document("a", PROSE), document("b", PROSE * 3), document("c", CODE)]
    whole = fit(documents, tokenizer, PLENTY)
    cut = fit(documents, tokenizer, len(whole.tokens) - 1, overflow="drop-largest")
    assert cut.nonce == whole.nonce
    for segment in cut.segments:
        twin = whole.segment_of(segment.document.path)
        assert twin is not None
        assert cut.tokens[segment.start : segment.end] == whole.tokens[twin.start : twin.end]


def test_the_same_documents_give_the_same_window(tokenizer):
    assert fit(mixed_documents(), tokenizer, PLENTY) == fit(mixed_documents(), tokenizer, PLENTY)


# --- Hostile documents --------------------------------------------------------------------------


def test_a_document_cannot_forge_the_header_of_another(tokenizer):
    lease = document("lease.md", PROSE)
    forged: list[str] = []
    for _ in range(40):  # each time it copies the header that the last run would have used
        hostile = document("hostile.md", "\n\n".join(["x", *forged]))
        window = fit([hostile, lease], tokenizer, PLENTY)
        real = header(window.nonce, 2, lease)
        assert words(window, tokenizer).count(real) == 1
        assert real not in hostile.text
        forged.append(real)
    in_name = document(f"{forged[-1]}.md", PROSE)
    window = fit([in_name, lease], tokenizer, PLENTY)
    assert words(window, tokenizer).count(header(window.nonce, 2, lease)) == 1
    assert window.nonce not in in_name.path


@pytest.mark.parametrize("where", ["text", "path", "kind"])
def test_special_tokens_are_text_wherever_they_stand(tokenizer, where):
    name = " ".join(SPECIAL)
    hostile = {
        "text": Document("a", "text", "read", name),
        "path": Document(name, "text", "read", "x"),
        "kind": Document("a", name, "read", "x"),
    }[where]
    window = fit([hostile], tokenizer, PLENTY)
    assert not {tokenizer.backend.token_to_id(t) for t in SPECIAL} & set(window.tokens)
    assert name in words(window, tokenizer)


# --- Cost, without a clock ----------------------------------------------------------------------


def test_every_character_is_tokenised_once(tokenizer):
    documents = [document(f"{n}.txt", f"{n} {PROSE}") for n in range(300)]
    tokenizer.calls.clear()
    window = fit(documents, tokenizer, PLENTY)
    headers = sum(len(header(window.nonce, n, d)) for n, d in enumerate(documents, 1))
    texts = sum(len(d.text) for d in documents)
    assert sum(len(text) for call in tokenizer.calls for text in call) == (
        headers + texts + len(SEPARATOR)
    )
    assert len(tokenizer.calls) == 3  # the separator, all headers, all texts


@pytest.mark.parametrize("overflow", ["drop-last", "drop-largest"])
def test_tokenising_takes_batches_not_documents_or_budgets(tokenizer, monkeypatch, overflow):
    monkeypatch.setattr(encode, "BATCH_TEXTS", 50)
    documents = [document(f"{n}.txt", f"{n} rent") for n in range(1000)]
    tokenizer.calls.clear()
    fit(documents, tokenizer, 2000, overflow=overflow)
    assert len(tokenizer.calls) <= 1 + 2 * (1000 // 50 + 1)


def test_a_long_text_costs_little_more_than_its_length(tokenizer, monkeypatch):
    monkeypatch.setattr(encode.pieces, "__defaults__", (4096,))
    for unit in (PROSE, "x", "合", "\u0301"):  # with seams, and without any
        text = unit * (120_000 // len(unit))
        tokenizer.calls.clear()
        fit([document("long.txt", text)], tokenizer, PLENTY)
        asked = sum(len(part) for call in tokenizer.calls for part in call)
        cuts = len(text) // 2048 + 1
        assert asked <= len(text) + 200 + cuts * 16 * 4 * 64


@pytest.mark.parametrize("overflow", ["drop-last", "drop-largest"])
def test_memory_follows_the_budget_not_the_documents(tokenizer, monkeypatch, overflow):
    monkeypatch.setattr(encode, "BATCH_CHARS", 4_000)
    documents = [document(f"{n}", PROSE * (10 + n)) for n in range(60)]
    every = len(fit(documents, tokenizer, PLENTY).tokens)

    def peak(budget: int) -> int:
        tokenizer.calls.clear()
        tracemalloc.start()
        try:
            fit(documents, tokenizer, budget, overflow=overflow)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(every // 20) < peak(every) / 2


def test_progress_counts_up_to_the_last_character(tokenizer):
    seen: list[tuple[str, int, int, str]] = []
    documents = [*mixed_documents(), document("empty", "")]
    fit(documents, tokenizer, PLENTY, progress=lambda *step: seen.append(step))
    total = sum(len(d.text) for d in documents)
    done = [step[1] for step in seen]
    assert done == sorted(done)
    assert seen[-1] == ("pack", total, total, "characters")
