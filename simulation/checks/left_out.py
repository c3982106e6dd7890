"""What a verdict does not judge, and why: what the target does not declare, and what its business does not have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from simulation.checks.base import CheckResult
from simulation.checks.evidence.money import grouped
from simulation.words import plural


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """One thing, however many checks it keeps from looking.

    ``why``: the reason that the target's contract gives; empty for what it does not declare. ``checks``: those that are
    unknown for want of it, or that are about nothing else.
    """

    what: str
    why: str
    checks: tuple[str, ...]


def left_out(results: Sequence[CheckResult], absent: Mapping[str, str]) -> tuple[LeftOut, ...]:
    """First what is not declared, by how many checks it stops; then what the business does not have.

    :param absent: what it does not have → the reason.
    """
    undeclared = grouped((result for result in results if result.undeclared is not None), lambda item: item.undeclared)
    unknown = [LeftOut(what=str(what), why="", checks=_names(group)) for what, group in undeclared.items()]
    missing = [
        LeftOut(what=what.replace("_", " "), why=why, checks=_names(item for item in results if item.absent == what))
        for what, why in sorted(absent.items())
    ]
    return (*sorted(unknown, key=lambda item: (-len(item.checks), item.what)), *missing)


def in_words(items: Sequence[LeftOut]) -> str:
    """One sentence about all of them; empty where there are none."""
    unknown = [f"{item.what} ({_checks(item)})" for item in items if not item.why]
    missing = [item.what for item in items if item.why]
    parts = [f"{len(unknown)} not declared: {', '.join(unknown)}"] if unknown else []
    parts += [f"{len(missing)} declared absent: {', '.join(missing)}"] if missing else []
    return "; ".join(parts)


def _checks(item: LeftOut) -> str:
    return plural(len(item.checks), "check")


def _names(results: Iterable[CheckResult]) -> tuple[str, ...]:
    return tuple(result.check for result in results)
