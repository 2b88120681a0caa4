"""Which report goes where, checked before the run and written after it.

The main report goes to stdout or ``-o``; every ``--json FILE`` and its like is written beside it.
A file of ours inside the analysed tree is never read as a document, and no document is ever
overwritten. Files appear whole or not at all.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kimidoc import __version__
from kimidoc.cli.options import Reports
from kimidoc.cli.streams import Streams, utf8
from kimidoc.errors import UsageError
from kimidoc.report import FORMATS
from kimidoc.types import Report

STDOUT = "-"
MAIN = "terminal"


@dataclass(frozen=True, slots=True)
class Target:
    """One report: its format, and a file or ``-``."""

    format: str
    where: str


def plan(
    reports: Reports, paths: Sequence[str], *, default: str | None, origin: str
) -> tuple[Target, ...]:
    """Every report to be written, stdout's last.

    ``default`` is the setting, ``origin`` where it comes from. Raises UsageError for an unknown
    format, a folder that is not there, two reports in one place, or a document as the target.
    """
    if default is not None and default not in FORMATS:
        raise UsageError(
            f"{origin}: there is no format {default!r}.", hint=f"Formats: {', '.join(FORMATS)}."
        )
    extra = [
        Target(name, where)
        for name in FORMATS
        if (where := getattr(reports, name, None)) is not None
    ]
    targets = list(extra)
    if reports.output not in (None, STDOUT):
        assert reports.output is not None
        chosen = reports.format or _by_suffix(reports.output) or default
        targets.append(Target(chosen or _no_format(reports.output), reports.output))
    elif reports.output == STDOUT or not any(t.where == STDOUT for t in extra):
        targets.append(Target(default or MAIN, STDOUT))
    elif reports.format is not None:
        raise UsageError(
            "Two reports are meant for stdout.", hint="Give one of them a file, with -o FILE."
        )
    _apart(targets)
    for target in targets:
        if target.where != STDOUT:
            _check(Path(target.where), paths)
    return tuple(sorted(targets, key=lambda t: t.where == STDOUT))


def _by_suffix(name: str) -> str | None:
    suffix = Path(name).suffix.lower()
    return next((f.name for f in FORMATS.values() if f.suffix == suffix), None)


def _no_format(name: str) -> str:
    if not Path(name).suffix:
        return MAIN  # a pipe, a device, a file that says nothing: as on a terminal
    raise UsageError(
        f"{name!r} does not say in which format to write.",
        hint=f"Add --format {'|'.join(FORMATS)}.",
    )


def _apart(targets: Sequence[Target]) -> None:
    seen: dict[str, Target] = {}
    for target in targets:
        key = target.where if target.where == STDOUT else str(Path(target.where).resolve())
        if key in seen:
            place = "stdout" if key == STDOUT else repr(target.where)
            raise UsageError(
                f"Two reports are meant for {place}: {seen[key].format} and {target.format}.",
                hint="Give each of them its own file.",
            )
        seen[key] = target


def _check(file: Path, paths: Sequence[str]) -> None:
    if file.is_dir():
        raise UsageError(
            f"{str(file)!r} is a folder.", hint=f"Name a file in it: {file / 'report.html'}."
        )
    if not file.parent.is_dir():
        raise UsageError(
            f"There is no folder {str(file.parent)!r} to write {file.name!r} into.",
            hint=f"Create it first: mkdir -p {file.parent}.",
        )
    if file.is_file() and _holds_a_document(file, paths):
        raise UsageError(
            f"{str(file)!r} would be overwritten, and it is among what is to be read.",
            hint="Write the report to another file.",
        )


def _holds_a_document(file: Path, paths: Sequence[str]) -> bool:
    real = file.resolve()
    roots = [Path(path).resolve() for path in paths if path != STDOUT]
    if real in roots:
        return True
    if not any(real.is_relative_to(root) for root in roots):
        return False
    from kimidoc.ingest import reports as earlier

    with real.open("rb") as opened:
        head = opened.read(earlier.HEAD_BYTES)
    return bool(head) and not earlier.written_by_kimidoc(head)


def own_files(targets: Sequence[Target], base: Path) -> tuple[str, ...]:
    """Globs of reports, to be written and given, that are no documents under ``base``."""
    found = []
    for target in targets:
        real = Path(target.where).resolve()
        if target.where != STDOUT and real.is_relative_to(base.resolve()):
            found.append("/" + _literally(real.relative_to(base.resolve()).as_posix()))
    return tuple(found)


def _literally(path: str) -> str:
    return "".join("\\" + c if c in "*?[]!#\\ " else c for c in path)


def headed(text: str) -> str:
    """A table for a terminal, as it stands in a file: a later run knows it by its first line."""
    return f"Report    kimidoc {__version__}\n\n{text}"


def write(report: Report, targets: Sequence[Target], streams: Streams) -> None:
    """Write every report; stdout comes last, so that it is the last thing seen."""
    for target in targets:
        if target.where == STDOUT:
            streams.result(_render(report, target.format, streams))
            continue
        replace_file(Path(target.where), utf8(_render(report, target.format, None)))
        streams.note(f"{target.format} report: {target.where}")
    summary = streams.surroundings.github_step_summary
    if summary is not None and any(target.format == "github" for target in targets):
        _summarise(report, summary, streams)


def _summarise(report: Report, file: Path, streams: Streams) -> None:
    """Append to the page of a workflow's step, as far as GitHub leaves room there."""
    from kimidoc.report import github

    try:
        with file.open("ab") as opened:
            opened.write(utf8(github.summary(report, github.SUMMARY_BYTES - opened.tell())))
    except OSError as reason:
        streams.warning(f"no step summary: {file} cannot be written ({reason.strerror})")


def _render(report: Report, name: str, streams: Streams | None) -> str:
    if name == MAIN:
        from kimidoc.report import terminal

        if streams is None:
            return terminal.render(report, width=100, color=False)
        return terminal.render(report, width=streams.width(), color=streams.colored(streams.out))
    return FORMATS[name].render(report)


def replace_file(file: Path, data: bytes) -> None:
    """Write ``file`` whole or not at all; a device or a pipe is written to as it is.

    Raises OSError that names ``file``, and not the one beside it that takes its place.
    """
    try:
        _replace(file, data)
    except OSError as reason:
        raise OSError(reason.errno, reason.strerror, str(file)) from reason


def _replace(file: Path, data: bytes) -> None:
    if file.exists() and not file.is_file():
        file.write_bytes(data)
        return
    real = file.resolve()  # a link stays a link
    handle, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        os.chmod(name, real.stat().st_mode & 0o777 if real.exists() else 0o666 & ~_umask())
        os.replace(name, real)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
