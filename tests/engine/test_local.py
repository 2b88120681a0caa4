"""The local engine on tiny checkpoints: sessions, scope, batches, and what ends up on the disk."""

from __future__ import annotations

import errno
import gc
from dataclasses import replace
from pathlib import Path

import pytest

from kimidoc.ask.parse import parse
from kimidoc.engine import reading
from kimidoc.engine.base import Draft, Prefix, Prompt
from kimidoc.engine.local import WORDS, LocalEngine
from kimidoc.engine.read_plan import ReadPlan
from kimidoc.engine.remembered import CUTS
from kimidoc.errors import ModelError, SessionError
from kimidoc.kvcache import snapshot, storage
from kimidoc.kvcache.session import list_sessions
from kimidoc.models.checkpoint import at
from kimidoc.pack import fit
from kimidoc.types import Window
from tests.engine.answer_models import CODE, LEASE, PLAN, SUPPLY, documents, tiny_prefix, window

L = PLAN.budget.block_tokens
QUESTIONS = (
    "Which notice does a change of control need?",
    "What is the warranty on a unit, in months from delivery?",
    "What does the tenant pay on the first day of every month?",
    "Who won the football match?",
)


def engine(
    root: Path | None, *, family: str = "llama", session: str = "auto", plan: ReadPlan = PLAN
) -> LocalEngine:
    """An engine over a tiny checkpoint, in fp32."""
    where = tiny_prefix(family).folder
    return LocalEngine(
        at(where, f"tiny-{family}"),
        sessions_root=root,
        session=session,
        roots=("/documents",),
        plan=plan,
        dtype="float32",
    )


def packed(of: LocalEngine, *texts: str) -> Window:
    """The texts as one window of that engine's."""
    return window(of.tokenizer, of.preamble, *texts)


def prompts(**more: object) -> list[Prompt]:
    """One prompt per question, of different lengths."""
    return [
        replace(Prompt(f"q{n}", text, "Quote, then answer.", quotes=2), **more)  # type: ignore[arg-type]
        for n, text in enumerate(QUESTIONS)
    ]


def read(of: LocalEngine, *texts: str) -> tuple[Prefix, list[Draft]]:
    """Prefill and answer everything."""
    prefix = of.prefill(packed(of, *texts))
    return prefix, of.answer(prefix, prompts())


def codes(prefix: Prefix) -> list[str]:
    """The notices of a prefix beyond the one that every prefix has."""
    first, *more = (notice.code for notice in prefix.notices)
    assert first == "method.places-by-word-rules"
    return more


@pytest.mark.parametrize("family", ["llama", "qwen3_moe", "gpt_oss", "deepseek_v3"])
def test_a_second_engine_answers_the_same_without_reading(tmp_path: Path, family: str) -> None:
    first, drafts = read(engine(tmp_path, family=family), LEASE, SUPPLY, CODE)
    assert (first.session.reused_tokens, codes(first)) == (0, [])
    second, again = read(engine(tmp_path, family=family), LEASE, SUPPLY, CODE)
    assert again == drafts
    assert second.session.reused_tokens == len(second.window.tokens)
    assert second.session.prefilled_tokens == 0
    assert second.session.id == first.session.id and second.session.bytes > 0
    assert any(parse(d.text).quotes for d in drafts) and drafts[3].text == "NOT FOUND"


def test_a_whole_session_needs_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = engine(tmp_path)
    first.prefill(packed(first, LEASE, SUPPLY))
    monkeypatch.setattr(reading, "load", lambda *_, **__: pytest.fail("weights were loaded"))
    second = engine(tmp_path)
    assert second.facts.parameters_total > 0
    assert second.prefill(packed(second, LEASE, SUPPLY)).session.prefilled_tokens == 0


@pytest.mark.parametrize("collecting", [True, False])
def test_loading_leaves_garbage_collection_as_it_was(collecting: bool) -> None:
    of = engine(None)
    if not collecting:
        gc.disable()
    try:
        of._load()
        assert gc.isenabled() == collecting
        with pytest.raises(ModelError):
            LocalEngine(replace(of.checkpoint, folder=Path("nowhere")), sessions_root=None)._load()
        assert gc.isenabled() == collecting
    finally:
        gc.enable()


