"""Seeded chance: each part of the world draws from its own source, so that one more draw here changes nothing there."""

from __future__ import annotations

from random import Random


def chance(seed: int, *names: str) -> Random:
    """The source of one component (and key) of a run; equal arguments give equal draws on every machine."""
    return Random(":".join((str(seed), *names)))  # noqa: S311 - reproducible on purpose, and no secret depends on it
