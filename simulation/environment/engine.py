"""The Docker engine: whether one answers, whether an image is here, and what killed runs left in it."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from simulation.environment.compose_file import images
from simulation.environment.engine_address import HOST_VARIABLE, EngineAddress, engine_address, use
from simulation.environment.workspace import is_held
from simulation.errors import EnvironmentFault

OWNER_LABEL = "founder-absence.workspace"
_NAMESPACE_LABEL = "founder-absence.namespace"
_API_TIMEOUT_WALL_SECONDS = 60


def connect() -> docker.DockerClient:
    """A client of the engine.

    :raises EnvironmentFault: none answers.
    """
    address = engine_address()
    try:
        _knock(address)
        use(address)
        return docker.from_env(timeout=_API_TIMEOUT_WALL_SECONDS, version="auto")
    except (DockerException, OSError) as error:
        raise EnvironmentFault(
            problem=f"no Docker engine answers at {address}: {getattr(error, 'strerror', None) or error}",
            remedy="start one (as root: dockerd &), name it (DOCKER_HOST=unix:///…, or docker context use …),"
            " or run with --environment embedded",
        ) from error


def _knock(address: EngineAddress) -> None:
    """Raises ``OSError`` where nobody listens; the client would leave its own socket open then."""
    if address.socket is not None:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(address.socket))


def has_image(client: docker.DockerClient, image: str) -> bool:
    """Whether the image is on this machine already."""
    try:
        client.images.get(image)
    except ImageNotFound:
        return False
    return True


def need_image(client: docker.DockerClient, image: str) -> None:
    """Make sure that the image is on this machine; pull it from its registry if it is not.

    :raises EnvironmentFault: it cannot be pulled.
    """
    if has_image(client, image):
        return
    try:
        client.images.pull(image)
    except APIError as error:
        raise EnvironmentFault(
            problem=f"the image {image} is not here and cannot be pulled: {error.explanation or error}",
            remedy="build it without a registry: make images",
        ) from error


def owner_labels(workspace: Path) -> dict[str, str]:
    """Labels that tell a later run whose container this is: its workspace's, whose lock the run holds."""
    return {OWNER_LABEL: str(workspace), _NAMESPACE_LABEL: _namespace()}


def reap_containers(client: docker.DockerClient) -> list[str]:
    """Remove containers, started or only created, whose run no longer lives; returns their short ids.

    One whose workspace cannot be seen from here stays, unless it could: then the workspace is gone.
    """
    reaped = []
    for container in client.containers.list(all=True, filters={"label": OWNER_LABEL}, ignore_removed=True):
        seen_from_here = container.labels.get(_NAMESPACE_LABEL) == _namespace()
        if seen_from_here and not is_held(Path(container.labels[OWNER_LABEL])):
            remove(container)
            reaped.append(container.short_id)
    return reaped


def remove_all_of(client: docker.DockerClient, workspace: Path) -> None:
    """Every container of this run, those too that were created and never started."""
    label = f"{OWNER_LABEL}={workspace}"
    for container in client.containers.list(all=True, filters={"label": label}, ignore_removed=True):
        remove(container)


def _namespace() -> str:
    """Which machine's file system this process sees."""
    with contextlib.suppress(OSError):
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text(encoding='ascii').strip()}-" + os.readlink(
            "/proc/self/ns/mnt"
        )
    return "unknown"


def remove(container: Any) -> None:
    """Kill and remove a container with its anonymous volumes; one that is gone already is fine."""
    try:
        container.remove(force=True, v=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != 409:  # another process is removing it right now
            raise
    except OSError:
        return  # the engine itself is gone; its own end was told already


class Exit:
    """Whether a container has ended. A thread waits for its end, so that nobody need ask the engine."""

    def __init__(self, container: Any) -> None:
        self._container = container
        self._ended = threading.Event()
        self.status: int | None = None
        threading.Thread(target=self._wait, name="container-exit", daemon=True).start()

    @property
    def happened(self) -> bool:
        return self._ended.is_set()

    def _wait(self) -> None:
        try:
            self.status = self._container.client.api.wait(self._container.id, timeout=None)["StatusCode"]
        except Exception:
            self.status = None  # removed, or the engine is gone
        finally:
            self._ended.set()


def may_be_there() -> bool:
    """False only where certainly no engine can be reached."""
    socket_file = engine_address().socket
    return bool(os.environ.get(HOST_VARIABLE)) or socket_file is None or socket_file.exists()


def what_is_missing() -> str | None:
    """Why ``containers`` cannot be chosen; None when it can."""
    if not may_be_there():
        return "no Docker engine on this machine"
    try:
        from simulation.environment.engine import connect, has_image
    except ImportError as error:
        return f"the package {error.name} is not installed"
    try:
        client = connect()
    except EnvironmentFault:
        return "no Docker engine answers"
    with closing(client):
        absent = [image for image in (images().postgres, images().stripe_mock) if not has_image(client, image)]
    return f"{' and '.join(absent)} not here ('make images' builds them)" if absent else None
