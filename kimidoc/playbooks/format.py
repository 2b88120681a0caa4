"""What a playbook's TOML file may hold.

    [playbook]              id, title, description; prefix of its rule ids; prose
    [playbook.applies]      kinds and words by which a document set is recognised
    [[check]]               id, title, question, wordings, scope, terms, answer, clause, find,
                            signs_answer, signs_last, rows, figure, leads,
                            documents, tags
    [check.finding]         when, severity, message, help, signs, search, consequences, otherwise,
                            unless, arguments, inserted, flow
    [[analysis]]            id, title, method, severity, message, help, tags, flow
    [[table]]               id, title, method, note

A check is put to the language model, unless it says how code answers it: ``clause`` names a kind of
clause that the fitted model of room ``clauses`` knows, ``find`` gives regular expressions, and the
sentences they match are the answer, and with ``signs_answer = true`` the sentences or lines
that the finding's signs match are. ``find`` goes first, ``clause`` last; with ``signs_last = true``
signs answer where nothing else did, for what must not be missing. ``rows`` names a table method:
the rows it makes of the document are the answer, those whose first cell is ``figure`` if that is
given, and where there is none the language model is asked after all. ``answer`` is the type of
value that is read in the quotes (``values``); of several in a quote those count whose lead-in one
of the expressions of ``leads`` matches, if any does. ``wordings`` ask the same in other words.

``signs`` are regular expressions: a finding is raised only if a verified quote matches one of
them, case ignored, a space standing for any white space, and not in a clause that denies it
(``negation``; ``prose = false`` for code, where "not" is an operator). They make a rule, not an
answer: what they matched is always a quote that code located. They are looked for in the quotes an
answer came with or, by ``search``, in the whole text (``sweep``): "sentences" of prose, "lines" of
code, or "code", which is lines without comments and docstrings. ``consequences`` are expressions of
which one has to stand in a sentence that was found, or in the lines around a place in code, or the
finding is only as severe as ``otherwise`` says: a clause that is named is not yet one that does
something, and not every hash guards a password. In code ``unless`` are expressions that make a
match harmless where the next lines hold one, ``arguments`` those that do where an argument of the
call that it opens begins with one, on whatever line (``calls``), and ``inserted = true`` lets
matches pass that put only fixed text into a text (``origin``). ``flow`` names checks of the data
flow (``flows``): it raises findings beside the signs, and decides over them in a document that it
could follow, where nothing is critical that no flow bears out; the method "flow" of an analysis
raises nothing else.
Keys that are not listed here are errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, get_args

from kimidoc.clauses.weights import kinds
from kimidoc.dataflow import KINDS, checks
from kimidoc.errors import ConfigError
from kimidoc.types import SEVERITIES, Severity

Scope = Literal["document", "set"]
When = Literal["found", "not_found"]
Search = Literal["quotes", "sentences", "lines", "code"]
Method = Literal[
    "annexes", "agreements", "expired", "conflicts", "missed", "register", "changed", "defined",
    "dealings", "unguarded", "unserved", "recomputed", "guidance", "risks", "contradictions",
    "gaps", "supplies", "follow-ups", "stopped", "remarks", "leverage", "reassurances",
    "segments", "asked", "told-otherwise", "unsigned", "revised", "flow",
]  # fmt: skip
TableMethod = Literal[
    "calendar", "exposure", "recomputed", "guidance", "risks", "chronology", "allergies", "memo",
    "named", "follow-ups", "segments", "asked", "results", "flow",
]  # fmt: skip
AnswerType = Literal["text", "yes/no", "date", "money", "duration", "percentage", "parties"]

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_HINT = "`kimidoc playbooks show due-diligence --source` prints one that works."


@dataclass(frozen=True, slots=True)
class Applies:
    """Documents by kind and by words near their beginning; an empty tuple demands nothing."""

    kinds: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FindingRule:
    """When an answer becomes a finding, and what it says."""

    when: When
    severity: Severity
    message: str
    help: str
    signs: tuple[str, ...] = ()
    search: Search = "quotes"
    consequences: tuple[str, ...] = ()
    otherwise: Severity | None = None
    unless: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    inserted: bool = False
    flow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One question of a playbook, asked of each document it applies to, or once of the set."""

    id: str
    title: str
    question: str
    scope: Scope
    documents: Applies
    terms: tuple[str, ...] = ()
    answer: AnswerType = "text"
    tags: tuple[str, ...] = ()
    finding: FindingRule | None = None
    wordings: tuple[str, ...] = ()
    clause: str | None = None
    find: tuple[str, ...] = ()
    signs_answer: bool = False
    signs_last: bool = False
    rows: TableMethod | None = None
    figure: str | None = None
    leads: tuple[str, ...] = ()

    @property
    def by_rule(self) -> bool:
        """Whether code answers it and the language model is not asked."""
        return bool(self.clause or self.find or self.signs_answer or self.rows)


