"""/v1/events: events of the last 30 days, also those that were never delivered (fixtures/spec/stripe.md 10)."""

from __future__ import annotations

from fnmatch import fnmatchcase

from simulation.world.stripe.api import Call
from simulation.world.stripe.errors import ApiError, JsonObject, no_such
from simulation.world.stripe.listing import PAGING, page
from simulation.world.stripe.objects.event import StripeEvent
from simulation.world.stripe.params import Params
from simulation.world.stripe.routing import Route
from simulation.world.stripe.store import Store

_URL = "/v1/events"
_MOST_TYPES = 20


class Events:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        filters = PAGING | {"created", "delivery_success", "type", "types"}
        return (
            Route(method="GET", template=_URL, endpoint=self.list, accepts=filters),
            Route(method="GET", template=f"{_URL}/{{id}}", endpoint=self.get),
        )

    def list(self, call: Call) -> JsonObject:
        params = call.params
        period, delivered, patterns = params.period(), params.boolean("delivery_success"), _types(params)
        log = self._store.log

        def wanted(event: StripeEvent) -> bool:
            return (
                event.created in period
                and log.is_listed(event)
                and (delivered is None or delivered == (event.pending_webhooks == 0))
                and (not patterns or any(fnmatchcase(event.event_type, pattern) for pattern in patterns))
            )

        return page(log.events, params, url=_URL, render=StripeEvent.render, wanted=wanted)

    def get(self, call: Call) -> JsonObject:
        event = self._store.log.events.get(call.object_id)
        if not self._store.log.is_listed(event):
            raise no_such("event", event.id, status=404)
        return event.render()


def _types(params: Params) -> tuple[str, ...]:
    """``type`` may be a group like ``payment_intent.*``; ``types`` are up to twenty full names."""
    one, many = params.text("type"), params.texts("types")
    if one is not None and many:
        raise ApiError("You may only specify one of these parameters: type, types.", param="types")
    if len(many) > _MOST_TYPES:
        raise ApiError(f"At most {_MOST_TYPES} types.", param="types")
    return many if one is None else (one,)
