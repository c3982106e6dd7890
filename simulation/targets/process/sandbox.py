"""Linux namespaces for one backend: a network, a process tree, a hosts file and a shared memory of its own.

Its programs reach nothing but their own loopback interface, on which the harness listens as every external service.
When the sandbox is closed, or the harness is killed, every process in it is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulation.environment.process import closed_unless_kept, die_with_parent
from simulation.errors import EnvironmentFault

_INIT_PROGRAM = Path(__file__).with_name("sandbox_init.py")
_LARGEST_MESSAGE = 1 << 20
_MOST_SOCKETS = 64
_ANSWER_DEADLINE_WALL_SECONDS = 30
_MAPPED_ROOT = ("--user", "--map-root-user")
"""A user namespace around the others, in which whoever may not make those by themselves is root."""
_NAMESPACES = ("--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private")


class Sandbox:
    """The namespaces of one backend, entered through the init program; made by :func:`open_sandbox`."""

    def __init__(self, *, control: socket.socket, process: subprocess.Popen[bytes]) -> None:
        self._control = control
        self._process = process
        self._spare: list[socket.socket] = []
        self.namespace = ""
        """Name of the process namespace: every process in it belongs to the backend."""
        self.init_pid = 0

    def mount(self, *, files: Mapping[str, Path], workspace: Path) -> None:
        """See :func:`simulation.targets.process.sandbox_init.mount`."""
        (workspace / "shm").mkdir(exist_ok=True)  # whose owner may be nobody there: then it cannot be made inside
        self._ask(do="mount", files={place: str(file) for place, file in files.items()}, workspace=str(workspace))
        self.init_pid = self._child()
        self.namespace = os.readlink(f"/proc/{self.init_pid}/ns/pid")

    def start(
        self, name: str, *, command: Sequence[str], directory: Path, environment: Mapping[str, str], output: Path
    ) -> int:
        """Returns its process number within the sandbox, which is also that of its session.

        :raises EnvironmentFault: there is no such program, or it may not be run.
        """
        answer, _ = self._ask(
            do="start", name=name, command=list(command), directory=str(directory), environment=dict(environment),
            output=str(output),
        )  # fmt: skip
        session: int = answer["session"]
        return session

    def ended(self, name: str) -> int | None:
        """Exit status of a program, None while it runs."""
        answer, _ = self._ask(do="status", name=name)
        ended: int | None = answer["ended"]
        return ended

    def kill(self, name: str) -> None:
        """End a program and what it started, at once."""
        self._ask(do="kill", name=name)

    def listen(self, ports: Sequence[int]) -> tuple[list[socket.socket], socket.socket]:
        """Sockets that listen on the sandbox's loopback, one a port, and a UDP socket for its name server."""
        _, sockets = self._ask(do="listen", ports=list(ports))
        return sockets[:-1], sockets[-1]

    def connect(self, port: int) -> socket.socket:
        """A connection to a port in the sandbox. Raises ``OSError`` when nobody listens."""
        if not self._spare:
            _, self._spare = self._ask(do="sockets", count=_MOST_SOCKETS)
        connection = self._spare.pop()
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.connect(("127.0.0.1", port))
        except OSError:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """End everything in it and wait for that."""
        for spare in self._spare:
            spare.close()
        self._spare = []
        self._control.close()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def _ask(self, **request: Any) -> tuple[dict[str, Any], list[socket.socket]]:
        try:
            self._control.sendall(json.dumps(request).encode())
            message, handles, _, _ = socket.recv_fds(self._control, _LARGEST_MESSAGE, _MOST_SOCKETS)
        except OSError as error:
            raise _no_sandbox(f"its init program does not answer: {error}") from error
        received = [socket.socket(fileno=handle) for handle in handles]
        if not message:
            raise _no_sandbox(f"its init program ended: {self._last_words()}")
        answer: dict[str, Any] = json.loads(message)
        if "error" in answer:
            if request["do"] == "mount":
                raise _no_sandbox(answer["error"])
            raise EnvironmentFault(
                problem=f"{request['do']} {request.get('name', '')}: {answer['error']}",
                remedy="is the program installed, and its path right? See target.toml",
            )
        return answer, received

    def _last_words(self) -> str:
        assert self._process.stderr is not None
        self._process.wait()
        return self._process.stderr.read().decode(errors="replace").strip() or "it printed nothing"

    def _child(self) -> int:
        """``unshare`` waits for the init program, its only child."""
        for entry in os.listdir("/proc"):
            if entry.isdigit() and _parent_of(int(entry)) == self._process.pid:
                return int(entry)
        raise _no_sandbox("its init program is gone")


@contextmanager
def open_sandbox() -> Iterator[Sandbox]:
    """An empty sandbox; every process in it is killed afterwards.

    :raises EnvironmentFault: this machine gives no namespaces.
    """
    unshare = _program()
    namespaces = _permitted(unshare)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(_ANSWER_DEADLINE_WALL_SECONDS)
    with theirs, closed_unless_kept(ours):
        process = subprocess.Popen(
            [unshare, *namespaces, sys.executable, "-I", str(_INIT_PROGRAM), str(theirs.fileno())],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True, preexec_fn=die_with_parent(signal.SIGKILL),
        )  # fmt: skip
    sandbox = Sandbox(control=ours, process=process)
    try:
        yield sandbox
    finally:
        sandbox.close()
        if process.stderr is not None:
            process.stderr.close()


def what_bars_a_sandbox() -> EnvironmentFault | None:
    """Why no backend can run as a process here, with what to do about it; None if one can."""
    try:
        _permitted(_program())
    except EnvironmentFault as fault:
        return fault
    return None


def _program() -> str:
    unshare = shutil.which("unshare")
    if unshare is None:
        raise _no_sandbox("the program 'unshare' (util-linux) is not here")
    return unshare


def _permitted(unshare: str) -> tuple[str, ...]:
    """The namespaces by what this user may make here: root's own, else with a user namespace around them (a plain user,
    or a root without the right, as in a container).

    :raises EnvironmentFault: neither.
    """
    refused = ""
    for namespaces in (_NAMESPACES, (*_NAMESPACES, *_MAPPED_ROOT)):
        # A container that hides parts of /proc may allow namespaces, and no /proc in them.
        trial = [unshare, *namespaces, "--mount-proc", "true"]
        tried = subprocess.run(trial, check=False, capture_output=True, encoding="utf-8")
        if tried.returncode == 0:
            return namespaces
        refused = tried.stderr.strip()
    raise _no_sandbox(refused)


def _parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


_SETTINGS = (
    ("user.max_user_namespaces", 10_000, 0),
    ("kernel.unprivileged_userns_clone", 1, 0),
    ("kernel.apparmor_restrict_unprivileged_userns", 0, 1),
)
"""Settings of kernels and distributions, what they must be, and the value that bars user namespaces."""


def _no_sandbox(reason: str) -> EnvironmentFault:
    return EnvironmentFault(problem=f"a backend cannot be given a network of its own: {reason}", remedy=_remedy())


def _remedy() -> str:
    """What stands in the way, as far as the kernel's settings tell."""
    for name, wanted, barred in _SETTINGS:
        with contextlib.suppress(OSError, ValueError):
            if int(Path("/proc/sys", name.replace(".", "/")).read_text(encoding="utf-8")) == barred:
                return f"allow user namespaces: sysctl {name}={wanted}"
    return (
        "allow user namespaces to this user; in a container, start it with --privileged (or --security-opt "
        "seccomp=unconfined --security-opt systempaths=unconfined), or run outside of one"
    )
