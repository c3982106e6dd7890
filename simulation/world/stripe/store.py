"""The twin's state: every object, the balance and the events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import JsonValue

from simulation.clock import Kernel, SimProcess
from simulation.events import StripeAccountChange, StripeEndpointChange
from simulation.history import Recorder
from simulation.scenario.settings import StripeSettings
from simulation.world.stripe.balance import Balance, charge_fee_cents
from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.event_log import EventLog
from simulation.world.stripe.ids import Ids
from simulation.world.stripe.labels import DOCUMENTED, MetadataNames
from simulation.world.stripe.objects.account import Account
from simulation.world.stripe.objects.charge import Charge
from simulation.world.stripe.objects.checkout_session import CheckoutSession
from simulation.world.stripe.objects.customer import Customer
from simulation.world.stripe.objects.dispute import Dispute
from simulation.world.stripe.objects.payment_intent import PaymentIntent
from simulation.world.stripe.objects.payment_method import PaymentMethod
from simulation.world.stripe.objects.payout import Payout
from simulation.world.stripe.objects.refund import Refund
from simulation.world.stripe.objects.resource import Resource
from simulation.world.stripe.objects.setup_intent import SetupIntent
from simulation.world.stripe.objects.transfer import Transfer
from simulation.world.stripe.objects.webhook_endpoint import STANDBY, STANDBY_URL, WebhookEndpoint
from simulation.world.stripe.table import Table

_NOT_GONE = ("canceled", "failed")


class Store:
    """Tables, balance and event log; the endpoints' only state. Time is the run's simulated clock."""

    def __init__(
        self,
        *,
        kernel: Kernel,
        recorder: Recorder,
        settings: StripeSettings,
        ids: Ids,
        names: MetadataNames = DOCUMENTED,
    ) -> None:
        self._kernel, clock = kernel, kernel.clock
        self._clock = clock
        self._recorder = recorder
        self._settings = settings
        self.ids = ids
        self.names = names
        self.balance = Balance(
            clock=clock, recorder=recorder, ids=ids, opening_cents=settings.opening_by_currency, names=names
        )
        self.log = EventLog(clock=clock, ids=ids, recorder=recorder)
        self.payment_intents: Table[PaymentIntent] = Table(kind="payment_intent")
        self.charges: Table[Charge] = Table(kind="charge")
        self.accounts: Table[Account] = Table(kind="account")
        self.transfers: Table[Transfer] = Table(kind="transfer")
        self.refunds: Table[Refund] = Table(kind="refund")
        self.disputes: Table[Dispute] = Table(kind="dispute")
        self.customers: Table[Customer] = Table(kind="customer")
        self.payment_methods: Table[PaymentMethod] = Table(kind="PaymentMethod")
        self.setup_intents: Table[SetupIntent] = Table(kind="setupintent")
        self.checkout_sessions: Table[CheckoutSession] = Table(kind="checkout session")
        self.payouts: Table[Payout] = Table(kind="payout")
        self.webhook_endpoints: Table[WebhookEndpoint] = Table(kind="webhook_endpoint")
        standby = WebhookEndpoint(id=ids.next("we"), created=self.now, url=STANDBY_URL, metadata={"role": STANDBY})
        standby.disabled = True
        self.webhook_endpoints.add(standby)
        self.webhook_endpoints.add(WebhookEndpoint(id=ids.next("we"), created=self.now))

    @property
    def now(self) -> datetime:
        return self._clock.now

    def at(self, instant: datetime, act: Callable[[], None]) -> None:
        """Have something happen at Stripe by itself, later."""

        def wait() -> SimProcess:
            yield self._kernel.until(instant)
            act()

        self._kernel.spawn(wait())

    def connected_currencies(self, account_id: str) -> tuple[str, ...]:
        """Those of which a connected account ever had any, by their first transfer."""
        return tuple(dict.fromkeys(one.currency for one in self.transfers if one.destination == account_id))

    def connected_cents(self, account_id: str, currency: str) -> int:
        """What a connected account has of a currency: transfers that it kept, less what went to its owner's bank."""
        whose = (account_id, currency)
        came = sum(one.kept_cents for one in self.transfers if (one.destination, one.currency) == whose)
        paid_out = (one for one in self.payouts if (one.account, one.currency) == whose)
        went = sum(one.amount_cents for one in paid_out if one.status not in _NOT_GONE)
        return came - went

    def record_account(self, account: Account) -> None:
        """Write down that transfers to an account were stopped, or go on."""
        self._recorder.record(
            StripeAccountChange(
                account_id=account.id,
                user_id=self.names.user_id(account.metadata),
                can_be_paid=account.can_be_paid,
                disabled_reason=account.disabled_reason,
            )
        )

    def endpoint(self, role: str) -> WebhookEndpoint:
        """The platform's webhook endpoint with this role."""
        return next(one for one in self.webhook_endpoints if one.metadata["role"] == role)

    def switch(self, endpoint: WebhookEndpoint, *, enabled: bool) -> None:
        """Push events to an endpoint from now on, or no more; a change is written down."""
        if endpoint.disabled != enabled:
            return
        endpoint.disabled = not enabled
        self._recorder.record(
            StripeEndpointChange(endpoint_id=endpoint.id, role=endpoint.metadata.get("role"), enabled=enabled)
        )

    def charge_available_at(self) -> datetime:
        """When the money of a charge made now becomes available."""
        return self.now + timedelta(days=self._settings.pending_days)

    def dispute_fee_cents(self, currency: str) -> int:
        """The fee that Stripe takes from the platform for each dispute of a payment in a currency."""
        return self._settings.dispute_fee(currency)

    def fee_cents(self, amount_cents: int, currency: str) -> int:
        """The fee that Stripe keeps of a charge, in its currency."""
        return charge_fee_cents(
            amount_cents,
            basis_points=self._settings.fee_basis_points,
            fixed_cents=self._settings.fee_fixed(currency),
        )

    def rendered(self, object_id: str) -> JsonObject | None:
        """An object that another one names by its id, as JSON; None for ids that name nothing the twin keeps."""
        prefix = object_id.partition("_")[0]
        if prefix == "txn":
            line = self.balance.transactions.find(object_id)
            return None if line is None else line.render_at(self.now)
        finders: dict[str, Callable[[str], Resource | None]] = {
            "pi": self.payment_intents.find,
            "ch": self.charges.find,
            "acct": self.accounts.find,
            "tr": self.transfers.find,
            "re": self.refunds.find,
            "cus": self.customers.find,
            "pm": self.payment_methods.find,
            "seti": self.setup_intents.find,
            "cs": self.checkout_sessions.find,
            "po": self.payouts.find,
        }
        row = finders[prefix](object_id) if prefix in finders else None
        return None if row is None else row.render()

    def included(self, shown: JsonObject, name: str) -> JsonValue:
        """What an object shows only when it is expanded: a charge's refunds (since API 2022-11-15) and its dispute.

        :raises KeyError: it has nothing of this name.
        """
        if shown.get("object") != "charge" or name not in ("refunds", "dispute"):
            raise KeyError(name)
        charge_id = str(shown["id"])
        if name == "dispute":
            disputed = (one for one in self.disputes.newest_first() if one.charge == charge_id)
            return next((one.render() for one in disputed), None)
        refunds = [one.render() for one in self.refunds.newest_first() if one.charge == charge_id]
        url = f"/v1/charges/{charge_id}/refunds"
        return {"object": "list", "data": [*refunds], "has_more": False, "total_count": len(refunds), "url": url}
