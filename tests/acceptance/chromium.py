"""A headless Chromium, spoken to through its debugging pipe: JSON messages between two file descriptors, no driver."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulation.environment.process import die_with_parent

NAMES = ("chromium", "chromium-browser", "google-chrome")
_DEADLINE_WALL_SECONDS = 60.0
_FREE_DESCRIPTOR = 16


def find_chromium() -> str | None:
    """The program, where this machine has it."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One tab."""

    def __init__(self, reader: int, writer: int) -> None:
        self._reader, self._writer, self._received = reader, writer, b""
        self._number = 0
        self._session: str | None = None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.send("Page.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """A command and its answer; events that come in between are passed over."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._writer, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._number:
            pass
        assert "error" not in answer, (method, answer)
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, url: str) -> None:
        """Go there and wait until it is loaded."""
        self._number += 1
        self.send("Page.navigate", url=url)
        self._wait_for("Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, which the debugger may run where the page may not."""
        return self.send("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def submit(self, field: str, value: str) -> None:
        """Type into the input with this id and press Enter; wait for the page that follows."""
        self.evaluate(f"document.getElementById({json.dumps(field)}).focus()")
        self.send("Input.insertText", text=value)
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key="Enter", text="\r", windowsVirtualKeyCode=13)
        self._wait_for("Page.loadEventFired")

    @property
    def text(self) -> str:
        """What is visible."""
        return str(self.evaluate("document.body.innerText"))

    def beyond(self, width: int) -> int:
        """How many pixels the page reaches beyond a window of this width: a reader would have to scroll sideways."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        return max(0, int(self.evaluate("document.documentElement.scrollWidth")) - width)

    def screenshot(self, file: Path, *, width: int = 1280, height: int = 900) -> None:
        """The whole page as PNG."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def _wait_for(self, event: str) -> None:
        while self._receive().get("method") != event:
            pass

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            part = os.read(self._reader, 1 << 20)
            assert part, "the browser has gone"
            self._received += part
        text, _, self._received = self._received.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Browser]:
    """A browser with an empty profile that knows no network but this machine's."""
    to_browser, from_browser = os.pipe(), os.pipe()
    theirs = [fcntl.fcntl(fd, fcntl.F_DUPFD, _FREE_DESCRIPTOR) for fd in (to_browser[0], from_browser[1])]

    def settle() -> None:
        os.dup2(theirs[0], 3)
        os.dup2(theirs[1], 4)
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
        die_with_parent(signal.SIGKILL)()

    process = subprocess.Popen(
        [program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", "--disable-dev-shm-usage", f"--user-data-dir={profile}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(3, 4),
        preexec_fn=settle, env={**os.environ, "HOME": str(profile)},
    )  # fmt: skip
    for descriptor in (to_browser[0], from_browser[1], *theirs):
        os.close(descriptor)
    try:
        yield Browser(from_browser[0], to_browser[1])
    finally:
        os.close(to_browser[1])
        _end(process)
        os.close(from_browser[0])


def _end(process: subprocess.Popen[bytes]) -> None:
    """It leaves when its pipe is closed, and its own children with it; else it is killed."""
    deadline = time.monotonic() + 5
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
