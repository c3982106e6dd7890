"""/v1/transfers/{id}/reversals: a prize taken back.

What the platform asks for must be in the connected account. Stripe itself, or somebody at its dashboard with the rights
for it, takes it back from an account without money, too, which is below zero from then on.
"""

from __future__ import annotations

from simulation.world.stripe.api import BY_THE_WORLD, Call, Trigger
from simulation.world.stripe.balance import Posting
from simulation.world.stripe.errors import JsonObject, Refused
from simulation.world.stripe.listing import PAGING, page
from simulation.world.stripe.objects.transfer import Reversal, Transfer
from simulation.world.stripe.routing import Route, names
from simulation.world.stripe.store import Store
from simulation.world.stripe.table import Table


class Reversals:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        template = "/v1/transfers/{id}/reversals"
        return (
            Route(
                method="POST",
                template=template,
                endpoint=self.create,
                accepts=names("amount description metadata"),
                unmodelled=names("refund_application_fee"),
            ),
            Route(method="GET", template=template, endpoint=self.list, accepts=PAGING),
        )

    def create(self, call: Call) -> JsonObject:
        transfer = self._store.transfers.get(call.object_id)
        amount_cents = call.params.amount(transfer.currency) or transfer.kept_cents
        if amount_cents > self._store.connected_cents(transfer.destination, transfer.currency):
            raise Refused(
                f"The account {transfer.destination} has too little money for this reversal.",
                code="balance_insufficient",
            )
        metadata = call.params.mapping("metadata")
        return self._reverse(transfer, amount_cents, metadata=metadata, trigger=call.trigger).render()

    def make_by_stripe(self, transfer_id: str, *, amount_cents: int) -> Reversal:
        """Stripe takes a transfer, or a part of it, back without being asked by the platform."""
        transfer = self._store.transfers.get(transfer_id)
        return self._reverse(transfer, amount_cents, metadata={}, trigger=BY_THE_WORLD)

    def _reverse(
        self, transfer: Transfer, amount_cents: int, *, metadata: dict[str, str], trigger: Trigger
    ) -> Reversal:
        if not 0 < amount_cents <= transfer.kept_cents:
            raise Refused(
                f"Of the transfer {transfer.id} only {transfer.kept_cents} is left to reverse.",
                code=None,
                param="amount",
            )
        reversal = self._make(transfer, amount_cents, metadata=metadata, trigger=trigger)
        transfer.reversals.append(reversal)
        self._store.log.emit("transfer.reversed", transfer.render(), trigger=trigger)
        return reversal

    def list(self, call: Call) -> JsonObject:
        transfer = self._store.transfers.get(call.object_id)
        rows: Table[Reversal] = Table(kind="transfer_reversal")
        for reversal in transfer.reversals:
            rows.add(reversal)
        return page(
            rows,
            call.params,
            url=f"/v1/transfers/{transfer.id}/reversals",
            render=Reversal.render,
            wanted=lambda _: True,
        )

    def _make(self, transfer: Transfer, amount_cents: int, *, metadata: dict[str, str], trigger: Trigger) -> Reversal:
        identity = self._store.ids.next("trr")
        posting = Posting(
            movement="transfer_reversal",
            amount_cents=amount_cents,
            currency=transfer.currency,
            available_at=self._store.now,
            source_id=identity,
            metadata=transfer.metadata,
            destination=transfer.destination,
        )
        return Reversal(
            id=identity,
            created=self._store.now,
            transfer=transfer.id,
            amount_cents=amount_cents,
            currency=transfer.currency,
            metadata=metadata,
            balance_transaction=self._store.balance.post(posting, trigger=trigger).id,
        )
