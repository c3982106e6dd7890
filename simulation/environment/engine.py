"""The Docker engine: whether one answers, whether an image is here, and what killed runs left in it."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from simulation.environment.compose_file import images
from simulation.environment.workspace import owner_lives, owner_tag
from simulation.errors import EnvironmentFault

OWNER_LABEL = "founder-absence.owner"
_API_TIMEOUT_WALL_SECONDS = 60


def connect() -> docker.DockerClient:
    """A client of the engine.

    :raises EnvironmentFault: none answers.
    """
    host = engine_address()
    try:
        _knock(host)
        return docker.from_env(timeout=_API_TIMEOUT_WALL_SECONDS, version="auto")
    except (DockerException, OSError) as error:
        raise EnvironmentFault(
            problem=f"no Docker engine answers at {host}: {getattr(error, 'strerror', None) or error}",
            remedy="start one (as root: dockerd &), point DOCKER_HOST at it, or run with --environment embedded",
        ) from error


def _knock(host: str) -> None:
    """Raises ``OSError`` if nobody listens. The Docker client would leave a socket open in that case."""
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(host.removeprefix("unix://"))


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


def owner_labels() -> dict[str, str]:
    """Labels by which a later run knows which process started a container."""
    return {OWNER_LABEL: owner_tag()}


def reap_containers(client: docker.DockerClient) -> list[str]:
    """Remove containers whose run no longer lives; returns their short ids."""
    reaped = []
    for container in client.containers.list(all=True, filters={"label": OWNER_LABEL}, ignore_removed=True):
        if not owner_lives(container.labels[OWNER_LABEL]):
            remove(container)
            reaped.append(container.short_id)
    return reaped


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


DEFAULT_SOCKET = Path("/var/run/docker.sock")


def engine_address() -> str:
    """``DOCKER_HOST``, else the default socket."""
    return os.environ.get("DOCKER_HOST") or f"unix://{DEFAULT_SOCKET}"


def may_be_there() -> bool:
    """Whether an engine may be reachable; False only if certainly none is."""
    return bool(os.environ.get("DOCKER_HOST")) or DEFAULT_SOCKET.exists()


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
