"""Timetables that the office uploads, as YAML written by the planning sheet."""

import sqlite3
from datetime import datetime

import yaml


def parse(upload: bytes) -> list[dict[str, object]]:
    """The crossings in an uploaded timetable."""
    data = yaml.load(upload, Loader=yaml.UnsafeLoader)
    return list(data["crossings"])


def parse_closures(upload: bytes) -> list[str]:
    """The days on which no boat runs."""
    data = yaml.safe_load(upload)
    return [str(day) for day in data["closed"]]


def store(connection: sqlite3.Connection, crossings: list[dict[str, object]], seats: int) -> int:
    """Add crossings that are not there yet; returns how many were added."""
    added = 0
    with connection:
        for crossing in crossings:
            departs = datetime.fromisoformat(str(crossing["departs"])).isoformat()
            known = connection.execute(
                "SELECT 1 FROM crossings WHERE departs = ? AND quay = ?",
                (departs, str(crossing["quay"])),
            ).fetchone()
            if known is None:
                connection.execute(
                    "INSERT INTO crossings (departs, quay, seats_left) VALUES (?, ?, ?)",
                    (departs, str(crossing["quay"]), seats),
                )
                added += 1
    return added
