"""One writer for each session name, among all processes of the machine. No torch here.

``<root>/.<name>.lock`` is held from the moment a process looks for what it could go on from until
what it read is in place, so that whoever waited for it finds a whole session and uses it:

    with lock.writing(root, name, on_wait=say):
        earlier = …            # looked for under the lock: what another process wrote counts
        …                      # read and write, or only map

Nothing is held while a session is only mapped. Where it is replaced or removed meanwhile, POSIX
keeps the mapped files alive for those who have them. Windows refuses to rename a folder whose files
are mapped: the writer gets a SessionError, the evictor and ``sessions rm`` leave the session whole.

The system lets go of a lock when its process ends, however it ends. The file stays, empty:
deleting it would let two waiters lock two files of one name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kimidoc.errors import SessionError

_GLANCE_S = 0.3  # others may hold it for an instant to see whether it is free: no waiting is said


def path_of(root: Path, name: str) -> Path:
    """The lock file of the session ``name``."""
    return root / f".{name}.lock"


@contextmanager
def writing(root: Path, name: str, on_wait: Callable[[], object] = lambda: None) -> Iterator[bool]:
    """Be the only writer of ``name``; yields whether another one had to be waited for.

    ``on_wait`` is called once if there is another, before waiting as long as it takes. It is not
    reentrant. Raises SessionError when the lock cannot be made.
    """
    lock, waited = _lock(root, name), False
    try:
        lock.acquire(timeout=_GLANCE_S)
    except Timeout:
        waited = True
        on_wait()
        lock.acquire()
    except OSError as reason:
        raise _refused(root, reason) from reason
    try:
        yield waited
    finally:
        lock.release()


@contextmanager
def attempt(root: Path, name: str) -> Iterator[bool]:
    """Be the only writer of ``name`` if nobody is; yields whether that is so. Never waits."""
    lock = _lock(root, name)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    except OSError as reason:
        raise _refused(root, reason) from reason
    try:
        yield True
    finally:
        lock.release()


def held(root: Path, name: str) -> bool:
    """Whether a process, this one included, is writing the session ``name`` at this moment."""
    if not path_of(root, name).exists():
        return False
    with attempt(root, name) as free:
        return not free


def _lock(root: Path, name: str) -> FileLock:
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise _refused(root, reason) from reason
    return FileLock(path_of(root, name))


def _refused(root: Path, reason: OSError) -> SessionError:
    return SessionError(
        f"no session can be written in {root}: {reason.strerror or reason}",
        hint="check the folder's permissions, set KIMIDOC_CACHE_DIR, or use `--session none`",
    )
