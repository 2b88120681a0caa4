"""What is written for one question: evidence, verbatim quotes or NOT FOUND, a short answer.

A ``finding.Finder`` says where to look, whether there is an answer, and how well each sentence
serves as a quote; each of its ways is named there and measured (``CONTRIBUTING.md``, decisions).

- the blocks that the finder ranks first are always among those attended to, and lead the evidence;
- a question that the finder has no answer to is answered NOT FOUND (the model's own word on it,
  and how much likelier the passages make the question, were measured and are noise);
- among the units (sentences, lines, clauses) of the best blocks, what the finder says of each is a
  bonus that leaves the model to choose between near ones: left to itself it quoted the right clause
  for 0.08 of 40 questions, the lexical order alone for 0.3.

So the finder finds the place, and the model writes the short answer.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kimidoc.attention.working_set import Choice
from kimidoc.engine.answering import Batch, Lead
from kimidoc.engine.base import NOBODY, Attended, Draft, Listener, Progress, Prompt
from kimidoc.engine.constrain import Runs, Unit, Verbatim, runs, words
from kimidoc.engine.decode import Row, best, lockstep, read_lead
from kimidoc.engine.drafting import Drafting, stands
from kimidoc.engine.finding import Finder, Look
from kimidoc.engine.reading import Layers, Reader
from kimidoc.models.chat import ChatFrame
from kimidoc.models.tokenizer import FileTokenizer
from kimidoc.types import Window

ROWS = 32  # questions in one batch
FOUND_BLOCKS = 5  # blocks the finder insists on
ATTENDED_BLOCKS = 3  # blocks each head's own queries add
READ_BLOCKS = 4  # best blocks that a quote may come from
LISTED = 32  # places of evidence
FINDER_WEIGHT = 4.0  # of the finder's reciprocal rank in the evidence; attention's counts once
BONUS = 100.0  # nats that the finder's full worth counts against the model
# What is written around quotes and the short answer; ``train.examples`` has the same.
QUOTE, ANOTHER, ANSWER = "<quote>", "</quote>\n<quote>", "</quote>\n<answer>"
END_QUOTE, END_ANSWER = "</quote>", "</answer>"
NOT_FOUND = "NOT FOUND"
_Floats = NDArray[np.float32]
_WORD = re.compile(r"\w+")  # as ``ask.swarm`` takes an answer apart
Feed = tuple[list[int], Unit]  # tokens, and where in them the question's own words stand
Writing = Generator[Sequence[int], Tensor, None]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One prompt made ready: its tokens, which blocks are for it, and whether to answer."""

    prompt: Prompt
    feed: Feed
    look: Look
    choice: Choice
    found: bool


def turn(tokenizer: FileTokenizer, frame: ChatFrame, instruction: str, question: str) -> Feed:
    """The question's turn, and where in it the question's own words stand."""
    before, own = tokenizer.encode([f"\n{instruction}\n\nQuestion: ", question])
    start = len(frame.opening_ids) + len(before.ids)
    end = start + max(1, len(own.ids))  # a question without a token still has a place
    return frame.question([*before.ids, *own.ids]), (start, end)


def _without(feed: Feed, lead: int) -> Feed:
    """What is left of it behind its first ``lead`` tokens."""
    ids, (start, end) = feed
    return ids[lead:], (start - lead, end - lead)


