"""stripe-mock beside the run: a binary, a container without network, or the compose file's service.

It judges the shape of requests against Stripe's own OpenAPI description and knows nothing else
(fixtures/spec/stripe.md).
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from simulation.environment.caller import beside_python
from simulation.environment.compose_file import images
from simulation.environment.process import die_with_parent
from simulation.errors import EnvironmentFault

BINARY_VARIABLE = "STRIPE_MOCK_BIN"
REMEDY = "make stripe-mock (needs Go), or name a binary in STRIPE_MOCK_BIN, or run with --environment containers"
_SOCKET_NAME = "stripe-mock.sock"
_API_KEY = "sk_test_123"
_READY_DEADLINE_WALL_SECONDS = 30.0
_CALL_WALL_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class MockAnswer:
    """An answer of stripe-mock. ``body`` is its JSON."""

    status: int
    body: dict[str, Any]

    @property
    def complaint(self) -> str:
        """Why stripe-mock refused the request; empty if it accepted it."""
        error = self.body.get("error")
        return str(error.get("message", error)) if isinstance(error, dict) else ""


class StripeMock:
    """A running stripe-mock.

    :param address: path of its Unix socket, or host and port.
    :param detail: which one it is, for the report.
    """

    def __init__(self, *, address: Path | tuple[str, int], detail: str) -> None:
        self._address = address
        self.detail = detail

    def ask(self, method: str, path: str, parameters: Sequence[tuple[str, str]] = ()) -> MockAnswer:
        """One request, as the SDK would encode it.

        :raises EnvironmentFault: no answer.
        """
        encoded = urlencode(parameters)
        target = f"{path}?{encoded}" if encoded and method != "POST" else path
        headers = {"Authorization": f"Bearer {_API_KEY}", "Content-Type": "application/x-www-form-urlencoded"}
        connection = _Connection(self._address)
        try:
            connection.request(method, target, body=encoded if method == "POST" else None, headers=headers)
            answer = connection.getresponse()
            return MockAnswer(status=answer.status, body=json.loads(answer.read()))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise EnvironmentFault(
                problem=f"{self.detail} does not answer: {error!r}", remedy="'simulate doctor' tries it by itself"
            ) from error
        finally:
            connection.close()

    def wait_until_up(self) -> None:
        """Returns once it answers; it reads Stripe's description for a second or two.

        :raises EnvironmentFault: it does not.
        """
        deadline = time.monotonic() + _READY_DEADLINE_WALL_SECONDS
        while True:
            try:
                self.ask("GET", "/v1/balance")
            except EnvironmentFault:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return


class _Connection(http.client.HTTPConnection):
    """HTTP over TCP or a Unix socket, by the standard library: a run intercepts the requests of ``requests``."""

    def __init__(self, address: Path | tuple[str, int]) -> None:
        host, port = ("stripe-mock", 80) if isinstance(address, Path) else address
        super().__init__(host, port, timeout=_CALL_WALL_SECONDS)
        self._path = address if isinstance(address, Path) else None

    def connect(self) -> None:
        if self._path is None:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_CALL_WALL_SECONDS)
        self.sock.connect(str(self._path))


@contextmanager
def stripe_mock(environment: str, *, folder: Path) -> Iterator[StripeMock | None]:
    """The environment's stripe-mock, started but perhaps not answering yet; None if this machine has none.

    :param folder: the run's workspace.
    :raises EnvironmentFault: the environment needs one and cannot start it.
    """
    with ExitStack() as stack:
        if environment == "compose":
            yield _of_compose()
        elif environment == "containers":
            yield stack.enter_context(_in_container(folder))
        else:
            binary = find_binary()
            yield None if binary is None else stack.enter_context(_as_process(binary, folder))


def find_binary() -> Path | None:
    """``STRIPE_MOCK_BIN``, else on PATH, else beside this Python.

    :raises EnvironmentFault: the variable names no file.
    """
    named = os.environ.get(BINARY_VARIABLE)
    if named:
        if not Path(named).is_file():
            raise EnvironmentFault(
                problem=f"{BINARY_VARIABLE} names {named}, which is not there", remedy="unset it or point it at one"
            )
        return Path(named)
    found = shutil.which("stripe-mock") or beside_python("stripe-mock")
    return Path(found) if found else None


@contextmanager
def _as_process(binary: Path, folder: Path) -> Iterator[StripeMock]:
    address = folder / _SOCKET_NAME
    quiet = subprocess.DEVNULL
    version = binary_version(binary)
    process = subprocess.Popen(
        [binary, "-http-unix", address], stdin=quiet, stdout=quiet, stderr=quiet,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )  # fmt: skip
    try:
        yield StripeMock(address=address, detail=f"stripe-mock {version}")
    finally:
        process.kill()
        process.wait()


def binary_version(binary: Path) -> str:
    """The version that the binary prints. One built by ``go install`` prints "master" and is taken for the pinned
    version.

    :raises EnvironmentFault: it cannot be run.
    """
    try:
        said = subprocess.run([binary, "-version"], capture_output=True, encoding="utf-8", check=False).stdout.split()
    except OSError as error:
        raise EnvironmentFault(problem=f"{binary} cannot be run: {error.strerror}", remedy=REMEDY) from error
    return said[-1] if said and said[-1] != "master" else images().stripe_mock_version


@contextmanager
def _in_container(folder: Path) -> Iterator[StripeMock]:
    from simulation.environment.containers import stripe_mock_container

    with stripe_mock_container(folder, _SOCKET_NAME) as (address, detail):
        yield StripeMock(address=address, detail=f"stripe-mock {images().stripe_mock_version} ({detail})")


def _of_compose() -> StripeMock:
    from simulation.environment.compose import find_service, published_port
    from simulation.environment.engine import connect

    engine = connect()
    try:
        container = find_service(engine, "stripe-mock")
        address = ("127.0.0.1", published_port(container, 12111))
        version = images().stripe_mock_version
        return StripeMock(address=address, detail=f"stripe-mock {version} (container {container.short_id})")
    finally:
        engine.close()
