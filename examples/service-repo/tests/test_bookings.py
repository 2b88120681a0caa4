import sqlite3

import pytest
from quayline import bookings, counters
from quayline.database import migrate


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    migrate(connection)
    connection.execute("INSERT INTO accounts (email, password) VALUES ('a@b.example', 'x')")
    connection.execute(
        "INSERT INTO crossings (departs, quay, seats_left) VALUES ('2026-07-01T09:00', 'North', 1)"
    )
    return connection


def test_a_seat_is_taken_once(connection):
    bookings.make(connection, 1, 1, "Odile Farrow", 650, "Q1")
    with pytest.raises(bookings.SoldOut):
        bookings.make(connection, 1, 1, "Basil Tench", 650, "Q2")


def test_search_finds_part_of_a_name(connection):
    bookings.make(connection, 1, 1, "Odile Farrow", 650, "Q1")
    assert [row["reference"] for row in bookings.search(connection, "Farr")] == ["Q1"]


def test_references_count_up(connection):
    assert counters.next_reference(connection) == "Q001001"
    assert counters.next_reference(connection) == "Q001002"
