"""A timer that a fault held back is excused for as long as the fault held it, and no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from simulation.checks.evidence.case import Case
from simulation.checks.evidence.stopped_timers import stops, was_stopped
from simulation.events import Event, FaultInjected, FaultScheduled
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def case(*, kind: str, keys: dict[str, str], ends: datetime | None, struck: datetime | None) -> Case:
    scheduled = FaultScheduled(
        seq=1, at=AT, fault_id="f", fault_kind=kind, starts_at=AT, ends_at=ends, keys=keys, expectation="self_heals"
    )
    events: list[Event] = [scheduled]
    if struck is not None:
        events.append(FaultInjected(seq=2, at=struck, fault_id="f", fault_kind=kind, keys={}, detail=""))
    return Case(History(events), NO_GOVERNANCE)


def test_one_that_waits_for_its_meeting_is_excused_until_it() -> None:
    met = AT + timedelta(hours=2)
    held = case(kind="two_at_once", keys={"job": "settlement", "other": "settlement"}, ends=None, struck=met)

    assert stops(held, "settlement") == [(AT, met)]
    assert was_stopped(held, "settlement", met - timedelta(minutes=1))
    assert not was_stopped(held, "settlement", met + timedelta(minutes=1))
    assert not stops(held, "payout_scheduler")


def test_one_that_does_not_wait_or_never_met_is_not() -> None:
    assert not stops(case(kind="two_at_once", keys={"other": "settlement"}, ends=None, struck=AT), "settlement")
    assert not stops(case(kind="two_at_once", keys={"job": "settlement"}, ends=None, struck=None), "settlement")


def test_a_stopped_timer_is_excused_until_its_end() -> None:
    ends = AT + timedelta(hours=3)
    stopped = case(kind="payout_timer_stopped", keys={"job": "payout"}, ends=ends, struck=AT)
    assert stops(stopped, "payout_scheduler") == [(AT, ends)]
