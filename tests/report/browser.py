"""Chromium without a window, spoken to over a pipe (Chrome DevTools Protocol); no library needed.

Messages are JSON objects that end in NUL: ours to file descriptor 3 of the browser, its own from 4.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE_S = 300  # a busy machine may stop us for minutes
# Puts the two pipes where the browser looks for them, and becomes the browser.
_PIPES = (
    "import os, sys; from fcntl import F_DUPFD, fcntl; "
    "apart = [fcntl(int(number), F_DUPFD, 64) for number in sys.argv[1:3]]; "
    "os.dup2(apart[0], 3); os.dup2(apart[1], 4); os.execv(sys.argv[3], sys.argv[3:])"
)


def found() -> str | None:
    """The browser's file, where there is one that can be driven so."""
    if sys.platform == "win32":
        return None
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One page of a browser of its own; ``told``: what its console and its policy complained of."""

    def __init__(self, folder: Path, width: int = 1280, height: int = 900) -> None:
        executable = found()
        assert executable is not None
        to_read, self._out = os.pipe()
        self._in, to_write = os.pipe()
        self.told: list[str] = []
        self._number, self._rest = 0, b""
        options = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
            "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
            f"--user-data-dir={folder / 'profile'}", f"--window-size={width},{height}",
            "about:blank",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PIPES, str(to_read), str(to_write), executable, *options],
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        targets = self.call("Target.getTargets")["targetInfos"]
        target = next(t["targetId"] for t in targets if t["type"] == "page")
        self._session: str | None = None
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    _session: str | None = None

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_S
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            data = os.read(self._in, 1 << 20) if ready else b""
            assert data, "the browser has gone, or says nothing"
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        said: dict[str, Any] = json.loads(message)
        if said.get("method") == "Log.entryAdded":
            self.told.append(said["params"]["entry"]["text"])
        elif said.get("method") == "Runtime.exceptionThrown":
            self.told.append(json.dumps(said["params"]["exceptionDetails"])[:500])
        elif said.get("method") == "Page.loadEventFired":
            self._loaded = True
        return said

    _loaded = False

    def open(self, file: Path) -> None:
        """Load a file and wait until it is there."""
        self._loaded = False
        self.call("Page.navigate", url=file.as_uri())
        while not self._loaded:
            self._next()

    def js(self, expression: str) -> Any:
        """What an expression comes to, awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """A key as a keyboard sends it."""
        text = {"text": key} if len(key) == 1 else {}
        code = {"Escape": 27, "ArrowDown": 40, "Enter": 13, "Tab": 9}.get(key, 0)
        self.call(
            "Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text
        )
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def look(
        self, width: int, *, height: int = 900, scheme: str = "light", media: str = ""
    ) -> None:
        """The size, the colour scheme and the medium from here on."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def picture(self, file: Path, *, whole: bool = False) -> None:
        """What is seen, or the whole page, as PNG."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(data["data"]))

    def pdf(self, file: Path) -> None:
        """The page as it would be printed."""
        data = self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        file.write_bytes(base64.b64decode(data["data"]))

    def close(self) -> None:
        """End the browser."""
        self._session = None
        try:
            self.call("Browser.close")
        except (AssertionError, OSError):
            self._process.kill()
        self._process.wait(timeout=PATIENCE_S)
        os.close(self._in)
        os.close(self._out)
