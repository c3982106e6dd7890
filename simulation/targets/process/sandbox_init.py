"""The init program of a sandbox: starts a backend's programs inside, hands out sockets, and ends them all when it ends.

Run as a script, not imported: ``unshare … python -I sandbox_init.py FD``. It speaks JSON over the Unix socket ``FD``,
one request and one answer a message; sockets travel beside the answer. As process 1 of its namespace its death ends
everything that was started in it. Standard library only, since it starts with every run.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

_LARGEST_MESSAGE = 1 << 20
_BIND, _PRIVATE, _MOVE = 4096, (1 << 18) | 16384, 8192
_NEW_NETWORK, _SETTINGS = 0x40000000, "/proc/sys/net/ipv4"
_SIOCSIFFLAGS, _IFF_UP_RUNNING = 0x8914, 0x41
_NEW_ROUTE, _REPLACE = 24, 0x1 | 0x4 | 0x100 | 0x400
"""A message of rtnetlink(7), to be answered; it creates the route or takes the place of one."""
_TABLE_LOCAL, _BY_KERNEL, _HOST, _LOCAL = 255, 2, 254, 2
_DESTINATION, _INTERFACE, _SOURCE, _METRICS, _QUICK_ACKNOWLEDGEMENT = 1, 4, 7, 8, 15
SERVICES = "192.88.99.1"
"""The address of everything outside: a public one, which nobody has any more (RFC 7526). Many backends refuse to call
an address of the machine itself or of a private network, lest they be made to call something inside."""
_PROGRAMS: dict[str, int] = {}
_ENDED: dict[int, int] = {}
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Answer until the harness is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as control:
        while message := control.recv(_LARGEST_MESSAGE):
            request = json.loads(message)
            try:
                answer, sockets = _COMMANDS[request.pop("do")](**request)
            except Exception as error:
                answer, sockets = {"error": f"{type(error).__name__}: {error}"}, []
            socket.send_fds(control, [json.dumps(answer).encode()], [opened.fileno() for opened in sockets])
            for opened in sockets:
                opened.close()


def mount(*, files: dict[str, str], workspace: str) -> tuple[dict[str, Any], list[socket.socket]]:
    """Set the sandbox up: a /proc, a shared memory and a network of its own, and files bound over the machine's.

    :param files: path of a file to be covered → the file that covers it; paths that do not exist are left out.
    """
    _mount(None, "/", None, _PRIVATE)
    for place, source in files.items():
        if os.path.isfile(os.path.realpath(place)):
            _mount(source, os.path.realpath(place), None, _BIND)
    _mount("proc", "/proc", "proc", 0)
    _own_shared_memory(workspace)
    _own_network()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as loopback:
        fcntl.ioctl(loopback, _SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", _IFF_UP_RUNNING, b""))
    _acknowledge_at_once()
    return {}, []


def start(
    *, name: str, command: list[str], directory: str, environment: dict[str, str], output: str
) -> tuple[dict[str, Any], list[socket.socket]]:
    """Start a program. Its standard output and error go to the end of the file ``output``."""
    log = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    failed, say = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.sched_setaffinity(0, range(os.cpu_count() or 1))  # programs start side by side; once up they share one
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.chdir(directory)
            os.execvpe(command[0], command, environment)  # noqa: S606 - it has none
        except OSError as error:
            os.write(say, f"{error.strerror}: {error.filename or command[0]}".encode())
        os._exit(127)
    os.close(say)
    os.close(log)
    said = os.read(failed, 4096).decode()
    os.close(failed)
    if said:
        os.waitpid(pid, 0)
        return {"error": said}, []
    _PROGRAMS[name] = pid
    return {"session": pid}, []


def status(*, name: str) -> tuple[dict[str, Any], list[socket.socket]]:
    """``ended``: None while the program runs, else its exit status (negative: the signal)."""
    _reap()
    return {"ended": _ENDED.get(_PROGRAMS[name])}, []


def kill(*, name: str) -> tuple[dict[str, Any], list[socket.socket]]:
    """End a program and everything in its session at once, and wait for it."""
    pid = _PROGRAMS[name]
    for member in _session(pid):
        os.kill(member, signal.SIGKILL)
    while pid not in _ENDED:
        ended, code = os.waitpid(-1, 0)
        _ENDED[ended] = os.waitstatus_to_exitcode(code)
    _reap()
    return {}, []


def listen(*, ports: list[int]) -> tuple[dict[str, Any], list[socket.socket]]:
    """Listening TCP sockets, and last a UDP socket on port 53."""
    sockets = []
    for port in ports:
        sockets.append(socket.socket())
        sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sockets[-1].bind(("", port))  # the loopback's address and the services': this network has no other
        sockets[-1].listen(64)
    sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sockets[-1].bind(("127.0.0.1", 53))
    return {}, sockets


def sockets(*, count: int) -> tuple[dict[str, Any], list[socket.socket]]:
    """TCP sockets that are not connected yet; whoever has them can connect to the backend from outside."""
    return {}, [socket.socket() for _ in range(count)]


def _reap() -> None:
    while True:
        try:
            pid, code = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        _ENDED[pid] = os.waitstatus_to_exitcode(code)


def _session(leader: int) -> list[int]:
    """Processes of the session that ``leader`` leads, itself included."""
    members = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if os.getsid(int(entry)) == leader:
                    members.append(int(entry))
            except ProcessLookupError:
                continue
    return members


def _own_network() -> None:
    """A network namespace whose table of connections is quick to read: no connection stays in it after closing, and
    where the kernel can, it shares no table with the rest of the machine, which takes a hundredth of the time."""
    with contextlib.suppress(OSError), open(f"{_SETTINGS}/tcp_child_ehash_entries", "w", encoding="utf-8") as entries:
        entries.write("64")
    if _libc.unshare(_NEW_NETWORK):
        raise OSError(ctypes.get_errno(), f"a network: {os.strerror(ctypes.get_errno())}")
    with open(f"{_SETTINGS}/tcp_max_tw_buckets", "w", encoding="utf-8") as kept_after_closing:
        kept_after_closing.write("0")


def _acknowledge_at_once() -> None:
    """Switch delayed acknowledgements off on the loopback: for 40 ms after each answer on a kept connection, bytes that
    have arrived would look as if they had not. The routes are the kernel's own, with one metric more, and one
    that makes the services' address one of the loopback's."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        for network, length, source in (
            ("127.0.0.0", 8, "127.0.0.1"),
            ("127.0.0.1", 32, "127.0.0.1"),
            (SERVICES, 32, SERVICES),
        ):
            route = struct.pack("=BBBBBBBBI", socket.AF_INET, length, 0, 0, _TABLE_LOCAL, _BY_KERNEL, _HOST, _LOCAL, 0)
            route += _attribute(_DESTINATION, socket.inet_aton(network))
            route += _attribute(_INTERFACE, struct.pack("=I", socket.if_nametoindex("lo")))
            route += _attribute(_SOURCE, socket.inet_aton(source))
            route += _attribute(_METRICS, _attribute(_QUICK_ACKNOWLEDGEMENT, struct.pack("=I", 1)))
            kernel.send(struct.pack("=IHHII", 16 + len(route), _NEW_ROUTE, _REPLACE, 1, 0) + route)
            _, _, _, _, _, refused = struct.unpack_from("=IHHIIi", kernel.recv(_LARGEST_MESSAGE))
            if refused:
                raise OSError(-refused, f"a route: {os.strerror(-refused)}")


