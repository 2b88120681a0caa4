"""git's objects, read without running anything that a repository or its surroundings name.

Every call is a list of arguments. Hooks and the file system monitor are off, no transport is
allowed (a partial clone would fetch what it lacks through a command of its configuration), and the
``GIT_*`` variables of a hook or a shell do not reach it. ``ls-tree``, ``rev-parse``, ``cat-file``
and ``diff-index --cached`` look at objects and the index only, so no clean filter, text conversion
or external diff has anything to run on; the options that forbid those are given all the same.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kimidoc.errors import UsageError

_SAFE = (
    "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never",
    "-c", "safe.bareRepository=explicit", "--no-pager", "--literal-pathspecs",
)  # fmt: skip
_NO_RENDERING = ("--no-ext-diff", "--no-textconv")
_QUIET = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
}
TIMEOUT_S = 300
_SIMILAR = "-M50%"


@dataclass(frozen=True)
class Repository:
    """A repository at one revision. Paths are as git has them, from its top, in the file system's
    encoding."""

    top: Path
    commit: str

    def files(self) -> dict[str, str]:
        """Every file of the revision -> its object; links and submodules are no files."""
        files = (entry for entry in self._tree if entry[1] == "blob" and entry[0] != "120000")
        return {path: name for _, _, name, path in files}

    def modules(self) -> tuple[str, ...]:
        """The folders of submodules, each with its slash."""
        return tuple(path + "/" for mode, _, _, path in self._tree if mode == "160000")

    @cached_property
    def _tree(self) -> list[tuple[str, str, str, str]]:
        """All that the revision holds: (mode, kind, object, path)."""
        found = []
        for entry in self._listed("ls-tree", "-r", "-z", "--full-tree", self.commit):
            facts, _, path = entry.partition("\t")
            mode, kind, name = facts.split(" ")
            found.append((mode, kind, name, path))
        return found

    def renamed(self) -> dict[str, str]:
        """Files that the index has under another name -> their name at the revision."""
        told = list(
            self._listed(
                "diff-index", "--cached", "-r", "-z", _SIMILAR, "--diff-filter=R", *_NO_RENDERING,
                self.commit,
            )
        )  # fmt: skip
        # Three fields each: ":mode mode object object R087", the old name, the new one.
        return {told[at + 2]: told[at + 1] for at in range(0, len(told) - 2, 3)}

    def read(self, names: Sequence[str]) -> Iterator[bytes]:
        """The content of each object, in order. Raises UsageError where one is missing."""
        if not names:
            return
        wanted = "".join(f"{name}\n" for name in names).encode()
        out = _run(self.top, "cat-file", "--batch", stdin=wanted)
        at = 0
        for name in names:
            end = out.index(b"\n", at)
            told = out[at:end].split(b" ")
            if len(told) != 3 or told[1] != b"blob":
                raise UsageError(
                    f"The repository lacks {name[:12]}, a file of the earlier revision.",
                    hint="Fetch it whole: git fetch --unshallow --no-filter.",
                )
            at = end + 1 + int(told[2])
            yield out[end + 1 : at]
            at += 1

    def _listed(self, *arguments: str) -> Iterator[str]:
        for entry in _run(self.top, *arguments).split(b"\0"):
            if entry:
                yield os.fsdecode(entry)


def open_at(top: Path, revision: str) -> Repository:
    """The repository whose top folder is ``top``, at ``revision``, as git names commits.

    Raises UsageError for a revision it does not have, and where git is missing or refuses.
    """
    if _run(top, "rev-parse", "--show-prefix").strip():
        raise UsageError(
            f"{str(top / '.git')!r} is no repository that git can read.",
            hint="`git status` there says why.",
        )
    named = ("--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    told = _run(top, "rev-parse", *named, may_fail=True)
    if not told.strip():
        raise UsageError(
            f"There is no revision {revision!r} in {str(top)!r}.",
            hint="`git log --oneline` lists those that are there; a shallow clone lacks the others "
            "(actions/checkout: fetch-depth: 0).",
        )
    return Repository(top, told.decode("ascii").split("\n")[0])


def _run(top: Path, *arguments: str, stdin: bytes = b"", may_fail: bool = False) -> bytes:
    """What git prints. Raises UsageError when it is missing, refuses or takes too long."""
    around = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *_SAFE, "-C", str(top), *arguments],
            input=stdin,
            capture_output=True,
            env=around | _QUIET,
            timeout=TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError:
        raise UsageError(
            "git is not installed, and --since asks it.", hint="Install git, or leave --since out."
        ) from None
    except (OSError, subprocess.TimeoutExpired) as reason:
        raise UsageError(
            f"git {arguments[0]} could not be run ({reason}).", hint="Run it by hand to see why."
        ) from None
    if done.returncode and not may_fail:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[:300]
        raise UsageError(
            f"git {arguments[0]} ended with {done.returncode}: {said}",
            hint="Where git calls the ownership dubious: git config --global --add safe.directory "
            f"{top}.",
        )
    return done.stdout
