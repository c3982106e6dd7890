"""How a swarm draws the faults that come at their own time (``simulation/world/faults``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random

from simulation.scenario.faults import Expectation, Fault, FaultKind
from simulation.scenario.loss_fault_rules import BACKUP, RESTORE
from simulation.scenario.model import OperatorTask, Scenario
from simulation.scenario.world_fault_rules import early_payers

WorldDraw = Callable[[Scenario, Random, FaultKind], Fault | None]

_BACKED_UP, _NOTICED = timedelta(hours=4), timedelta(hours=3)
"""Around a loss of rows: the last backup, and when somebody goes to bring them back."""
_SELF_HEALS = Expectation(self_heals=True)


def _row_held(scenario: Scenario, source: Random, kind: FaultKind) -> Fault:
    """Over before the reconciler's next run, or until the runbook ends it."""
    key = source.choice([contest.key for contest in scenario.contests])
    minutes, runbook = source.choice(((3, None), (180, "contest_lock_failed")))
    return Fault(id=_id(kind), kind=kind, contest=key, minutes=minutes, expect=_expect(runbook))


def _refund_requested(scenario: Scenario, source: Random, kind: FaultKind) -> Fault | None:
    victim = _payer(scenario, source)
    if victim is None:
        return None
    return Fault(id=_id(kind), kind=kind, contest=victim[0], nth=victim[1], expect=_expect("refund_request"))


def _chargeback(scenario: Scenario, source: Random, kind: FaultKind) -> Fault | None:
    victim, hours = _payer(scenario, source), source.randint(1, 40)
    if victim is None:
        return None
    return Fault(
        id=_id(kind), kind=kind, contest=victim[0], nth=victim[1], delay_hours=hours, expect=_expect("chargeback")
    )


_WINDOW_RUNBOOKS: Mapping[FaultKind, str] = {
    "database_connections_exhausted": "database_connection_failure",
    "authentication_outage": "authentication_service_unavailable",
}


def _for_hours(scenario: Scenario, source: Random, kind: FaultKind) -> Fault:
    """At any hour that leaves its window within the run."""
    minutes = 240
    hours = int((scenario.end - scenario.start) / timedelta(hours=1)) - minutes // 60
    at = scenario.start + timedelta(hours=source.randrange(1, hours))
    return Fault(id=_id(kind), kind=kind, at=at, minutes=minutes, expect=_expect(_WINDOW_RUNBOOKS[kind]))


def _payer(scenario: Scenario, source: Random) -> tuple[str, int] | None:
    """Somebody who is sure to pay early; what rules forbid is left out by the caller."""
    some = [(contest.key, nth) for contest in scenario.contests for nth in range(1, early_payers(contest))]
    return source.choice(some) if some else None


def _rows_lost(scenario: Scenario, source: Random, kind: FaultKind) -> Fault:
    """When everything else that may keep a prize back is over; :func:`with_tasks` adds who brings the rows back."""
    contest = source.choice(scenario.contests)
    at = scenario.tournaments[contest.tournament].final_board_at + timedelta(hours=source.choice((20, 26)))
    return Fault(id=_id(kind), kind=kind, contest=contest.key, at=at, expect=_expect(RESTORE))


def with_tasks(scenario: Scenario, fault: Fault) -> Scenario:
    """The scenario with the fault, and for a loss of rows with the tasks around it."""
    more = scenario.model_copy(update={"faults": (*scenario.faults, fault)})
    if fault.kind != "contest_rows_lost":
        return more
    assert fault.at is not None, f"{fault.kind} without its time"
    tasks = (
        OperatorTask(at=fault.at - _BACKED_UP, runbook=BACKUP),
        OperatorTask(at=fault.at + _NOTICED, runbook=RESTORE),
    )
    operator = scenario.operator.model_copy(update={"tasks": (*scenario.operator.tasks, *tasks)})
    return more.model_copy(update={"operator": operator})


def _expect(runbook: str | None) -> Expectation:
    return _SELF_HEALS if runbook is None else Expectation(runbook=runbook)


def _id(kind: FaultKind) -> str:
    return f"swarm-{kind.replace('_', '-')}"


def _correction(scenario: Scenario, source: Random, kind: FaultKind) -> Fault:
    key, hours = source.choice(sorted({contest.tournament for contest in scenario.contests})), source.randint(3, 22)
    return Fault(id=_id(kind), kind=kind, tournament=key, delay_hours=hours, expect=_expect("score_discrepancy"))


def _secret_rolled(scenario: Scenario, source: Random, kind: FaultKind) -> Fault | None:
    paid = [contest for contest in scenario.contests if contest.entry_fee_cents]
    if not paid:
        return None
    at = max(scenario.start, source.choice(paid).created - timedelta(minutes=source.randint(1, 90)))
    return Fault(id=_id(kind), kind=kind, at=at, expect=_expect("webhook_signature_failure"))


WORLD_DRAWS: Mapping[FaultKind, WorldDraw] = {
    "contest_row_held": _row_held,
    "database_connections_exhausted": _for_hours,
    "contest_rows_lost": _rows_lost,
    "authentication_outage": _for_hours,
    "refund_requested": _refund_requested,
    "chargeback": _chargeback,
    "provider_correction": _correction,
    "signing_secret_rolled": _secret_rolled,
}
WORLD_RUNBOOKS = frozenset(
    {
        "contest_lock_failed",
        *_WINDOW_RUNBOOKS.values(),
        BACKUP,
        RESTORE,
        "refund_request",
        "chargeback",
        "score_discrepancy",
        "webhook_signature_failure",
    }
)
"""What their draws may expect."""
