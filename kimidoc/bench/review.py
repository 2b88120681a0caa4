"""Code review on labelled code: is what it raises right, and does it raise what is there?

Cases are laid out as a repository, masked (``labelled``), read as any repository is, and reviewed
by the rules and analyses of the playbook ``code-review``: no finding here needs the language model,
so none is loaded. A finding counts for a case if its rule names the case's weakness (CWE).

    kimidoc     data flow, and signs where it does not decide
    flow        data flow alone
    signs       the playbook's one-line signs alone
    grep        lines that hold a name of the category's usual calls
    everything  every line of every case raised: what chance gives

Labels for a file: precision and recall of files. Labels by line: a finding is right if its first
quote comes within two lines of a flaw; recall is the share of cases with a right one.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from kimidoc import ingest, playbooks
from kimidoc.bench.base import Result
from kimidoc.bench.labelled import Case, draw, lay_out, load
from kimidoc.engine.base import Progress, silent
from kimidoc.playbooks import Playbook, judge
from kimidoc.types import Document, Finding, ModelFacts

BOOK = "code-review"
NEAR = 2  # lines
NOBODY = ModelFacts("none", "", "", 0, 0)
TOTAL = "all"
RULED = "all with a rule"  # cases whose weakness some rule of the playbook names
# The peer "grep": what one would search for by hand, by weakness.
GREP: Mapping[int, str] = {
    22: r"new (?:java\.io\.)?File\(|FileInputStream\(|FileOutputStream\(|Paths\.get\(",
    78: r"\.exec\(|ProcessBuilder",
    79: r"getWriter\(\)|\.print(?:ln|f)?\(",
    89: r"executeQuery|executeUpdate|\.execute\(|prepareStatement|prepareCall|queryFor|addBatch",
    90: r"\.search\(",
    113: r"setHeader\(|addHeader\(|addCookie\(",
    129: r"\w\[[a-z]\w*\]",
    134: r"\.format\(|printf\(",
    190: r"[+*]\s*(?:data|\w+\s*[;)])|\+\+",
    191: r"-\s*(?:data|\w+\s*[;)])|--",
    197: r"\((?:byte|short|char)\)",
    327: r"Cipher\.getInstance|KeyGenerator",
    328: r"MessageDigest\.getInstance",
    330: r"\bRandom\b|Math\.random",
    369: r"[/%]\s*[a-z]\w*",
    400: r"Thread\.sleep\(|for \(|while \(",
    470: r"Class\.forName",
    501: r"\.setAttribute\(|\.putValue\(",
    601: r"sendRedirect\(",
    614: r"\.setSecure\(|new Cookie",
    643: r"\.evaluate\(|\.compile\(",
    789: r"new \w+\[|new (?:ArrayList|HashMap|HashSet)",
}
_ALIKE = {23: 22, 36: 22, 80: 79, 81: 79, 83: 79, 338: 330, 606: 400}


@dataclass(frozen=True, slots=True)
class Row:
    """One category of one set, by one reviewer. ``found``: files raised, or findings by line.

    ``exact`` and ``near``: of findings by line, the share on a flaw's line and within two of it;
    ``way``: the share of which any quote is near one. None where labels are for files.
    """

    source: str
    category: str
    who: str
    cases: int
    vulnerable: int
    found: int
    right: int
    precision: float | None
    recall: float
    exact: float | None = None
    near: float | None = None
    way: float | None = None


@dataclass(frozen=True, slots=True)
class Raised:
    """A finding as lines: those of its first quote, and those of every quote in the file."""

    first: tuple[int, int]
    every: tuple[tuple[int, int], ...]


def run(
    files: Sequence[Path], count: int, part: str, seed: int, progress: Progress = silent
) -> Result:
    """``count`` cases of each file's part. Raises UsageError."""
    cases = [case for file in files for case in draw(load(file, part), count, seed)]
    with TemporaryDirectory() as folder:
        placed = dict(lay_out(cases, Path(folder)))
        progress("review", 0, len(cases), "files")
        documents = [d for d in ingest.read((folder,)) if d.text]
        book = playbooks.load(BOOK)
        since = perf_counter()
        ours = _by_case(book, judge.findings(book, (), documents), placed)
        seconds = perf_counter() - since
        signs = _by_case(book, judge.findings(without_flow(book), (), documents), placed)
        flow = _by_case(book, judge.findings(without_signs(book), (), documents), placed)
        progress("review", len(cases), len(cases), "files")
    texts = {document.path: document for document in documents}
    whole = {
        path: [Raised((n, n), ((n, n),)) for n in range(1, case.text.rstrip("\n").count("\n") + 2)]
        for path, case in placed.items()
    }
    known = _known(book)
    reviewers = {
        "kimidoc": ours,
        "flow": flow,
        "signs": signs,
        "grep": {path: _grepped(case, texts.get(path)) for path, case in placed.items()},
        "everything": whole,
    }
    rows = [row for who, raised in reviewers.items() for row in _rows(who, raised, placed, known)]
    order, totals = list(reviewers), (RULED, TOTAL)
    rows.sort(key=lambda r: (r.source, r.category in totals, r.category, order.index(r.who)))
    unknown = sorted({c.category for c in cases if c.weakness not in known})
    notes = [
        f"{len(cases)} cases of the part {part}, seed {seed}; {seconds:.1f} s for kimidoc's review",
        "no language model: the playbook's rules and analyses alone raise these findings",
        *_absent(),
    ]
    if unknown:
        notes.append(f"no rule of the playbook names: {', '.join(unknown)}")
    return Result("review", NOBODY, rows, tuple(notes))


