"""A platform may label its objects at Stripe as it likes, as long as the twin is told."""

from __future__ import annotations

from simulation.clock import Kernel, SimulationClock
from simulation.events import StripeMovement, StripeObject
from simulation.faults.effects import Calm, PendingCall, PendingWebhook
from simulation.history import Recorder
from simulation.scenario.settings import StripeSettings
from simulation.world.stripe.integration import Integration
from simulation.world.stripe.labels import DOCUMENTED, MetadataNames
from simulation.world.stripe.twin import StripeTwin
from tests.unit.stripe.conftest import PLATFORM_KEY, PUBLISHABLE_KEY, START

OWN = MetadataNames(contest="game", user="player", rows=("prize",))


class _Listener(Calm):
    def __init__(self) -> None:
        self.calls: list[PendingCall] = []
        self.webhooks: list[PendingWebhook] = []

    def on_stripe_call(self, call: PendingCall) -> None:
        self.calls.append(call)

    def on_webhook(self, webhook: PendingWebhook) -> None:
        self.webhooks.append(webhook)


def _twin(listener: _Listener) -> tuple[StripeTwin, Kernel, Recorder]:
    kernel = Kernel(SimulationClock(start=START))
    recorder = Recorder(clock=kernel.clock)
    twin = StripeTwin(
        kernel=kernel,
        recorder=recorder,
        injector=listener,
        settings=StripeSettings(opening_balance_cents=5_000),
        seed=1,
        webhook_secret="whsec_test",
        platform_key=PLATFORM_KEY,
        publishable_key=PUBLISHABLE_KEY,
        dashboard_key="sk_test_dashboard",
        integration=Integration(names=OWN),
    )
    return twin, kernel, recorder


def _post(twin: StripeTwin, path: str, body: str) -> bytes:
    answer = twin.handle(
        method="POST",
        path=path,
        headers={"Authorization": f"Bearer {PLATFORM_KEY}"},
        body=body.encode(),
    )
    assert answer.status_code == 200, answer.get_data()
    return answer.get_data()


def test_movements_calls_webhooks_and_objects_are_recognised_by_the_platforms_own_labels() -> None:
    listener = _Listener()
    twin, kernel, recorder = _twin(listener)
    account = _post(twin, "/v1/accounts", "type=express&metadata[player]=u1").split(b'"id":')[1].split(b'"')[1].decode()
    tags = "metadata[game]=g1&metadata[player]=u1&metadata[prize]=p1"
    _post(twin, "/v1/transfers", f"amount=100&currency=usd&destination={account}&{tags}")
    kernel.run_until(START.replace(hour=1))
    twin.record_final_state()

    (movement,) = (event for event in recorder.events if isinstance(event, StripeMovement))
    assert (movement.contest_id, movement.user_id) == ("g1", "u1")
    assert (listener.calls[-1].contest_id, listener.calls[-1].business_key) == ("g1", "p1")
    assert [hook.contest_id for hook in listener.webhooks if hook.event_type == "transfer.created"] == ["g1"]
    objects = {event.object_type: event for event in recorder.events if isinstance(event, StripeObject)}
    assert (objects["transfer"].contest_id, objects["account"].user_id) == ("g1", "u1")


def test_the_documented_labels_take_the_first_row_that_is_there() -> None:
    assert DOCUMENTED.row_id({"refund_id": "r", "payment_intent_id": "p"}) == "p"
    assert DOCUMENTED.row_id({"contest_id": "c"}) is None
