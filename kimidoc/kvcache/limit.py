"""The room that sessions may take: beyond it, those not used for longest go, each one whole.

Two things never go: the session that was just written and one that a process is writing. A reading
that was interrupted takes part in the order like a session, and goes first once nobody has gone on
with it for seven days. No torch here.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kimidoc.errors import SessionError
from kimidoc.kvcache import session
from kimidoc.kvcache.session import SessionInfo
from kimidoc.types import Notice

MOST_BYTES = 20 * 2**30
MOST_OF_DISK = 0.2
STALE_S = 7 * 24 * 3600


def default(root: Path) -> int:
    """The limit where none is set: 20 GiB, or a fifth of the disk's size if that is less."""
    for place in (root, *root.parents):
        try:
            return min(MOST_BYTES, int(shutil.disk_usage(place).total * MOST_OF_DISK))
        except FileNotFoundError:
            continue
        except OSError:  # a disk that does not say how large it is
            break
    return MOST_BYTES


@dataclass(frozen=True, slots=True)
class Evicted:
    """What was removed for the limit, and how much the rest takes."""

    removed: tuple[SessionInfo, ...]
    left_bytes: int
    limit_bytes: int

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the user should be told; nothing where everything fits and nothing went."""
        over = self.left_bytes > self.limit_bytes
        if not self.removed and not over:
            return ()
        said = f"Sessions may take {in_gb(self.limit_bytes)} of disk (sessions_limit_bytes)"
        if self.removed:
            gone = ", ".join(
                f"{s.id} ({in_gb(s.bytes)}, used {_day(s.used)})" for s in self.removed
            )
            said += f"; removed, because not used for longest: {gone}"
        if over:
            said += f"; those in use take {in_gb(self.left_bytes)}"
        return (Notice("sessions-limit", said + "."),)


def evict(root: Path, limit_bytes: int | None, keep: str, now: float | None = None) -> Evicted:
    """Remove sessions under ``root`` until the rest fits in ``limit_bytes`` (None: ``default``).

    ``keep``: the session in use. ``now``: seconds since the epoch.
    """
    limit = default(root) if limit_bytes is None else limit_bytes
    oldest = (time.time() if now is None else now) - STALE_S
    everything = session.kept(root)
    left = sum(s.bytes for s in everything)
    removed = []
    for each in sorted(
        everything, key=lambda s: (s.state != "unfinished" or s.used > oldest, s.used)
    ):
        if left <= limit:
            break
        if each.id == keep:
            continue
        try:
            session.remove(each)
        except SessionError:  # in use: the next one goes
            continue
        left -= each.bytes
        removed.append(each)
    return Evicted(tuple(removed), left, limit)


def in_gb(count_bytes: int) -> str:
    """A number of bytes as a message says it: ``3.2 GB``, ``4.1 MB``."""
    return f"{count_bytes / 1e9:,.1f} GB" if count_bytes >= 1e8 else f"{count_bytes / 1e6:,.1f} MB"


def _day(used: float) -> str:
    return datetime.fromtimestamp(used, UTC).strftime("%Y-%m-%d")
