"""Who may call a route: the decorators that read the token."""

from collections.abc import Callable
from functools import wraps

from flask import abort, g, request

from quayline import tokens

Route = Callable[..., object]


def _claims() -> dict[str, object]:
    try:
        return tokens.verify(request.cookies.get("session", ""))
    except tokens.InvalidToken:
        abort(401)


def signed_in(route: Route) -> Route:
    """The caller has an account."""

    @wraps(route)
    def guarded(*args: object, **kwargs: object) -> object:
        g.claims = _claims()
        return route(*args, **kwargs)

    return guarded


def role(*allowed: str) -> Callable[[Route], Route]:
    """The caller has one of these roles."""

    def decorate(route: Route) -> Route:
        @wraps(route)
        def guarded(*args: object, **kwargs: object) -> object:
            g.claims = _claims()
            if g.claims.get("role") not in allowed:
                abort(403)
            return route(*args, **kwargs)

        return guarded

    return decorate
