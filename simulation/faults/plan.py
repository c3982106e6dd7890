"""The concrete faults of a run: what the seed made of the scenario's faults, as data that a run can be started from."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from simulation.chance import chance
from simulation.documents.refusal import refused, suggest
from simulation.documents.yaml import read_yaml
from simulation.events import FaultScheduled
from simulation.scenario.faults import OPERATOR_KINDS, TRANSFER_KINDS, Expectation, Fault, FaultKind
from simulation.scenario.model import Contest, Scenario, Tournament

CALL_TIMEOUT_SECONDS = 30
"""How long a platform waits for Stripe (fixtures/spec/platform.md, "Money")."""
PROVIDER_TIMEOUT_SECONDS = 5
_USUAL_STATUS: dict[FaultKind, int] = {"transfer_error": 500, "transfer_refused": 400}
_HELD_BEFORE_LOCK = timedelta(seconds=30)
"""After the last prompt payer, before the lock."""
_KILLED_FOR = timedelta(seconds=30)
"""What a supervisor takes to notice and a program to start."""
_AIMS: dict[FaultKind, dict[str, str]] = {
    "stripe_outage": {"service": "stripe"},
    "stripe_reserve": {"service": "stripe"},
    "payout_timer_stopped": {"job": "payout"},
    "signing_secret_rolled": {"service": "stripe"},
    "backend_killed": {"service": "backend"},
    "database_connections_exhausted": {"service": "database"},
    "authentication_outage": {"service": "authentication"},
}
_REPEAT_SECONDS = (60, 600)
"""A duplicate, or the second event of a payment, comes this much after the first."""


class PlannedFault(BaseModel):
    """One line of ``faults.json``. Times are simulated, aware UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault_id: str
    kind: FaultKind
    expect: Expectation
    starts_at: datetime
    """It meets nobody before. For faults of payments and transfers: when the first of them can happen."""
    ends_at: datetime | None = None
    """End of its window, where it has one; it meets nobody from then on."""
    over_by: datetime
    """When it should be over: the end of its window, or of the last payment or the payout it may strike."""
    contest: str | None = None
    nth: int = 1
    times: int = 1
    tournament: str | None = None
    delay_seconds: int = 0
    status: int | None = None

    @property
    def keys(self) -> dict[str, str]:
        """What it is aimed at, as the history has it."""
        if self.tournament is not None:
            return {"tournament": self.tournament}
        if self.kind.startswith(OPERATOR_KINDS):
            return {"runbook": str(self.expect.runbook), "handover_minutes": str(self.delay_seconds // 60)}
        if self.contest is None:
            return _AIMS.get(self.kind, {})
        return {"contest": self.contest, "nth": str(self.nth)}

    @property
    def scheduled(self) -> FaultScheduled:
        """The event that announces it."""
        expectation: Literal["self_heals", "runbook", "terminal"] = (
            "terminal" if self.expect.terminal else "runbook" if self.expect.runbook else "self_heals"
        )
        return FaultScheduled(
            fault_id=self.fault_id,
            fault_kind=self.kind,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            keys=self.keys,
            expectation=expectation,
            runbook=self.expect.runbook,
            reason=self.expect.terminal,
        )


class FaultPlan(BaseModel):
    """The whole schedule of a run, ordered by start and id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_start: datetime
    faults: tuple[PlannedFault, ...] = ()

    @classmethod
    def from_scenario(cls, scenario: Scenario, seed: int) -> FaultPlan:
        """What the scenario's faults are in a run with this seed."""
        contests = {contest.key: contest for contest in scenario.contests}
        planned = [_planned(fault, contests, scenario.tournaments, seed) for fault in scenario.faults]
        return cls(
            window_start=scenario.start,
            faults=tuple(sorted(planned, key=lambda fault: (fault.starts_at, fault.fault_id))),
        )

    @property
    def scheduled(self) -> tuple[FaultScheduled, ...]:
        """One event for each fault, to be recorded when the run starts."""
        return tuple(fault.scheduled for fault in self.faults)

    def healthy_at(self) -> datetime:
        """When all of it should be over, as far as it is known beforehand."""
        return max([self.window_start, *(fault.over_by for fault in self.faults)])

    def to_json(self) -> str:
        return self.model_dump_json(indent=2) + "\n"


def _planned(fault: Fault, contests: dict[str, Contest], tournaments: dict[str, Tournament], seed: int) -> PlannedFault:
    starts_at, ends_at = _window(fault, contests, tournaments)
    delay_seconds = _delay_seconds(fault, seed)
    last_chance = ends_at or (starts_at if fault.contest is None else max(starts_at, contests[fault.contest].start))
    return PlannedFault(
        fault_id=fault.id,
        kind=fault.kind,
        expect=fault.expect,
        starts_at=starts_at,
        ends_at=ends_at,
        over_by=last_chance + timedelta(seconds=delay_seconds),
        contest=fault.contest,
        nth=fault.nth,
        times=fault.times,
        tournament=fault.tournament,
        delay_seconds=delay_seconds,
        status=fault.status or _USUAL_STATUS.get(fault.kind),
    )


def _window(
    fault: Fault, contests: dict[str, Contest], tournaments: dict[str, Tournament]
) -> tuple[datetime, datetime | None]:
    """Payments can be made from a contest's creation on, transfers once its tournament is over.

    A score card that is late for the final board was not on the board before, either.
    """
    if fault.kind == "contest_row_held":
        lock = contests[str(fault.contest)].lock
        return lock - _HELD_BEFORE_LOCK, lock + timedelta(minutes=fault.minutes or 0)
    if fault.kind == "contest_rows_lost":
        assert fault.at is not None, f"{fault.kind} without its time"
        return fault.at, None
    if fault.kind == "signing_secret_rolled":
        assert fault.at is not None, f"{fault.kind} without its time"
        return fault.at, None
    if fault.kind == "provider_correction":
        return tournaments[str(fault.tournament)].final_board_at + timedelta(hours=fault.delay_hours or 0), None
    if fault.tournament is not None:
        tournament, length = tournaments[fault.tournament], timedelta(minutes=fault.minutes or 0)
        if fault.at is None:
            return tournament.last_round_ends_at, tournament.final_board_at + length
        return fault.at, fault.at + length if length else None
    if fault.kind.startswith(OPERATOR_KINDS):
        assert fault.at is not None, f"{fault.kind} without its beginning"
        return fault.at, None
    if fault.contest is None:
        assert fault.at is not None, f"{fault.kind} without its beginning"
        if fault.kind == "backend_killed":
            return fault.at, fault.at + (timedelta(minutes=fault.minutes) if fault.minutes else _KILLED_FOR)
        assert fault.minutes is not None, f"{fault.kind} without its length"
        return fault.at, fault.at + timedelta(minutes=fault.minutes)
    contest = contests[fault.contest]
    if fault.kind.startswith(TRANSFER_KINDS):
        return tournaments[contest.tournament].final_board_at, None
    return contest.created, None


def _delay_seconds(fault: Fault, seed: int) -> int:
    if fault.kind.startswith(OPERATOR_KINDS):
        return 60 * (fault.minutes or 0)
    if fault.kind in ("webhook_delayed", "chargeback"):
        return 3_600 * (fault.delay_hours or 0)
    if fault.kind in ("webhook_duplicated", "two_events_for_one_payment"):
        return chance(seed, "fault", fault.id).randint(*_REPEAT_SECONDS)
    return 0


def load_plan(file: Path, scenario: Scenario) -> FaultPlan:
    """Read the schedule that a run of ``scenario`` left. JSON is YAML, which remembers its lines.

    :raises UsageError: no such file, no schedule in it, or a fault of something the scenario does not have.
    """
    document = read_yaml(file)
    try:
        plan = FaultPlan.model_validate(document.value)
    except ValidationError as error:
        raise refused(document, error, FaultPlan) from error
    known = {
        "contest": [contest.key for contest in scenario.contests],
        "tournament": list(scenario.tournaments),
    }
    for index, fault in enumerate(plan.faults):
        for name, aim in (("contest", fault.contest), ("tournament", fault.tournament)):
            if aim is not None and aim not in known[name]:
                raise document.error(
                    ("faults", index, name),
                    problem=f"fault {fault.fault_id}: {scenario.name} has no {name} {aim!r}",
                    remedy=suggest(aim, known[name]),
                )
    return plan
