"""Results to stdout, everything else to stderr; colour per stream; progress.

Whatever is written to stderr may hold names taken from documents, so control characters are shown
as escapes there. stdout gets the bytes of a report as they are, in UTF-8 and without newline
translation when it is a file or a pipe, and in the terminal's own encoding when it is one.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from typing import TextIO

from kimidoc.cli.progress import Progress
from kimidoc.config import Environment

# C0 and C1 controls, bidirectional overrides, and halves of surrogate pairs.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_STYLES = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "note": "\x1b[2m"}
_RESET = "\x1b[0m"


def printable(text: str) -> str:
    """``text`` with every character that could steer a terminal shown as an escape."""
    return _UNPRINTABLE.sub(lambda m: m[0].encode("unicode_escape").decode("ascii"), text)


def utf8(text: str) -> bytes:
    """UTF-8, with halves of surrogate pairs as U+FFFD: one character stays one character."""
    return _SURROGATES.sub("\ufffd", text).encode("utf-8")


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


class Streams:
    """Where a command's words go. ``settle`` is called once the settings are known."""

    def __init__(self, out: TextIO, err: TextIO, surroundings: Environment) -> None:
        self.out, self.err, self.surroundings = out, err, surroundings
        self.quiet = self.debug = False
        self._color = "auto"
        self._transient = False  # the last line on stderr is a status that the next one replaces
        self.progress = Progress(self)

    def settle(self, *, quiet: bool, color: str, debug: bool) -> None:
        """Apply the settings that concern the streams."""
        self.quiet, self._color = quiet, color
        self.debug = self.debug or debug

    def colored(self, stream: TextIO) -> bool:
        """Whether ``stream`` gets colour: flags, then variables, then whether it is a terminal."""
        if self._color != "auto":
            return self._color == "always"
        if self.surroundings.no_color:
            return False
        if self.surroundings.force_color:
            return True
        return _is_terminal(stream) and not self.surroundings.dumb

    @property
    def animated(self) -> bool:
        """Whether stderr may be rewritten in place."""
        around = self.surroundings
        plain = around.ci or around.github_actions or around.dumb
        return _is_terminal(self.err) and not plain

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to be asked."""
        return _is_terminal(sys.stdin) and _is_terminal(self.err)

    @property
    def on_screen(self) -> bool:
        """Whether stdout is a terminal, so that what is written there is seen at once."""
        return _is_terminal(self.out)

    def width(self) -> int:
        """Columns of the terminal; COLUMNS wins, 80 when there is none."""
        return self.surroundings.columns or shutil.get_terminal_size((80, 24)).columns

    def result(self, text: str, newline: bool = True) -> None:
        """Write to stdout; a reader that has gone is no error."""
        if newline and not text.endswith("\n"):
            text += "\n"
        self.clear()
        try:
            if _is_terminal(self.out) or not hasattr(self.out, "buffer"):
                encoding = self.out.encoding or "utf-8"
                self.out.write(text.encode(encoding, "replace").decode(encoding))
            else:
                self.out.flush()
                self.out.buffer.write(utf8(text))
            self.out.flush()
        except BrokenPipeError:
            self.abandon_stdout()

    def note(self, text: str) -> None:
        """Something worth knowing, not with --quiet."""
        if not self.quiet:
            self._line("note", "", text)

    def warning(self, text: str) -> None:
        """Something that may make the result other than the user thinks."""
        self._line("warning", "warning: ", text)

    def error(self, text: str, hint: str | None) -> None:
        """Why the command ends, and what to do next."""
        self._line("error", "kimidoc: error: ", text)
        if hint:
            self._line("note", "  hint: ", hint)

    def plain(self, text: str) -> None:
        """Lines for stderr as they are, but for control characters."""
        self._write(printable(text).rstrip("\n") + "\n")

    def greet(self, text: str) -> None:
        """The first sign of life, before anything heavy is imported."""
        if self.animated:
            self.status(f"{text} …" if self.unicode else f"{text} ...")
        else:
            self.note(text)

    def status(self, line: str) -> None:
        """One line that the next one replaces; only where ``animated``."""
        self._write(f"\r{printable(line)}\x1b[K")
        self._transient = True

    def clear(self) -> None:
        """Take a status line away."""
        if self._transient:
            self._transient = False
            self._write("\r\x1b[K")

    @property
    def unicode(self) -> bool:
        """Whether stderr can show what is not ASCII."""
        return "utf" in (self.err.encoding or "").lower()

    def close(self) -> None:
        """Flush both streams, so that nothing is left to fail when the interpreter ends."""
        self.clear()
        try:
            self.out.flush()
        except BrokenPipeError:
            self.abandon_stdout()
        except (OSError, ValueError):
            pass  # already told, or nowhere to tell it

    def abandon_stdout(self) -> None:
        """stdout's reader has gone: let what is still written vanish, without a traceback."""
        _to_nowhere(self.out)

    def _line(self, style: str, label: str, text: str) -> None:
        self.clear()
        body = printable(text)
        if self.colored(self.err):
            whole = style == "note"
            start = _STYLES[style]
            line = f"{start}{label}{body}{_RESET}" if whole else f"{start}{label}{_RESET}{body}"
        else:
            line = label + body
        self._write(line + "\n")

    def _write(self, text: str) -> None:
        encoding = self.err.encoding or "utf-8"
        try:
            self.err.write(text.encode(encoding, "backslashreplace").decode(encoding))
            self.err.flush()
        except BrokenPipeError:
            _to_nowhere(self.err)
        except ValueError:
            pass  # closed: there is nobody to tell


def _to_nowhere(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        pass  # not a file: nothing will be flushed to it
    finally:
        os.close(nowhere)
