"""/v1/transfers: prizes on their way out.

There is no failed transfer: one that cannot be made is refused (fixtures/spec/stripe.md 13).
"""

from __future__ import annotations

from datetime import datetime

from simulation.world.stripe.api import Call
from simulation.world.stripe.balance import Posting
from simulation.world.stripe.errors import ApiError, JsonObject, Refused, no_such
from simulation.world.stripe.listing import PAGING, matches, page
from simulation.world.stripe.objects.account import Account
from simulation.world.stripe.objects.charge import Charge
from simulation.world.stripe.objects.transfer import Transfer
from simulation.world.stripe.routing import Route, names
from simulation.world.stripe.store import Store

_URL = "/v1/transfers"
_CREATE = names("""amount currency description destination metadata source_transaction source_type transfer_group""")


class Transfers:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        filters = PAGING | {"created", "destination", "transfer_group"}
        return (
            Route(method="POST", template=_URL, endpoint=self.create, accepts=_CREATE),
            Route(method="GET", template=_URL, endpoint=self.list, accepts=filters),
            Route(method="GET", template=f"{_URL}/{{id}}", endpoint=self.get),
        )

    def create(self, call: Call) -> JsonObject:
        params = call.params
        currency = params.currency()
        amount_cents = params.required_amount(currency)
        account = self._destination(params.required_text("destination"))
        source = self._source(call, amount_cents, currency)
        params.text("source_type", choices=("card", "bank_account", "fpx"))
        self._require_payable(account)
        if source is None:
            self._require_available(amount_cents, currency)
        transfer = self._make(call, amount_cents, currency, account, source)
        self._store.log.emit("transfer.created", transfer.render(), trigger=call.trigger)
        return transfer.render()

    def list(self, call: Call) -> JsonObject:
        params = call.params
        period, destination, group = params.period(), params.text("destination"), params.text("transfer_group")
        return page(
            self._store.transfers,
            params,
            url=_URL,
            render=Transfer.render,
            wanted=lambda transfer: (
                transfer.created in period
                and matches(destination, transfer.destination)
                and matches(group, transfer.transfer_group)
            ),
        )

    def get(self, call: Call) -> JsonObject:
        return self._store.transfers.get(call.object_id).render()

    def _destination(self, account_id: str) -> Account:
        account = self._store.accounts.find(account_id)
        if account is None or account.status == "deleted":
            raise no_such("destination", account_id, param="destination")
        return account

    def _source(self, call: Call, amount_cents: int, currency: str) -> Charge | None:
        """The charge that pays for this transfer; together its transfers may not exceed it.

        Source: fixtures/spec/stripe.md 14.
        """
        source_id = call.params.text("source_transaction")
        if source_id is None:
            return None
        charge = self._store.charges.referenced(source_id, param="source_transaction")
        if charge.currency != currency:
            raise ApiError(
                f"The charge {charge.id} is in {charge.currency}; its transfers must be in the same currency.",
                param="source_transaction",
            )
        left_cents = charge.amount_cents - charge.transferred_cents if charge.status == "succeeded" else 0
        if amount_cents > left_cents:
            raise ApiError(
                f"The transfers with the source {charge.id} may not exceed the charge; {left_cents} is left of it.",
                param="source_transaction",
            )
        return charge

    def _require_payable(self, account: Account) -> None:
        if account.status == "closed":
            raise Refused(
                f"The account {account.id} is closed and cannot receive transfers.",
                code="account_invalid",
                param="destination",
            )
        if not account.can_be_paid:
            raise Refused(
                "The destination account needs the transfers capability enabled; its onboarding is not finished.",
                code="insufficient_capabilities_for_transfer",
                param="destination",
            )

    def _require_available(self, amount_cents: int, currency: str) -> None:
        """In the transfer's own currency: what there is of others does not count (fixtures/spec/stripe.md 29)."""
        if amount_cents > self._store.balance.available_cents(currency):
            raise Refused(
                "The available balance is too low for this transfer; money from recent charges is still pending.",
                code="balance_insufficient",
            )

    def _make(self, call: Call, amount_cents: int, currency: str, account: Account, source: Charge | None) -> Transfer:
        ids, params = self._store.ids, call.params
        identity, metadata = ids.next("tr"), params.mapping("metadata")
        posting = Posting(
            movement="transfer",
            amount_cents=-amount_cents,
            currency=currency,
            available_at=self._drawn_at(source),
            source_id=identity,
            metadata=metadata,
            destination=account.id,
        )
        if source is not None:
            source.transferred_cents += amount_cents
        return self._store.transfers.add(
            Transfer(
                id=identity,
                created=self._store.now,
                amount_cents=amount_cents,
                currency=currency,
                destination=account.id,
                destination_payment=ids.next("py"),
                metadata=metadata,
                balance_transaction=self._store.balance.post(posting, trigger=call.trigger).id,
                description=params.text("description"),
                source_transaction=source.id if source else None,
                transfer_group=params.text("transfer_group") or (source.transfer_group if source else None),
            )
        )

    def _drawn_at(self, source: Charge | None) -> datetime:
        """With a source, the transfer waits inside *pending* together with its charge."""
        return self._store.now if source is None else max(self._store.now, source.available_at)
