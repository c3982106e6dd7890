"""Postgres in a container of this run alone: no network, reached through a Unix socket in the workspace."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from simulation.environment.compose_file import images
from simulation.environment.engine import connect, need_image, owner_labels, reap_containers, remove_all_of
from simulation.environment.in_container import DATA_MOUNT, ContainerServer, fill_clock_folder
from simulation.environment.watchdog import watch
from simulation.errors import EnvironmentFault
from simulation.paths import POSTGRES_FOLDER

_INIT_FILES = {"roles.sql": "10-roles.sql", "passwords.sh": "20-passwords.sh"}
"""Scripts for the image's entry point, in the order in which it runs them."""

# Ryuk needs an image of its own and a network; see watchdog.py for what stands in its place.
testcontainers_config.ryuk_disabled = True
# Unless it is set, reading the library's attributes (as freezegun does, of every module) asks the engine for it, and
# leaves a socket open where there is none.
testcontainers_config.ryuk_docker_socket = "/var/run/docker.sock"


class ContainerPostgres(ContainerServer):
    """See :class:`PostgresServer`.

    :param folder: the workspace; holds socket, log and clock.
    :param now: the simulated instant at which the server starts.
    :param disk_megabytes: room for its data, which lives in memory.
    """

    name = "containers"

    def __init__(self, *, folder: Path, now: datetime, disk_megabytes: int = 1024) -> None:
        super().__init__(now=now)
        self._folder = folder
        self._engine: docker.DockerClient | None = None
        self._disk_megabytes = disk_megabytes
        self.host, self.port = str(folder / "socket"), 5432

    def start(self) -> None:
        self._engine = connect()
        reap_containers(self._engine)
        need_image(self._engine, self._image)
        for name, mode in (("clock", 0o755), ("socket", 0o777), ("log", 0o777)):
            # The container runs as another user, who must get in; nobody else knows the workspace's name.
            (self._folder / name).mkdir()
            (self._folder / name).chmod(mode)
        self.clock_file = fill_clock_folder(self._folder / "clock", self._now)
        container = self._describe()
        try:
            _start(container)
        finally:
            self.container = container._container
        self.await_ready(self.container)

    def stop(self) -> None:
        if self._engine is not None:
            remove_all_of(self._engine, self._folder)
            self._engine.close()
            self._engine = None

    def server_log(self) -> Iterator[str]:
        file = self._folder / "log" / "server.json"
        if file.exists():
            with open(file, encoding="utf-8") as lines:
                yield from lines

    def _describe(self) -> DockerContainer:
        container = (
            DockerContainer(self._image)
            .with_command(["-c", "listen_addresses=", "-c", "log_directory=/simulation/log"])
            .with_tmpfs_mount(DATA_MOUNT, f"size={self._disk_megabytes}m")
            .with_volume_mapping(POSTGRES_FOLDER, "/simulation/postgres")
            .with_volume_mapping(self._folder / "clock", "/simulation/clock")
            .with_volume_mapping(self._folder / "socket", "/simulation/socket", "rw")
            .with_volume_mapping(self._folder / "log", "/simulation/log", "rw")
        )
        for name, place in _INIT_FILES.items():
            container.with_volume_mapping(POSTGRES_FOLDER / name, f"/docker-entrypoint-initdb.d/{place}")
        options: dict[str, Any] = {
            "user": "postgres",
            "entrypoint": ["bash", "/simulation/postgres/start.sh"],
            "network_mode": "none",
            "labels": owner_labels(self._folder),
            "cpuset_cpus": _our_cpus(),
        }
        return container.with_kwargs(**options)


def _start(container: DockerContainer) -> None:
    watch()
    try:
        container.start()
    except DockerException as error:
        raise EnvironmentFault(
            problem=f"the engine could not start {container.image}: {error}",
            remedy="run 'simulate doctor'; 'docker ps -a' shows what is there",
        ) from error


def _our_cpus() -> str | None:
    """The CPU cores that this process may use, in the engine's notation: harness and server share one."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    return ",".join(map(str, sorted(os.sched_getaffinity(0))))


@contextmanager
def stripe_mock_container(folder: Path, socket_name: str) -> Iterator[tuple[Path, str]]:
    """A stripe-mock in a container without network; yields the path of its Unix socket and the container's name. It may
    not answer yet."""
    image = images().stripe_mock
    place = folder / "stripe-mock"
    place.mkdir()
    with closing(connect()) as engine:
        reap_containers(engine)
        need_image(engine, image)
        container = DockerContainer(image).with_volume_mapping(place, "/simulation", "rw")
        container.with_command(["-http-unix", f"/simulation/{socket_name}"])
        options: dict[str, Any] = {
            "user": f"{os.getuid()}:{os.getgid()}",  # a socket that this process may connect to
            "entrypoint": ["/bin/stripe-mock"],
            "network_mode": "none",
            "labels": owner_labels(folder),
        }
        container.with_kwargs(**options)
        try:
            _start(container)
            yield place / socket_name, f"container {container.get_wrapped_container().short_id} of {image}"
        finally:
            remove_all_of(engine, folder)
