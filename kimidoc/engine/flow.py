"""What flows from one layer to the next: the hidden states of the whole window.

In memory while the window is small. A large one flows through two files of its reading's folder,
one layer's input and that layer's output, so that a layer that was interrupted can be read again
from its input. Files are read and written chunk by chunk, never mapped: what lies in the page
cache is not this process's memory (1,000,000 x 576 bf16 is 1.2 GB).
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from kimidoc.errors import SessionError
from kimidoc.kvcache.storage import disk_error


class Flow(Protocol):
    """The input of the layer being read, and where its output goes."""

    def take(self, start: int, end: int) -> Tensor:
        """What enters the layer for rows [start, end): [S, hidden]"""
        ...

    def put(self, start: int, end: int, rows: Tensor) -> None:
        """What left the layer for those rows; they come in order and are put once."""
        ...

    def turn(self) -> None:
        """The layer is done: its output is the next one's input."""
        ...

    def whole(self) -> Tensor:
        """The input as one tensor, [T, hidden]; mapped where it lies in a file."""
        ...


class InMemory:
    """One tensor, changed in place."""

    def __init__(self, rows: int) -> None:
        self._rows, self._x = rows, torch.empty(0)

    def take(self, start: int, end: int) -> Tensor:
        """See ``Flow``."""
        return self._x[start:end]

    def put(self, start: int, end: int, rows: Tensor) -> None:
        """See ``Flow``."""
        if not self._x.numel():
            self._x = rows.new_empty(self._rows, rows.shape[-1])
        self._x[start:end] = rows

    def turn(self) -> None:
        """See ``Flow``."""

    def whole(self) -> Tensor:
        """See ``Flow``."""
        return self._x


class InFiles:
    """Two files in ``folder`` that take turns; ``turned`` counts layers, the embedding first.

    ``checksum`` is the CRC-32 of the input: whoever goes on from it after a crash compares it.
    """

    def __init__(
        self, folder: Path, rows: int, width: int, dtype: torch.dtype, turned: int = 0
    ) -> None:
        self._folder, self._shape, self._dtype = folder, (rows, width), dtype
        self._row_bytes = width * dtype.itemsize
        self.turned, self.checksum, self._running = turned, 0, 0

    def _file(self, turned: int) -> Path:
        return self._folder / f"hidden-{turned % 2}"

    def take(self, start: int, end: int) -> Tensor:
        """See ``Flow``. Raises SessionError when the file is gone or cut."""
        size = (end - start) * self._row_bytes
        buffer = bytearray(size)
        try:
            with open(self._file(self.turned), "rb", buffering=0) as f:
                f.seek(start * self._row_bytes)
                got = f.readinto(buffer)
        except OSError as reason:
            raise disk_error(self._folder, reason) from reason
        if got != size:
            raise SessionError(
                f"the file {self._file(self.turned)} ends early",
                hint="start again; what was read so far is read anew",
            )
        return torch.frombuffer(buffer, dtype=self._dtype).view(end - start, self._shape[1])

    def put(self, start: int, end: int, rows: Tensor) -> None:
        """See ``Flow``. Raises SessionError when the disk is full."""
        data = rows.detach().to(self._dtype).cpu().contiguous().view(torch.uint8).numpy().data
        path = self._file(self.turned + 1)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(handle, "wb", buffering=0) as f:
                f.seek(start * self._row_bytes)
                written = f.write(data)
        except OSError as reason:
            raise disk_error(self._folder, reason) from reason
        assert written == data.nbytes, "a plain file takes a whole write or fails"
        self._running = zlib.crc32(data, self._running)

    def turn(self) -> None:
        """See ``Flow``."""
        self.turned += 1
        self.checksum, self._running = self._running, 0

    def whole(self) -> Tensor:
        """See ``Flow``."""
        count = self._shape[0] * self._shape[1]
        path = str(self._file(self.turned))
        return torch.from_file(path, shared=False, size=count, dtype=self._dtype).view(self._shape)

    def intact(self, checksum: int) -> bool:
        """Whether the input is all there and what was written."""
        found, left = 0, self._shape[0] * self._row_bytes
        try:
            with open(self._file(self.turned), "rb") as f:
                while left and (data := f.read(min(left, 1 << 22))):
                    found, left = zlib.crc32(data, found), left - len(data)
        except OSError:
            return False
        self.checksum = found
        return left == 0 and found == checksum
