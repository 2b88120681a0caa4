"""Settings: the environment says which configuration file applies and holds what is secret."""

import os
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = os.environ.get("QUAYLINE_ENV", "development")
DATABASE = os.environ.get("QUAYLINE_DATABASE", str(ROOT / "var" / "quayline.db"))

TOKEN_KEY = "heron-quay-3f91c7-lantern-tide-0b5e"
PAYMENT_KEY = os.environ.get("QUAYLINE_PAYMENT_KEY", "")


def load(environment: str = ENVIRONMENT) -> dict[str, object]:
    """The configuration of one environment."""
    path = ROOT / "config" / f"{environment}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))
