"""Whose prizes reached their account at Stripe, by contest. Faults name their victim as the n-th transfer made."""

from __future__ import annotations

from dataclasses import dataclass

import simpy

from simulation.clock import Kernel
from simulation.faults.subjects import Registry
from simulation.world.stripe.labels import MetadataNames
from simulation.world.stripe.objects.event import StripeEvent

_MADE = "transfer.created"


@dataclass(frozen=True, kw_only=True)
class Paid:
    """A transfer to a winner. ``transfer``, ``account``: Stripe's ids."""

    transfer: str
    account: str
    user_id: str
    amount_cents: int
    currency: str


class Winners:
    """Transfers of every contest, in the order in which Stripe made them."""

    def __init__(self, *, kernel: Kernel, registry: Registry, names: MetadataNames) -> None:
        """:param names: by which the platform labels its objects at Stripe."""
        self._kernel = kernel
        self._registry = registry
        self._names = names
        self._paid: dict[str, list[Paid]] = {}
        self._awaited: dict[tuple[str, int], simpy.Event] = {}

    def saw(self, event: StripeEvent) -> None:
        """Take a Stripe event; only transfers that were made matter here."""
        contest = self._registry.contest_key(self._names.contest_id(event.metadata))
        user_id = self._names.user_id(event.metadata)
        if event.event_type != _MADE or contest is None or user_id is None:
            return
        paid = Paid(
            transfer=event.object_id,
            account=str(event.snapshot["destination"]),
            user_id=user_id,
            amount_cents=int(str(event.snapshot["amount"])),
            currency=str(event.snapshot["currency"]),
        )
        of_contest = self._paid.setdefault(contest, [])
        if paid.transfer in [known.transfer for known in of_contest]:
            return  # a second event for one change
        of_contest.append(paid)
        waiting = self._awaited.pop((contest, len(of_contest)), None)
        if waiting is not None:
            waiting.succeed(paid)

    def until(self, contest: str, nth: int) -> simpy.Event:
        """An event that occurs, with a :class:`Paid`, when the ``nth`` transfer is made; at once if it was."""
        known = self._paid.get(contest, [])
        if len(known) >= nth:
            return self._kernel.env.event().succeed(known[nth - 1])
        return self._awaited.setdefault((contest, nth), self._kernel.env.event())
