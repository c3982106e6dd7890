"""Reads images and ports from ``docker-compose.sim.yml``, the one place where they are written down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import yaml

from simulation.paths import COMPOSE_FILE

_PORT = re.compile(r"^127\.0\.0\.1:\$\{(?P<name>\w+):-(?P<default>\d+)\}:\d+$")


@dataclass(frozen=True, kw_only=True)
class Images:
    """Image names with their pinned tags."""

    postgres: str
    stripe_mock: str

    @property
    def stripe_mock_version(self) -> str:
        """The tag of the image, which is also the version of the Go module."""
        return self.stripe_mock.rpartition(":")[2]


@lru_cache(maxsize=1)
def images() -> Images:
    """The images of the compose file."""
    services = yaml.safe_load(COMPOSE_FILE.read_text())["services"]
    return Images(postgres=services["postgres"]["image"], stripe_mock=services["stripe-mock"]["image"])


def published_ports(variables: Mapping[str, str]) -> list[int]:
    """Loopback ports that ``up`` would take, with ``variables`` put in as compose does: ``${NAME:-default}``."""
    services = yaml.safe_load(COMPOSE_FILE.read_text())["services"]
    ports = []
    for service in services.values():
        for mapping in service["ports"]:
            match = _PORT.match(mapping)
            assert match is not None, f"{COMPOSE_FILE}: a port must stand as 127.0.0.1:${{NAME:-port}}:port: {mapping}"
            ports.append(int(variables.get(match["name"]) or match["default"]))
    return ports