@dataclass(frozen=True, slots=True)
class Analysis:
    """A finding that code makes of what several documents say (``judge.METHODS``)."""

    id: str
    title: str
    method: Method
    severity: Severity
    message: str
    help: str
    tags: tuple[str, ...] = ()
    flow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableRule:
    """A table that code computes over all documents and answers (``tables.METHODS``)."""

    id: str
    title: str
    method: TableMethod
    note: str


@dataclass(frozen=True, slots=True)
class Playbook:
    """A checklist. ``applies`` decides whether ``analyze`` chooses it by itself.

    ``prose``: its signs are looked for in sentences, where a negated clause does not count.
    """

    id: str
    prefix: str
    title: str
    description: str
    applies: Applies
    checks: tuple[Check, ...] = field(default=())
    prose: bool = True
    analyses: tuple[Analysis, ...] = ()
    tables: tuple[TableRule, ...] = ()


def playbook(data: Mapping[str, Any], where: str) -> Playbook:
    """A parsed TOML file as a Playbook. Raises ConfigError that names ``where`` and the key."""
    table = _Table(data, where)
    head = table.table("playbook")
    book = Playbook(
        id=head.name("id"),
        prefix=head.name("prefix"),
        title=head.text("title"),
        description=head.text("description"),
        applies=_applies(head, "applies"),
        checks=tuple(_check(entry) for entry in table.tables("check")),
        prose=head.yes("prose", default=True),
        analyses=tuple(_analysis(entry) for entry in table.tables("analysis")),
        tables=tuple(_table(entry) for entry in table.tables("table")),
    )
    for check in book.checks:
        search = check.finding.search if check.finding else "quotes"
        if search != "quotes" and (search == "sentences") != book.prose:
            has = "prose has sentences" if book.prose else "code has lines"
            head.wrong("prose", f"the check {check.id!r} searches {search}, and {has}")
    head.done()
    table.done()
    if not book.checks:
        table.wrong("check", "there is no [[check]]")
    seen: set[str] = set()
    names = [check.id for check in book.checks] + [one.id for one in book.analyses]
    for name in names + [one.id for one in book.tables]:
        if name in seen:
            table.wrong("check", f"the id {name!r} is used twice")
        seen.add(name)
    return book


def _check(entry: _Table) -> Check:
    check = Check(
        id=entry.name("id"),
        title=entry.text("title"),
        question=entry.text("question"),
        scope=entry.choice("scope", get_args(Scope), "document"),
        documents=_applies(entry, "documents"),
        terms=entry.texts("terms"),
        answer=entry.choice("answer", get_args(AnswerType), "text"),
        tags=entry.texts("tags"),
        finding=_finding(entry.table("finding")) if entry.has("finding") else None,
        wordings=entry.texts("wordings"),
        clause=entry.name("clause") if entry.has("clause") else None,
        find=entry.patterns("find"),
        signs_answer=entry.yes("signs_answer", default=False),
        signs_last=entry.yes("signs_last", default=False),
        rows=entry.choice("rows", get_args(TableMethod), None) if entry.has("rows") else None,
        figure=entry.text("figure") if entry.has("figure") else None,
        leads=entry.patterns("leads"),
    )
    entry.done()
    if check.figure is not None and check.rows is None:
        entry.wrong("figure", "it is one of the rows, and no rows are named")
    searched = check.finding.search if check.finding else "quotes"
    if check.signs_answer and searched == "quotes":
        entry.wrong("signs_answer", "the finding has no signs that are looked for in the text")
    if check.signs_last and searched != "sentences":
        entry.wrong("signs_last", "the finding has no signs that are looked for in sentences")
    if check.clause is not None and check.clause not in kinds():
        known = ", ".join(kinds())
        entry.wrong("clause", f"there is no fitted model of {check.clause!r}; there are {known}")
    if check.by_rule and check.scope == "set":
        entry.wrong("scope", "what code finds is found in each document")
    if check.finding and check.finding.signs and check.finding.when == "not_found":
        entry.wrong("finding.signs", "there is no quote to match when nothing was found")
    return check


def _analysis(entry: _Table) -> Analysis:
    analysis = Analysis(
        id=entry.name("id"),
        title=entry.text("title"),
        method=entry.choice("method", get_args(Method), None),
        severity=entry.choice("severity", SEVERITIES, None),
        message=entry.text("message"),
        help=entry.text("help"),
        tags=entry.texts("tags"),
        flow=_flow(entry),
    )
    entry.done()
    if bool(analysis.flow) != (analysis.method == "flow"):
        entry.wrong("flow", 'it belongs to the method "flow", which needs it')
    return analysis


