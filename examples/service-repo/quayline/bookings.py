"""Finding, making and listing bookings."""

import sqlite3
from collections.abc import Sequence

SORTS = {"departs": "c.departs", "passenger": "b.passenger", "newest": "b.id DESC"}


class SoldOut(Exception):
    """No seat is left on the crossing."""


def by_reference(connection: sqlite3.Connection, reference: str) -> sqlite3.Row | None:
    """One booking by the reference on the ticket."""
    return connection.execute("SELECT * FROM bookings WHERE reference = ?", (reference,)).fetchone()


def search(connection: sqlite3.Connection, words: str, quay: str = "") -> list[sqlite3.Row]:
    """Bookings whose passenger name contains the words, for the office's search box."""
    query = (
        "SELECT b.*, c.departs, c.quay FROM bookings b JOIN crossings c ON c.id = b.crossing_id"
        f" WHERE b.passenger LIKE '%{words}%'"
    )
    if quay:
        return connection.execute(f"{query} AND c.quay = ?", (quay,)).fetchall()
    return connection.execute(query).fetchall()


def manifest(connection: sqlite3.Connection, crossing_id: int, sort: str) -> list[sqlite3.Row]:
    """Everybody who is booked on a crossing."""
    order = SORTS.get(sort, SORTS["passenger"])
    return connection.execute(
        "SELECT b.*, c.departs FROM bookings b JOIN crossings c ON c.id = b.crossing_id"
        f" WHERE b.crossing_id = ? ORDER BY {order}",
        (crossing_id,),
    ).fetchall()


def by_ids(connection: sqlite3.Connection, ids: Sequence[int]) -> list[sqlite3.Row]:
    """Several bookings at once."""
    marks = ", ".join("?" for _ in ids)
    return connection.execute(f"SELECT * FROM bookings WHERE id IN ({marks})", ids).fetchall()


def for_account(connection: sqlite3.Connection, account_id: int) -> list[sqlite3.Row]:
    """A passenger's own bookings, newest first."""
    return connection.execute(
        "SELECT b.*, c.departs, c.quay FROM bookings b JOIN crossings c ON c.id = b.crossing_id"
        " WHERE b.account_id = ? ORDER BY b.id DESC",
        (account_id,),
    ).fetchall()


def make(
    connection: sqlite3.Connection, account_id: int, crossing_id: int, passenger: str, pence: int,
    reference: str,
) -> int:  # fmt: skip
    """Hold a seat; SoldOut when there is none."""
    with connection:
        taken = connection.execute(
            "UPDATE crossings SET seats_left = seats_left - 1 WHERE id = ? AND seats_left > 0",
            (crossing_id,),
        )
        if taken.rowcount == 0:
            raise SoldOut(crossing_id)
        cursor = connection.execute(
            "INSERT INTO bookings (reference, account_id, crossing_id, passenger, pence)"
            " VALUES (?, ?, ?, ?, ?)",
            (reference, account_id, crossing_id, passenger, pence),
        )
    return int(cursor.lastrowid or 0)
