"""Where a Docker engine would answer. Imports nothing of Docker's own: asked on machines that have none, too."""

from __future__ import annotations

import os
from pathlib import Path

DEFAULT_SOCKET = Path("/var/run/docker.sock")


def engine_address() -> str:
    """``DOCKER_HOST``, else the default socket."""
    return os.environ.get("DOCKER_HOST") or f"unix://{DEFAULT_SOCKET}"


def may_be_there() -> bool:
    """False only where certainly no engine can be reached."""
    return bool(os.environ.get("DOCKER_HOST")) or DEFAULT_SOCKET.exists()
