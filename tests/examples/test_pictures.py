"""The pictures of the example reports that the README shows: there, small, light and dark."""

from __future__ import annotations

import io
import random
import re

import pytest
from PIL import Image

from docs.build_reports import COLOURS, HEIGHT, MOST_BYTES, WIDTH, small
from tests.examples.conftest import EXAMPLES, SETS

ROOT = EXAMPLES.parent
LINKED = re.findall(
    r"(?:src|srcset|\]\()=?[\"']?(docs/pictures/[\w-]+\.png)", (ROOT / "README.md").read_text()
)


def test_every_set_is_shown_in_both_schemes() -> None:
    expected = {f"docs/pictures/{name}-{s}.png" for name in SETS for s in ("light", "dark")}
    assert set(LINKED) == expected
    assert {p.relative_to(ROOT).as_posix() for p in (ROOT / "docs/pictures").iterdir()} == expected


@pytest.mark.parametrize("name", sorted(set(LINKED)))
def test_a_picture_is_whole_and_small(name: str) -> None:
    data = (ROOT / name).read_bytes()
    assert len(data) <= MOST_BYTES
    picture = Image.open(io.BytesIO(data))
    assert picture.size == (WIDTH, HEIGHT) and picture.format == "PNG"
    shown = picture.convert("L").getextrema()
    assert shown[1] - shown[0] > 150  # something is on it
    assert (picture.convert("L").getpixel((3, 3)) > 200) == name.endswith("-light.png")


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "png")
    return out.getvalue()


def test_fewer_colours_until_it_is_small_enough() -> None:
    noise = random.Random(0)
    rows = Image.frombytes("RGB", (300, 200), noise.randbytes(300 * 200 * 3))
    whole = _png(rows)
    many = small(whole, len(whole))
    few = small(whole, len(many) - 1)
    assert len(few) < len(many) < len(whole)
    colours = [len(Image.open(io.BytesIO(data)).getcolors() or ()) for data in (many, few)]
    assert colours[0] == COLOURS[0] and colours[1] < COLOURS[0]
    with pytest.raises(SystemExit, match="a picture takes"):
        small(whole, 100)
