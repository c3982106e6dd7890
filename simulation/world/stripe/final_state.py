"""Records what Stripe has at the end of the run, for the jury."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simulation.events import StripeBalance, StripeObject
from simulation.history import Recorder
from simulation.world.stripe.store import Store


def record_final_state(store: Store, recorder: Recorder) -> None:
    """Record the balance of each currency, then every object that the platform's books may refer to, ordered by id."""
    for currency in store.balance.currencies:
        recorder.record(
            StripeBalance(
                currency=currency,
                opening_cents=store.balance.opening_cents.get(currency, 0),
                available_cents=store.balance.available_cents(currency),
                pending_cents=store.balance.pending_cents(currency),
            )
        )
    final = [item for gather in _GATHERERS for item in gather(store)]
    for item in sorted(final, key=lambda item: item.object_id):
        recorder.record(item)


def _payment_intents(store: Store) -> Iterator[StripeObject]:
    for intent in store.payment_intents:
        yield StripeObject(
            object_type="payment_intent",
            object_id=intent.id,
            status=intent.status,
            amount_cents=intent.amount_cents,
            currency=intent.currency,
            payment_intent_id=intent.id,
            contest_id=store.names.contest_id(intent.metadata),
            user_id=store.names.user_id(intent.metadata),
            metadata=intent.metadata,
        )


def _charges(store: Store) -> Iterator[StripeObject]:
    for charge in store.charges:
        yield StripeObject(
            object_type="charge",
            object_id=charge.id,
            status=charge.status,
            amount_cents=charge.amount_cents,
            currency=charge.currency,
            payment_intent_id=charge.payment_intent,
            contest_id=store.names.contest_id(charge.metadata),
            user_id=store.names.user_id(charge.metadata),
            metadata=charge.metadata,
        )


def _refunds(store: Store) -> Iterator[StripeObject]:
    for refund in store.refunds:
        tags = _tags_of_payment(store, refund.payment_intent) | refund.metadata
        yield StripeObject(
            object_type="refund",
            object_id=refund.id,
            status=refund.status,
            amount_cents=refund.amount_cents,
            currency=refund.currency,
            payment_intent_id=refund.payment_intent,
            contest_id=store.names.contest_id(tags),
            user_id=store.names.user_id(tags),
            metadata=refund.metadata,
        )


def _disputes(store: Store) -> Iterator[StripeObject]:
    for dispute in store.disputes:
        yield StripeObject(
            object_type="dispute",
            object_id=dispute.id,
            status=dispute.status,
            amount_cents=dispute.amount_cents,
            currency=dispute.currency,
            payment_intent_id=dispute.payment_intent,
            contest_id=store.names.contest_id(dispute.metadata),
            user_id=store.names.user_id(dispute.metadata),
            metadata=dispute.metadata,
        )


def _transfers(store: Store) -> Iterator[StripeObject]:
    for transfer in store.transfers:
        yield StripeObject(
            object_type="transfer",
            object_id=transfer.id,
            status=transfer.status,
            amount_cents=transfer.amount_cents,
            currency=transfer.currency,
            destination=transfer.destination,
            contest_id=store.names.contest_id(transfer.metadata),
            user_id=store.names.user_id(transfer.metadata),
            metadata=transfer.metadata,
        )


def _accounts(store: Store) -> Iterator[StripeObject]:
    for account in store.accounts:
        yield StripeObject(
            object_type="account",
            object_id=account.id,
            status=account.status,
            user_id=store.names.user_id(account.metadata),
            metadata=account.metadata,
        )


def _payouts(store: Store) -> Iterator[StripeObject]:
    for payout in store.payouts:
        account = store.accounts.get(payout.account)
        yield StripeObject(
            object_type="payout",
            object_id=payout.id,
            status=payout.status,
            amount_cents=payout.amount_cents,
            currency=payout.currency,
            destination=payout.account,
            user_id=store.names.user_id(account.metadata),
        )


def _webhook_endpoints(store: Store) -> Iterator[StripeObject]:
    for endpoint in store.webhook_endpoints:
        yield StripeObject(
            object_type="webhook_endpoint",
            object_id=endpoint.id,
            status=endpoint.status,
            metadata={"url": endpoint.url, "enabled_events": ",".join(endpoint.enabled_events)},
        )


def _tags_of_payment(store: Store, payment_intent_id: str) -> dict[str, str]:
    intent = store.payment_intents.find(payment_intent_id)
    return {} if intent is None else intent.metadata


_GATHERERS: tuple[Callable[[Store], Iterator[StripeObject]], ...] = (
    _payment_intents,
    _charges,
    _refunds,
    _disputes,
    _transfers,
    _accounts,
    _payouts,
    _webhook_endpoints,
)
