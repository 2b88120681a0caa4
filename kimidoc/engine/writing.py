"""What is written for one question: evidence, a verbatim quote or NOT FOUND, a short answer.

The base model is not trained for this, and is not trusted with it alone. Two lexical rules, named
here, support it: blocks that BM25 ranks first are always among those attended to (``lexical``),
and among the units of text (sentences, lines, clauses) that the model may quote, those that hold
the question's words get a bonus. A question whose words hardly occur in the best units is answered
NOT FOUND. Both are measured beside the model alone by ``tests/engine`` and replaced by training
where a checkpoint has been trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kimidoc.attention.working_set import Choice
from kimidoc.engine.answering import Batch
from kimidoc.engine.base import Attended, Draft, Progress, Prompt
from kimidoc.engine.constrain import Runs, Verbatim, runs
from kimidoc.engine.decode import Row, lockstep
from kimidoc.engine.lexical import LexicalPrior
from kimidoc.engine.reading import PLAN, Layers, Reader
from kimidoc.engine.units import Overlap
from kimidoc.models.chat import ChatFrame
from kimidoc.models.tokenizer import FileTokenizer
from kimidoc.types import Window

ROWS = 32  # questions in one batch
LEXICAL_BLOCKS = 6  # blocks BM25 insists on
ATTENDED_BLOCKS = 6  # blocks the model's own queries add
READ_BLOCKS = 4  # best blocks that a quote may come from
LISTED = 48  # places of evidence handed up; some hold a header only
BONUS = 6.0  # nats that full overlap with the question's words is worth against the model
ABSTAIN = 0.34  # best overlap below which the answer is NOT FOUND
ANOTHER = 0.85  # a further quote has at least this share of the first one's overlap
_Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Words:
    """The fixed pieces of a draft, as tokens."""

    before_quote: list[int]
    between: list[int]
    before_answer: list[int]


class Desk:
    """Everything that the questions on one prefix share."""

    def __init__(
        self,
        reader: Reader,
        tokenizer: FileTokenizer,
        frame: ChatFrame,
        window: Window,
        layers: Layers,
    ) -> None:
        self.reader, self.tokenizer, self.frame = reader, tokenizer, frame
        self.window, self.layers = window, layers
        self.block = PLAN.budget.block_tokens
        self.prior = LexicalPrior(window, self.block)
        self.words = _Words(
            *(self._ids(t) for t in ("<quote>", "</quote>\n<quote>", "</quote>\n<answer>"))
        )

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode([text])[0].ids)

    def answer(self, prompts: Sequence[Prompt], progress: Progress) -> list[Draft]:
        """Drafts in the order of the prompts."""
        drafts: list[Draft] = []
        for at in range(0, len(prompts), ROWS):
            drafts += self._group(prompts[at : at + ROWS])
            progress("answer", len(drafts), len(prompts), "questions")
        return drafts

    def _group(self, prompts: Sequence[Prompt]) -> list[Draft]:
        scores = [self.prior.scores([p.question, *p.terms]) for p in prompts]
        choices = [self._choice(p, s) for p, s in zip(prompts, scores, strict=True)]
        batch = Batch(choices, self.prior.blocks, self.block)
        feeds, asked = zip(*(self._feed(p) for p in prompts), strict=True)
        rows: list[Row[Draft]] = [
            self._row(number, prompt, feeds[number], scores[number], batch)
            for number, prompt in enumerate(prompts)
        ]
        return lockstep(
            self.reader.runner, self.reader.profile, self.layers, batch, rows, list(asked)
        )

    def _feed(self, prompt: Prompt) -> tuple[list[int], tuple[int, int]]:
        """The question's turn, and where in it the question's own words stand."""
        frame = self.frame
        head = [*frame.opening_ids, *self._ids(f"\n{prompt.instruction}\n\nQuestion: ")]
        words = self._ids(prompt.question)
        return [*head, *words, *frame.closing_ids], (len(head), len(head) + len(words))

    def _choice(self, prompt: Prompt, scores: _Floats) -> Choice:
        """Which blocks a question may see, and which it has to."""
        N, ranges = self.prior.blocks, None
        allowed = np.arange(N)
        if prompt.scope is not None:
            ranges = ((0, max(1, len(self.frame.preamble_ids))), *prompt.scope)
            spans = [np.arange(a // self.block, -(-b // self.block)) for a, b in ranges]
            allowed = np.unique(np.concatenate(spans))
        best = allowed[np.argsort(-scores[allowed], kind="stable")[:LEXICAL_BLOCKS]]
        must = np.unique([0, *(int(b) for b in best if scores[b] > 0)])
        return Choice(torch.from_numpy(allowed), torch.from_numpy(must), ATTENDED_BLOCKS, ranges)

    def _row(
        self, number: int, prompt: Prompt, feed: list[int], scores: _Floats, batch: Batch
    ) -> Row[Draft]:
        log_p = yield feed
        ranked = self._ranked(prompt, scores, batch.mass[number].numpy(), batch.choices[number])
        attended = self._attended(prompt, ranked)
        overlap = Overlap(self.window, self.prior, [prompt.question], prompt.terms)
        ranges = self._merged([(a.start, a.end) for a in attended[:READ_BLOCKS]])
        quotes: list[str] = []
        used: set[int] = set()
        floor = ABSTAIN
        while len(quotes) < prompt.quotes:
            source = runs(self.window, ranges, frozenset(used))
            worth = overlap.of(source)
            if not worth.size or worth.max() < floor:
                break
            log_p = yield self.words.between if quotes else self.words.before_quote
            text, start, end = yield from self._quote(prompt, source, worth, log_p)
            quotes.append(text)
            used |= set(range(start, end))
            floor = max(floor, ANOTHER * float(worth[source.starts == start].max()))
        if not quotes:
            return Draft(prompt.id, "NOT FOUND", attended)
        log_p = yield self.words.before_answer
        answer = yield from self._answer(prompt, log_p)
        said = "\n".join(f"<quote>{quote}</quote>" for quote in quotes)
        return Draft(prompt.id, f"{said}\n<answer>{answer}</answer>", attended)

    def _ranked(
        self, prompt: Prompt, scores: _Floats, mass: _Floats, choice: Choice
    ) -> list[tuple[int, float]]:
        """Blocks by reciprocal rank: BM25 counts twice, the attention they received once.

        BM25 finds the right block first far more often than this model's attention does.
        """
        allowed = choice.allowed.numpy()
        total = np.zeros(self.prior.blocks, dtype=np.float64)
        for weight, values in ((2.0, scores), (1.0, mass)):
            order = allowed[np.argsort(-values[allowed], kind="stable")]
            order = order[values[order] > 0]
            total[order] += weight / (10.0 + np.arange(len(order)))
        best = allowed[np.argsort(-total[allowed], kind="stable")][:LISTED]
        return [(int(b), float(total[b]) * 10 / 3) for b in best]

    def _attended(
        self, prompt: Prompt, ranked: Sequence[tuple[int, float]]
    ) -> tuple[Attended, ...]:
        """Ranked blocks as token ranges, cut to the question's scope."""
        T, L = len(self.window.tokens), self.block
        found = []
        for block, score in ranked:
            a, b = block * L, min(T, block * L + L)
            for low, high in prompt.scope or ((0, T),):
                if max(a, low) < min(b, high):
                    found.append(Attended(max(a, low), min(b, high), score))
        return tuple(found)

    def _merged(self, ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Sorted, neighbours joined, and half a block more behind: sentences cross block edges."""
        out: list[tuple[int, int]] = []
        for a, b in sorted(ranges):
            segment = self.window.segment_at(b - 1)
            b = min(b + self.block // 2, segment.end) if segment else b
            if out and a <= out[-1][1]:
                out[-1] = (out[-1][0], max(b, out[-1][1]))
            else:
                out.append((a, b))
        return out

    def _quote(self, prompt: Prompt, source: Runs, worth: _Floats, log_p: Tensor):  # type: ignore[no-untyped-def]
        """Decode one quote; returns its text and its window positions."""
        bonus = dict(zip(source.starts.tolist(), (worth * BONUS).tolist(), strict=True))
        verbatim = Verbatim(source, max_tokens=prompt.quote_tokens)
        while not verbatim.complete:
            run = verbatim.forced()
            if not run:
                run = [self._next(verbatim, bonus, log_p)]
            for token in run:
                verbatim.advance(token)
            log_p = yield run
        start = verbatim.start()
        end = start + verbatim.written
        segment = self.window.segment_at(start)
        assert segment is not None
        text = segment.document.text[self.window.starts[start] : self.window.ends[end - 1]]
        return text.strip(), start, end

    def _next(self, verbatim: Verbatim, bonus: dict[int, float], log_p: Tensor) -> int:
        """The allowed token with the best log-probability plus the best bonus it leads to."""
        tokens = verbatim.source.tokens[verbatim.at]
        gain = np.array([bonus[int(p) - verbatim.written] for p in verbatim.at])
        allowed, inverse = np.unique(tokens, return_inverse=True)
        best = np.full(len(allowed), -np.inf)
        np.maximum.at(best, inverse, gain)
        total = log_p[torch.from_numpy(allowed.astype(np.int64))].cpu().numpy() + best
        return int(allowed[int(np.argmax(total))])

    def _answer(self, prompt: Prompt, log_p: Tensor):  # type: ignore[no-untyped-def]
        """A few words, greedily; ends at a line end, a tag, or the end of the turn."""
        banned = sorted(self.tokenizer.special_ids - self.frame.stop_ids)
        ids: list[int] = []
        while len(ids) < prompt.answer_tokens:
            allowed = log_p[: self.tokenizer.vocabulary_size].clone()
            allowed[banned] = float("-inf")
            token = int(allowed.argmax())
            if token in self.frame.stop_ids:
                break
            ids.append(token)
            text = self.tokenizer.decode(ids)
            if "\n" in text.strip() or "<" in text:
                break
            log_p = yield [token]
        text = self.tokenizer.decode(ids).strip()
        return text.partition("\n")[0].partition("<")[0].strip()
