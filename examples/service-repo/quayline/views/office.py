"""What the office and the crew do: search, refund, upload, list, invoice."""

from flask import Blueprint, Response, abort, jsonify, request

from quayline import bookings, counters, payments, timetable
from quayline.auth import role
from quayline.database import current
from quayline.settings import load

blueprint = Blueprint("office", __name__, url_prefix="/api/office")


@blueprint.get("/search")
@role("office", "crew")
def search() -> Response:
    """Bookings by passenger name."""
    words, quay = request.args.get("words", ""), request.args.get("quay", "")
    return jsonify([dict(row) for row in bookings.search(current(), words, quay)])


@blueprint.get("/manifest/<int:crossing_id>")
@role("office", "crew")
def manifest(crossing_id: int) -> Response:
    """Everybody on a crossing."""
    rows = bookings.manifest(current(), crossing_id, request.args.get("sort", ""))
    return jsonify([dict(row) for row in rows])


@blueprint.post("/refunds/<reference>")
def refund(reference: str) -> tuple[Response, int]:
    """Refund a booking."""
    booking = bookings.by_reference(current(), reference)
    if booking is None or booking["state"] != "paid":
        abort(404)
    payments.refund(current(), booking)
    return jsonify(reference=reference, state="refunded"), 200


@blueprint.post("/timetable")
@role("office")
def upload() -> Response:
    """Add the crossings of an uploaded timetable."""
    crossings = timetable.parse(request.files["timetable"].read())
    seats = int(str(load()["seats_per_crossing"]))
    return jsonify(added=timetable.store(current(), crossings, seats))


@blueprint.get("/ledger/<day>")
@role("office")
def ledger(day: str) -> Response:
    """The gateway's list of charges, next to ours."""
    return jsonify(charges=payments.ledger(day))


@blueprint.post("/invoices")
@role("office")
def invoice() -> tuple[Response, int]:
    """Write the monthly invoice of one account."""
    wanted = request.get_json()
    number = counters.next_invoice()
    connection = current()
    with connection:
        connection.execute(
            "INSERT INTO invoices (number, account_id, month, pence) VALUES (?, ?, ?, ?)",
            (number, int(wanted["account"]), str(wanted["month"]), int(wanted["pence"])),
        )
    return jsonify(number=number), 201
