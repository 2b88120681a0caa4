"""What can go wrong for a user, and the exit code of each.

    KimidocError (2)          anything a user can mend; carries a next step
    ├── UsageError (2)        a wrong argument, an unknown name, a path that is not there
    ├── ConfigError (2)       a settings, questions, baseline or playbook file that cannot be used
    ├── ModelError (2)        no model, a damaged one, one that cannot be fetched or loaded
    ├── SessionError (2)      a session that cannot be written, read or found
    ├── EngineError (2)       the run itself failed: a remote answer, memory, an unsupported family
    ├── BudgetError (3)       the window does not fit its token budget
    ├── CoverageError (3)     less was read than the user's gate demands
    └── CitationError (4)     fewer claims were verified than the user's gate demands

``message`` says what is wrong, ``hint`` what to do next: one sentence each. Our own mistakes are
assertions, never one of these. Only ``cli/main.py`` turns an error into an exit code.
"""

from __future__ import annotations

from typing import ClassVar


class KimidocError(Exception):
    """A mistake or circumstance the user can mend."""

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(KimidocError):
    """A wrong argument, an unknown name, or a path that is not there."""


class ConfigError(KimidocError):
    """A settings, questions, baseline or playbook file that cannot be used."""


class ModelError(KimidocError):
    """A model that is missing, damaged, not fetchable or not loadable."""


class SessionError(KimidocError):
    """A session that cannot be written, read or found."""


class EngineError(KimidocError):
    """The run itself failed."""


class BudgetError(KimidocError):
    """The window does not fit its token budget."""

    exit_code = 3


class CoverageError(KimidocError):
    """Less was read than the coverage gate demands."""

    exit_code = 3


class CitationError(KimidocError):
    """Fewer claims were verified than the citation gate demands."""

    exit_code = 4
