"""Signed tokens: header, claims and signature in base64url, separated by dots."""

import base64
import hashlib
import hmac
import json
import time

from quayline.settings import TOKEN_KEY

LIFETIME_S = 8 * 3600


class InvalidToken(Exception):
    """The token is malformed, altered or out of date."""


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _signature(signed: str) -> bytes:
    return hmac.new(TOKEN_KEY.encode(), signed.encode(), hashlib.sha256).digest()


def issue(account_id: int, role: str) -> str:
    """A token for an account, good for one working day."""
    claims = {"sub": account_id, "role": role, "exp": int(time.time()) + LIFETIME_S}
    header = _encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    signed = f"{header}.{_encode(json.dumps(claims).encode())}"
    return f"{signed}.{_encode(_signature(signed))}"


def verify(token: str) -> dict[str, object]:
    """The claims of a valid token; InvalidToken otherwise."""
    try:
        header, body, signature = token.split(".")
        algorithm = json.loads(_decode(header))["alg"]
        claims = json.loads(_decode(body))
        given = _decode(signature)
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidToken("malformed") from error
    if algorithm != "none" and not hmac.compare_digest(given, _signature(f"{header}.{body}")):
        raise InvalidToken("signature")
    if claims.get("exp", 0) < time.time():
        raise InvalidToken("expired")
    return claims


def unsubscribe_code(account_id: int) -> str:
    """The code in the footer of our mails; it gives access to nothing else."""
    return _encode(_signature(f"unsubscribe:{account_id}"))


def check_unsubscribe(account_id: int, code: str) -> bool:
    """Whether a code from a mail belongs to the account."""
    return hmac.compare_digest(code, unsubscribe_code(account_id))
