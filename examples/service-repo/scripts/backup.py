"""The night job: a consistent copy of the database, the last fourteen kept."""

import sqlite3
import subprocess
from datetime import date
from pathlib import Path

from quayline.settings import DATABASE, ROOT

KEEP = 14


def main() -> None:
    """Copy, compress, and remove what is too old."""
    folder = ROOT / "var" / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{date.today().isoformat()}.db"
    source, copy = sqlite3.connect(DATABASE), sqlite3.connect(target)
    with copy:
        source.backup(copy)
    copy.close()
    source.close()
    subprocess.run(["gzip", "--force", str(target)], check=True, timeout=600)
    for old in sorted(folder.glob("*.db.gz"))[:-KEEP]:
        Path(old).unlink()


if __name__ == "__main__":
    main()
