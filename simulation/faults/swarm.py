"""Faults drawn by seed from the whole catalogue: each seed switches whole kinds off, so that rare mixtures come up.

A run with everything that can go wrong looks much like the next; one without any late webhook and without any
timeout reaches other places (swarm testing). What is drawn is a scenario's ordinary list of faults, each with what a
platform that keeps the rules of ``fixtures/spec/platform.md`` makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from random import Random

from simulation.chance import chance
from simulation.faults.world_draws import WORLD_DRAWS, WORLD_RUNBOOKS, WorldDraw, with_tasks
from simulation.scenario.fault_rules import broken_fault_rules, sure_payments, sure_transfers
from simulation.scenario.faults import INSIDE_KINDS, PROCESS_KINDS, Expectation, Fault, FaultKind
from simulation.scenario.model import ROUNDS, Scenario

_SELF_HEALS = Expectation(self_heals=True)
_STUCK = Expectation(runbook="payout_transfer_stuck_in_retryable")
_MISSING = Expectation(runbook="payment_webhook_missing")
_LAG = Expectation(runbook="ingestion_lag")
_INCOMPLETE = Expectation(runbook="settlement_failed_mid_run")
_CLOSED = Expectation(terminal="DESTINATION_ACCOUNT_INVALID", runbook="destination_account_invalid")
_TERMINAL: Mapping[FaultKind, Expectation] = {
    "destination_invalid": _CLOSED,
    "destination_suspended": Expectation(
        terminal="INSUFFICIENT_CAPABILITIES_FOR_TRANSFER", runbook="payout_transfer_refused"
    ),
    "transfer_refused": Expectation(terminal="AMOUNT_TOO_LARGE", runbook="payout_transfer_refused"),
    "transfer_winner_deleted": Expectation(terminal="DESTINATION_ACCOUNT_INVALID", runbook="payout_winner_deleted"),
    "transfer_key_taken": Expectation(terminal="IDEMPOTENCY_CONFLICT", runbook="payout_idempotency_conflict"),
}
_WINDOW_RUNBOOKS: Mapping[FaultKind, str] = {
    "stripe_outage": "stripe_outage",
    "stripe_reserve": "payout_balance_insufficient",
    "payout_timer_stopped": "payout_not_triggered",
}
_RUNBOOKS = (
    frozenset(item.runbook for item in (_STUCK, _MISSING, _LAG, _INCOMPLETE, *_TERMINAL.values()) if item.runbook)
    | frozenset(_WINDOW_RUNBOOKS.values())
    | WORLD_RUNBOOKS
)
_LEFT_AFTER_A_KILL_MINUTES = 720
_NEXT_RECONCILIATION = timedelta(hours=26)
"""A webhook that comes later than this is seen missing at 02:00 UTC first."""


def swarm(scenario: Scenario, seed: int, *, processes: bool = False) -> Scenario:
    """The scenario with the seed's faults in place of its own; at most one fault of a kind.

    :param processes: the target lives in processes of its own, which can be killed.
    """
    source = chance(seed, "swarm")
    drawn = scenario.model_copy(update={"faults": ()})
    drawing = _Drawing(drawn, source)
    for kind, draw in (_KINDS_OF_PROCESSES if processes else _KINDS).items():
        drawing.faults = drawn.faults
        fault = draw(drawing, kind) if source.random() < 0.5 else None
        if fault is not None:
            more = with_tasks(drawn, fault)
            # A victim that is no longer sure to come (its account may be closed by then) is left alone.
            if not any(broken_fault_rules(more, runbooks=_RUNBOOKS)):
                drawn = more
    return drawn


class _Drawing:
    """What is left to strike: no two faults have the same victim, so that each has its own ending."""

    def __init__(self, scenario: Scenario, source: Random) -> None:
        self.scenario = scenario
        self.source = source
        self.faults: tuple[Fault, ...] = ()
        """Those drawn so far."""
        contests = scenario.contests
        self._transfers = [(c.key, nth) for c in contests for nth in _counted(sure_transfers(c, scenario))]
        self._payments = [(c.key, nth) for c in contests for nth in _counted(sure_payments(c))]
        source.shuffle(self._transfers)
        source.shuffle(self._payments)

    def transfer(self) -> tuple[str, int] | None:
        return self._transfers.pop() if self._transfers else None

    def payment(self, *, found_missing: bool = False) -> tuple[str, int] | None:
        """``found_missing``: of a contest that is still open when the reconciliation sees the payment missing."""
        contests = {contest.key: contest for contest in self.scenario.contests}
        for victim in reversed(self._payments):
            contest = contests[victim[0]]
            final = self.scenario.tournaments[contest.tournament].final_board_at
            if not found_missing or contest.start + _NEXT_RECONCILIATION < final:
                self._payments.remove(victim)
                return victim
        return None

    def tournament(self) -> str:
        return self.source.choice(sorted({contest.tournament for contest in self.scenario.contests}))


def _counted(number: int) -> range:
    return range(1, number + 1)


def _transfer_fault(drawing: _Drawing, kind: FaultKind) -> Fault | None:
    """Once heals by itself; twice in a row waits for the runbook."""
    victim = drawing.transfer()
    if victim is None:
        return None
    times = drawing.source.choice((1, 2))
    status = drawing.source.choice((429, 500, 503)) if kind == "transfer_error" else None
    expect = _SELF_HEALS if times == 1 else _STUCK
    return Fault(id=_id(kind), kind=kind, contest=victim[0], nth=victim[1], times=times, status=status, expect=expect)


def _answer_lost(drawing: _Drawing, kind: FaultKind) -> Fault | None:
    victim = drawing.transfer()
    if victim is None:
        return None
    return Fault(id=_id(kind), kind=kind, contest=victim[0], nth=victim[1], expect=_SELF_HEALS)


def _given_up(drawing: _Drawing, kind: FaultKind) -> Fault | None:
    """What Stripe refuses for good, with the reason that must be on record."""
    victim = drawing.transfer()
    if victim is None:
        return None
    return Fault(id=_id(kind), kind=kind, contest=victim[0], nth=victim[1], expect=_TERMINAL[kind])


def _webhook_repeated(drawing: _Drawing, kind: FaultKind) -> Fault | None:
    victim = drawing.payment()
    if victim is None:
        return None
    return Fault(id=_id(kind), kind=kind, contest=victim[0], nth=victim[1], expect=_SELF_HEALS)


def _webhook_missing(drawing: _Drawing, kind: FaultKind) -> Fault | None:
    victim = drawing.payment(found_missing=True)
    if victim is None:
        return None
    hours = drawing.source.randint(27, 40) if kind == "webhook_delayed" else None
    return Fault(id=_id(kind), kind=kind, contest=victim[0], nth=victim[1], delay_hours=hours, expect=_MISSING)


def _outage(drawing: _Drawing, kind: FaultKind) -> Fault:
    """In the middle of round 2: short ones pass unnoticed, long ones call for the runbook."""
    key = drawing.tournament()
    minutes, expect = drawing.source.choice(((25, _SELF_HEALS), (90, _LAG)))
    at = drawing.scenario.tournaments[key].tee(2) + timedelta(hours=3, minutes=15)
    return Fault(id=_id(kind), kind=kind, tournament=key, at=at, minutes=minutes, expect=expect)


def _malformed(drawing: _Drawing, kind: FaultKind) -> Fault:
    key = drawing.tournament()
    round_number = drawing.source.choice([number for number in range(1, ROUNDS + 1) if number != 2])
    at = drawing.scenario.tournaments[key].tee(round_number) + timedelta(hours=drawing.source.randint(1, 4))
    return Fault(
        id=_id(kind), kind=kind, tournament=key, at=at, times=drawing.source.choice((1, 2)), expect=_SELF_HEALS
    )


def _incomplete_final(drawing: _Drawing, kind: FaultKind) -> Fault:
    return Fault(id=_id(kind), kind=kind, tournament=drawing.tournament(), minutes=60, expect=_INCOMPLETE)


def _of_the_world(draw: WorldDraw, drawing: _Drawing, kind: FaultKind) -> Fault | None:
    return draw(drawing.scenario, drawing.source, kind)


def _operator_gone(drawing: _Drawing, kind: FaultKind) -> Fault | None:
    """After the first step of a runbook that another fault calls for."""
    runbooks = sorted({fault.expect.runbook for fault in drawing.faults if fault.expect.runbook is not None})
    if not runbooks:
        return None
    expect, minutes = Expectation(runbook=drawing.source.choice(runbooks)), drawing.source.choice((10, 25))
    return Fault(id=_id(kind), kind=kind, at=drawing.scenario.start, minutes=minutes, expect=expect)


def _killed(drawing: _Drawing, kind: FaultKind) -> Fault:
    """At any minute, whatever the platform is doing then."""
    scenario = drawing.scenario
    minutes = int((scenario.end - scenario.start).total_seconds() // 60) - _LEFT_AFTER_A_KILL_MINUTES
    at = scenario.start + timedelta(minutes=drawing.source.randrange(60, minutes))
    return Fault(id=_id(kind), kind=kind, at=at, expect=_SELF_HEALS)


def _id(kind: FaultKind) -> str:
    return f"swarm-{kind.replace('_', '-')}"


def _payout_window(drawing: _Drawing, kind: FaultKind) -> Fault:
    """From just before a final board, so that its prizes fall due in it."""
    final = drawing.scenario.tournaments[drawing.tournament()].final_board_at
    minutes, runbook = drawing.source.choice((75, 120)), _WINDOW_RUNBOOKS[kind]
    return Fault(
        id=_id(kind), kind=kind, at=final - timedelta(minutes=10), minutes=minutes, expect=Expectation(runbook=runbook)
    )


_KINDS: Mapping[FaultKind, Callable[[_Drawing, FaultKind], Fault | None]] = {
    "destination_invalid": _given_up,
    "destination_suspended": _given_up,
    "transfer_refused": _given_up,
    "transfer_key_taken": _given_up,
    "transfer_winner_deleted": _given_up,
    "transfer_timeout_before": _transfer_fault,
    "transfer_timeout_after": _answer_lost,
    "transfer_error": _transfer_fault,
    "transfer_reset": _transfer_fault,
    "stripe_outage": _payout_window,
    "stripe_reserve": _payout_window,
    "payout_timer_stopped": _payout_window,
    "webhook_duplicated": _webhook_repeated,
    "two_events_for_one_payment": _webhook_repeated,
    "webhook_delayed": _webhook_missing,
    "webhook_lost": _webhook_missing,
    "provider_outage": _outage,
    "provider_malformed": _malformed,
    "provider_incomplete_final": _incomplete_final,
    **{kind: partial(_of_the_world, draw) for kind, draw in WORLD_DRAWS.items()},
    "operator_crash": _operator_gone,
}
_PROCESS_KINDS: Mapping[FaultKind, Callable[[_Drawing, FaultKind], Fault | None]] = {
    "transfer_then_killed": _answer_lost,
    "webhook_then_killed": _webhook_repeated,
    "backend_killed": _killed,
}
assert set(_PROCESS_KINDS) == PROCESS_KINDS, "each can be drawn for a target in processes of its own"
_KINDS_OF_PROCESSES = {**{kind: draw for kind, draw in _KINDS.items() if kind not in INSIDE_KINDS}, **_PROCESS_KINDS}
KINDS: tuple[FaultKind, ...] = tuple(_KINDS)
"""Kinds that a swarm draws from."""
