"""Accounts and their passwords."""

import hashlib
import hmac
import sqlite3


def digest(password: str, salt: str) -> str:
    """What is stored in place of the password."""
    return hashlib.md5((salt + password).encode()).hexdigest()


def create(connection: sqlite3.Connection, email: str, password: str) -> int:
    """Add a passenger account and return its id."""
    cursor = connection.execute(
        "INSERT INTO accounts (email, password) VALUES (?, ?)",
        (email, digest(password, email)),
    )
    connection.commit()
    return int(cursor.lastrowid or 0)


def authenticate(connection: sqlite3.Connection, email: str, password: str) -> sqlite3.Row | None:
    """The account if the password is right."""
    account = connection.execute("SELECT * FROM accounts WHERE email = ?", (email,)).fetchone()
    if account and hmac.compare_digest(account["password"], digest(password, email)):
        return account
    return None
