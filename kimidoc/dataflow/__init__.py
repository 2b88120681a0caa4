"""Where values in programs come from and where they go: sources, steps, sinks.

    tree        a small program tree; java, python lower a file to it (``parsed``: what they share)
    program     all files of a language as one: which function a call means
    values      what is known of a value, and of all values at one place
    constants   operators and methods of literals: what a condition comes to
    containers  lists, maps and text builders: where in them what stands
    guards      what a condition says of values where it holds
    arithmetic  numbers from outside where their size matters
    expressions, calls, statements, follow    the engine
    tables      what libraries do with values, as data: java.toml, python.toml
    analyse     documents -> flows, and what was not followed

May import ``types`` and ``errors``. Nothing is run and nothing is fetched; files are hostile: their
size, the depth of what is nested and the steps that are followed have limits, and ``analyse`` says
where one was met. tree-sitter is imported when a file is read, not before.

To add a language: 1. lower it to ``tree`` in ``<language>.py``; 2. write ``<language>.toml``;
3. name it in ``tables.LANGUAGES`` and ``analyse._lowered``; 4. test both verdicts in
``tests/dataflow``.

To add a check: a table in ``[checks]`` of the languages' tables, and ``flow`` in a playbook.
"""

from kimidoc.dataflow.analyse import KINDS, Analysis, analysed, checks
from kimidoc.dataflow.run import Flow, Verdict
from kimidoc.dataflow.values import Spot, Taint

__all__ = ["KINDS", "Analysis", "Flow", "Spot", "Taint", "Verdict", "analysed", "checks"]
