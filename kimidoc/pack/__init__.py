"""Documents -> Window: one run of tokens, within its budget, that maps back to characters.

    order       which document comes first, so that an earlier session can be reused
    nonce       the word in every header that no document contains
    render      the text before and after a document
    encode      many texts -> tokens, in batches that keep memory bounded
    cuts        the tokens of texts that were packed before, taken instead
    room        which documents fit the budget, decided while they are being counted
    suggest     what to leave out when they do not
    fit         all of the above -> Window
    sourcemap   token <-> character <-> line, page and section

May import numpy, ``kimidoc.types``, ``kimidoc.errors`` and the rooms below; never torch. The
tokenizer is passed in (``types.Tokenizer``). Its offsets must be sorted, as those of every
tokenizer that reads from left to right are.

The layout of a window, each part tokenised on its own, so that the tokens of a document depend on
nothing but its text:

    preamble | header text separator | header text separator | ...

To add one more overflow policy:

1. Name it in ``room.Overflow`` and describe it there.
2. Decide in ``Room.offer`` which documents leave; what left stays out.
3. Mention it in the hint of ``suggest.over_budget`` if a user should reach for it.
4. Add it to the policies that ``tests/pack/test_fit.py`` compares with their naive twins.
"""

from kimidoc.pack import cuts, sourcemap
from kimidoc.pack.fit import fit
from kimidoc.pack.order import window_order
from kimidoc.pack.room import Overflow

__all__ = ["Overflow", "cuts", "fit", "sourcemap", "window_order"]