class Desk:
    """Everything that the questions on one prefix share."""

    def __init__(
        self,
        reader: Reader,
        tokenizer: FileTokenizer,
        frame: ChatFrame,
        window: Window,
        layers: Layers,
        finder: Finder,
        block_tokens: int,
    ) -> None:
        self.reader, self.tokenizer, self.frame = reader, tokenizer, frame
        self.window, self.layers, self.finder = window, layers, finder
        self.block, self._bonus = block_tokens, BONUS
        self._tags = {t: self._ids(t) for t in (QUOTE, ANOTHER, ANSWER)}
        self._never = torch.tensor(sorted(tokenizer.special_ids - frame.stop_ids))

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode([text])[0].ids)

    def answer(
        self, prompts: Sequence[Prompt], progress: Progress, listener: Listener = NOBODY
    ) -> list[Draft]:
        """Drafts in the order of the prompts; those of like length share a batch."""
        feeds = [self._feed(p) for p in prompts]
        looks = self.finder.look(prompts)
        leads = dict[tuple[int, ...], list[int]]()
        for i, (ids, (start, _)) in enumerate(feeds):
            leads.setdefault(tuple(ids[:start]), []).append(i)
        drafts: dict[int, Draft] = {}
        for first, led in leads.items():
            lead = self._lead(first) if first else None
            order = sorted(led, key=lambda i: len(feeds[i][0]))
            for at in range(0, len(order), ROWS):
                group = order[at : at + ROWS]
                asked = [
                    self._ready(prompts[i], _without(feeds[i], len(first)), looks[i]) for i in group
                ]
                drafts |= zip(group, self._write(asked, lead, listener), strict=True)
                progress("answer", len(drafts), len(prompts), "questions")
        return [drafts[i] for i in range(len(prompts))]

    def _lead(self, ids: Sequence[int]) -> Lead:
        """What questions begin with, read once for all: of the history it sees the preamble only,
        so that it is the same whatever documents a question is restricted to."""
        own = max(1, len(self.frame.preamble_ids))
        first = torch.arange(-(-own // self.block))
        choice = Choice(first, first, 0, ((0, own),))
        of = self.reader
        return read_lead(
            of.runner, of.profile, self.layers, ids, choice, self.finder.blocks, self.block
        )

    def _feed(self, prompt: Prompt) -> Feed:
        return turn(self.tokenizer, self.frame, prompt.instruction, prompt.question)

    def _ready(self, prompt: Prompt, feed: Feed, look: Look) -> _Asked:
        """Choose the blocks of a prompt and decide whether they answer it."""
        allowed, ranges = self._allowed(prompt)
        top = allowed[np.argsort(-look.scores[allowed], kind="stable")[:FOUND_BLOCKS]]
        must = torch.from_numpy(np.unique([0, *(int(b) for b in top if look.scores[b] > 0)]))
        choice = Choice(torch.from_numpy(allowed), must, ATTENDED_BLOCKS, ranges)
        return _Asked(prompt, feed, look, choice, look.found(allowed))

    def _allowed(self, prompt: Prompt) -> tuple[NDArray[np.int64], tuple[Unit, ...] | None]:
        """The blocks a prompt may see, and the token ranges within them."""
        if prompt.scope is None:
            return np.arange(self.finder.blocks), None
        ranges = ((0, max(1, len(self.frame.preamble_ids))), *prompt.scope)
        spans = [np.arange(a // self.block, -(-b // self.block)) for a, b in ranges]
        return np.unique(np.concatenate(spans)), ranges

    def _write(self, asked: Sequence[_Asked], lead: Lead | None, listener: Listener) -> list[Draft]:
        batch = Batch([a.choice for a in asked], self.finder.blocks, self.block, lead)
        rows = [
            self._row(number, one, batch, Drafting(one.prompt.id, listener))
            for number, one in enumerate(asked)
        ]
        where = [one.feed[1] for one in asked]
        return lockstep(self.reader.runner, self.reader.profile, self.layers, batch, rows, where)

    def _row(self, number: int, asked: _Asked, batch: Batch, draft: Drafting) -> Row[Draft]:
        yield asked.feed[0]
        prompt = asked.prompt
        ranked = self._ranked(asked, batch.mass[number].numpy())
        attended = tuple(a for block, score in ranked for a in self._places(prompt, block, score))
        draft.attend(attended[:LISTED])
        if not asked.found:
            draft.add(NOT_FOUND)
            return draft.done()
        near = [(a.start, a.end) for a in attended[:READ_BLOCKS]]
        quotes: list[str] = []
        used: set[int] = set()
        floor = 0.0
        while len(quotes) < prompt.quotes:
            source = runs(self.window, near, used)
            worth = asked.look.worth(source)
            if not worth.size or worth.max() < floor:
                break
            after = yield self._tags[ANOTHER if quotes else QUOTE]
            start, end = yield from self._quote(prompt, source, worth, after)
            quotes.append(words(self.window, (start, end)))
            draft.quote(quotes[-1])
            used |= set(range(start, end))
            floor = asked.look.another * max(floor, float(worth.max()))
        if not quotes:
            draft.add(NOT_FOUND)
        elif prompt.answer_tokens:
            after = yield self._tags[ANSWER]
            yield from self._answer(prompt, quotes, after, draft)
        return draft.done()

    def _ranked(self, asked: _Asked, mass: _Floats) -> list[tuple[int, float]]:
        """Blocks by two ranks fused, the finder's and that of the attention received, in (0, 1]:

            (w / (10 + the finder's rank) + 1 / (10 + rank in attention)) * 10 / (w + 1)

        Ranks count from 0; w is FINDER_WEIGHT, because this model's attention alone finds the
        right block first for 0.03 of the questions that BM25 finds 0.45 of.
        """
        allowed = asked.choice.allowed.numpy()
        total = np.zeros(self.finder.blocks)
        for weight, values in ((FINDER_WEIGHT, asked.look.scores), (1.0, mass)):
            order = allowed[np.argsort(-values[allowed], kind="stable")]
            order = order[values[order] > 0]
            total[order] += weight / (10.0 + np.arange(len(order)))
        top = allowed[np.argsort(-total[allowed], kind="stable")][: 2 * LISTED]
        return [(int(b), float(total[b]) * 10 / (FINDER_WEIGHT + 1)) for b in top if total[b] > 0]

    def _places(self, prompt: Prompt, block: int, score: float) -> list[Attended]:
        """A block as ranges of document text, cut to the prompt's scope; headers are no place."""
        start, end = block * self.block, min(len(self.window.tokens), (block + 1) * self.block)
        found = []
        for low, high in prompt.scope or ((start, end),):
            a, b = max(start, low), min(end, high)
            while a < b:
                segment = self.window.segment_at(a)
                if segment is None:  # the preamble, or the white space between two documents
                    a += 1
                    continue
                if max(a, segment.body) < min(b, segment.end):
                    found.append(Attended(max(a, segment.body), min(b, segment.end), score))
                a = segment.end
        return found

    def _quote(
        self, prompt: Prompt, source: Runs, worth: _Floats, after: Tensor
    ) -> Generator[Sequence[int], Tensor, Unit]:
        """Write one quote; returns the window positions it was taken from."""
        bonus = dict(zip(source.starts.tolist(), (worth * self._bonus).tolist(), strict=True))
        verbatim = Verbatim(source, max_tokens=prompt.quote_tokens)
        while True:
            run = verbatim.forced() or [self._next(verbatim, bonus, after)]
            for token in run:
                verbatim.advance(token)
            if verbatim.complete:
                break
            after = yield run
        yield run
        start = verbatim.start()
        return start, start + verbatim.written

    def _next(self, verbatim: Verbatim, bonus: dict[int, float], after: Tensor) -> int:
        """The allowed token with the best log-probability plus the best bonus it leads to."""
        tokens = verbatim.source.tokens[verbatim.at]
        gain = np.array([bonus[int(p) - verbatim.written] for p in verbatim.at])
        allowed, inverse = np.unique(tokens, return_inverse=True)
        most = np.full(len(allowed), -np.inf)
        np.maximum.at(most, inverse, gain)
        total = after[torch.from_numpy(allowed.astype(np.int64))].cpu().numpy() + most
        return int(allowed[int(np.argmax(total))])

    def _answer(
        self, prompt: Prompt, quotes: Sequence[str], after: Tensor, draft: Drafting
    ) -> Writing:
        """A few words, greedily; ends at a line end, a tag, or the end of the turn.

        An answer that is no run of words of a quote is not shown (``ask.swarm.borne_out``): what
        can become none any more is not written to its end.
        """
        ids: list[int] = []
        draft.add("\n<answer>")
        told = ""
        while len(ids) < prompt.answer_tokens:
            allowed = after[: self.tokenizer.vocabulary_size].clone()
            allowed[self._never] = float("-inf")
            token = best(allowed)
            if token in self.frame.stop_ids:
                break
            ids.append(token)
            text = self.tokenizer.decode(ids).lstrip()
            if "\n" in text or "<" in text or len(ids) == prompt.answer_tokens:
                break
            if not any(begins_run(text, quote) for quote in quotes):
                break
            draft.add(stands(text)[len(told) :])
            told = stands(text)
            after = yield [token]
        text = self.tokenizer.decode(ids).strip()
        whole = text.partition("\n")[0].partition("<")[0].strip()
        assert whole.startswith(told), "what was told of stands"
        draft.add(whole[len(told) :])
        draft.add(END_ANSWER)


def begins_run(said: str, quote: str) -> bool:
    """Whether ``said``, whose last word may be unfinished, can become a run of words of ``quote``.

    Characters that are not whole yet, at the end of what was decoded, speak against nothing.
    """
    *whole, last = _WORD.findall(said.rstrip("\ufffd").casefold()) or [""]
    words = _WORD.findall(quote.casefold())
    return not last or any(
        words[at : at + len(whole)] == whole
        and at + len(whole) < len(words)
        and words[at + len(whole)].startswith(last)
        for at in range(len(words))
    )
