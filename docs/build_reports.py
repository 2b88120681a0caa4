"""The reports of the example sets, as pages and as pictures: ``python -m docs.build_reports``.

Runs ``kimidoc analyze`` on each set of ``examples`` with the default model, writes the pages to
``docs/reports`` (which git ignores) and, where there is a Chromium, the top of each as a picture,
light and dark, to ``docs/pictures``, which the README shows. ``--whole DIR`` also takes a
picture of every screenful, to be looked at.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tests.report import browser
from tests.report.browser import Page

ROOT = Path(__file__).resolve().parents[1]
SETS = ("deal-room", "service-repo", "earnings", "records")
SCHEMES = ("light", "dark")
PAGES, PICTURES = ROOT / "docs" / "reports", ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 1280, 1100  # CSS pixels
MOST_BYTES = 200_000
COLOURS = (96, 64, 48, 32)  # tried in turn until a picture is small enough


def page(name: str, options: list[str], to: Path = PAGES) -> Path:
    """The page of one set, by the program as a user runs it."""
    to.mkdir(parents=True, exist_ok=True)
    file = to / f"{name}.html"
    command = [sys.executable, "-m", "kimidoc", "analyze", f"examples/{name}", "--novelty"]
    told = subprocess.DEVNULL
    subprocess.run(
        [*command, "--html", str(file), "--quiet", *options], cwd=ROOT, check=True, stdout=told
    )
    return file


def small(png: bytes, most: int = MOST_BYTES) -> bytes:
    """The picture in fewer colours, so that it takes at most ``most`` bytes."""
    for colours in COLOURS:
        out = io.BytesIO()
        picture = Image.open(io.BytesIO(png)).convert("RGB")
        picture.quantize(colours, dither=Image.Dither.NONE).save(out, "png", optimize=True)
        if out.tell() <= most:
            return out.getvalue()
    raise SystemExit(f"a picture takes {out.tell():,} bytes in {COLOURS[-1]} colours")


def photograph(pages: dict[str, Path], whole: Path | None, to: Path = PICTURES) -> Iterator[Path]:
    """Pictures of the tops of the pages and, into ``whole``, of every screenful."""
    to.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        chromium = Page(Path(folder), WIDTH, HEIGHT)
        try:
            for name, file in pages.items():
                for scheme in SCHEMES:
                    chromium.look(WIDTH, height=HEIGHT, scheme=scheme)
                    chromium.open(file)
                    taken = Path(folder) / "taken.png"
                    chromium.picture(taken)
                    (to / f"{name}-{scheme}.png").write_bytes(small(taken.read_bytes()))
                    yield to / f"{name}-{scheme}.png"
                    if whole is not None:
                        _whole(chromium, whole, f"{name}-{scheme}")
            assert not chromium.told, chromium.told
        finally:
            chromium.close()


def _whole(chromium: Page, folder: Path, stem: str) -> None:
    """Every screenful of the page, as somebody who scrolls sees it."""
    folder.mkdir(parents=True, exist_ok=True)
    at = 0
    while at < chromium.js("document.documentElement.scrollHeight"):
        chromium.js(
            f"scrollTo({{top: {at}, behavior: 'instant'}}); new Promise((done) => "
            "requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        chromium.picture(folder / f"{stem}-{at:06}.png")
        at += HEIGHT


def main() -> None:
    """Pages, then pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--set", action="append", choices=SETS, help="default: all four")
    parser.add_argument("--whole", type=Path, metavar="DIR", help="also every screenful")
    parser.add_argument("--keep", action="store_true", help="the pages that are there already")
    parser.add_argument("--model", metavar="NAME|DIR", help="in the place of the default model")
    given = parser.parse_args()
    options = ["--model", given.model] if given.model else []
    names = given.set or SETS
    kept = {name: PAGES / f"{name}.html" for name in names}
    pages = kept if given.keep else {name: page(name, options) for name in names}
    for file in pages.values():
        print(f"{file.relative_to(ROOT)}  {file.stat().st_size:,} bytes")
    if browser.found() is None:
        raise SystemExit("There is no Chromium here, so no pictures were taken.")
    for file in photograph(pages, given.whole):
        print(f"{file.relative_to(ROOT)}  {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
