"""What ``docker-compose.sim.yml`` names: the one place where images and ports are written down."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import yaml

from simulation.project import COMPOSE_FILE


@dataclass(frozen=True, kw_only=True)
class Images:
    """Image names with their pinned tags."""

    postgres: str
    stripe_mock: str

    @property
    def stripe_mock_version(self) -> str:
        """The tag, which is the version of the Go module as well."""
        return self.stripe_mock.rpartition(":")[2]


@lru_cache(maxsize=1)
def images() -> Images:
    """The images of the compose file."""
    services = yaml.safe_load(COMPOSE_FILE.read_text())["services"]
    return Images(postgres=services["postgres"]["image"], stripe_mock=services["stripe-mock"]["image"])