def without_flow(book: Playbook) -> Playbook:
    """The playbook with its one-line signs alone."""
    checks = tuple(
        replace(check, finding=replace(check.finding, flow=())) if check.finding else check
        for check in book.checks
    )
    analyses = tuple(one for one in book.analyses if one.method != "flow")
    return replace(book, checks=checks, analyses=analyses)


def without_signs(book: Playbook) -> Playbook:
    """The playbook with its data flow alone."""
    return replace(book, checks=tuple(
        replace(check, finding=replace(check.finding, signs=(), search="quotes"))
        if check.finding
        else check
        for check in book.checks
    ))  # fmt: skip


def _weaknesses(book: Playbook) -> dict[str, frozenset[int]]:
    return {
        rule.id: frozenset(
            int(m[1]) for tag in rule.tags if (m := re.fullmatch(r"external/cwe/cwe-0*(\d+)", tag))
        )
        for rule in judge.rules(book)
    }


def _known(book: Playbook) -> set[int]:
    return {number for numbers in _weaknesses(book).values() for number in numbers}


def _by_case(
    book: Playbook, findings: Iterable[Finding], placed: Mapping[str, Case]
) -> dict[str, list[Raised]]:
    """The findings of each case's own weakness."""
    names = _weaknesses(book)
    found: dict[str, list[Raised]] = {path: [] for path in placed}
    for finding in findings:
        case = placed.get(finding.path or "")
        if case is None or case.weakness not in names.get(finding.rule_id, ()):
            continue
        lines = tuple(
            (c.start_line, c.end_line or c.start_line)
            for c in finding.citations
            if c.path == finding.path and c.start_line is not None
        )
        if lines:
            found[finding.path or ""].append(Raised(lines[0], lines))
    return found


def _grepped(case: Case, document: Document | None) -> list[Raised]:
    pattern = GREP.get(_ALIKE.get(case.weakness, case.weakness))
    if pattern is None or document is None:
        return []
    lines = enumerate(document.text.split("\n"), 1)
    return [Raised((n, n), ((n, n),)) for n, line in lines if re.search(pattern, line)]


def _rows(
    who: str, raised: Mapping[str, list[Raised]], placed: Mapping[str, Case], known: set[int]
) -> list[Row]:
    groups: dict[tuple[str, str], list[tuple[Case, list[Raised]]]] = {}
    for path, case in placed.items():
        ruled = (case.category, RULED) if case.weakness in known else ()
        for category in (*ruled, TOTAL):
            groups.setdefault((case.source, category), []).append((case, raised[path]))
    return [_row(who, *key, pairs) for key, pairs in groups.items()]


def _row(who: str, source: str, category: str, pairs: Sequence[tuple[Case, list[Raised]]]) -> Row:
    if all(case.vulnerable is not None for case, _ in pairs):
        found = sum(bool(own) for _, own in pairs)
        right = sum(bool(own) and case.vulnerable is True for case, own in pairs)
        vulnerable = sum(case.vulnerable is True for case, _ in pairs)
        precision = right / found if found else None
        recall = right / vulnerable if vulnerable else 0.0
        return Row(source, category, who, len(pairs), vulnerable, found, right, precision, recall)
    every = [(case, one) for case, own in pairs for one in own]
    near = [_near(case, one.first, NEAR) for case, one in every]
    hit = [any(_near(case, one.first, NEAR) for one in own) for case, own in pairs]
    return Row(
        source, category, who, len(pairs), len(pairs), len(every), sum(near),
        _share(near), sum(hit) / len(hit),
        _share([_near(case, one.first, 0) for case, one in every]),
        _share(near),
        _share([any(_near(case, lines, NEAR) for lines in one.every) for case, one in every]),
    )  # fmt: skip


def _near(case: Case, lines: tuple[int, int], within: int) -> bool:
    return any(lines[0] - within <= flaw <= lines[1] + within for flaw in case.flaw_lines)


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def _absent() -> list[str]:
    """Peers that were not run, and why."""
    bandit = "reads Python only" if find_spec("bandit") else "is not installed"
    semgrep = "has no rules on this machine" if shutil.which("semgrep") else "is not installed"
    return [f"not run: bandit {bandit}; semgrep {semgrep}"]
