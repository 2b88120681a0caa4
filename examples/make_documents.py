"""Makes the binary documents of the example sets from the readable sources in ``_sources/``.

    python examples/make_documents.py                  writes them where they stand
    python examples/make_documents.py --output DIR     writes them below DIR instead

``_sources/<set>/<path>.md`` becomes ``<set>/<path>`` as ``.docx``, ``.pdf`` or ``.html``, whichever
its front matter says, and ``.toml`` becomes ``.xlsx``. Running it again yields the same bytes.
Needs python-docx, openpyxl and reportlab (the extra ``test``).
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "_sources"
sys.path.insert(0, str(SOURCES))

import markup  # noqa: E402
import page  # noqa: E402
import paper  # noqa: E402
import sheet  # noqa: E402
import word  # noqa: E402

RENDERERS = {"docx": word.render, "html": page.render, "pdf": paper.render}


def made(source: Path) -> tuple[str, bytes]:
    """The suffix and the bytes of the document that ``source`` describes."""
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".toml":
        return ".xlsx", sheet.render(tomllib.loads(text))
    parsed = markup.parse(text)
    kind = parsed.settings["format"]
    return f".{kind}", RENDERERS[kind](parsed)


def main() -> None:
    """Make every document."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=HERE, metavar="DIR")
    output: Path = parser.parse_args().output
    sources = sorted(p for p in SOURCES.rglob("*") if p.suffix in (".md", ".toml"))
    for source in sources:
        suffix, data = made(source)
        target = output / source.relative_to(SOURCES).with_suffix(suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        print(target.relative_to(output).as_posix(), len(data), "bytes")


if __name__ == "__main__":
    main()
