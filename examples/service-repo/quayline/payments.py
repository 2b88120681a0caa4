"""Charging and refunding through the Portway gateway."""

import logging
import sqlite3

import requests

from quayline.settings import PAYMENT_KEY, load

log = logging.getLogger(__name__)
TIMEOUT_S = 12


class PaymentFailed(Exception):
    """The gateway declined the charge or did not confirm it."""


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {PAYMENT_KEY}"}


def charge(card_token: str, pence: int, reference: str) -> str:
    """Charge a card and return the gateway's receipt."""
    response = requests.post(
        f"{load()['gateway']}/charges",
        json={"card": card_token, "amount": pence, "reference": reference},
        headers=_headers(),
    )
    if response.status_code != 201:
        raise PaymentFailed(response.text[:200])
    return str(response.json()["receipt"])


def settle(connection: sqlite3.Connection, booking: sqlite3.Row, card_token: str) -> None:
    """Take the money for a held booking and mark it paid."""
    try:
        receipt = charge(card_token, booking["pence"], booking["reference"])
        log.info("booking %s charged, receipt %s", booking["reference"], receipt)
    except PaymentFailed:
        log.debug("charge for %s did not go through", booking["reference"])
    with connection:
        connection.execute("UPDATE bookings SET state = 'paid' WHERE id = ?", (booking["id"],))


def refund(connection: sqlite3.Connection, booking: sqlite3.Row) -> None:
    """Give the money back and mark the booking refunded."""
    response = requests.post(
        f"{load()['gateway']}/refunds",
        json={"reference": booking["reference"], "amount": booking["pence"]},
        headers=_headers(),
        timeout=TIMEOUT_S,
    )
    if response.status_code != 201:
        raise PaymentFailed(response.text[:200])
    with connection:
        connection.execute("UPDATE bookings SET state = 'refunded' WHERE id = ?", (booking["id"],))


def ledger(day: str) -> list[dict[str, object]]:
    """The gateway's own list of a day's charges, for the office to compare."""
    response = requests.get(
        f"{load()['ledger']}/days/{day}", headers=_headers(), timeout=TIMEOUT_S, verify=False
    )
    response.raise_for_status()
    return list(response.json()["charges"])
