"""Whether containers can be had on this machine, told in a few words; costs nothing where there is no Docker."""

from __future__ import annotations

from contextlib import closing

from simulation.environment.compose_file import images
from simulation.environment.engine_address import may_be_there
from simulation.errors import EnvironmentFault


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
