"""Where a Docker engine listens: what the user named, by variable or by context, else where engines usually are."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation.documents.text import read_bytes
from simulation.errors import UsageError
from simulation.untrusted import NotPlain, plain_object

HOST_VARIABLE = "DOCKER_HOST"
_LONGEST = 1_000
DEFAULT_SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True, kw_only=True)
class EngineAddress:
    """``host`` as ``DOCKER_HOST`` has it; ``named_by`` says to people why this one."""

    host: str
    named_by: str

    def __str__(self) -> str:
        return f"{self.host} ({self.named_by})"

    @property
    def socket(self) -> Path | None:
        """The Unix socket, where it is one."""
        return Path(self.host.removeprefix("unix://")) if self.host.startswith("unix://") else None


def engine_address() -> EngineAddress:
    """As the ``docker`` command finds it; where nothing is named, the first socket that is there."""
    if host := os.environ.get(HOST_VARIABLE):
        return EngineAddress(host=host, named_by=HOST_VARIABLE)
    context = os.environ.get("DOCKER_CONTEXT") or text_at(_configuration() / "config.json", "currentContext")
    if context and context != "default":
        return EngineAddress(host=_host_of(context), named_by=f"docker context {context!r}")
    usual = [EngineAddress(host=f"unix://{path}", named_by=whose) for path, whose in _usual_sockets()]
    return next((address for address in usual if address.socket and address.socket.exists()), usual[0])


def use(address: EngineAddress) -> None:
    """Let every client in this process, and every program it starts, speak to this engine."""
    os.environ[HOST_VARIABLE] = address.host


def _usual_sockets() -> Iterator[tuple[str, str]]:
    yield DEFAULT_SOCKET, "the default socket"
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    yield f"{runtime}/docker.sock", "rootless Docker"
    yield f"{Path.home()}/.colima/default/docker.sock", "Colima"
    yield f"{runtime}/podman/podman.sock", "Podman"


def _host_of(context: str) -> str:
    folder = hashlib.sha256(context.encode()).hexdigest()
    file = _configuration() / "contexts" / "meta" / folder / "meta.json"
    return text_at(file, "Endpoints", "docker", "Host") or f"unix://{DEFAULT_SOCKET}"


def _configuration() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def text_at(file: Path, *keys: str) -> str:
    """A text in a JSON file of Docker's; empty where the file has none of a kind that could be a name or an address."""
    try:
        found: Any = plain_object(read_bytes(file, kind="a file of Docker's"))
    except (UsageError, NotPlain):
        return ""
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) and found.isprintable() and len(found) <= _LONGEST else ""
