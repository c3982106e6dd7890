"""/v1/webhook_endpoints: the platform's primary endpoint, and a disabled standby with a secret of its own."""

from __future__ import annotations

from simulation.world.stripe.api import Call
from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.listing import PAGING, page
from simulation.world.stripe.objects.webhook_endpoint import WebhookEndpoint
from simulation.world.stripe.routing import Route, names
from simulation.world.stripe.store import Store

_URL = "/v1/webhook_endpoints"
_UPDATE = names("description disabled enabled_events metadata url")


class WebhookEndpoints:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        one = f"{_URL}/{{id}}"
        return (
            Route(method="GET", template=_URL, endpoint=self.list, accepts=PAGING),
            Route(method="GET", template=one, endpoint=self.get),
            Route(method="POST", template=one, endpoint=self.update, accepts=_UPDATE),
        )

    def list(self, call: Call) -> JsonObject:
        return page(
            self._store.webhook_endpoints,
            call.params,
            url=_URL,
            render=WebhookEndpoint.render,
            wanted=lambda _: True,
        )

    def get(self, call: Call) -> JsonObject:
        return self._store.webhook_endpoints.get(call.object_id).render()

    def update(self, call: Call) -> JsonObject:
        params = call.params
        endpoint = self._store.webhook_endpoints.get(call.object_id)
        url, events = params.text("url"), params.texts("enabled_events")
        disabled, description = params.boolean("disabled"), params.text("description")
        endpoint.url = url or endpoint.url
        endpoint.enabled_events = events or endpoint.enabled_events
        endpoint.description = description or endpoint.description
        if disabled is not None:
            self._store.switch(endpoint, enabled=not disabled)
            endpoint.failing_since = None
        return endpoint.render()
