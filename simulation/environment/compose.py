"""The Postgres service of ``docker-compose.sim.yml``, kept up by somebody. One run at a time uses it, and begins by
restarting it, so that it is empty."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import docker

from simulation.environment.engine import connect
from simulation.environment.in_container import LOG_FILE, ContainerServer, fill_clock_folder
from simulation.errors import EnvironmentFault
from simulation.paths import COMPOSE_CLOCK_FOLDER, COMPOSE_FILE

UP = "docker compose -f docker-compose.sim.yml up -d --wait"
_SERVICE_LABEL = "com.docker.compose.service"
_FOLDER_LABEL = "com.docker.compose.project.working_dir"
_STOP_WALL_SECONDS = 5


def find_service(client: docker.DockerClient, service: str) -> Any:
    """The running container of this project's ``service``.

    :raises EnvironmentFault: it is not up.
    """
    labels = [f"{_SERVICE_LABEL}={service}", f"{_FOLDER_LABEL}={COMPOSE_FILE.parent}"]
    found = client.containers.list(filters={"label": labels})
    if not found:
        raise EnvironmentFault(
            problem=f"the service {service} of docker-compose.sim.yml is not up", remedy=f"bring it up: {UP}"
        )
    return found[0]


def published_port(container: Any, port: int) -> int:
    """The loopback port of this machine to which the container's ``port`` is published."""
    container.reload()
    bound = container.ports.get(f"{port}/tcp")
    if not bound:
        raise EnvironmentFault(
            problem=f"container {container.short_id} publishes no port {port}",
            remedy="bring it up anew: docker compose -f docker-compose.sim.yml up -d --force-recreate",
        )
    return int(bound[0]["HostPort"])


class ComposePostgres(ContainerServer):
    """See :class:`PostgresServer`. Its data lives in memory: a restart is a new server with new passwords.

    A run begins with a restart, since the run before moved the clock to its scenario's end and closed the superuser.

    :param now: the simulated instant at which the server starts.
    """

    name = "compose"

    def __init__(self, *, now: datetime) -> None:
        super().__init__(now=now)
        self._held = ExitStack()
        self.host = "127.0.0.1"

    def start(self) -> None:
        self._engine = connect()
        self._held.callback(self._engine.close)
        container = find_service(self._engine, "postgres")
        self._take()
        self._image = container.attrs["Config"]["Image"]
        self.clock_file = fill_clock_folder(COMPOSE_CLOCK_FOLDER, self._now)
        container.restart(timeout=_STOP_WALL_SECONDS)
        self.port = published_port(container, 5432)
        self.await_ready(container)

    def stop(self) -> None:
        self._held.close()

    def server_log(self) -> Iterator[str]:
        if self.alive:
            said = self.container.exec_run(["cat", LOG_FILE])
            yield from said.output.decode().splitlines()

    def _take(self) -> None:
        """Take the lock on the service: two runs at once would move one clock."""
        try:
            lock = self._held.enter_context((COMPOSE_CLOCK_FOLDER / "lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EnvironmentFault(
                problem="another run uses the environment 'compose', whose one server has one clock",
                remedy="wait for it, or run side by side with --environment containers",
            ) from error
        except OSError as error:
            raise EnvironmentFault(
                problem=f"the clock of 'compose' cannot be written: {COMPOSE_CLOCK_FOLDER}: {error.strerror}",
                remedy="the folder must be yours: take the services down, remove it, make it anew, bring them up",
            ) from error
