"""Which values of a fault's fields are tried: the edges of each field, alone, and beginnings with lengths together.

A value is an edge where the field's own range ends, or where something else of the contest, the platform, Stripe or a
runbook has its limit: a phase of the contest, an interval of a job, an attempt that is the last, a wait that ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from simulation.scenario.faults.drawing import Drawing
from simulation.scenario.faults.fault import Fault
from simulation.scenario.model import Scenario

_MINUTE = timedelta(minutes=1)
_NUMBERS: Mapping[str, Sequence[int]] = {
    "minutes": (
        0,
        1,
        3,
        5,
        6,
        10,
        15,
        20,
        30,
        40,
        50,
        59,
        60,
        61,
        69,
        70,
        71,
        75,
        90,
        120,
        180,
        360,
        361,
        720,
        721,
        1440,
        4320,
        4400,
    ),
    "times": (0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 14, 15, 16, 40, 60, 61, 300),
    "every": (0, 1, 2, 3, 4, 5, 9, 10, 11),
    "minutes_before": (0, 1, 4, 5, 6, 10, 20, 21, 30, 60, 300, 1440),
    "spread_minutes": (0, 1, 2, 5, 14, 15, 16, 60, 240, 241),
    "nth": (0, 1, 2, 3, 4, 5, 6, 7, 30),
    "delay_hours": (0, 1, 2, 3, 4, 12, 19, 20, 21, 22, 23, 24, 25, 26, 27, 40, 48, 72, 90, 100, 200),
    "status": (
        399,
        400,
        401,
        402,
        403,
        404,
        405,
        408,
        409,
        410,
        418,
        422,
        424,
        425,
        429,
        451,
        499,
        500,
        501,
        502,
        503,
        504,
        520,
        599,
        600,
    ),
}
_STATEMENTS: Mapping[str, Sequence[int | str]] = {
    "statement": (0, 1, 2, 3, 4, 8, 9, 10, 11, 100),
    "seconds": (-1, 0, 1, 29, 30, 31, 60, 240, 241),
    "waits": (-1, 0, 1, 2, 3, 10),
    "order": ("", "0", "1", "2", "0 3", "2 5 9", "9 2", "1,2"),
    "other": ("again", "lifecycle_reconciler", "ingestion_poller", "settlement", "payout_scheduler", "settlment"),
    "transaction": (
        "lifecycle_reconciler",
        "ingestion_poller",
        "settlement",
        "payout_scheduler",
        "settlment",
        "POST /api/webhooks/stripe",
    ),
}
"""Of faults at a statement."""
_LENGTHS_AT_EACH_BEGINNING = (75, 180)
"""Minutes of a fault that is tried from each moment of the contest on."""
_DRAWS = 50


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kind with one choice of its fields."""

    kind: str
    label: str
    """What is tried: ``minutes 360``."""
    fields: Mapping[str, Any]

    @property
    def name(self) -> str:
        """For files: ``provider_outage-minutes-360``."""
        return f"{self.kind}-{self.label}".replace(" ", "-").replace(":", "")


def cases(kind: type[Fault], ground: Scenario) -> Iterator[Case]:
    """Everything that is tried of a kind on the ground; the first as a swarm would draw it."""
    usual = _usual(kind, ground)
    own = kind.takes()
    yield Case(kind=kind.name(), label="as drawn", fields=usual)
    for field, values in (*_NUMBERS.items(), *_STATEMENTS.items()):
        if field in own:
            for value in values:
                yield Case(kind=kind.name(), label=f"{field} {value}", fields={**usual, field: value})
    if "at" in own:
        lengths = _LENGTHS_AT_EACH_BEGINNING if "minutes" in own else (None,)
        for name, moment in moments(ground):
            for length in lengths:
                label = f"at {name}" if length is None else f"at {name} minutes {length}"
                length_of_it = {} if length is None else {"minutes": length}
                yield Case(kind=kind.name(), label=label, fields={**usual, "at": moment, **length_of_it})


def _usual(kind: type[Fault], ground: Scenario) -> dict[str, Any]:
    """The fields that it must have, as a swarm draws them first."""
    for seed in range(_DRAWS):
        drawing = Drawing(ground, Random(seed))  # noqa: S311 - which values are tried is no secret
        drawing.faults = ground.faults
        drawn = kind.draw(drawing)
        if drawn is not None:
            fields = drawn.model_dump(mode="json", exclude_none=True)
            return {name: fields[name] for name in kind.takes() if kind.model_fields[name].is_required()}
    raise ValueError(f"{kind.name()} draws nothing on {ground.name}")


def moments(ground: Scenario) -> Iterator[tuple[str, datetime]]:
    """Where one phase of a contest ends and another begins, and just before and after."""
    contest = ground.contests[0]
    tournament = ground.tournaments[contest.tournament]
    phases = {
        "lock": contest.lock,
        "night": ground.start + timedelta(days=1, hours=2),
        "final": tournament.final_board_at,
    }
    yield "start", ground.start
    yield "created", contest.created
    yield "begin", contest.start
    yield "last-card", tournament.last_round_ends_at
    yield "end", contest.end
    for name, moment in phases.items():
        yield f"{name}-minus-1", moment - _MINUTE
        yield name, moment
        yield f"{name}-plus-1", moment + _MINUTE
    for minutes in (-60, -10, -5, 5, 10, 15, 60, 300):
        yield f"final{minutes:+d}", tournament.final_board_at + timedelta(minutes=minutes)
    for hours in (1, 6, 7):
        yield f"{hours}h-to-go", ground.end - timedelta(hours=hours)
    yield "over", ground.end
