"""The calls we make to Stripe. What their failures mean for a retry: `stripe_failures.py`.

The client makes one attempt a call: retries are ours, spread over scheduler runs, always with the stored idempotency
key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import requests
import stripe

from simulation.staging.clients.stripe_transport import ApiKey, GatewayTransport

PAGE_SIZE = 100
RETURNED_AT_STRIPE = ("failed", "canceled")
"""Statuses of a refund whose money is back in our balance."""


@dataclass(frozen=True, kw_only=True)
class CreatedIntent:
    """A payment intent as Stripe answered it."""

    stripe_id: str
    client_secret: str
    status: str


@dataclass(frozen=True, kw_only=True)
class BalanceAtStripe:
    """Our money at Stripe in one currency: what can be sent now, and what is on its way or held back."""

    available_cents: int
    pending_cents: int


@dataclass(frozen=True, kw_only=True)
class EndpointAtStripe:
    """A webhook endpoint at Stripe; its role is read from its metadata."""

    id: str
    role: str
    status: str
    url: str


@dataclass(frozen=True, kw_only=True)
class RefundAtStripe:
    """A refund as Stripe has it, whoever made it."""

    stripe_id: str
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class TransferAtStripe:
    """A transfer as Stripe has it, with the row and the winner that its metadata name."""

    stripe_id: str
    amount_cents: int
    currency: str
    destination: str
    payout_transfer_id: str | None
    user_id: str | None


class StripeGateway:
    """Stripe through the official client; every method raises `stripe.StripeError`."""

    def __init__(self, *, api_key: ApiKey, base_url: str, timeout_seconds: float) -> None:
        session = requests.Session()
        session.trust_env = False  # the machine's proxy settings must not apply: no proxy may see a payment
        self._http = GatewayTransport(api_key, timeout=timeout_seconds, session=session)
        self._client = stripe.StripeClient(
            api_key.current, base_addresses={"api": base_url}, max_network_retries=0, http_client=self._http
        )

    def must_wait(self, path: str) -> bool:
        """Whether Stripe has asked not to call a resource (`/v1/transfers`) now."""
        return self._http.must_wait(path)

    def create_payment_intent(
        self, *, amount_cents: int, currency: str, metadata: dict[str, str], idempotency_key: str
    ) -> CreatedIntent:
        """Create a payment intent for an entry fee; the same key gives the same intent."""
        intent = self._client.v1.payment_intents.create(
            {"amount": amount_cents, "currency": currency.lower(), "metadata": metadata},
            {"idempotency_key": idempotency_key},
        )
        return _created(intent)

    def retrieve_payment_intent(self, stripe_id: str) -> CreatedIntent:
        """Fetch the intent with its client secret, which we do not store."""
        return _created(self._client.v1.payment_intents.retrieve(stripe_id))

    def create_account(self, *, user_id: UUID, email: str) -> str:
        """Open an Express account that transfers can be sent to; returns `acct_…`."""
        account = self._client.v1.accounts.create(
            {
                "type": "express",
                "email": email,
                "capabilities": {"transfers": {"requested": True}},
                "metadata": {"user_id": str(user_id)},
            },
            {"idempotency_key": f"account:{user_id}"},
        )
        return account.id

    def account(self, account_id: str) -> dict[str, Any]:
        """An account as Stripe has it now."""
        found: dict[str, Any] = self._client.v1.accounts.retrieve(account_id).to_dict(for_json=True)
        return found

    def create_transfer(
        self,
        *,
        amount_cents: int,
        currency: str,
        destination: str,
        group: str,
        metadata: dict[str, str],
        idempotency_key: str,
    ) -> str:
        """Send a prize; returns `tr_…`."""
        transfer = self._client.v1.transfers.create(
            {
                "amount": amount_cents,
                "currency": currency.lower(),
                "destination": destination,
                "transfer_group": group,
                "metadata": metadata,
            },
            {"idempotency_key": idempotency_key},
        )
        return transfer.id

    def find_transfer(self, *, group: str, payout_transfer_id: UUID) -> str | None:
        """The transfer that was made for our row, if Stripe has one."""
        made = (item for item in self.transfers_in(group) if item.payout_transfer_id == str(payout_transfer_id))
        return next((item.stripe_id for item in made), None)

    def balance(self) -> dict[str, BalanceAtStripe]:
        """Our balance at Stripe by currency. Also the call by which we find out whether Stripe answers."""
        balance = self._client.v1.balance.retrieve()
        available, pending = _by_currency(balance.available), _by_currency(balance.pending)
        return {
            currency: BalanceAtStripe(available_cents=available[currency], pending_cents=pending[currency])
            for currency in sorted(available.keys() | pending.keys())
        }

    def transfers_in(self, group: str) -> list[TransferAtStripe]:
        """Every transfer in a transfer group, including those that the platform did not make, newest first."""
        page = self._client.v1.transfers.list({"transfer_group": group, "limit": PAGE_SIZE})
        return [_seen(transfer) for transfer in page.auto_paging_iter()]

    def create_refund(
        self, *, stripe_payment_intent_id: str, amount_cents: int, metadata: dict[str, str], idempotency_key: str
    ) -> str:
        """Give an entry fee back; returns `re_…`."""
        refund = self._client.v1.refunds.create(
            {"payment_intent": stripe_payment_intent_id, "amount": amount_cents, "metadata": metadata},
            {"idempotency_key": idempotency_key},
        )
        return refund.id

    def find_refund(self, *, stripe_payment_intent_id: str, refund_id: UUID) -> str | None:
        """The refund of a payment, if Stripe has one that did not fail: ours by its metadata, else the newest."""
        made = [item for item in self._refunds_of(stripe_payment_intent_id) if item.status not in RETURNED_AT_STRIPE]
        ours = (item for item in made if _metadata(item).get("refund_id") == str(refund_id))
        return next((item.id for item in (*ours, *made)), None)

    def refunds_of(self, stripe_payment_intent_id: str) -> list[RefundAtStripe]:
        """Every refund of a payment whose money is not back, oldest first."""
        made = [item for item in self._refunds_of(stripe_payment_intent_id) if item.status not in RETURNED_AT_STRIPE]
        return [RefundAtStripe(stripe_id=item.id, amount_cents=item.amount) for item in reversed(made)]

    def _refunds_of(self, stripe_payment_intent_id: str) -> Iterator[stripe.Refund]:
        page = self._client.v1.refunds.list({"payment_intent": stripe_payment_intent_id, "limit": PAGE_SIZE})
        return page.auto_paging_iter()

    def events_since(self, since: datetime, *, type_: str | None = None) -> list[dict[str, object]]:
        """Events created at or after `since`, oldest first; of one second those about disputes last, then by their ids.

        What is disputed must be booked first.
        """
        extra: dict[str, object] = {"type": type_} if type_ else {}
        events = list(self._listed("events", since, extra))
        return sorted(
            events,
            key=lambda event: (_created_at(event), str(event["type"]).startswith("charge.dispute."), str(event["id"])),
        )

    def undelivered_since(self, since: datetime) -> list[dict[str, object]]:
        """Events since then that some endpoint has not acknowledged, the newest first."""
        return list(self._listed("events", since, {"delivery_success": False}))

    def webhook_endpoints(self) -> list[EndpointAtStripe]:
        """All webhook endpoints, newest first."""
        page = self._client.v1.webhook_endpoints.list({"limit": PAGE_SIZE})
        return [
            EndpointAtStripe(
                id=endpoint.id,
                role=_metadata(endpoint).get("role", ""),
                status=endpoint.status,
                url=endpoint.url,
            )
            for endpoint in page.auto_paging_iter()
        ]

    def set_webhook_endpoint(self, endpoint_id: str, *, enabled: bool) -> None:
        """Switch deliveries to a webhook endpoint on or off."""
        self._client.v1.webhook_endpoints.update(endpoint_id, {"disabled": not enabled})

    def listed_since(self, kind: str, since: datetime) -> list[dict[str, object]]:
        """Objects of a kind (`payment_intents`, `transfers`, `refunds`, `disputes`) created at or after `since`."""
        return list(self._listed(kind, since, {}))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()  # type: ignore[no-untyped-call]  # untyped in the stripe package

    def _listed(self, kind: str, since: datetime, extra: Mapping[str, object]) -> Iterator[dict[str, object]]:
        parameters = {"created": {"gte": int(since.timestamp())}, "limit": PAGE_SIZE, **extra}
        for item in getattr(self._client.v1, kind).list(parameters).auto_paging_iter():
            yield item.to_dict(for_json=True)


def _created(intent: stripe.PaymentIntent) -> CreatedIntent:
    return CreatedIntent(stripe_id=intent.id, client_secret=intent.client_secret or "", status=intent.status.upper())


def _by_currency(amounts: Sequence[stripe.Balance.Available | stripe.Balance.Pending]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for item in amounts:
        sums[item.currency.upper()] += item.amount
    return sums


def _seen(transfer: stripe.Transfer) -> TransferAtStripe:
    metadata = _metadata(transfer)
    return TransferAtStripe(
        stripe_id=transfer.id,
        amount_cents=transfer.amount,
        currency=transfer.currency.upper(),
        destination=str(transfer.destination),
        payout_transfer_id=metadata.get("payout_transfer_id"),
        user_id=metadata.get("user_id"),
    )


def _metadata(item: stripe.Transfer | stripe.WebhookEndpoint | stripe.Refund) -> dict[str, str]:
    metadata = item.metadata
    return metadata.to_dict() if isinstance(metadata, stripe.StripeObject) else dict(metadata or {})


def _created_at(event: dict[str, object]) -> int:
    created = event["created"]
    return created if isinstance(created, int) else 0
