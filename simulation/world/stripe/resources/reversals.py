"""/v1/transfers/{id}/reversals: a prize taken back."""

from __future__ import annotations

from simulation.world.stripe.api import Call
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
        left_cents = transfer.amount_cents - transfer.reversed_cents
        amount_cents = call.params.integer("amount") or left_cents
        if not 0 < amount_cents <= left_cents:
            raise Refused(
                f"Of the transfer {transfer.id} only {left_cents} is left to reverse.", code=None, param="amount"
            )
        reversal = self._make(call, transfer, amount_cents)
        transfer.reversals.append(reversal)
        self._store.log.emit("transfer.reversed", transfer.render(), trigger=call.trigger)
        return reversal.render()

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

    def _make(self, call: Call, transfer: Transfer, amount_cents: int) -> Reversal:
        identity = self._store.ids.next("trr")
        posting = Posting(
            movement="transfer_reversal",
            amount_cents=amount_cents,
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
            metadata=call.params.mapping("metadata"),
            balance_transaction=self._store.balance.post(posting, trigger=call.trigger).id,
        )