def _attribute(kind: int, value: bytes) -> bytes:
    """All of these values are whole words, so nothing has to be padded."""
    return struct.pack("=HH", 4 + len(value), kind) + value


def _own_shared_memory(workspace: str) -> None:
    """Mount a /dev/shm of its own: file names in it carry process numbers, which are not unique across namespaces. The
    run's workspace may lie in the machine's, and stays where it is."""
    shared = "/dev/shm"  # noqa: S108 - the place itself
    if not os.path.isdir(shared):
        return
    if not workspace.startswith(shared + "/"):
        _mount("tmpfs", shared, "tmpfs", 0)
        return
    waiting = os.path.join(workspace, "shm")
    os.makedirs(waiting, exist_ok=True)
    _mount("tmpfs", waiting, "tmpfs", 0)
    seen_from_inside = waiting + workspace.removeprefix(shared)
    os.makedirs(seen_from_inside)
    _mount(workspace, seen_from_inside, None, _BIND)
    _mount(waiting, shared, None, _MOVE)
    os.chmod(shared, 0o1777)  # noqa: S103 - as it is everywhere


def _mount(source: str | None, place: str, kind: str | None, flags: int) -> None:
    arguments = [None if text is None else text.encode() for text in (source, place, kind)]
    if _libc.mount(*arguments, flags, None):
        raise OSError(ctypes.get_errno(), f"mounting {source} on {place}: {os.strerror(ctypes.get_errno())}")


_COMMANDS: dict[str, Callable[..., tuple[dict[str, Any], list[socket.socket]]]] = {
    "mount": mount,
    "start": start,
    "status": status,
    "kill": kill,
    "listen": listen,
    "sockets": sockets,
}

if __name__ == "__main__":
    main()
