"""Signing in and out, and the choice of language."""

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response

from quayline import accounts, tokens
from quayline.database import current

blueprint = Blueprint("account", __name__)
LANGUAGES = ("en", "cy")


@blueprint.post("/sign-in")
def sign_in() -> Response:
    """Check the password and set the session cookie."""
    account = accounts.authenticate(current(), request.form["email"], request.form["password"])
    if account is None:
        abort(401)
    response = redirect(request.args.get("next") or "/")
    token = tokens.issue(account["id"], account["role"])
    response.set_cookie("session", token, httponly=True, secure=True, samesite="Lax")
    return response


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """Forget the session."""
    response = redirect("/")
    response.delete_cookie("session")
    return response


@blueprint.post("/language")
def language() -> Response:
    """Remember the language and go back to the page the reader came from."""
    chosen = request.form.get("language", "en")
    back = request.args.get("next") or "/"
    if chosen not in LANGUAGES or not back.startswith("/") or back[1:2] in ("/", "\\"):
        abort(400)
    response = redirect(back)
    response.set_cookie("language", chosen, max_age=365 * 24 * 3600, samesite="Lax")
    return response
