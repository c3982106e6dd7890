"""Tools that are needed to detect some defects: where one is missing, the entry is reported as not tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from simulation.environment import promtool, stripe_mock

ToolNeed = Literal["stripe-mock", "promtool"]


def _stripe_mock() -> str | None:
    return None if stripe_mock.find_binary() else f"no stripe-mock on this machine: {stripe_mock.REMEDY}"


def _promtool() -> str | None:
    return None if promtool.find_promtool() else f"no promtool on this machine: {promtool.REMEDY}"


_FIND: Mapping[ToolNeed, Callable[[], str | None]] = {"stripe-mock": _stripe_mock, "promtool": _promtool}


def missing(need: ToolNeed | None) -> str | None:
    """Why an entry with this need cannot be tried here, and what would change that; None when it can."""
    return None if need is None else _FIND[need]()