def _flow(entry: _Table) -> tuple[str, ...]:
    """Checks of the data flow that some language has."""
    named, known = entry.texts("flow"), {name for kind in KINDS for name in checks(kind)}
    for name in named:
        if name not in known:
            entry.wrong("flow", f"there is no {name!r}; there are {', '.join(sorted(known))}")
    return named


def _table(entry: _Table) -> TableRule:
    rule = TableRule(
        id=entry.name("id"),
        title=entry.text("title"),
        method=entry.choice("method", get_args(TableMethod), None),
        note=entry.text("note"),
    )
    entry.done()
    return rule


def _finding(entry: _Table) -> FindingRule:
    rule = FindingRule(
        when=entry.choice("when", get_args(When), "found"),
        severity=entry.choice("severity", SEVERITIES, None),
        message=entry.text("message"),
        help=entry.text("help"),
        signs=entry.patterns("signs"),
        search=entry.choice("search", get_args(Search), "quotes"),
        consequences=entry.patterns("consequences"),
        otherwise=entry.choice("otherwise", SEVERITIES, None) if entry.has("otherwise") else None,
        unless=entry.patterns("unless"),
        arguments=entry.patterns("arguments"),
        inserted=entry.yes("inserted", default=False),
        flow=_flow(entry),
    )
    excuses = rule.unless or rule.arguments or rule.inserted
    if excuses and rule.search not in ("lines", "code"):
        entry.wrong("unless", "it, arguments and inserted are for lines of code")
    if bool(rule.consequences) != bool(rule.otherwise):
        entry.wrong("otherwise", "it and consequences belong together")
    if rule.consequences and rule.search == "quotes":
        entry.wrong("consequences", "they are for what is searched, not for quotes")
    if rule.search != "quotes" and not rule.signs:
        entry.wrong("search", f"there are no signs to look for in the {rule.search}")
    entry.done()
    return rule


def _applies(parent: _Table, key: str) -> Applies:
    if not parent.has(key):
        return Applies()
    entry = parent.table(key)
    applies = Applies(kinds=entry.texts("kinds"), words=entry.texts("words"))
    entry.done()
    return applies


class _Table:
    """A TOML table being read: every key once, and no key left over."""

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self._data, self._where, self._taken = data, where, set[str]()

    def wrong(self, key: str, what: str) -> NoReturn:
        raise ConfigError(f"{self._where}: {key}: {what}.", hint=_HINT)

    def has(self, key: str) -> bool:
        return key in self._data

    def _take(self, key: str) -> Any:
        self._taken.add(key)
        return self._data.get(key)

    def table(self, key: str) -> _Table:
        value = self._take(key)
        if not isinstance(value, dict):
            self.wrong(key, "expected a table" if value is not None else "is missing")
        return _Table(value, f"{self._where}: {key}")

    def tables(self, key: str) -> list[_Table]:
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.wrong(key, "expected tables, each begun with [[check]]")
        return [
            _Table(item, f"{self._where}: {key} {item.get('id', number)!r}")
            for number, item in enumerate(value, 1)
        ]

    def text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str) or not value.strip():
            self.wrong(key, "expected a text that is not empty")
        return " ".join(value.split())

    def name(self, key: str) -> str:
        value = self.text(key)
        if not _NAME.fullmatch(value):
            self.wrong(key, f"{value!r} is not a name (lower case, digits and single dashes)")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            self.wrong(key, "expected a list of texts")
        return tuple(value)

    def patterns(self, key: str) -> tuple[str, ...]:
        """Texts that are regular expressions, once their spaces stand for any white space."""
        found = self.texts(key)
        for pattern in found:
            try:
                re.compile(pattern.replace(" ", r"\s+"))
            except re.error as error:
                self.wrong(key, f"{pattern!r} is not a regular expression ({error})")
        return found

    def yes(self, key: str, *, default: bool) -> bool:
        value = self._take(key)
        if value is not None and not isinstance(value, bool):
            self.wrong(key, f"expected true or false, not {value!r}")
        return default if value is None else value

    def choice(self, key: str, choices: tuple[Any, ...], default: Any) -> Any:
        value = self._take(key)
        if value is None and default is not None:
            return default
        if value not in choices:
            self.wrong(key, f"expected one of {', '.join(choices)}, not {value!r}")
        return value

    def done(self) -> None:
        """Every key was known."""
        for key in self._data:
            if key not in self._taken:
                self.wrong(key, "is not a key of this table")
