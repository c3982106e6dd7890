"""What the environments ``containers`` and ``compose`` share: a server in a container, clock folder, passwords."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from docker.errors import APIError

from simulation.clock_file import write_clock_file
from simulation.environment.clock_library import (
    CLOCK_FOLDER_NAMES,
    LIBRARY_VARIABLE,
    clock_environment,
    clock_file_in,
    library_in,
)
from simulation.environment.compose_file import images
from simulation.environment.engine import Exit
from simulation.environment.protocol import ROLES
from simulation.environment.server import SUPERUSER, PostgresServer
from simulation.errors import EnvironmentFault

_CLOCK_REFUSED = 64
"""Exit status of the start script when the clock library does not move the image's clock."""
_PASSWORDS = "/var/run/postgresql/passwords"
DATA_MOUNT = "/tmp"  # noqa: S108 - in the container, in memory
"""Where the data is mounted: every image has this folder with mode 1777, and the mount keeps that mode."""
LOG_FILE = f"{DATA_MOUNT}/pgdata/log/server.json"
_CLOCK_MOUNT = "/simulation/clock"
_READY_DEADLINE_WALL_SECONDS = 60.0


class ContainerServer(PostgresServer):
    """A server in a container. A subclass starts it, passes it to :meth:`await_ready`, and knows where its log is."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now
        self.passwords = {}
        self.container: Any = None
        self._exit: Exit | None = None
        self._process_id: int | None = None
        self._image = images().postgres

    @property
    def alive(self) -> bool:
        return self._exit is not None and not self._exit.happened

    @property
    def process_id(self) -> int | None:
        return self._process_id

    @property
    def detail(self) -> str:
        return f"container {self.container.short_id} of {self._image}"

    def last_words(self) -> str:
        try:
            lines = self.container.logs(tail=3).decode(errors="replace").strip().splitlines()
        except APIError as error:
            return f"the container is gone ({error.explanation})"
        return " ".join(lines)

    def await_ready(self, container: Any) -> None:
        """Wait until the server accepts connections, and learn this start's passwords.

        :raises EnvironmentFault: it does not come up; the message has its last lines of output.
        """
        self.container, self._exit = container, Exit(container)
        deadline = time.monotonic() + _READY_DEADLINE_WALL_SECONDS
        while not self._accepts_connections():
            if self._exit.happened:
                raise self._did_not_start()
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        said = container.exec_run(["cat", _PASSWORDS]).output.decode()
        self.passwords = dict(line.split() for line in said.splitlines())
        missing = {SUPERUSER, *ROLES} - self.passwords.keys()
        assert not missing, f"the start script made no password for {missing}"
        self.wait_until_up()
        self._prove_that_the_clock_moves()
        container.reload()
        self._process_id = _on_this_machine(int(container.attrs["State"]["Pid"]))

    def _prove_that_the_clock_moves(self) -> None:
        """An engine in a virtual machine may show the container a clock page that stands still."""
        moved = self._now + timedelta(hours=1)
        write_clock_file(self.clock_file, moved)
        with self.superuser("postgres") as connection:
            (said,) = connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
        write_clock_file(self.clock_file, self._now)
        if said != moved:
            raise EnvironmentFault(
                problem=f"the clock of {self.detail} does not move: it says {said} at {moved}",
                remedy=f"take --environment embedded; or name a libfaketime.so.1 by {LIBRARY_VARIABLE}, which reads "
                "its clock in a way that an engine on another machine (Docker Desktop) passes on",
            )

    def _accepts_connections(self) -> bool:
        try:
            return bool(self.container.exec_run(["pg_isready", "-q", "-h", "/var/run/postgresql"]).exit_code == 0)
        except APIError:  # it is not running yet, or no more
            return False

    def _did_not_start(self) -> EnvironmentFault:
        assert self._exit is not None
        if self._exit.status == _CLOCK_REFUSED:
            return EnvironmentFault(
                problem=f"the image {self._image} cannot live in simulated time: {self.last_words()}",
                remedy="name one in docker-compose.sim.yml that has this machine's architecture, dynamically linked"
                " programs, and glibc: the official image's Debian variants (postgres:18.6-bookworm, not -alpine);"
                " 'simulate doctor' tells which clock library is used",
            )
        return EnvironmentFault(
            problem=f"PostgreSQL in {self.detail} ended with status {self._exit.status}: {self.last_words()}",
            remedy="run 'simulate doctor'; is there room in memory and on the disk?",
        )


def _on_this_machine(pid: int) -> int | None:
    """Process id of the container's first process; None if it runs on another machine (Docker Desktop,
    ``DOCKER_HOST``)."""
    try:
        return pid if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == "postgres" else None
    except OSError:
        return None


def fill_clock_folder(folder: Path, now: datetime) -> Path:
    """Put clock file, library and the variables of both where the container sees them, for its start script; returns
    the clock file."""
    for left in CLOCK_FOLDER_NAMES:
        (folder / left).unlink(missing_ok=True)
    file = clock_file_in(folder)
    write_clock_file(file, now)
    inside = Path(_CLOCK_MOUNT)
    variables = clock_environment(library=inside / library_in(folder).name, clock_file=inside / file.name, shared=False)
    told = "".join(f"{name}={value}\n" for name, value in variables.items())
    environment = folder / "environment"
    environment.write_text(f"{told}SIMULATED_START={int(now.timestamp())}\n", encoding="ascii")
    environment.chmod(0o644)
    return file
