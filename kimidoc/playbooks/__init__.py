"""Checklists as data, and what is concluded from their answers.

    *.toml   the playbooks that come with kimidoc; a user's own need no Python either
    format   what such a file may hold, with an error that names the line to mend
    load     by name or file -> Playbook
    choose   which playbook fits what the paths hold, and why
    ask      a playbook's checks over a window's documents -> Questions
    answers  answers that code gives by itself, and the values read in every answer's quotes
    clauses  the passages of a contract that answer a check, by the model of room ``clauses``;
             ``score`` measures
    judge    answers and documents -> Findings, by the rule each check states
    tables   what a playbook computes over all documents: ``deadlines``, ``exposure`` and others
    signs    the words of a quote that raise a finding; ``negation``: not where they are denied
    sweep    signs over every sentence of the documents, for what must not be overlooked
    references, terms, amendments, register, restated, dealings    contracts beside one another,
             and beside registers, minutes and letters (``who`` is with whom); ``executed``: copies
             that nobody has signed
    statements, results, recomputed, leverage, remarks, guidance, risks    rows of figures, the main
             ones beside the year before, percentages and claims in words held against them,
             expectations, two filings side by side
    segments, across, transcript, reassurances, asked    figures by segment, in rows or columns; a
             call's turns, what was called settled there and is not, and what was asked that the
             remarks leave out
    records, onsets, followups    a patient's records: what contradicts, what is missing
    searched    where signs match in a whole document, for findings and for answers
    origin, calls, handlers    where inserted text comes from; a call's arguments; what only a
             whole repository shows
    flows    data flow (room ``dataflow``) as findings, and what becomes of signs where it decides

May import ``types``, ``errors``, ``values``, ``clauses`` and ``dataflow`` and nothing else of
kimidoc. A rule is a rule: where a finding depends on words in a quote (``signs``), the finding says
so, and the model gets no credit for it.

To add a playbook that comes with kimidoc:

1. Write ``<name>.toml`` here; ``kimidoc playbooks new`` prints a commented beginning.
2. Run ``kimidoc playbooks check <name>.toml``.
3. Add what it must and must not find in an example set to ``tests/playbooks``.
"""

from __future__ import annotations

from kimidoc.playbooks.format import Applies, Check, FindingRule, Playbook
from kimidoc.playbooks.load import load, names

__all__ = ["Applies", "Check", "FindingRule", "Playbook", "load", "names"]
