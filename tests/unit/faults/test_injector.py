"""Each kind of fault meets the victim it was meant for, as often as it should, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulation.clock import SimulationClock
from simulation.events import FaultInjected
from simulation.faults.effects import CallEffect, PendingCall, PendingWebhook, WebhookEffect
from simulation.faults.injector import PlannedInjector
from simulation.faults.plan import FaultPlan
from simulation.faults.subjects import Registry
from simulation.history import Recorder
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.planned import PlannedFault

START = datetime(2026, 3, 1, tzinfo=UTC)
HEALS = Expectation(self_heals=True)


def of_contest(kind: str, **changes: Any) -> PlannedFault:
    values: dict[str, Any] = {
        "fault_id": "f",
        "kind": kind,
        "expect": HEALS,
        "starts_at": START,
        "over_by": START,
        "contest": "cup",
    }
    return PlannedFault(**values | changes)


def of_provider(kind: str, *, minutes: int | None = 90, **changes: Any) -> PlannedFault:
    values: dict[str, Any] = {
        "fault_id": "f",
        "kind": kind,
        "expect": HEALS,
        "starts_at": START + timedelta(hours=1),
        "ends_at": None if minutes is None else START + timedelta(hours=1, minutes=minutes),
        "over_by": START + timedelta(hours=1, minutes=minutes or 0),
        "tournament": "open",
    }
    return PlannedFault(**values | changes)


class World:
    def __init__(self, *faults: PlannedFault) -> None:
        self.clock = SimulationClock(start=START)
        self.recorder = Recorder(clock=self.clock)
        self.injector = PlannedInjector(
            plan=FaultPlan(window_start=START, faults=faults),
            recorder=self.recorder,
            clock=self.clock,
            registry=Registry(contest_ids={"cup": "c-1", "other": "c-2"}),
        )

    def transfer(self, key: str, *, contest: str | None = "c-1", to: str = "acct_a") -> CallEffect | None:
        return self.injector.on_stripe_call(
            PendingCall(
                method="POST",
                path="/v1/transfers",
                idempotency_key=f"payout:{key}",
                contest_id=contest,
                user_id="u",
                business_key=key,
                destination=to,
            )
        )

    def payment(self, intent: str, *, contest: str = "c-1", event: str = "payment_intent.succeeded"):
        return self.injector.on_webhook(
            PendingWebhook(
                event_id=f"evt_{intent}", event_type=event, object_id=intent, contest_id=contest, user_id="u"
            )
        )

    def poll(self, tournament: str = "open", *, final: bool = False, minutes: int):
        self.clock.move_to(START + timedelta(minutes=minutes))
        return self.injector.on_provider_request(tournament=tournament, final=final)

    @property
    def strikes(self) -> list[FaultInjected]:
        return [event for event in self.recorder.events if isinstance(event, FaultInjected)]


# --- transfers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "mode", "sim_seconds"),
    [
        ("transfer_timeout_before", "timeout_before", 30),
        ("transfer_timeout_after", "timeout_after", 30),
        ("transfer_reset", "reset_before", 0),
        ("transfer_error", "error", 0),
        ("destination_invalid", "close_account", 0),
    ],
)
def test_transfer_fault_does_what_its_name_says(kind: str, mode: str, sim_seconds: int):
    effect = World(of_contest(kind, status=503)).transfer("t1")
    assert effect is not None
    assert (effect.fault_id, effect.mode, effect.sim_seconds) == ("f", mode, sim_seconds)
    assert effect.status == (503 if mode == "error" else None)
    assert not effect.executed


@pytest.mark.parametrize(
    ("kind", "mode", "status", "code"),
    [
        ("transfer_refused", "error", 400, "amount_too_large"),
        ("transfer_key_taken", "key_taken", None, None),
        ("destination_suspended", "suspend_account", None, None),
    ],
)
def test_a_refusal_is_stripes_own(kind: str, mode: str, status: int | None, code: str | None):
    effect = World(of_contest(kind, status=400)).transfer("t1")
    assert effect is not None
    assert (effect.mode, effect.status, effect.error_code) == (mode, status, code)


def test_nth_counts_distinct_transfers_of_the_contest():
    world = World(of_contest("transfer_timeout_before", nth=2))
    assert world.transfer("x1", contest="c-2") is None
    assert world.transfer("t1") is None
    assert world.transfer("t1") is None, "a retry is not a second transfer"
    assert world.transfer("t2") is not None
    assert world.transfer("t3") is None


def test_times_strikes_the_same_transfer_again_and_then_lets_it_pass():
    world = World(of_contest("transfer_timeout_before", times=2))
    assert [world.transfer("t1") is not None for _ in range(3)] == [True, True, False]
    assert [event.keys["payout_transfer_id"] for event in world.strikes] == ["t1", "t1"]


def test_other_calls_are_left_alone():
    world = World(of_contest("transfer_timeout_before"))
    call = PendingCall(
        method="GET",
        path="/v1/transfers",
        idempotency_key=None,
        contest_id="c-1",
        user_id=None,
        business_key=None,
        destination=None,
    )
    assert world.injector.on_stripe_call(call) is None


def test_a_transfer_of_no_known_contest_is_left_alone():
    world = World(of_contest("transfer_timeout_before"))
    assert world.transfer("t1", contest=None) is None
    assert world.transfer("t1", contest="c-9") is None


@pytest.mark.parametrize(
    ("kind", "mode"), [("destination_invalid", "close_account"), ("destination_suspended", "suspend_account")]
)
def test_an_account_that_was_shut_strikes_later_transfers_to_it_in_any_contest(kind: str, mode: str):
    world = World(of_contest(kind))
    assert world.transfer("t1", to="acct_a") is not None
    assert world.transfer("t2", to="acct_b") is None
    again = world.transfer("x1", contest="c-2", to="acct_a")
    assert again is not None
    assert again.mode == mode
    assert world.strikes[-1].keys["payout_transfer_id"] == "x1"


def test_a_transfer_to_an_account_closed_elsewhere_leaves_its_number_to_the_next():
    world = World(of_contest("destination_invalid"), of_contest("transfer_error", fault_id="error", contest="other"))
    world.transfer("t1", to="acct_a")
    assert getattr(world.transfer("x1", contest="c-2", to="acct_a"), "fault_id", None) == "f"
    assert getattr(world.transfer("x2", contest="c-2", to="acct_b"), "fault_id", None) == "error"


def test_two_faults_of_one_contest_keep_to_their_own_victims():
    world = World(
        of_contest("transfer_timeout_before", fault_id="first", nth=1),
        of_contest("transfer_timeout_after", fault_id="second", nth=2),
    )
    effects = [world.transfer("t1"), world.transfer("t2"), world.transfer("t1"), world.transfer("t2")]
    assert [effect and effect.fault_id for effect in effects] == ["first", "second", None, None]


# --- webhooks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("webhook_delayed", "delay"),
        ("webhook_duplicated", "duplicate"),
        ("two_events_for_one_payment", "second_event"),
        ("webhook_lost", "lost"),
        ("webhook_reset", "reset"),
    ],
)
def test_webhook_fault_does_what_its_name_says(kind: str, mode: str):
    effect = World(of_contest(kind, delay_seconds=120, times=3)).payment("pi_1")
    assert effect == WebhookEffect(fault_id="f", fault_kind=kind, mode=mode, delay_seconds=120, copies=3)  # type: ignore[arg-type]


def test_nth_counts_payments_of_the_contest_and_a_second_event_is_no_second_payment():
    world = World(of_contest("webhook_lost", nth=2))
    assert world.payment("pi_x", contest="c-2") is None
    assert world.payment("pi_1") is None
    assert world.payment("pi_1") is None
    assert world.payment("pi_2", event="payment_intent.created") is None
    assert world.payment("pi_2") is not None
    assert world.payment("pi_2") is None, "once is enough"


# --- provider ------------------------------------------------------------------------------------------------------


def test_outage_lasts_for_its_window_and_hits_its_tournament_and_the_status_page():
    world = World(of_provider("provider_outage"))
    assert world.poll(minutes=59) is None
    effect = world.poll(minutes=60)
    assert effect is not None
    assert (effect.mode, effect.sim_seconds) == ("timeout", 5)
    assert world.poll("", minutes=60) is not None
    assert world.poll("elsewhere", minutes=60) is None
    assert world.poll(minutes=149) is not None
    assert world.poll(minutes=150) is None


def test_outage_with_a_status_answers_at_once():
    effect = World(of_provider("provider_outage", status=503)).poll(minutes=70)
    assert effect is not None
    assert (effect.mode, effect.status, effect.sim_seconds) == ("status", 503, 0)


def test_malformed_answers_are_the_first_ones_from_its_time_on():
    world = World(of_provider("provider_malformed", minutes=None, times=2))
    assert world.poll(minutes=55) is None
    assert world.poll("", minutes=60) is None
    assert [world.poll(minutes=minutes) is not None for minutes in (65, 70, 75)] == [True, True, False]


def test_late_score_card_is_missing_within_its_window():
    world = World(of_provider("provider_incomplete_final", minutes=30))
    assert world.poll(minutes=55) is None
    assert world.poll(minutes=60) is not None
    effect = world.poll(minutes=65, final=True)
    assert effect is not None
    assert [strike.detail for strike in world.strikes] == ["request for open"], "a window is told once"
    assert effect.mode == "incomplete_final"
    assert world.poll(minutes=90, final=True) is None


# --- what is remembered --------------------------------------------------------------------------------------------


def test_every_strike_is_on_record_with_the_fault_as_its_cause():
    world = World(of_contest("transfer_timeout_before"))
    world.transfer("t1")
    (strike,) = world.strikes
    assert (strike.fault_id, strike.fault_kind, strike.cause) == ("f", "transfer_timeout_before", "fault:f")
    assert strike.keys == {"payout_transfer_id": "t1", "idempotency_key": "payout:t1"}


def test_touched_keys_keep_their_fault():
    world = World(
        of_contest("destination_invalid", fault_id="closed"), of_contest("webhook_duplicated", fault_id="twice")
    )
    world.transfer("t1", to="acct_a")
    world.payment("pi_1")
    touched = {key: world.injector.fault_of(key) for key in ("t1", "payout:t1", "acct_a", "pi_1", "evt_pi_1", "t2")}
    assert touched == {
        "t1": "closed",
        "payout:t1": "closed",
        "acct_a": "closed",
        "pi_1": "twice",
        "evt_pi_1": "twice",
        "t2": None,
    }


def test_destination_of_a_mere_timeout_is_not_touched():
    world = World(of_contest("transfer_timeout_before"))
    world.transfer("t1", to="acct_a")
    assert world.injector.fault_of("acct_a") is None


def test_faults_without_a_victim_are_named():
    world = World(of_contest("transfer_reset", fault_id="b"), of_contest("webhook_lost", fault_id="a"))
    assert world.injector.never_met() == ["a", "b"]
    world.transfer("t1")
    assert world.injector.never_met() == ["a"]


def test_world_is_healthy_once_the_last_strike_is_over():
    world = World(of_contest("webhook_delayed", delay_seconds=26 * 3600), of_provider("provider_outage", fault_id="o"))
    assert world.injector.healthy_at() == START + timedelta(minutes=150)
    world.poll(minutes=61)
    world.payment("pi_1")
    assert world.injector.healthy_at() == START + timedelta(hours=27, minutes=1)


# --- Stripe as a whole ----------------------------------------------------------------------------------------------


def of_stripe(kind: str, **changes: Any) -> PlannedFault:
    return of_contest(kind, contest=None, ends_at=START + timedelta(hours=1), **changes)


def call_of(world: World, method: str, path: str, *, minutes: int) -> CallEffect | None:
    world.clock.move_to(START + timedelta(minutes=minutes))
    return world.injector.on_stripe_call(
        PendingCall(
            method=method,
            path=path,
            idempotency_key=None,
            contest_id="c-1",
            user_id=None,
            business_key=None,
            destination=None,
        )
    )


@pytest.mark.parametrize(("status", "mode", "seconds"), [(None, "timeout_before", 30), (503, "error", 0)])
def test_a_stripe_outage_meets_every_call_of_its_window_and_is_told_once(status: int | None, mode: str, seconds: int):
    world = World(of_stripe("stripe_outage", status=status))
    effects = [
        call_of(world, "GET", "/v1/balance", minutes=1),
        call_of(world, "POST", "/v1/payment_intents", minutes=2),
        call_of(world, "POST", "/v1/transfers", minutes=59),
    ]
    assert [(effect and effect.mode, effect and effect.sim_seconds) for effect in effects] == [(mode, seconds)] * 3
    assert call_of(world, "GET", "/v1/balance", minutes=60) is None
    assert [strike.keys for strike in world.strikes] == [{"service": "stripe"}]


def test_a_reserve_meets_what_asks_for_money_and_nothing_else():
    world = World(of_stripe("stripe_reserve"))
    effects = [call_of(world, "GET", path, minutes=1) for path in ("/v1/balance", "/v1/transfers", "/v1/events")]
    assert [effect and effect.mode for effect in effects] == ["reserve", "reserve", None]
    assert call_of(world, "GET", "/v1/balance", minutes=60) is None
    assert len(world.strikes) == 1


def test_a_stopped_timer_is_that_of_the_payouts_for_its_window_and_is_told_once():
    world = World(of_contest("payout_timer_stopped", contest=None, ends_at=START + timedelta(hours=1)))
    assert [world.injector.is_stopped(job) for job in ("settlement", "payout_scheduler", "payout_scheduler")] == [
        False,
        True,
        True,
    ]
    world.clock.move_to(START + timedelta(hours=1))
    assert not world.injector.is_stopped("payout_scheduler")
    assert [strike.keys for strike in world.strikes] == [{"job": "payout"}]


def test_a_winner_leaves_when_the_transfer_is_first_lost_and_their_account_is_closed_at_the_next_attempt():
    world, gone = World(of_contest("transfer_winner_deleted")), list[tuple[str, str]]()
    world.injector.on_departure = lambda user_id, fault_id: gone.append((user_id, fault_id))
    effects = [world.transfer("t1"), world.transfer("t1"), world.transfer("x1", contest="c-2")]
    assert [effect and effect.mode for effect in effects] == ["reset_before", "close_account", "close_account"]
    assert gone == [("u", "f")]


def test_every_event_in_a_window_of_disorder_comes_at_a_time_of_its_own():
    fault = of_contest(
        "events_reordered", contest=None, delay_seconds=600, ends_at=START + timedelta(hours=1), over_by=START
    )
    world = World(fault)
    late = [world.payment(f"pi_{n}", event="charge.refunded").delay_seconds for n in range(20)]
    assert len(set(late)) > 15
    assert all(0 <= seconds <= 600 for seconds in late)
    assert len(world.strikes) == 1
    world.clock.move_to(START + timedelta(hours=1))
    assert world.payment("pi_late") is None


def test_of_a_share_of_calls_the_first_and_each_third_of_a_kind_fails_and_none_with_one_key_twice():
    world = World(of_stripe("stripe_flaky", every=3, status=424))
    struck = [world.transfer(key) is not None for key in ("a", "a", "b", "a", "c", "d")]
    assert struck == [True, False, False, False, False, False]
    assert [(effect.mode, effect.status) for key in "efg" if (effect := world.transfer(key))] == [("error", 424)]


def test_who_waits_as_long_as_a_rate_limit_says_is_struck_once():
    world = World(of_stripe("stripe_rate_limited", seconds=120, status=429))
    first = world.transfer("a")
    assert first is not None
    assert (first.status, first.retry_after_seconds) == (429, 120)
    world.clock.move_to(START + timedelta(seconds=50))
    again = world.transfer("b")
    assert again is not None
    assert again.retry_after_seconds == 70
    world.clock.move_to(START + timedelta(seconds=120))
    assert world.transfer("a") is None


def test_partial_trouble_leaves_transfers_alone_that_another_fault_is_aimed_at():
    world = World(of_contest("transfer_timeout_before", fault_id="t"), of_stripe("stripe_rate_limited", seconds=120))
    struck = world.transfer("a")
    assert struck is not None
    assert struck.fault_id == "t"
    assert world.transfer("a") is None


def test_an_error_that_is_kept_hides_a_transfer_that_was_made():
    effect = World(of_contest("transfer_error_kept", status=500)).transfer("t1")
    assert effect is not None
    assert (effect.mode, effect.status, effect.executed) == ("error", 500, True)
