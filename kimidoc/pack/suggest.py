"""What to leave out when the documents do not fit the budget."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath

from kimidoc.errors import BudgetError
from kimidoc.pack.render import printable

_LISTED = 5


def over_budget(costs: Mapping[str, int], total: int, budget: int) -> BudgetError:
    """The error that names the largest documents and what would make the rest fit.

    ``costs``: tokens of every document, by path. ``total``: tokens of the whole window.
    """
    largest = sorted(costs.items(), key=lambda item: (-item[1], item[0]))[:_LISTED]
    listing = "\n".join(f"  {tokens:>12,} tokens  {printable(path)}" for path, tokens in largest)
    ways = [f"--budget {total} if the model reads that much"]
    globs = excludes(costs, total - budget)
    if globs:
        left = total - _removed(costs, globs)
        options = " ".join(f"--exclude {shlex.quote(glob)}" for glob in globs)
        ways.insert(0, f"{options} (leaves {left:,} tokens)")
    if min(costs.values()) <= budget - (total - sum(costs.values())):
        ways.append("--overflow drop-largest")
    head = "The largest documents are" if len(costs) > 1 else "The only document is"
    return BudgetError(
        f"The window has {total:,} tokens and the budget is {budget:,}.",
        hint=f"{head}\n{listing}\nUse one of\n" + "\n".join(f"  {way}" for way in ways),
    )


def nothing_fits(costs: Mapping[str, int], around: int, budget: int) -> BudgetError:
    """The error for an overflow policy that leaves no document. ``around``: preamble tokens."""
    path, tokens = min(costs.items(), key=lambda item: (item[1], item[0]))
    return BudgetError(
        f"No document is left within the budget of {budget:,} tokens.",
        hint=f"Raise --budget to {around + tokens} or more: that is what the smallest document, "
        f"{printable(path)}, needs.",
    )


def excludes(costs: Mapping[str, int], over: int) -> tuple[str, ...]:
    """At most five globs that together remove at least ``over`` tokens and leave a document.

    Each step takes the cheapest document or folder that is enough, or else the dearest there is.
    Empty when there is no such choice.
    """
    groups = _groups(costs)
    chosen: list[str] = []
    gone: set[str] = set()
    while over > 0 and len(chosen) < _LISTED:
        gains = {
            glob: sum(costs[path] for path in left)
            for glob, paths in groups.items()
            if (left := paths - gone) and len(left) + len(gone) < len(costs)
        }
        if not gains:
            return ()
        enough = [glob for glob, gain in gains.items() if gain >= over]
        # Among equals the narrower glob: fewer documents, a document rather than its folder.
        best = min(
            enough or gains,
            key=lambda g: (gains[g] if enough else -gains[g], len(groups[g]), g.endswith("/**"), g),
        )
        chosen = [glob for glob in chosen if not groups[glob] <= groups[best]] + [best]
        gone |= groups[best]
        over -= gains[best]
    return tuple(sorted(chosen)) if over <= 0 else ()


def _groups(costs: Mapping[str, int]) -> dict[str, frozenset[str]]:
    """Every glob that may be suggested, with the paths it removes.

    Globs are read as in .gitignore: one without a slash holds at every depth, for folders too.
    """
    groups: dict[str, set[str]] = {_glob(path): {path} for path in costs}
    unshown = {(path, False) for path in costs if not path.isprintable()}
    for path in costs:
        pure = PurePosixPath(path)
        for folder in pure.parents:
            if folder.name:
                groups.setdefault(f"{_glob(str(folder))}/**", set()).add(path)
                if not str(folder).isprintable():
                    unshown.add((str(folder), True))
        for part in pure.parts:
            if _glob(part) in groups:
                groups[_glob(part)].add(path)
    for name, is_folder in unshown:
        glob = f"{_glob(name)}/**" if is_folder else _glob(name)
        groups[glob].update(path for path in costs if _matches(name, is_folder, path))
    return {glob: frozenset(paths) for glob, paths in groups.items()}


def _removed(costs: Mapping[str, int], globs: tuple[str, ...]) -> int:
    groups = _groups(costs)
    return sum(costs[path] for path in frozenset().union(*(groups[glob] for glob in globs)))


def _glob(path: str) -> str:
    """A glob for exactly this path, except that what a terminal cannot show becomes a star."""
    shown = "".join(c if c.isprintable() else "\0" for c in path)
    escaped = re.sub(r"[*?\[\\]|^[!#]| $", r"\\\g<0>", shown)
    return re.sub("\0+", "*", escaped)


def _matches(name: str, folder: bool, path: str) -> bool:
    """Does the glob of ``name``, which has stars for what cannot be shown, remove ``path``?"""
    shown = "".join(c if c.isprintable() else "\0" for c in name)
    body = "[^/]*".join(map(re.escape, re.split("\0+", shown)))
    anywhere = "" if folder or "/" in name else "(?:.*/)?"
    below = "/.*" if folder else "(?:/.*)?"
    return re.fullmatch(anywhere + body + below, path, re.DOTALL) is not None
