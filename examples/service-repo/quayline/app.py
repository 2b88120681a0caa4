"""The application: settings, routes and error pages."""

import hashlib

from flask import Flask, Response, jsonify, request

from quayline import database
from quayline.views import account, booking, files, office


def create_app() -> Flask:
    """The Flask application with every route registered."""
    app = Flask(__name__, static_folder="../web", static_url_path="/")
    for views in (account, booking, files, office):
        app.register_blueprint(views.blueprint)
    app.teardown_appcontext(database.close)
    app.after_request(_etag)
    app.register_error_handler(404, lambda _error: (jsonify(error="no such thing"), 404))
    return app


def _etag(response: Response) -> Response:
    if request.method == "GET" and response.status_code == 200 and response.is_json:
        tag = hashlib.md5(response.get_data(), usedforsecurity=False).hexdigest()
        response.set_etag(tag)
        return response.make_conditional(request)
    return response
