"""Which environment a run gets, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from simulation.environment.compose_file import images
from simulation.environment.embedded import EmbeddedPostgres
from simulation.environment.installations import COMES_ALONG, Needs, installation_for
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


def environment_of_processes(asked: str, needs: Needs) -> Choice:
    """Where PostgreSQL comes from for a backend in processes of its own.

    Such a backend reaches the server from a network of its own, through a Unix socket in the run's workspace.

    :param needs: of its schema; ``auto`` chooses by them.
    :raises UsageError: it is to come from a server that has none there, or that is of another version.
    :raises EnvironmentFault: no server here has what it needs.
    """
    if asked == "compose":
        raise UsageError(
            place="--environment compose",
            problem="a backend in processes of its own (--target) lives in a network of its own, from which the port "
            "of the service cannot be reached",
            remedy="say --environment containers, which gives the run a server of its own, or leave the option out",
        )
    if asked == "containers":
        if not _in_image(needs):
            raise UsageError(
                place="--environment containers",
                problem=f"the image has PostgreSQL {COMES_ALONG}, and the target asks for {needs}",
                remedy="leave the option out: a server of this machine is taken then",
            )
        return Choice(name=asked, reason="asked for")
    try:
        installation = installation_for(needs)
    except EnvironmentFault:
        from simulation.environment import engine as docker_presence

        if asked != "auto" or not _in_image(needs) or docker_presence.what_is_missing() is not None:
            raise
        return Choice(name="containers", reason=f"auto: no PostgreSQL of this machine has {needs}")
    if asked != "auto":
        return Choice(name=asked, reason="asked for")
    if installation.comes_along:
        return Choice(name="embedded", reason="auto: nothing beside a backend in processes of its own is needed for it")
    return Choice(name="embedded", reason=f"auto: {installation} has {needs}")


def _in_image(needs: Needs) -> bool:
    """The official image has every extension that comes with PostgreSQL; of others nobody knows before it is asked."""
    return needs.version in (None, COMES_ALONG)


def provide(
    name: str, *, folder: Path, now: datetime, schema_digest: str | None = None, needs: Needs | None = None
) -> PostgresServer:
    """The environment's server, not yet started.

    :param folder: the run's workspace. :param now: the simulated instant at which it starts.
    :param schema_digest: of all that the template will be made of, where that can be told.
    :param needs: what the schema asks of an embedded server.
    :raises EnvironmentFault: the packages for containers are not installed.
    """
    if name == "embedded":
        return EmbeddedPostgres(folder=folder, now=now, schema_digest=schema_digest, needs=needs)
    try:
        from simulation.environment.compose import ComposePostgres
        from simulation.environment.containers import ContainerPostgres
    except ImportError as error:
        raise EnvironmentFault(
            problem=f"the environment {name!r} needs the package {error.name}",
            remedy="run 'make setup', or: pip install testcontainers",
        ) from error
    return ContainerPostgres(folder=folder, now=now) if name == "containers" else ComposePostgres(now=now)
