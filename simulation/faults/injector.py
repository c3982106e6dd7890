"""Carries out a fault plan: it is asked wherever the world may go wrong, and writes down every strike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from simulation.chance import chance
from simulation.clock import SimulationClock
from simulation.events import Event, FaultInjected
from simulation.faults.effects import (
    CallEffect,
    PendingCall,
    PendingWebhook,
    ProviderEffect,
    WebhookEffect,
    call_effect,
    provider_effect,
    webhook_effect,
)
from simulation.faults.plan import FaultPlan
from simulation.faults.subjects import Registry
from simulation.history import Recorder
from simulation.scenario.faults.calls import PartialTrouble, StripeFlaky, StripeRateLimited
from simulation.scenario.faults.concurrency import TwoAtOnce
from simulation.scenario.faults.events import EventsReordered
from simulation.scenario.faults.operator import OperatorCrash
from simulation.scenario.faults.payments import PaymentFault
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.programs import PayoutTimerStopped
from simulation.scenario.faults.provider import FeedFault
from simulation.scenario.faults.registry import kind_of
from simulation.scenario.faults.stripe import StripeWindowFault
from simulation.scenario.faults.transfers import TransferFault

_PAID = "payment_intent.succeeded"


class PlannedInjector:
    """The injector of a run; see :class:`simulation.faults.effects.Injector`.

    Transfers and payments of a contest are numbered in the order in which Stripe first sees them; a transfer to an
    account that a fault of another contest closed or suspended has no number, since nothing else can happen to it.
    """

    def __init__(self, *, plan: FaultPlan, recorder: Recorder, clock: SimulationClock, registry: Registry) -> None:
        self._plan = plan
        self._faults = [(kind_of(fault), fault) for fault in plan.faults]
        self._recorder = recorder
        self._clock = clock
        self._registry = registry
        self._transfers: dict[str, list[str]] = {}
        self._payments: dict[str, list[str]] = {}
        self._strikes: Counter[str] = Counter()
        self._touched: dict[str, str] = {}
        self._closed: dict[str, tuple[type[TransferFault], PlannedFault]] = {}
        """Destination → fault that closed or suspended it."""
        self._turns = _Turns()
        self._limited_until: dict[str, datetime] = {}
        """Fault → until when Stripe asks to wait."""
        self._over_at = plan.window_start
        self.locked_out = False
        """Whether a fault keeps the platform from verifying anybody's token now."""
        self.on_departure: Callable[[str, str], None] | None = None
        """Told the user id of a winner who leaves the platform, and the fault's id."""

    # --- asked by the world --------------------------------------------------------------------------------------

    def on_stripe_call(self, call: PendingCall) -> CallEffect | None:
        """Transfers are struck, and in a window of Stripe's own trouble every call that it is about.

        A destination that a fault shut strikes every later transfer to it, too.
        """
        on = [
            (kind, fault)
            for kind, fault in self._faults
            if issubclass(kind, StripeWindowFault) and self._is_on(fault) and kind.concerns(call.path)
        ]
        for kind, fault in on:
            if kind.hides_transfers:
                return self._strike_stripe(kind, fault, call)
        struck = self._on_transfer(call)
        if struck is not None:
            return struck
        partial = (self._partial_trouble(kind, fault, call) for kind, fault in on)
        return next((effect for effect in partial if effect is not None), None)

    def _on_transfer(self, call: PendingCall) -> CallEffect | None:
        if call.method != "POST" or call.path != "/v1/transfers":
            return None
        transfer = call.business_key or call.idempotency_key or ""
        closed_by = self._closed.get(call.destination or "")
        if closed_by is not None:
            return self._strike_transfer(*closed_by, call, transfer)
        contest = self._registry.contest_key(call.contest_id)
        turn = _turn(self._transfers, contest, transfer)
        for kind, fault in self._faults:
            if issubclass(kind, TransferFault) and self._is_due(fault, contest, turn):
                return self._strike_transfer(kind, fault, call, transfer)
        return None

    def _partial_trouble(
        self, kind: type[StripeWindowFault], fault: PlannedFault, call: PendingCall
    ) -> CallEffect | None:
        """Some calls are struck, or all of them, and every one succeeds at last."""
        if issubclass(kind, PartialTrouble) and kind.takes_attempts and self._is_aimed_at(call):
            return None
        if issubclass(kind, StripeFlaky) and not self._turns.is_next(fault, call):
            return None
        if not issubclass(kind, StripeRateLimited):
            return self._strike_stripe(kind, fault, call)
        until = self._limited_until.setdefault(fault.fault_id, self._clock.now + timedelta(seconds=fault.seconds))
        left = int((until - self._clock.now).total_seconds())
        return self._strike_stripe(kind, fault, call, retry_after_seconds=left) if left > 0 else None

    def _is_aimed_at(self, call: PendingCall) -> bool:
        """Whether a fault of transfers has this one for its victim."""
        contest = self._registry.contest_key(call.contest_id)
        if call.method != "POST" or call.path != "/v1/transfers" or contest is None:
            return False
        turn = _turn(self._transfers, contest, call.business_key or call.idempotency_key or "")
        victims = ((fault.contest, fault.nth) for kind, fault in self._faults if issubclass(kind, TransferFault))
        return (contest, turn) in victims

    def on_webhook(self, webhook: PendingWebhook) -> WebhookEffect | None:
        """The announcement of a payment is struck once; in a window of disorder every event comes later."""
        return self._on_payment(webhook) or self._reordered(webhook)

    def _on_payment(self, webhook: PendingWebhook) -> WebhookEffect | None:
        if webhook.event_type != _PAID:
            return None
        contest = self._registry.contest_key(webhook.contest_id)
        turn = _turn(self._payments, contest, webhook.object_id)
        for kind, fault in self._faults:
            struck = self._strikes[fault.fault_id]
            if issubclass(kind, PaymentFault) and self._is_due(fault, contest, turn) and not struck:
                keys = {"stripe_event_id": webhook.event_id, "payment_intent": webhook.object_id}
                self._strike(fault, keys, detail=f"payment {turn} of {contest}", lasts_seconds=fault.delay_seconds)
                return webhook_effect(kind, fault)
        return None

    def _reordered(self, webhook: PendingWebhook) -> WebhookEffect | None:
        for kind, fault in self._faults:
            if issubclass(kind, EventsReordered) and self._is_on(fault):
                self._strike_window(fault, kind.keys(fault), detail=f"first met by {webhook.event_type}")
                late = chance(0, fault.fault_id, webhook.event_id).randint(0, fault.delay_seconds)
                return WebhookEffect(
                    fault_id=fault.fault_id, fault_kind=fault.kind, mode="delay", delay_seconds=late, takes_over=False
                )
        return None

    def on_provider_request(self, *, tournament: str, final: bool) -> ProviderEffect | None:
        """An empty ``tournament`` is the status page, which is down with any feed."""
        for kind, fault in self._faults:
            if issubclass(kind, FeedFault) and self._meets(kind, fault, tournament):
                asked = f"{tournament or 'status page'}{', final board' if final else ''}"
                self._strike_window(fault, {"tournament": str(fault.tournament)}, detail=f"request for {asked}")
                return provider_effect(kind, fault)
        return None

    def on_operator_step(self, *, runbook: str, execution_id: str, steps: int) -> int | None:
        """Minutes until the next operator comes, when the one who has just carried out this step is gone; else None."""
        for kind, fault in self._faults:
            meant = issubclass(kind, OperatorCrash) and fault.expect.runbook == runbook
            if meant and self._is_on(fault) and steps >= fault.nth and not self._strikes[fault.fault_id]:
                keys, detail = {"execution_id": execution_id}, f"operator of {runbook} gone after step {steps}"
                self._strike(fault, keys, detail=detail, lasts_seconds=fault.delay_seconds, touches=False)
                return fault.delay_seconds // 60
        return None

    def is_stopped(self, job: str) -> bool:
        """Whether the timer of a background job does not fire now; ``job`` is the platform's own name for it."""
        for kind, fault in self._faults:
            if issubclass(kind, TwoAtOnce) and fault.waits and fault.other == job and not self._strikes[fault.fault_id]:
                if self._is_on(fault):
                    return True
                continue
            if issubclass(kind, PayoutTimerStopped) and kind.job in job and self._is_on(fault):
                self._strike_window(fault, kind.keys(fault), detail=f"the timer of {job} does not fire")
                return True
        return False

    def fault_of(self, business_key: str) -> str | None:
        return self._touched.get(business_key)

    def strike(self, fault: PlannedFault, keys: dict[str, str], *, detail: str, touches: bool = True) -> None:
        """A fault that the world carries out by itself has met its victim.

        :param touches: what happens to these keys from now on goes back to the fault.
        """
        self._strike(fault, keys, detail=detail, touches=touches)

    def record(self, event: Event, *, cause: str) -> None:
        """Write down what came of a strike."""
        self._recorder.record(event, cause=cause)

    # --- asked by the run ----------------------------------------------------------------------------------------

    def healthy_at(self) -> datetime:
        """When the last fault is over: what the plan knows beforehand, or a later strike with its delay."""
        return max(self._over_at, self._plan.healthy_at())

    def never_met(self) -> list[str]:
        """Ids of faults that found no victim, ordered."""
        return sorted(fault.fault_id for fault in self._plan.faults if not self._strikes[fault.fault_id])

    # --- inside ----------------------------------------------------------------------------------------------------

    def _is_due(self, fault: PlannedFault, contest: str | None, turn: int) -> bool:
        """The fault is aimed at this victim and has not struck it often enough."""
        return (
            contest is not None
            and (fault.contest, fault.nth) == (contest, turn)
            and self._strikes[fault.fault_id] < fault.times
        )

    def _meets(self, kind: type[FeedFault], fault: PlannedFault, tournament: str) -> bool:
        asked = tournament == fault.tournament or (kind.with_status_page and not tournament)
        more = fault.ends_at is not None or self._strikes[fault.fault_id] < fault.times
        return asked and more and self._is_on(fault)

    def _is_on(self, fault: PlannedFault) -> bool:
        now = self._clock.now
        return now >= fault.starts_at and (fault.ends_at is None or now < fault.ends_at)

    def _strike_stripe(
        self,
        kind: type[StripeWindowFault],
        fault: PlannedFault,
        call: PendingCall,
        *,
        retry_after_seconds: int | None = None,
    ) -> CallEffect:
        """The first call of the window is told; Stripe's journal tells the rest."""
        effect = call_effect(kind, fault, retry_after_seconds=retry_after_seconds)
        self._strike_window(fault, kind.keys(fault), detail=f"{effect.mode}, first met by {call.method} {call.path}")
        return effect

    def _strike_transfer(
        self, kind: type[TransferFault], fault: PlannedFault, call: PendingCall, transfer: str
    ) -> CallEffect:
        keys = {"payout_transfer_id": transfer}
        if call.idempotency_key is not None:
            keys["idempotency_key"] = call.idempotency_key
        if kind.closes_account and call.destination is not None:
            self._closed[call.destination] = kind, fault
            keys["destination"] = call.destination
        again = bool(self._strikes[fault.fault_id])
        effect = call_effect(kind, fault, again=again)
        if kind.winner_leaves and not again and self.on_departure and call.user_id:
            self.on_departure(call.user_id, fault.fault_id)
        detail = f"{effect.mode}, strike {self._strikes[fault.fault_id] + 1}"
        self._strike(fault, keys, detail=detail, lasts_seconds=effect.sim_seconds)
        return effect

    def _strike_window(self, fault: PlannedFault, keys: dict[str, str], *, detail: str) -> None:
        """A window strikes every request within it and is told once; the other side's journal tells the rest."""
        if fault.ends_at is not None and self._strikes[fault.fault_id]:
            self._strikes[fault.fault_id] += 1
            self._over_at = max(self._over_at, self._clock.now)
        else:
            self._strike(fault, keys, detail=detail, touches=False)

    def _strike(
        self,
        fault: PlannedFault,
        keys: dict[str, str],
        *,
        detail: str,
        lasts_seconds: int = 0,
        touches: bool = True,
    ) -> None:
        """Count and record a strike; its keys keep the fault as their cause."""
        self._strikes[fault.fault_id] += 1
        self._over_at = max(self._over_at, self._clock.now + timedelta(seconds=lasts_seconds))
        if touches and fault.tournament is None:
            self._touched.update(dict.fromkeys(keys.values(), fault.fault_id))
        self._recorder.record(
            FaultInjected(fault_id=fault.fault_id, fault_kind=fault.kind, keys=keys, detail=detail),
            cause=f"fault:{fault.fault_id}",
        )


class _Turns:
    """Which calls of a window are struck of which every n-th fails, the first among them, so that it is sure to be met.

    Counted by method and resource, each key once.
    """

    def __init__(self) -> None:
        self._calls: Counter[tuple[str, str, str]] = Counter()
        self._failed: set[tuple[str, str]] = set()

    def is_next(self, fault: PlannedFault, call: PendingCall) -> bool:
        kind = (fault.fault_id, call.method, "/".join(call.path.split("/")[:3]))
        self._calls[kind] += 1
        key = (fault.fault_id, call.idempotency_key or "")
        if (self._calls[kind] - 1) % fault.every or (call.idempotency_key and key in self._failed):
            return False
        self._failed.add(key)
        return True


def _turn(seen: dict[str, list[str]], contest: str | None, victim: str) -> int:
    """Place of the victim among those of its contest, from 1; a new one comes last. 0 without a contest."""
    if contest is None:
        return 0
    order = seen.setdefault(contest, [])
    if victim not in order:
        order.append(victim)
    return order.index(victim) + 1
