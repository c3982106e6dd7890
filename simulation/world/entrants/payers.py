"""Who paid for a contest, in the order in which Stripe first saw them. Faults name their victim as the n-th payer."""

from __future__ import annotations

import simpy

from simulation.clock import Kernel
from simulation.faults.subjects import Registry
from simulation.world.stripe.labels import MetadataNames
from simulation.world.stripe.objects.event import StripeEvent

_PAID = "payment_intent.succeeded"


class Payers:
    """Payers of every contest. Each person counts once, however often they pay."""

    def __init__(self, *, kernel: Kernel, registry: Registry, names: MetadataNames) -> None:
        """:param names: by which the platform labels its objects at Stripe."""
        self._kernel = kernel
        self._registry = registry
        self._names = names
        self._payments: dict[str, dict[str, list[str]]] = {}
        self._awaited: dict[tuple[str, int], simpy.Event] = {}
        self._misfits: set[str] = set()

    def leave_out(self, payment_intent_id: str) -> None:
        """Who pays this intent pays another amount or currency than owed, and so is no payer of the contest."""
        self._misfits.add(payment_intent_id)

    def saw(self, event: StripeEvent) -> None:
        """Take a Stripe event; only payments that succeeded matter here."""
        contest = self._registry.contest_key(self._names.contest_id(event.metadata))
        user_id = self._names.user_id(event.metadata)
        if event.event_type != _PAID or contest is None or user_id is None or event.object_id in self._misfits:
            return
        people = self._payments.setdefault(contest, {})
        people.setdefault(user_id, []).append(event.object_id)
        waiting = self._awaited.pop((contest, len(people)), None)
        if waiting is not None:
            waiting.succeed()

    def until(self, contest: str, nth: int) -> simpy.Event:
        """An event that occurs when ``nth`` people have paid for the contest; at once if they have."""
        if len(self._payments.get(contest, {})) >= nth:
            return self._kernel.sleep(0)
        return self._awaited.setdefault((contest, nth), self._kernel.env.event())

    def user_id(self, contest: str, nth: int) -> str:
        """The ``nth`` person who paid for the contest."""
        return list(self._payments[contest])[nth - 1]

    def user_ids(self, contest: str) -> list[str]:
        """Everybody who has paid for the contest."""
        return list(self._payments.get(contest, {}))

    def payments(self, contest: str, user_id: str) -> list[str]:
        """Stripe's ids of this person's payments, oldest first."""
        return list(self._payments[contest][user_id])
