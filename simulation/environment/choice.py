"""Which environment a run gets, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from simulation.environment.compose_file import images
from simulation.environment.embedded import EmbeddedPostgres
from simulation.environment.server import PostgresServer
from simulation.errors import EnvironmentFault, UsageError

ENVIRONMENTS = ("embedded", "containers", "compose")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The environment chosen, and why; the report shows ``reason`` behind the environment's name."""

    name: str
    reason: str


def choose(asked: str = "auto", *, operated: bool = False) -> Choice:
    """The environment asked for; for ``auto`` containers when an engine answers and has the images, else embedded.

    ``auto`` downloads nothing: an image that it lacks means ``embedded``.

    :param operated: the scenario has tasks of operations, which may restart the server: only embedded can.
    """
    if asked != "auto":
        return Choice(name=asked, reason="asked for")
    if operated:
        return Choice(name="embedded", reason="auto: the scenario has tasks that may restart the server")
    # Importing the Docker client takes 0.2 s; a run without an engine does not need it.
    from simulation.environment import engine as docker_presence

    lacks = docker_presence.what_is_missing()
    if lacks is None:
        return Choice(name="containers", reason=f"auto: an engine answers and has {images().postgres}")
    return Choice(name="embedded", reason=f"auto: {lacks}")


def environment_of_processes(asked: str) -> Choice:
    """Where PostgreSQL comes from for a backend in processes of its own.

    Such a backend reaches the server from a network of its own, through a Unix socket in the run's workspace.

    :raises UsageError: it is to come from a server that has none there.
    """
    if asked == "compose":
        raise UsageError(
            place="--environment compose",
            problem="a backend in processes of its own (--target) lives in a network of its own, from which the port "
            "of the service cannot be reached",
            remedy="say --environment containers, which gives the run a server of its own, or leave the option out",
        )
    if asked == "auto":
        return Choice(name="embedded", reason="auto: nothing beside a backend in processes of its own is needed for it")
    return Choice(name=asked, reason="asked for")


def provide(name: str, *, folder: Path, now: datetime, schema_digest: str | None = None) -> PostgresServer:
    """The environment's server, not yet started.

    :param folder: the run's workspace. :param now: the simulated instant at which it starts.
    :param schema_digest: of all that the template will be made of, where that can be told.
    :raises EnvironmentFault: the packages for containers are not installed.
    """
    if name == "embedded":
        return EmbeddedPostgres(folder=folder, now=now, schema_digest=schema_digest)
    try:
        from simulation.environment.compose import ComposePostgres
        from simulation.environment.containers import ContainerPostgres
    except ImportError as error:
        raise EnvironmentFault(
            problem=f"the environment {name!r} needs the package {error.name}",
            remedy="run 'make setup', or: pip install testcontainers",
        ) from error
    return ContainerPostgres(folder=folder, now=now) if name == "containers" else ComposePostgres(now=now)
