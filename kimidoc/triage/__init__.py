"""Other tools' findings (SARIF) put beside the whole window: confirmed, doubted or open.

    load      a SARIF 2.1.0 log -> results
    place     a result -> the document it is about, and its lines quoted
    program   Python modules of the window: who calls what, and what a name stands for
    origins   where a value in a flagged line comes from, across modules
    weigh     a result and the window -> a verdict, its reason, and quotes from elsewhere

No model decides here. Each verdict is reached by a rule over program text, and its reason says by
which; what no rule can decide stays ``open``, with the places that speak of the same symbol beside
it. Nothing is dropped: a result whose file is not in the window is listed as ``unread``.

May import ``types``, ``errors``, ``ingest`` and ``playbooks``.

To add a rule: 1. write it into ``weigh`` as a function from a ``_Case`` to an ``Opinion`` or None;
2. add it to ``RULES`` there, before the ones it should win over; 3. test it with a real tool's
output in ``tests/triage``, and with a look-alike that it must leave open.
"""

from kimidoc.triage.load import Result, load
from kimidoc.triage.weigh import METHOD, weighed

__all__ = ["METHOD", "Result", "load", "weighed"]
