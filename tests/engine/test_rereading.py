"""Answers from passages read again, on a tiny checkpoint with a reader that was never trained."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kimidoc.ask.parse import parse
from kimidoc.attention.products import in_fp32
from kimidoc.engine import fresh, likelihood
from kimidoc.engine.base import Prompt, silent
from kimidoc.engine.constrain import units, words
from kimidoc.engine.fresh import dense
from kimidoc.engine.local import LocalEngine
from kimidoc.engine.passages import (
    ASKED,
    ASKED_TOKENS,
    BY_WORDS,
    GAP,
    OF_ALL,
    PASSAGES,
    QUOTE_TOKENS,
    REACH,
    Cutter,
    apart,
)
from kimidoc.engine.rereading import BATCH, BATCH_TOKENS, Rereading, _batches
from kimidoc.engine.votes import Context, Rules
from kimidoc.errors import ModelError
from kimidoc.experts.routed import ExpertShape, RoutedExperts
from kimidoc.models import nano
from kimidoc.models.checkpoint import Checkpoint, with_reader
from kimidoc.models.nano import reader
from kimidoc.models.nano.both_ways import BothWays
from kimidoc.models.nano.reader import POINTER, Pointer, ReaderShape
from kimidoc.models.nano.spans import Spans, SpanShape, layout
from kimidoc.train.span_cases import SpanCase
from kimidoc.train.spans import Sight
from tests.engine.answer_models import CODE, LEASE, SUPPLY
from tests.engine.answer_models import checkpoint as tiny_checkpoint
from tests.engine.test_local import engine, packed, prompts
from tests.engine.test_protocol import Heard

SHAPE = ReaderShape(first=1, rank=2, pointed=16, experts=ExpertShape(hidden=32, experts=4, inner=8))


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """The tiny checkpoint with experts beside two of its layers."""
    folder = tmp_path_factory.mktemp("grown")
    base = tiny_checkpoint(folder / "tiny")
    torch.manual_seed(5)
    state = {}
    for layer in (1, 2):
        routed = RoutedExperts(SHAPE.experts)
        for name, value in routed.state_dict().items():
            state[f"layers.{layer}.experts.{name}"] = value + torch.randn_like(value) * 0.1
        state[f"layers.{layer}.q_proj.gain"] = torch.rand(4) + 0.5
        for name, out in (("q_proj", 64), ("k_proj", 32)):
            state[f"layers.{layer}.{name}.a"] = torch.randn(2, 32)
            state[f"layers.{layer}.{name}.b"] = torch.randn(out, 2) * 0.1
    pointer = Pointer(32, SHAPE.pointed)
    for name, value in pointer.state_dict().items():
        state[f"{POINTER}.{name}"] = value + torch.randn_like(value)
    file, rules = folder / "reader.safetensors", folder / "rules.json"
    reader.save(file, SHAPE, state, {"checkpoint": base.fingerprint})
    nano.keep_rules(rules, file, {"found": -99, "worth": 2})
    return with_reader(base, file, rules=rules)


def desk(checkpoint: Checkpoint, *texts: str) -> tuple[LocalEngine, Rereading]:
    of = LocalEngine(checkpoint, sessions_root=None, threads=1)
    made = of.desk(of.prefill(packed(of, *texts)))
    assert isinstance(made, Rereading)
    return of, made


def test_a_model_with_a_reader_is_another_model(grown: Checkpoint) -> None:
    of = LocalEngine(grown, sessions_root=None, threads=1)
    base = LocalEngine(replace(grown, reader=None, fingerprint=grown.base), sessions_root=None)
    assert of.facts.fingerprint != base.facts.fingerprint == grown.states
    more, used = nano.parameters(grown.reader or Path(), 3)
    assert of.facts.parameters_total == base.facts.parameters_total + more
    assert of.facts.parameters_active == base.facts.parameters_active + used
    pointer = 16 * 32 * 2 + 16 * 2
    assert more == 2 * (4 * 33 + 4 * 3 * 8 * 32) + pointer
    assert used == 2 * (4 * 33 + 2 * 3 * 8 * 32) + pointer
    prefix = of.prefill(packed(of, LEASE))
    assert prefix.notices[0].code == "method.read-again"


def test_quotes_are_the_documents_words_and_alone_or_together_the_same(grown: Checkpoint) -> None:
    _, made = desk(grown, LEASE, SUPPLY, CODE)
    assert made.rules == Rules(found=-99, worth=2)
    together = made.answer(prompts(), lambda *_: None)
    looks = made.finder.look(prompts())
    assert sum("<quote>" in draft.text for draft in together) >= 2
    for prompt, look, draft in zip(prompts(), looks, together, strict=True):
        claim = parse(draft.text)
        assert bool(claim.quotes) == (not claim.abstains) == bool((look.scores > 0).any())
        assert all(any(q.text in text for text in (LEASE, SUPPLY, CODE)) for q in claim.quotes)
        # a short answer is words of the first quote, or there is none
        if claim.answer:
            assert " ".join(claim.quotes[-1].text.split()) == claim.answer
            assert claim.quotes[-1].text in claim.quotes[0].text
        (alone,) = made.answer([prompt], lambda *_: None)
        # not the short answer: a random model's ties are broken by who shares the batch
        assert parse(alone.text).quotes == claim.quotes and alone.attended == draft.attended
        assert bool(draft.attended) == bool(claim.quotes)


def contexts(made: Rereading) -> list[Context]:
    """Everything that is read for the prompts."""
    return [context for one in made.read(prompts()) for context in one.contexts]


@pytest.mark.parametrize("count", range(14))
def test_blocks_are_read_in_parts_as_few_and_as_even_as_can_be(count: int) -> None:
    blocks = [3 * n for n in range(count)]
    parts = apart([*reversed(blocks), *blocks])
    assert [b for part in parts for b in part] == blocks
    sizes = [len(part) for part in parts]
    assert len(parts) == max(1, -(-count // PASSAGES)) and max(sizes) <= PASSAGES
    assert max(sizes) - min(sizes) <= 1


def test_what_two_contexts_hold_is_quoted_once_and_any_of_them_may_answer(
    grown: Checkpoint,
) -> None:
    _, made = desk(grown, LEASE, SUPPLY, CODE)
    made.use(Rules(found=-99, another=0.01))
    made.spans = head()
    for one in made.read([replace(p, quotes=9) for p in prompts()]):
        if not one.units:
            continue
        (context,) = one.contexts
        alone, quotes = one.belief(made.rules), made.chosen(one)
        twice = replace(one, contexts=(context, context))
        for name in ("worth", "words", "lacking"):
            setattr(twice, name, np.tile(getattr(one, name), 2))
        for name in ("clause", "likely"):
            if getattr(one, name) is not None:
                setattr(twice, name, np.tile(getattr(one, name), 2))
        assert len(twice.units) == 2 * len(one.units) and made.chosen(twice) == quotes
        assert twice.belief(made.rules) == pytest.approx(alone + np.log(2))
        assert twice.place(len(one.units)) == (context, 0)


def test_the_likelihood_of_the_question_has_a_vote_on_the_unit(grown: Checkpoint) -> None:
    of, made = desk(grown, LEASE, SUPPLY, CODE)
    rules = Rules(likely=0.25)
    made.use(replace(rules, likely=0))
    assert all(one.likely is None for one in made.read(prompts()))
    made.use(rules)
    for one in made.read(prompts()):
        assert (one.likely is not None) == (one.free and one.clause is None and bool(one.units))
        if one.likely is None:
            continue
        model, window = made.reader.loaded.model, made.window
        behind = of.tokenizer.encode([likelihood.ASKED])[0].ids
        question = of.tokenizer.encode([one.prompt.question])[0].ids
        best = np.argsort(-one.scores(made.rules) + made.rules.likely * one.likely, kind="stable")
        for number in best[: likelihood.UNITS]:
            start, end = one.units[number]
            segment = window.segment_at(start)
            assert segment is not None
            for a, b in one.units[:number][-1:]:  # what stands before it in its document
                between = segment.document.text[window.ends[b - 1] : window.starts[start]]
                if window.segment_at(a) is segment and not between.strip():
                    start = a
            text = window.tokens[start:end]
            alone = likelihood.of_question(model, [[*text, *behind]], question)[0]
            assert one.likely[number] == pytest.approx(alone, abs=0.05)
        rest = [one.likely[n] for n in best[likelihood.UNITS :]]
        assert all(value == one.likely.min() for value in rest)
        made.use(Rules(found=-99, likely=1e6, another=1))
        assert one.likely[one.units.index(made.chosen(one)[0])] == one.likely.max()
        made.use(rules)


def test_belief_decides_what_is_not_found(grown: Checkpoint) -> None:
    _, made = desk(grown, LEASE, SUPPLY)
    beliefs = [one.belief(made.rules) for one in made.read(prompts())]
    middle = float(np.median(beliefs))
    made.use(Rules(found=middle))
    for belief, draft in zip(beliefs, made.answer(prompts(), lambda *_: None), strict=True):
        assert parse(draft.text).abstains == (belief < middle)


def test_names_that_stand_nowhere_speak_against_an_answer(grown: Checkpoint) -> None:
    _, made = desk(grown, LEASE, SUPPLY)
    own = (w for w in LEASE.split() if w.istitle() and len(w) > 4 and w.isalpha())
    name = next(w for w in own if w.casefold() not in SUPPLY.casefold())
    asked = [
        Prompt("a", f"What rent or supply of {name}?"),
        Prompt("b", "What rent or supply of Zyxland?"),
        Prompt("c", "what rent?"),
    ]
    read = made.read(asked)
    for one in read:
        assert len(one.units) == len(one.lacking)
    first, lease = made.window.segments[0], read[0]
    of_lease = np.array([first.body <= a < first.end for a, _ in lease.units])
    assert set(of_lease) == {True, False}
    assert list(lease.lacking) == [float(not own) for own in of_lease]
    assert set(read[1].lacking) == {1} and set(read[2].lacking) == {0}
    plain, voted = Rules(), Rules(lacking=50)
    more = [one.belief(voted) - one.belief(plain) for one in read]
    assert more == pytest.approx([0, -50, 0])
    made.use(voted)
    assert first.body <= made.chosen(lease)[0][0] < first.end


def test_passages_hold_whole_units_under_the_headers_of_their_documents(grown: Checkpoint) -> None:
    of, made = desk(grown, LEASE, SUPPLY, CODE)
    window, tokenizer = made.window, of.tokenizer
    cutter = Cutter(window, tokenizer, of.preamble, made.block)
    blocks = -(-len(window.tokens) // made.block)
    for chosen in ([0], [blocks - 1], list(range(blocks))):
        cut = cutter.cut("Who pays?", chosen)
        text = tokenizer.decode(cut.ids)
        assert list(cut.ids[: len(of.preamble)]) == list(of.preamble)
        assert tokenizer.decode(cut.ids[len(of.preamble) :]).startswith("Question: Who pays?")
        assert len(cut.units) == len(cut.ends) and sorted(set(cut.units)) == list(cut.units)
        for (p, q), end in zip(cut.units, cut.ends, strict=True):
            assert q - p <= QUOTE_TOKENS
            assert list(cut.ids[end - (q - 1 - p) : end + 1]) == list(window.tokens[p:q])
        for (_, end), (start, _) in zip(cut.spans, cut.spans[1:], strict=False):
            assert end <= start
        for start, end in cut.spans:
            assert tokenizer.decode(window.tokens[start:end]) in text
            segment = window.segment_at(start)
            assert segment is not None and segment.body <= start < end <= segment.end
            assert tokenizer.decode(window.tokens[segment.start : segment.body]) in text
            whole = units(window, start, end)
            for unit in whole:
                if unit[0] < start or unit[1] > end:  # only one that is longer than the reach
                    assert unit[1] - unit[0] > REACH
                else:
                    assert words(window, unit) in text
    everything = cutter.cut("?", range(blocks))
    assert GAP.strip() not in tokenizer.decode(everything.ids)
    assert sum(b - a for a, b in everything.spans) == sum(s.end - s.body for s in window.segments)


def test_a_scope_keeps_other_documents_out(grown: Checkpoint) -> None:
    of, made = desk(grown, LEASE, SUPPLY, CODE)
    segment = made.window.segments[1]
    cutter = Cutter(made.window, of.tokenizer, of.preamble, made.block)
    blocks = -(-len(made.window.tokens) // made.block)
    cut = cutter.cut("?", range(blocks), ((segment.start, segment.end),))
    assert cut.spans == ((segment.body, segment.end),)


def test_sessions_are_kept_and_taken_up(grown: Checkpoint, tmp_path: Path) -> None:
    texts = (LEASE, SUPPLY)
    first = LocalEngine(grown, sessions_root=tmp_path, session="deal", threads=1)
    read = first.prefill(packed(first, *texts))
    second = LocalEngine(grown, sessions_root=tmp_path, session="deal", threads=1)
    again = second.prefill(packed(second, *texts))
    assert again.session.prefilled_tokens == 0
    assert first.answer(read, prompts()) == second.answer(again, prompts())
    assert engine(None).facts.fingerprint != first.facts.fingerprint


def test_the_pointer_is_the_stock_models_last_states_compared(grown: Checkpoint) -> None:
    """Alone and by hand, against what a batch said."""
    _, made = desk(grown, LEASE, SUPPLY, CODE)
    every = contexts(made)
    model = made.reader.loaded.model
    pointer = getattr(model, POINTER)
    for one in every:
        with torch.no_grad(), dense(model):
            stock = in_fp32(model.get_decoder())(torch.tensor([one.ids])).last_hidden_state
        hidden = stock[0].float()
        x = pointer.query @ (hidden[-1] / hidden[-1].square().mean().sqrt()) + pointer.bias
        logits = []
        for end in one.passages.ends:
            y = hidden[end] / hidden[end].square().mean().sqrt()
            logits.append(float(x @ (pointer.key @ y)) / 4)
        logits.append(float(x @ pointer.none) / 4)
        truth = torch.tensor(logits[:-1]) - logits[-1]
        assert torch.allclose(torch.from_numpy(one.pointed).float(), truth, atol=0.02)


def test_the_finders_vote_and_the_pointers_both_count(grown: Checkpoint) -> None:
    _, made = desk(grown, LEASE, SUPPLY, CODE)
    made.use(Rules(found=-99, worth=0, another=1))
    for one in made.read(prompts()):
        if not one.units:
            continue
        best = one.units[int(np.argmax(one.pointed))]
        assert made.chosen(one) == [best]
        wanted = one.units[-1]
        for vote in ("worth", "words"):
            mine = np.array([u == wanted for u in one.units], dtype=float)
            setattr(one, vote, mine)
            made.use(Rules(found=-99, **{"worth": 0, "words": 0, vote: 1e6}, another=1))
            assert made.chosen(one)[0] == wanted
        made.use(Rules(found=-99, worth=0, words=0, another=1))


def test_what_is_read_again_is_ranked_by_both_ways(grown: Checkpoint) -> None:
    _, made = desk(grown, LEASE, SUPPLY, CODE)
    looks = made.finder.look(prompts())
    for one, look in zip(made.read(prompts()), looks, strict=True):
        best = [n for n in np.argsort(-look.scores, kind="stable") if look.scores[n] > 0]
        wanted = set(best[:OF_ALL])
        order = np.argsort(-look.by_words, kind="stable")
        more = [n for n in order if look.by_words[n] > 0 and n not in wanted]
        wanted |= set(more[:BY_WORDS])
        segments = made.window.segments
        for block in range(made.finder.blocks):
            body = [
                t
                for t in range(block * made.block, (block + 1) * made.block)
                if any(s.body <= t < s.end for s in segments)
            ]
            spans = [span for context in one.contexts for span in context.passages.spans]
            read = {t for a, b in spans for t in range(a, b)}
            assert set(body) <= read or block not in wanted


def test_batches_hold_every_number_once_and_not_too_many_tokens() -> None:
    lengths = [900] * 11 + [5_000, 9_000, 40_000, 40_001]
    groups = list(_batches(range(len(lengths)), lengths))
    assert [n for group in groups for n in group] == list(range(len(lengths)))
    for group in groups:
        assert len(group) <= BATCH
        assert len(group) == 1 or len(group) * max(lengths[n] for n in group) <= BATCH_TOKENS
    assert [len(group) for group in groups] == [4, 4, 3, 1, 1, 1, 1]
    assert list(_batches([], [])) == []


def test_a_long_question_stands_before_the_passages_in_part(grown: Checkpoint) -> None:
    of, made = desk(grown, LEASE, SUPPLY)
    question = "Who pays? " * 400
    (one,) = made.read([Prompt("long", question)])
    before = one.contexts[0].ids[len(of.preamble) :]
    asked = of.tokenizer.encode([ASKED.format(question)])[0].ids
    assert list(before[:ASKED_TOKENS]) == list(asked[:ASKED_TOKENS])
    assert len(before) < 2 * len(asked)
    (draft,) = made.answer([Prompt("long", question)], lambda *_: None)
    assert draft.text


def test_what_is_told_on_the_way_is_the_draft_and_places_come_first(
    grown: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, made = desk(grown, LEASE, SUPPLY, CODE)
    made.spans = head()
    reads, real = list[int](), fresh.read
    monkeypatch.setattr(fresh, "read", lambda *given: (reads.append(1), real(*given))[1])
    after: list[tuple[str, int]] = []  # what was told, and after how many passes of the model

    class Counting(Heard):
        def attended(self, prompt: str, places: object) -> None:
            super().attended(prompt, places)
            after.append(("places", len(reads)))

        def wrote(self, prompt: str, piece: str) -> None:
            super().wrote(prompt, piece)
            after.append((piece.strip()[:7], len(reads)))

    heard = Counting()
    (asked,) = prompts()[:1]
    made.use(Rules(found=-99, short=99, likely=1))
    (draft,) = made.answer([asked], silent, heard)
    assert heard.text == {draft.id: draft.text} and heard.places == {draft.id: draft.attended}
    # its passages, and the question behind the best units
    assert after[0] == ("places", 0) and after[1] == ("<quote>", 2)
    assert after[-1] == ("<answer", 2)
    many = Heard()
    drafts = made.answer(prompts(), silent, many)
    assert many.text == {draft.id: draft.text for draft in drafts}
    assert drafts == made.answer(prompts(), silent)


def head(seed: int = 3) -> Spans:
    torch.manual_seed(seed)
    shape = SpanShape(hidden=32, taps=(1, 2), width=24, layers=1, heads=2, longest=6, compared=8)
    return Spans(shape).eval()


def test_the_span_head_says_the_short_answer_and_has_its_votes(grown: Checkpoint) -> None:
    of, made = desk(grown, LEASE, SUPPLY, CODE)
    assert made.spans is None
    assert all(one.told is None for one in contexts(made))
    made.spans = head()
    for short in (99, -99):
        made.use(Rules(found=-99, short=short))
        for one, draft in zip(made.read(prompts()), made.answer(prompts(), silent), strict=True):
            claim = parse(draft.text)
            assert bool(claim.answer) == (short > 0 and bool(claim.quotes))
            if claim.answer:
                assert claim.quotes[-1].text in claim.quotes[0].text
                assert " ".join(claim.quotes[-1].text.split()) == claim.answer
                # by hand: the likeliest span of the chosen unit, from its place in the context
                context, number = one.place(one.units.index(made.chosen(one)[0]))
                assert context.told is not None
                places, _ = layout(context.passages.question, context.passages.placed())
                a, b = context.told.spans[number].tolist()
                said = of.tokenizer.decode(context.ids[places[a] : places[b - 1] + 1])
                assert said.split() == claim.answer.split()
    for one in made.read(prompts()):
        told = [context.told for context in one.contexts if context.told is not None]
        if not told:
            continue
        made.use(Rules(found=-99, worth=0, words=0, spans=1e6, another=1))
        each = np.concatenate([(t.units - t.none).numpy() for t in told])
        assert made.chosen(one)[0] == one.units[int(each.argmax())]
        some = max(float(torch.logsumexp(t.units, 0) - t.none) for t in told)
        alone = one.belief(Rules(answers=0, answers_of_all=0))
        mine, others = (
            {"answers_of_all": 0.5}, {"answers": 0.5}
        )[:: 1 if one.prompt.scope is None else -1]  # fmt: skip
        assert one.belief(replace(Rules(answers=0, answers_of_all=0), **mine)) == pytest.approx(
            alone + 0.5 * some
        )
        assert one.belief(replace(Rules(answers=0, answers_of_all=0), **others)) == alone
        shifted = one.belief(Rules(answers=0, answers_of_all=0, shift_of_all=3.0))
        assert shifted == pytest.approx(alone + 3.0 * (one.prompt.scope is None))


def test_the_head_sees_the_passages_both_ways_as_it_was_trained_to(grown: Checkpoint) -> None:
    _, made = desk(grown, LEASE, SUPPLY, CODE)
    model = made.reader.loaded.model
    torch.manual_seed(7)
    both = BothWays.beginning(model, 1, 2)
    for b in both.b.values():
        torch.nn.init.normal_(b, std=0.1)
    shape = replace(head().shape, both_from=1)
    made.spans = Spans(shape, both=both).eval().requires_grad_(False)
    sight = Sight(model, shape)
    plain = [context for one in made.read(prompts()) for context in one.contexts]
    made.use(Rules(pointed=0))
    alone = [context for one in made.read(prompts()) for context in one.contexts]
    assert any(context.pointed.any() for context in plain)
    assert not any(context.pointed.any() for context in alone)
    for one, other in zip(plain, alone, strict=True):
        cut = one.passages
        if not cut.units:
            continue
        case = SpanCase("", "", cut.ids, cut.question, tuple(cut.placed()), (), ())
        with torch.no_grad():
            (truth,) = made.spans.read(sight.see(made.spans, [case]))
        for told in (one.told, other.told):
            assert told is not None and told.spans.tolist() == truth.spans.tolist()
            for name in ("units", "whole", "none"):
                assert torch.allclose(getattr(told, name), getattr(truth, name), atol=2e-2)


def test_of_a_clause_the_model_says_the_short_answer(grown: Checkpoint) -> None:
    _, made = desk(grown, LEASE, SUPPLY, CODE)
    made.spans = head()
    made.use(Rules(found=-99, short=-99))  # the head would say none
    said = 0
    for one in made.read([replace(p, answer_tokens=4) for p in prompts()]):
        if not one.units:
            continue
        one.clause = np.zeros(len(one.units))
        for number, quote in enumerate(one.units):
            short = made._short(one, number)
            if short is not None:
                said += 1
                assert quote[0] <= short[0] < short[1] <= quote[1] and short[1] - short[0] <= 4
        one.clause = None
        assert made._short(one, 0) is None
    assert said


def test_a_span_head_comes_with_its_reader_only(grown: Checkpoint, tmp_path: Path) -> None:
    assert grown.reader is not None
    base = replace(grown, reader=None, fingerprint=grown.base, base="")
    net, file = head(), tmp_path / "spans.safetensors"
    net.about = {"reader": nano.tensors_digest(grown.reader)}
    net.save(file)
    both = with_reader(base, grown.reader, file)
    assert both.states == grown.states
    assert len({both.fingerprint, grown.fingerprint, base.fingerprint}) == 3
    _, made = desk(both, LEASE, SUPPLY)
    assert made.spans is not None and made.spans.shape == net.shape
    assert all(one.told is not None for one in contexts(made) if one.passages.units)
    net.about = {"reader": "another"}
    net.save(tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="for another reader"):
        with_reader(base, grown.reader, tmp_path / "other.safetensors")


def test_rules_are_a_reader_s_own(grown: Checkpoint, tmp_path: Path) -> None:
    assert grown.reader is not None
    base = replace(grown, reader=None, fingerprint=grown.base, base="")
    file, chosen = tmp_path / "rules.json", Rules(found=-1.25, worth=2, shift_of_all=1 / 3)
    nano.keep_rules(file, grown.reader, asdict(chosen))
    ruled = with_reader(base, grown.reader, rules=file)
    assert ruled.fingerprint != grown.fingerprint
    _, made = desk(ruled, LEASE, SUPPLY)
    assert made.rules == replace(chosen, shift_of_all=0.333333)
    other = tmp_path / "other.json"
    other.write_text(file.read_text().replace(nano.tensors_digest(grown.reader), "another"))
    with pytest.raises(ModelError, match="for another reader"):
        with_reader(base, grown.reader, rules=other)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": "kimidoc.rules/9"}', '{"format": "kimidoc.rules/1", "found": "x"}',
     '{"format": "kimidoc.rules/1", "found": NaN}'],
)  # fmt: skip
def test_what_holds_no_rules_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(text)
    with pytest.raises(ModelError, match="holds no rules"):
        nano.rules(file)
