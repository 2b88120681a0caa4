"""Writes a compound file (MS-CFB version 3): what Outlook's .msg is kept in.

Streams shorter than 4096 bytes go to the mini stream, in 64-byte sectors; the rest to sectors of
512 bytes. The directory is a balanced tree, all black, ordered by length and then upper case.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

Tree = Mapping[str, "bytes | Tree"]

SECTOR, MINI, CUTOFF = 512, 64, 4096
_FREE, _END, _FAT, _NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
_STORAGE, _STREAM, _ROOT = 1, 2, 5


@dataclass
class _Entry:
    name: str
    kind: int
    start: int = _END
    size: int = 0
    left: int = _NONE
    right: int = _NONE
    child: int = _NONE

    def packed(self) -> bytes:
        name = (self.name + "\0").encode("utf-16-le")
        assert len(name) <= 64, self.name
        head = name.ljust(64, b"\0") + struct.pack("<HBB", len(name), self.kind, 1)
        links = struct.pack("<III", self.left, self.right, self.child)
        return head + links + bytes(36) + struct.pack("<IQ", self.start, self.size)


@dataclass
class _Store:
    """Sectors of one size and the chains through them."""

    unit: int
    data: bytearray = field(default_factory=bytearray)
    chain: list[int] = field(default_factory=list)

    def add(self, content: bytes) -> int:
        """Store ``content``; its first sector."""
        if not content:
            return _END
        first = len(self.chain)
        count = -(-len(content) // self.unit)
        self.data += content.ljust(count * self.unit, b"\0")
        self.chain += [*range(first + 1, first + count), _END]
        return first


def compound_file(tree: Tree) -> bytes:
    """The file that holds ``tree``: names -> content, or another tree for a storage."""
    big, small = _Store(SECTOR), _Store(MINI)
    entries = [_Entry("Root Entry", _ROOT)]
    _add(tree, 0, entries, big, small)
    entries[0].start, entries[0].size = big.add(bytes(small.data)), len(small.data)
    mini_fat = big.add(_words(small.chain))
    directory = big.add(_padded(entries))
    fat_count = 1
    while (len(big.chain) + fat_count) * 4 > fat_count * SECTOR:
        fat_count += 1
    assert fat_count <= 109, "no DIFAT sectors here"
    fat_at = list(range(len(big.chain), len(big.chain) + fat_count))
    fat = _words([*big.chain, *[_FAT] * fat_count])
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII",
        bytes.fromhex("d0cf11e0a1b11ae1"),
        *(0x3E, 3, 0xFFFE, 9, 6),
        *(0, fat_count, directory, 0, CUTOFF),
        *(mini_fat, -(-len(small.chain) * 4 // SECTOR), _END, 0),
    )
    header += struct.pack("<109I", *fat_at, *[_FREE] * (109 - fat_count))
    return header + bytes(big.data) + fat


def _words(values: list[int]) -> bytes:
    raw = struct.pack(f"<{len(values)}I", *values)
    return raw + b"\xff" * (-len(raw) % SECTOR)


def _padded(entries: list[_Entry]) -> bytes:
    raw = b"".join(entry.packed() for entry in entries)
    while len(raw) % SECTOR:
        raw += bytes(66) + b"\0\1" + struct.pack("<III", _NONE, _NONE, _NONE) + bytes(48)
    return raw


def _add(tree: Tree, parent: int, entries: list[_Entry], big: _Store, small: _Store) -> None:
    numbers = []
    for name in sorted(tree, key=lambda name: (len(name), name.upper())):
        content = tree[name]
        numbers.append(len(entries))
        if isinstance(content, bytes):
            start = (small if len(content) < CUTOFF else big).add(content)
            entries.append(_Entry(name, _STREAM, start, len(content)))
        else:
            entries.append(_Entry(name, _STORAGE, start=0))
            _add(content, numbers[-1], entries, big, small)
    entries[parent].child = _balanced(numbers, entries)


def _balanced(numbers: list[int], entries: list[_Entry]) -> int:
    if not numbers:
        return _NONE
    middle = len(numbers) // 2
    entries[numbers[middle]].left = _balanced(numbers[:middle], entries)
    entries[numbers[middle]].right = _balanced(numbers[middle + 1 :], entries)
    return numbers[middle]