def test_a_changed_document_costs_only_what_stands_from_it_on(tmp_path: Path) -> None:
    first = engine(tmp_path)
    first.prefill(packed(first, LEASE, SUPPLY))
    second = engine(tmp_path)
    changed = packed(second, LEASE, SUPPLY.replace("24 months", "36 months"))
    same = next(i for i, t in enumerate(changed.tokens) if t != first_tokens(first)[i])
    prefix = second.prefill(changed)
    assert prefix.session.reused_tokens == same // L * L > 0
    fresh = engine(None)
    prefix_fresh = fresh.prefill(packed(fresh, LEASE, SUPPLY.replace("24 months", "36 months")))
    assert second.answer(prefix, prompts()) == fresh.answer(prefix_fresh, prompts())


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_words_of_a_session_that_are_damaged_are_counted_anew(tmp_path: Path, damage: str) -> None:
    first = engine(tmp_path, session="deal")
    prefix, drafts = read(first, LEASE, SUPPLY)
    file = tmp_path / "deal" / WORDS
    data = file.read_bytes()
    file.unlink()
    if damage == "cut":
        file.write_bytes(data[:100])
    second = engine(tmp_path, session="deal")
    again, same = read(second, LEASE, SUPPLY)
    assert again.session.prefilled_tokens == 0 and same == drafts
    assert codes(again) == ["session-part-not-used"] and codes(prefix) == []


@pytest.mark.parametrize("damage", [None, "missing", "cut", "turned"])
def test_tokens_of_a_session_are_taken_or_cut_anew(tmp_path: Path, damage: str | None) -> None:
    first = engine(tmp_path, session="deal")
    twin = first.prefill(packed(first, LEASE, SUPPLY)).window
    file = tmp_path / "deal" / CUTS
    data = file.read_bytes()
    if damage is not None:
        file.unlink()
    if damage in ("cut", "turned"):
        at = len(data) // 2
        file.write_bytes(data[:at] if damage == "cut" else data[:at] + b"\xff" + data[at + 1 :])
    second = engine(tmp_path, session="deal")
    cuts = second.remembered.cuts
    assert len(cuts) == (2 if damage is None else 0)
    made = fit(
        documents(LEASE, SUPPLY), second.tokenizer, 10**5, preamble=second.preamble, cuts=cuts
    )
    assert made == twin
    prefix = second.prefill(made)
    assert prefix.session.prefilled_tokens == 0
    assert codes(prefix) == ([] if damage is None else ["session-part-not-used"])
    assert file.read_bytes() == data and not snapshot.verify(tmp_path / "deal")


def test_cuts_of_another_model_are_not_taken(tmp_path: Path) -> None:
    first = engine(tmp_path, session="deal")
    first.prefill(packed(first, LEASE))
    assert engine(tmp_path, session="deal").remembered.cuts
    other = engine(tmp_path, session="deal", family="qwen3_moe").remembered
    assert not other.cuts and not other.notices
    assert not engine(None).remembered.cuts


def test_damaged_token_ids_are_not_taken_for_a_text(tmp_path: Path) -> None:
    first = engine(tmp_path, session="deal")
    first.prefill(packed(first, LEASE))
    file = tmp_path / "deal" / "tokens.i32"
    file.write_bytes(file.read_bytes()[:-4] + b"\1\0\0\0")
    remembered = engine(tmp_path, session="deal").remembered
    assert not remembered.cuts and len(remembered.notices) == 1


def first_tokens(of: LocalEngine) -> list[int]:
    """What the first window of a test holds."""
    return packed(of, LEASE, SUPPLY).tokens.tolist()


def test_sliding_layers_are_reused_whole_or_not_at_all(tmp_path: Path) -> None:
    first = engine(tmp_path, family="gpt_oss")
    first.prefill(packed(first, LEASE, SUPPLY))
    second = engine(tmp_path, family="gpt_oss")
    facts = second.prefill(packed(second, LEASE, SUPPLY, CODE)).session
    assert (facts.reused_tokens, facts.prefilled_tokens > 0) == (0, True)


def test_earlier_documents_are_those_of_the_session(tmp_path: Path) -> None:
    first = engine(tmp_path)
    assert first.earlier_documents() == {}
    known = first.prefill(packed(first, LEASE, SUPPLY)).window.segments
    expected = {s.document.path: s.document.sha256 for s in known}
    assert list(engine(tmp_path).earlier_documents().items()) == list(expected.items())
    assert engine(tmp_path, family="qwen3_moe").earlier_documents() == {}
    assert engine(None).earlier_documents() == {}


def test_nothing_is_kept_when_nothing_shall_be(tmp_path: Path) -> None:
    of = engine(tmp_path / "sessions", session="none")
    prefix, drafts = read(of, LEASE)
    assert prefix.session.id is None and prefix.session.bytes == 0
    assert drafts and not (tmp_path / "sessions").exists()


