"""One SQLite connection per request, and the migrations."""

import sqlite3
import sys

from flask import g

from quayline.settings import DATABASE, ROOT


def connect(path: str = DATABASE) -> sqlite3.Connection:
    """A connection with rows by name and foreign keys on."""
    connection = sqlite3.connect(path, timeout=10)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def current() -> sqlite3.Connection:
    """The connection of this request."""
    if "connection" not in g:
        g.connection = connect()
    return g.connection


def close(_error: BaseException | None = None) -> None:
    """Close the connection of this request, if it opened one."""
    connection = g.pop("connection", None)
    if connection is not None:
        connection.close()


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the migrations that have not been applied yet."""
    applied = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, path in enumerate(sorted((ROOT / "migrations").glob("*.sql")), 1):
        if number > applied:
            connection.executescript(path.read_text(encoding="utf-8"))
            connection.execute(f"PRAGMA user_version = {number:d}")
    connection.commit()


if __name__ == "__main__" and sys.argv[1:] == ["migrate"]:
    migrate(connect())
