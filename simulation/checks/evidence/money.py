"""Money as the world saw it move: charges, refunds and transfers at Stripe, by business key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import Keys
from simulation.checks.evidence.relations import TransferRow, UserRow
from simulation.events import EntrantAction, StripeMovement, StripeObject

_K = TypeVar("_K")
_V = TypeVar("_V")

WRONG_AMOUNT, WRONG_CURRENCY = "paid_wrong_amount", "paid_wrong_currency"
MISFIT = frozenset({WRONG_AMOUNT, WRONG_CURRENCY})
PAYING = frozenset({"paid", "paid_late", "paid_twice", *MISFIT})
"""Actions by which entrants report that they paid."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A movement at Stripe with its business key. ``amount_cents`` is positive, whatever the direction."""

    movement: StripeMovement
    contest_id: str | None
    user_id: str | None
    payment_intent_id: str | None
    amount_cents: int

    @property
    def currency(self) -> str:
        return self.movement.currency

    @property
    def entrant(self) -> tuple[str, str]:
        """(contest, user), the business key of an entry and of a prize."""
        return self.contest_id or "", self.user_id or ""

    @property
    def keys(self) -> Keys:
        return Keys(
            contest_id=self.contest_id,
            user_id=self.user_id,
            payment_intent_id=self.payment_intent_id,
            stripe_object_id=self.movement.source_id,
        )


def grouped(items: Iterable[_V], key: Callable[[_V], _K]) -> Mapping[_K, Sequence[_V]]:
    """Items by key, in order of first appearance."""
    groups: dict[_K, list[_V]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def moved(case: Case, kind: str) -> tuple[Moved, ...]:
    """Movements of one kind. What a movement lacks is taken from the final state of its payment intent; where the
    target's contract says that more than metadata identifies a movement, from that, and from the person who paid."""
    case.need_witness("stripe_journal")
    known = case.remembered(_known)
    return tuple(_moved(event, known) for event in case.events(StripeMovement) if event.movement == kind)


_Whose = tuple[str | None, str | None]
"""(contest, user), as far as known."""


def _known(case: Case) -> Mapping[tuple[str, str], _Whose]:
    """(what is named, its id) → whose it is: payment intents always, and what the contract identifies transfers by."""
    known: dict[tuple[str, str], _Whose] = {}
    by = case.business.identified_by
    for action in case.events(EntrantAction):
        if action.payment_intent_id is not None and by != ("metadata",):
            known["payment_intent", action.payment_intent_id] = action.contest_id, action.user_id
    for item in case.events(StripeObject):
        if item.object_type == "payment_intent" and (item.contest_id or item.user_id):
            known["payment_intent", item.object_id] = item.contest_id, item.user_id
    if "idempotency_key" in by or "transfer_id" in by:
        for row in case.rows(TransferRow):
            known["idempotency_key", row.idempotency_key] = row.contest_id, row.user_id
            known["transfer_id", row.stripe_transfer_id or ""] = row.contest_id, row.user_id
    if "account_id" in by:
        for user in case.rows(UserRow):
            known["account_id", user.stripe_account_id or ""] = None, user.user_id
    named = frozenset({"payment_intent", *by})
    return {key: whose for key, whose in known.items() if key[0] in named and key[1]}


def _moved(event: StripeMovement, known: Mapping[tuple[str, str], _Whose]) -> Moved:
    contest_id, user_id = event.contest_id, event.user_id
    names = {
        "payment_intent": event.payment_intent_id,
        "idempotency_key": event.idempotency_key,
        "transfer_id": event.source_id,
        "account_id": event.destination,
    }
    for kind, name in names.items():
        contest, user = known.get((kind, name or ""), (None, None))
        contest_id, user_id = contest_id or contest, user_id or user
    return Moved(
        movement=event,
        contest_id=contest_id,
        user_id=user_id,
        payment_intent_id=event.payment_intent_id,
        amount_cents=abs(event.amount_cents),
    )


def withdrawn(case: Case) -> frozenset[tuple[str, str]]:
    """(contest, user) of entrants who left, or asked for a refund, before the lock: it is due, and their entry does not
    count. Who bought may ask at any time."""
    locks = {contest.contest_id: contest.plan.lock for contest in case.contests}
    return frozenset(
        (action.contest_id or "", action.user_id or "")
        for action in case.events(EntrantAction)
        if action.action in ("asked_for_refund", "left_contest")
        and (case.lacks("contests") or (action.contest_id in locks and action.at < locks[action.contest_id]))
    )


def claims(case: Case) -> tuple[EntrantAction, ...]:
    """The actions in which entrants report that they paid."""
    return tuple(action for action in case.events(EntrantAction) if action.action in PAYING)


def taken_back(case: Case) -> Counter[tuple[str, str, str]]:
    """(contest, user, currency) → what of a prize Stripe took out of the winner's account again, as winners report
    it."""
    cents: Counter[tuple[str, str, str]] = Counter()
    for action in case.events(EntrantAction):
        if action.action == "lost_prize":
            cents[action.contest_id or "", action.user_id or "", action.currency] += action.amount_cents
    return cents


def misfits(case: Case) -> frozenset[str]:
    """Payment intents that were paid with another amount than the entry fee, or in another currency, as entrants report
    it: they pay for no entry, and all of them goes back."""
    return frozenset(action.payment_intent_id or "" for action in case.events(EntrantAction) if action.action in MISFIT)