def test_a_session_can_have_a_name(tmp_path: Path) -> None:
    of = engine(tmp_path, session="deal")
    assert of.prefill(packed(of, LEASE)).session.id == "deal"
    assert (tmp_path / "deal" / "manifest.json").is_file()
    with pytest.raises(SessionError):
        engine(tmp_path, session="../deal")


@pytest.mark.parametrize("harm", ["manifest", "tokens", "layer"])
def test_damage_is_said_and_mended(tmp_path: Path, harm: str) -> None:
    of = engine(tmp_path, session="deal")
    _, drafts = read(of, LEASE, SUPPLY)
    name = {"manifest": "manifest.json", "tokens": "tokens.i32"}.get(harm)
    file = tmp_path / "deal" / name if name else next((tmp_path / "deal").glob("layer-001.k"))
    file.write_bytes(file.read_bytes()[:-8] + (b"" if harm == "layer" else b"\1\0\0\0\2\0\0\0"))
    again = engine(tmp_path, session="deal")
    prefix, redone = read(again, LEASE, SUPPLY)
    assert codes(prefix) == ["session-not-used"]
    assert "deal" in prefix.notices[-1].message and prefix.session.reused_tokens == 0
    assert redone == drafts
    assert not codes(engine(tmp_path, session="deal").prefill(prefix.window))


def test_a_session_of_another_model_or_plan_is_said(tmp_path: Path) -> None:
    of = engine(tmp_path, session="deal")
    of.prefill(packed(of, LEASE))
    other = engine(tmp_path, session="deal", family="qwen3_moe")
    assert "another model (tiny-llama)" in other.prefill(packed(other, LEASE)).notices[-1].message
    planned = engine(
        tmp_path, session="deal", family="qwen3_moe", plan=replace(PLAN, chunk_tokens=48)
    )
    assert "other settings" in planned.prefill(packed(planned, LEASE)).notices[-1].message


def test_a_full_disk_leaves_the_earlier_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = engine(tmp_path, session="deal")
    of.prefill(packed(of, LEASE))
    kept = sorted((p.name, p.stat().st_size) for p in (tmp_path / "deal").iterdir())

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage.os, "posix_fallocate", full)
    second = engine(tmp_path, session="deal")
    with pytest.raises(SessionError, match="disk is full"):
        second.prefill(packed(second, LEASE, SUPPLY))
    assert sorted((p.name, p.stat().st_size) for p in (tmp_path / "deal").iterdir()) == kept
    assert [p.name for p in tmp_path.iterdir() if p.is_dir()] == ["deal"]


def test_scope_restricts_evidence_and_quotes() -> None:
    of = engine(None)
    prefix = of.prefill(packed(of, LEASE, SUPPLY, CODE))
    for segment in prefix.window.segments:
        asked = prompts(scope=((segment.start, segment.end),))
        for draft in of.answer(prefix, asked):
            assert draft.attended
            assert all(segment.body <= a.start < a.end <= segment.end for a in draft.attended)
            for quote in parse(draft.text).quotes:
                assert quote.text in segment.document.text


@pytest.mark.parametrize("family", ["llama", "gpt_oss"])
def test_a_batch_is_its_prompts_one_by_one(family: str) -> None:
    of = engine(None, family=family)
    prefix = of.prefill(packed(of, LEASE, SUPPLY, CODE))
    together = of.answer(prefix, prompts())
    alone = [of.answer(prefix, [prompt])[0] for prompt in prompts()]
    assert [d.text for d in together] == [d.text for d in alone]
    assert [places(d) for d in together] == [places(d) for d in alone]


def places(draft: Draft) -> list[tuple[int, int]]:
    """Where a draft's evidence stands."""
    return [(a.start, a.end) for a in draft.attended]


def test_a_window_beyond_what_the_model_was_trained_for_is_said() -> None:
    of = engine(None)
    prefix = of.prefill(packed(of, *[LEASE + SUPPLY] * 24))
    assert len(prefix.window.tokens) > 4096
    assert codes(prefix) == ["beyond-trained-length"]
    (draft,) = of.answer(prefix, prompts()[:1])
    assert len(draft.attended) == 32


def test_the_limit_takes_other_sessions_and_says_so(tmp_path: Path) -> None:
    read(engine(tmp_path, session="first"), LEASE)
    of = engine(tmp_path, session="second")
    of._sessions_limit_bytes = 1
    prefix = of.prefill(packed(of, SUPPLY))
    assert [n.code for n in prefix.notices if n.code == "sessions-limit"]
    assert [s.id for s in list_sessions(tmp_path)] == ["second"]
