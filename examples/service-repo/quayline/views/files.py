"""Documents to download: notices to passengers, and the office's invoices."""

from pathlib import Path

from flask import Blueprint, Response, abort, request, send_file

from quayline.auth import role
from quayline.settings import load

blueprint = Blueprint("files", __name__)


def _documents() -> Path:
    return Path(str(load()["documents"])).resolve()


@blueprint.get("/notices")
def notice() -> Response:
    """A notice to passengers, by file name."""
    path = _documents() / "notices" / request.args["name"]
    if not path.is_file():
        abort(404)
    return send_file(path)


@blueprint.get("/invoices")
@role("office")
def invoice() -> Response:
    """An invoice, by file name."""
    folder = _documents() / "invoices"
    path = (folder / request.args["name"]).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        abort(404)
    return send_file(path)
