"""The process: it starts the program and is the only place that turns errors into exit codes.

    0    finished, nothing at or above --fail-on
    1    findings at or above --fail-on
    2    usage, configuration or run-time failure
    3    the budget or the coverage gate failed
    4    the citation gate failed
    130  interrupted

Only the standard library and ``streams`` are imported before the first sign of life.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from kimidoc import __version__, config
from kimidoc.cli.streams import Streams
from kimidoc.errors import KimidocError

SLOW_COMMANDS = ("analyze", "ask", "chat", "novelty", "pack", "plan", "bench")
INTERRUPTED = 130


def program() -> int:
    """The process's command line, as ``main`` runs it, and then nothing but the end."""
    code = main()
    gc.freeze()  # the interpreter would look through all of torch for garbage, for over a second
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Before torch is imported: threads that wait do not burn the cores that others need.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    streams = Streams(sys.stdout, sys.stderr, config.environment())
    streams.debug = "--debug" in given or config.says_yes("KIMIDOC_DEBUG")
    quiet = {"--quiet", "-q", "--help", "-h"} & set(given) or config.says_yes("KIMIDOC_QUIET")
    try:
        if given and given[0] in SLOW_COMMANDS and not quiet:
            streams.greet(f"kimidoc {__version__}")
        from kimidoc.cli.app import run

        code = run(given, streams)
    except KeyboardInterrupt:
        code = _interrupted(streams)
    except BrokenPipeError:  # whoever read our output has gone: nothing is left to be said
        streams.abandon_stdout()
        code = 0
    except KimidocError as error:
        code = _told(streams, error)
    except OSError as error:
        code = _told(streams, _from_system(error), error)
    except MemoryError as error:
        code = _told(streams, _out_of_memory(), error)
    except Exception as error:  # the boundary of the process
        code = _crashed(streams, error, given)
    streams.close()
    return code


def _told(streams: Streams, error: KimidocError, cause: BaseException | None = None) -> int:
    streams.error(error.message, error.hint)
    if streams.debug:
        streams.plain("".join(traceback.format_exception(cause or error)))
    return error.exit_code


def _interrupted(streams: Streams) -> int:
    streams.error("interrupted", None)
    return INTERRUPTED


def _from_system(error: OSError) -> KimidocError:
    """What the operating system refused, with a next step."""
    hints = {
        errno.ENOSPC: "free some space, or put the cache elsewhere with KIMIDOC_CACHE_DIR",
        errno.EDQUOT: "free some of your quota, or set KIMIDOC_CACHE_DIR to another disk",
        errno.EACCES: "check who may read and write it",
        errno.EPERM: "check who may read and write it",
        errno.EROFS: "write elsewhere: -o FILE, or KIMIDOC_CACHE_DIR for the cache",
        errno.EMFILE: "raise the limit on open files (ulimit -n)",
        errno.ENOMEM: "close other programs, or read fewer documents",
    }
    where = f": {error.filename}" if error.filename else ""
    reason = error.strerror or type(error).__name__
    hint = hints.get(error.errno or 0, "run again with --debug to see where it happened")
    return KimidocError(f"the system refused: {reason}{where}", hint=hint)


def _out_of_memory() -> KimidocError:
    return KimidocError(
        "out of memory", hint="read fewer documents (--exclude GLOB, a smaller --budget)"
    )


def _crashed(streams: Streams, error: Exception, given: Sequence[str]) -> int:
    """Our own mistake: one line for the user, the traceback in a file."""
    trace = "".join(traceback.format_exception(error))
    streams.error(
        f"internal error: {type(error).__name__}: {error}"[:400],
        "this is a mistake in kimidoc, not yours; please report it with "
        + (f"the file {kept}" if (kept := _keep(trace, given)) else "the output of --debug"),
    )
    if streams.debug:
        streams.plain(trace)
    return 2


def _keep(trace: str, given: Sequence[str]) -> Path | None:
    """Write a crash report where the settings say; None when even that is impossible."""
    try:
        folder = config.load(config="none").settings.state_dir
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"crash-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.txt"
        facts = f"kimidoc {__version__}, Python {sys.version}, {sys.platform}\n{given!r}\n\n"
        file.write_text(facts + trace, encoding="utf-8", errors="backslashreplace")
    except (KimidocError, OSError):
        return None
    return file
