"""What the rest of the set makes expected: a reader with a perfect memory for wording.

For every word: have the words before it stood elsewhere in the set, and what came next there? The
longest of a few context lengths that occurs elsewhere decides, as in PPM (Cleary & Witten 1984) and
infini-gram (arXiv:2401.17377), and how far it is believed is read off the set itself: of all
places that agreed with another one for k words, the share that agreed in the next word too.

    p(word) = trust_k * share of the other places that go on with it
              + (1 - trust_k) * p of the model that read the window

Departs from both in that the remainder goes to a language model, and in being asked in both
directions: where the words before agree with another place, and the words after do too, and what
is between differs, somebody changed something. This is a rule over words, not understanding; it
sees a near-duplicate however far away it stands, which sparse attention does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kimidoc.novelty.words import Floats, Integers, Words

CONTEXTS = (24, 12, 6, 3)  # words that must agree, longest first
FIRM = 6  # the shortest context whose breaking off counts as a departure
MOST_TRUST = 0.999
Mask = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]
_SPREAD, _STEP = np.uint64(0x9E3779B97F4A7C15), np.uint64(6364136223846793005)


@dataclass(frozen=True)
class Expected:
    """What one direction expects, per word [N].

    ``length``: words of the longest context that stands elsewhere, 0 where none does; ``where``:
    the word that follows it there, -1 for none. ``agree``: share of those places that go on with
    this very word. ``trust``: see the module.
    """

    length: Integers
    where: Integers
    agree: Floats
    trust: Floats

    def departs(self) -> Floats:
        """Nats that a word costs for not being what a firm context promises, 0 elsewhere: [N]"""
        broken = (self.length >= FIRM) & (self.agree == 0)
        return np.where(broken, -np.log1p(-self.trust), 0).astype(np.float32)


def forwards(words: Words, reference: Mask) -> Expected:
    """Expectations from the words before. ``reference`` [N]: the words that count as known."""
    return _expected(words.ids, _documents(words), reference)


def backwards(words: Words, reference: Mask) -> Expected:
    """Expectations from the words after."""
    turned = _expected(words.ids[::-1], _documents(words)[::-1], reference[::-1])
    where = np.where(turned.where < 0, -1, len(words.ids) - 1 - turned.where)
    return Expected(turned.length[::-1], where[::-1], turned.agree[::-1], turned.trust[::-1])


def mixed(nats: Floats, expected: Expected) -> Floats:
    """-ln p of the two readers together, [N]; ``nats`` is the model's alone."""
    of_model = (1 - expected.trust) * np.exp(-nats)
    p = expected.trust * expected.agree + of_model
    found: Floats = -np.log(np.maximum(p, 1e-30)).astype(np.float32)
    return found


def _documents(words: Words) -> Integers:
    return np.repeat(np.arange(len(words.documents)), np.diff(words.bounds))


def _expected(ids: Integers, documents: Integers, reference: Mask) -> Expected:
    n = len(ids)
    length, where = np.zeros(n, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    agree, trust = np.zeros(n, np.float32), np.zeros(n, np.float32)
    hashed = (ids.astype(np.uint64) + np.uint64(1)) * _SPREAD
    hashed ^= hashed >> np.uint64(29)
    for k in CONTEXTS:
        if n <= k:
            continue
        context = _runs(hashed, k)[: n - k]  # of the k words before word k, k + 1, ...
        whole = _runs(hashed, k + 1)  # the same with the word itself
        inside = documents[k:] == documents[: n - k]
        known = inside & reference[k:]
        elsewhere, other = _others(context, known)
        same, _ = _others(whole, known)
        at = np.flatnonzero(inside & (elsewhere > 0) & (length[k:] == 0))
        if not len(at):
            continue
        share = same[at] / elsewhere[at]
        length[at + k], where[at + k], agree[at + k] = k, other[at] + k, share
        # One of each is supposed, so that few observations are not believed too far.
        trust[at + k] = min(MOST_TRUST, (share.sum() + 1) / (len(at) + 2))
    return Expected(length, where, agree, trust)


def _runs(hashed: Hashes, k: int) -> Hashes:
    """A hash of every k words in a row: [N - k + 1]. Of 64 bits: no two are expected to collide."""
    found = np.zeros(len(hashed) - k + 1, dtype=np.uint64)
    for at in range(k):
        found = found * _STEP + hashed[at : at + len(found)]
    return found


def _others(keys: Hashes, known: Mask) -> tuple[Integers, Integers]:
    """How many known places but its own have each place's key, and one of them: [M] each."""
    _, group = np.unique(keys, return_inverse=True)
    groups, places = int(group.max()) + 1, np.flatnonzero(known)
    count = np.bincount(group[places], minlength=groups)[group] - known
    first, last = np.zeros(groups, np.int64), np.zeros(groups, np.int64)
    first[group[places[::-1]]] = places[::-1]  # of several assignments the last one stays
    last[group[places]] = places
    own = np.arange(len(keys))
    other = np.where(first[group] == own, last[group], first[group])
    return count.astype(np.int64), other
