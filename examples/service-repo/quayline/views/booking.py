"""What a passenger does: see crossings, book, pay, print."""

from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Blueprint, Response, abort, g, jsonify, render_template, request

from quayline import bookings, counters, payments, printing
from quayline.auth import signed_in
from quayline.database import current

blueprint = Blueprint("booking", __name__)


def _own(reference: str) -> dict[str, object]:
    booking = bookings.by_reference(current(), reference)
    if booking is None or booking["account_id"] != g.claims["sub"]:
        abort(404)
    return booking


@blueprint.get("/api/bookings")
@signed_in
def mine() -> Response:
    """The caller's bookings."""
    rows = bookings.for_account(current(), int(g.claims["sub"]))
    return jsonify([dict(row) for row in rows])


@blueprint.post("/api/bookings")
@signed_in
def book() -> tuple[Response, int]:
    """Hold a seat and charge the card."""
    wanted = request.get_json()
    connection = current()
    reference = counters.next_reference(connection)
    try:
        bookings.make(
            connection, int(g.claims["sub"]), int(wanted["crossing"]), str(wanted["passenger"]),
            pence=650, reference=reference,
        )  # fmt: skip
    except bookings.SoldOut:
        return jsonify(error="sold out"), 409
    payments.settle(connection, bookings.by_reference(connection, reference), wanted["card"])
    return jsonify(reference=reference), 201


@blueprint.get("/api/bookings/<reference>/ticket.pdf")
@signed_in
def ticket(reference: str) -> Response:
    """The ticket as PDF."""
    booking = _own(reference)
    with TemporaryDirectory() as folder:
        page, target = Path(folder, "ticket.html"), Path(folder, "ticket.pdf")
        page.write_text(render_template("ticket.html", booking=booking), encoding="utf-8")
        printing.ticket(page, target, title=request.args.get("party", booking["passenger"]))
        return Response(target.read_bytes(), mimetype="application/pdf")
