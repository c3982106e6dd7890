"""The operator's terminal: one real ``bash`` per execution, running on simulated time.

While a command runs, :meth:`Shell.proceed` serves its requests to the platform, and returns when it sleeps: the
simulation then lets time pass. All of it happens in the calling thread.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from simulation.environment.causes import KILLED
from simulation.environment.process import die_with_parent
from simulation.errors import EnvironmentFault
from simulation.world.network.loopback import LoopbackServer
from simulation.world.operator.simulated_sleep import SleepRequest, SleepSocket
from simulation.world.operator.tools import Tools, write_shims

_LARGEST_OUTPUT_BYTES = 1 << 20
_LAST_WORDS_WALL_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class ShellSettings:
    """What a shell needs of the run; see :func:`simulation.world.operator.tools.find_tools` for ``tools``."""

    tools: Tools
    clock: Mapping[str, str]
    """Variables that put a program on the simulated clock, see ``simulation.environment.clock_library``."""
    folder: Path
    """Folder in which each session makes a folder of its own. The path must be short, since a Unix socket is in it."""
    workplace: Mapping[str, str] = field(default_factory=dict)
    """Variables that runbooks may count on besides platform and token, see ``workplace``."""
    wall_deadline_seconds: float = 60
    """Real time a command may take between two sleeps."""

    def environment(self) -> dict[str, str]:
        """What every program of the operator finds set, besides the variables of an execution."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **self.clock}


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a command printed (standard output and error, as a terminal shows them) and how it ended."""

    output: str
    exit_status: int


@dataclass(frozen=True, kw_only=True)
class Broken:
    """The shell has ended: a command ended it, or it exceeded its deadline or output limit."""

    output: str
    reason: str


class Shell:
    """One session. Variables and functions a command sets are there for the next, as in any terminal."""

    def __init__(self, *, settings: ShellSettings, door: LoopbackServer, variables: Mapping[str, str]) -> None:
        self._settings = settings
        self._door = door
        self._folder = tempfile.TemporaryDirectory(prefix="operator-", dir=settings.folder)
        folder = Path(self._folder.name)
        write_shims(folder / "bin", settings.tools)
        self._sleeps = SleepSocket(folder / "clock")
        self._status_fd, status_write_fd = os.pipe()
        self._redirection = f"{status_write_fd}>&-"
        self._report = f'echo "$?" >&{status_write_fd}'
        self._bash = self._start(folder, variables, status_write_fd)
        os.close(status_write_fd)
        self._selector = self._watch()
        self._output = bytearray()
        self._busy = False
        self._wall_left_seconds = settings.wall_deadline_seconds

    def assign(self, name: str, value: str) -> None:
        """Make ``$name`` known to the commands that follow."""
        self._type(f"{name}={shlex.quote(value)}")

    def begin(self, command: str) -> None:
        """Type a command; :meth:`proceed` until it is finished."""
        self._output.clear()
        self._busy = True
        self._type(f"eval {shlex.quote(command)} </dev/null {self._redirection}")
        self._type(self._report)

    def proceed(self) -> Finished | SleepRequest | Broken:
        """Go on until the command ends or wants to sleep (then let time pass, ``wake`` it and call again)."""
        self._wall_left_seconds = self._settings.wall_deadline_seconds
        while True:
            started = time.monotonic()
            ready = self._selector.select(self._wall_left_seconds)
            self._wall_left_seconds -= time.monotonic() - started
            if not ready or self._wall_left_seconds <= 0:
                return self._break(f"no end after {self._settings.wall_deadline_seconds:g} real seconds")
            for key, _ in ready:
                answer = self._attend(key.fileobj)
                if answer is not None:
                    return answer

    def close(self) -> None:
        """End the session and remove its folder. Safe to call twice."""
        if self._bash.stdin is None or self._bash.stdin.closed:
            return
        self._bash.stdin.close()
        try:
            self._bash.wait(timeout=0 if self._busy else 2)
        except subprocess.TimeoutExpired:
            self._kill()
        assert self._bash.stdout is not None
        self._bash.stdout.close()
        self._selector.close()
        self._sleeps.close()
        os.close(self._status_fd)
        self._folder.cleanup()

    def _start(self, folder: Path, variables: Mapping[str, str], status_write_fd: int) -> subprocess.Popen[bytes]:
        environment = self._settings.environment()
        environment |= {
            "PATH": f"{folder / 'bin'}{os.pathsep}{environment['PATH']}",
            "HOME": str(folder),
            "SIMULATED_CLOCK": str(folder / "clock"),
            **variables,
        }
        return subprocess.Popen(
            [str(self._settings.tools.bash), "--noprofile", "--norc"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            env=environment,
            cwd=folder,
            pass_fds=(status_write_fd,),
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )

    def _watch(self) -> selectors.BaseSelector:
        assert self._bash.stdout is not None
        os.set_blocking(self._bash.stdout.fileno(), False)
        selector = selectors.DefaultSelector()
        for source in (self._bash.stdout.fileno(), self._status_fd, self._door, self._sleeps):
            selector.register(source, selectors.EVENT_READ)
        return selector

    def _type(self, line: str) -> None:
        assert self._bash.stdin is not None
        try:
            self._bash.stdin.write(line.encode() + b"\n")
        except BrokenPipeError:
            return  # the next read finds that the session has ended

    def _attend(self, source: object) -> Finished | SleepRequest | Broken | None:
        """Serve one ready source; an answer for the caller, or None to go on waiting."""
        if source is self._door:
            self._door.serve_one()
        elif source is self._sleeps:
            return self._sleeps.accept()
        elif source == self._status_fd:
            return self._finish()
        elif not self._read_output():
            return self._ended()
        elif len(self._output) > _LARGEST_OUTPUT_BYTES:
            return self._break(f"more than {_LARGEST_OUTPUT_BYTES} bytes of output")
        return None

    def _finish(self) -> Finished | Broken:
        status = os.read(self._status_fd, 64)
        while self._read_output() > 0:
            pass
        if not status:
            return self._ended()
        self._busy = False
        return Finished(output=self._output.decode(errors="replace"), exit_status=int(status))

    def _read_output(self) -> int:
        """Bytes read now; 0 at the end of the stream, -1 when there is nothing yet."""
        assert self._bash.stdout is not None
        try:
            chunk = os.read(self._bash.stdout.fileno(), 65_536)
        except BlockingIOError:
            return -1
        self._output += chunk
        return len(chunk)

    def _ended(self) -> Broken:
        """Raises :class:`EnvironmentFault` when it was killed from outside."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self._bash.wait(_LAST_WORDS_WALL_SECONDS) == -signal.SIGKILL:
                self._kill()
                raise EnvironmentFault(problem="the operator's shell was killed", remedy=KILLED.remedy)
        return self._break("the command ended the shell")

    def _break(self, reason: str) -> Broken:
        self._kill()
        return Broken(output=self._output.decode(errors="replace"), reason=reason)

    def _kill(self) -> None:
        """End bash and whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._bash.pid, signal.SIGKILL)
        self._bash.wait()
