"""Tide and wind for the departures board."""

import logging

import requests

from quayline.settings import load

log = logging.getLogger(__name__)


def forecast(quay: str) -> dict[str, object] | None:
    """The forecast for a quay, or None while the service is down: the board then shows a dash."""
    try:
        response = requests.get(f"{load()['weather']}/quays", params={"name": quay}, timeout=4)
        response.raise_for_status()
        return dict(response.json())
    except requests.RequestException as error:
        log.warning("no forecast for %s: %s", quay, error)
        return None
