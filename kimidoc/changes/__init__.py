"""What changed since a revision: which lines of which documents, and which findings stand there.

    git      git's objects read without running anything that a repository names
    lines    two texts -> the lines of the newer one that the older one does not have
    since    a revision and a window's documents -> their changed lines; findings limited to them

May import ``types``, ``errors`` and ``ingest``: an old version is read as the new one was, so that
a changed PDF or Word file is compared by the lines of its text.

git compares nothing here. ``git diff`` against a working tree runs the filters that the
repository's own configuration names (``filter.*.clean``, next to ``core.fsmonitor``,
``diff.external`` and ``diff.*.textconv``), and a repository under review is a document like any
other. Only objects are listed and read; what is compared with them was read for the window.

To compare by another version control system:

1. Write its ``<name>.py`` with what ``git.Repository`` offers (``commit``, ``files``, ``modules``,
   ``renamed``, ``read``).
2. Let ``since.open_revision`` choose it by the folder it finds.
3. Add a hostile configuration of it to ``tests/changes``.
"""

from kimidoc.changes.since import Changed, Revision, limited, open_revision

__all__ = ["Changed", "Revision", "limited", "open_revision"]
