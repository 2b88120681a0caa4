"""Tickets and manifests as PDF, by way of wkhtmltopdf."""

import subprocess
from pathlib import Path

TIMEOUT_S = 60


def ticket(page: Path, target: Path, title: str) -> None:
    """Print one ticket; the title is what the passenger typed as the name of the party."""
    subprocess.run(
        f"wkhtmltopdf --quiet --title '{title}' {page} {target}",
        shell=True,
        check=True,
        timeout=TIMEOUT_S,
    )


def manifest(page: Path, target: Path, title: str) -> None:
    """Print the crew's manifest."""
    subprocess.run(
        ["wkhtmltopdf", "--quiet", "--title", title, str(page), str(target)],
        check=True,
        timeout=TIMEOUT_S,
    )
