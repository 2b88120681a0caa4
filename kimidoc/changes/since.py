"""A revision and a window's documents -> the lines that changed, and the findings that stand there.

A document is compared with the file of its name at the revision, or of the name it had there if the
index knows it as renamed. What the revision does not have is new as a whole: committed since, added
to the index or untracked makes no difference. Bytes that are the same are not compared further;
else the old file is read as the new one was, and their texts are compared line by line.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kimidoc import ingest
from kimidoc.changes import git, lines
from kimidoc.changes.lines import Lines
from kimidoc.errors import UsageError
from kimidoc.ingest import decode
from kimidoc.ingest.readers import READERS
from kimidoc.types import Document, Finding, Notice

CODE = "method.since"
ALWAYS = "integrity."  # findings about hostile documents: they concern the reading itself
_BATCH_BYTES = 256_000_000  # of old files held at once


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed: ``lines`` per document that did; the others stand as they did then."""

    revision: str
    commit: str
    lines: Mapping[str, Lines]
    in_submodules: int = 0  # documents; they have a history of their own and count as unchanged

    def holds(self, finding: Finding) -> bool:
        """Whether a finding is about a changed line.

        One that quotes nothing is about a changed document; one about no document is about the set,
        and stays if anything changed.
        """
        if finding.rule_id.startswith(ALWAYS):
            return True
        placed = [c for c in finding.citations if c.path is not None and c.start_line is not None]
        if not placed:
            return bool(self.lines) if finding.path is None else finding.path in self.lines
        return any(
            c.path in self.lines
            and self.lines[c.path].touch(c.start_line or 0, c.end_line or c.start_line or 0)
            for c in placed
            if c.path is not None
        )


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision to compare with. ``prefix`` leads from the repository's top to the documents."""

    name: str
    repository: git.Repository
    prefix: str

    def changed(
        self,
        documents: Sequence[Document],
        selection: ingest.Selection,
        limits: ingest.Limits,
    ) -> Changed:
        """The changed lines of every document. Raises UsageError where git lacks an old file."""
        files, renamed = self.repository.files(), self.repository.renamed()
        modules = self.repository.modules()
        found: dict[str, Lines] = {}
        then: list[tuple[Document, str]] = []
        apart = 0
        for document in documents:
            path = self.prefix + document.path
            name = files.get(path) or files.get(renamed.get(path, ""))
            if path.startswith(modules):
                apart += 1
            elif name is None:
                found[document.path] = lines.whole(document.text)
            else:
                then.append((document, name))
        for batch in _batches(then):
            old = self.repository.read([name for _, name in batch])
            differing = [
                (document, raw)
                for (document, _), raw in zip(batch, old, strict=True)
                if hashlib.sha256(raw).hexdigest() != (document.sha256 or "").rpartition(":")[2]
            ]
            texts = _texts(differing, selection, limits)
            for (document, _), text in zip(differing, texts, strict=True):
                run = lines.whole(document.text)
                if text is not None:
                    run = lines.changed(text, document.text)
                if run.runs:
                    found[document.path] = run
        return Changed(self.name, self.repository.commit, found, apart)


def open_revision(name: str, paths: Sequence[str]) -> Revision:
    """The revision ``name`` of the repository around ``paths``.

    Raises UsageError outside of a repository and for a revision that is not there.
    """
    base = ingest.base_directory(paths).resolve()
    top = next((f for f in (base, *base.parents) if (f / ".git").exists()), None)
    if top is None:
        raise UsageError(
            f"--since {name}: {str(base)!r} is in no git repository.",
            hint="Name paths inside one repository, or compare with an earlier report: --baseline.",
        )
    return Revision(name, git.open_at(top, name), ingest.repository_prefix(paths))


def limited(findings: Sequence[Finding], changed: Changed) -> tuple[tuple[Finding, ...], Notice]:
    """The findings about changed lines, those of a baseline that are gone, and how many others."""
    kept = tuple(f for f in findings if f.baseline == "absent" or changed.holds(f))
    left = len(findings) - len(kept)
    count = sum(run.count for run in changed.lines.values())
    said = (
        f"Findings are limited to lines that changed since {changed.revision} "
        f"({changed.commit[:12]}): {_number(count, 'line')} of "
        f"{_number(len(changed.lines), 'document')}. The whole window was read; "
        f"{_number(left, 'finding')} in other lines {'is' if left == 1 else 'are'} left out. "
        "Hostile text is reported wherever it stands."
    )
    if changed.in_submodules:
        said += (
            f" {_number(changed.in_submodules, 'document')} in submodules have a history of their "
            "own and count as unchanged."
        )
    return kept, Notice(CODE, said)


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _batches(items: Sequence[tuple[Document, str]]) -> list[list[tuple[Document, str]]]:
    batches: list[list[tuple[Document, str]]] = [[]]
    held = 0
    for item in items:
        held += item[0].size_bytes
        if held > _BATCH_BYTES and batches[-1]:
            batches.append([])
            held = item[0].size_bytes
        batches[-1].append(item)
    return batches


def _texts(
    items: Sequence[tuple[Document, bytes]], selection: ingest.Selection, limits: ingest.Limits
) -> list[str | None]:
    """The text of each old file, read as its document was; None where it could not be read."""
    found: list[str | None] = [
        None if document.kind in READERS else decode.decode(raw, limit_bytes=limits.text_bytes).text
        for document, raw in items
    ]
    parsed = [at for at, (document, _) in enumerate(items) if document.kind in READERS]
    if not parsed:
        return found
    with tempfile.TemporaryDirectory(prefix="kimidoc-") as folder:
        # Each in a folder of its own: the name says what a file is, and no more is taken from it.
        for at in parsed:
            document, raw = items[at]
            place = Path(folder, str(at))
            place.mkdir()
            (place / document.path.rpartition("/")[2]).write_bytes(raw)
        everything = replace(selection, include=(), exclude=(), stdin_name=None)
        for old in ingest.read([folder], everything, limits):
            if old.status != "skipped":
                found[int(old.path.partition("/")[0])] = old.text
    return found
