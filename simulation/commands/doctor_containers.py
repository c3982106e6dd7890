"""The part of ``simulate doctor`` about containers. Each look says what is here, or raises with the remedy."""

from __future__ import annotations

import os
import socket
import time
from contextlib import closing
from datetime import datetime

from simulation.environment.choice import choose, provide
from simulation.environment.compose_file import images, published_ports
from simulation.environment.server import running
from simulation.environment.stripe_mock import REMEDY, binary_version, find_binary, stripe_mock
from simulation.environment.workspace import workspace
from simulation.errors import EnvironmentFault


def engine() -> str:
    """Which Docker engine answers."""
    from simulation.environment.engine import connect, reap_containers

    with closing(connect()) as client:
        version = client.version()
        reaped = reap_containers(client)
        left = f", {len(reaped)} containers of killed runs removed" if reaped else ""
        return f"Docker {version['Version']}, {version['Os']}/{version['Arch']}{left}"


def image_tags() -> str:
    """Whether the images of the compose file are here."""
    from simulation.environment.engine import connect, has_image

    named = (images().postgres, images().stripe_mock)
    with closing(connect()) as client:
        missing = [image for image in named if not has_image(client, image)]
    if missing:
        raise EnvironmentFault(
            problem=f"not here: {', '.join(missing)}",
            remedy="docker compose -f docker-compose.sim.yml pull; without a registry: make images",
        )
    return ", ".join(named)


def containers(now: datetime) -> str:
    """Start and stop a server in a container; the start proves that libfaketime reaches it."""
    began = time.monotonic()
    with workspace() as folder, running(provide("containers", folder=folder, now=now)) as server:
        return f"PostgreSQL under the simulated clock in {time.monotonic() - began:.1f} s ({server.detail})"


def compose() -> str:
    """Whether the compose file's services are up, and if not, whether its ports are free."""
    from simulation.environment.compose import UP, find_service
    from simulation.environment.engine import connect

    with closing(connect()) as client:
        try:
            return ", ".join(f"{name} {find_service(client, name).short_id}" for name in ("postgres", "stripe-mock"))
        except EnvironmentFault:
            taken = [port for port in published_ports(os.environ) if not _is_free(port)]
    if taken:
        raise EnvironmentFault(
            problem=f"not up, and port {taken[0]} of 127.0.0.1 is taken",
            remedy="set SIMULATE_POSTGRES_PORT or SIMULATE_STRIPE_MOCK_PORT to free ones before bringing it up",
        )
    raise EnvironmentFault(problem="not up (its ports are free)", remedy=UP)


def stripe_mock_here() -> str:
    """A stripe-mock for the environment that ``auto`` would choose."""
    name = choose().name
    binary = find_binary()
    if name == "embedded" and binary is not None:
        with workspace() as folder, stripe_mock("embedded", folder=folder) as mock:
            assert mock is not None
            mock.wait_until_up()
        return f"{binary}, {binary_version(binary)}"
    if name == "embedded":
        raise EnvironmentFault(problem="none: the check stripe_contract stays not verified", remedy=REMEDY)
    return f"image {images().stripe_mock}" + (f", and {binary}" if binary else "")


def auto() -> str:
    """What ``--environment auto`` would take, and why."""
    choice = choose()
    return f"auto chooses {choice.name!r} ({choice.reason})"


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
