"""The two endpoints at Stripe that events can be pushed to: the platform's own, and a standby.

Each has a signing secret of its own, and the platform knows both. When deliveries of one are refused because Stripe
signs with a secret that is none of ours (it was rolled there, or deployed wrongly here), operations switch to the other
through Stripe's API; nobody needs the dashboard, a deployment or the new secret.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
from sqlalchemy import text

from simulation.staging import operations_log
from simulation.staging.canonical import iso
from simulation.staging.clients.stripe import EndpointAtStripe
from simulation.staging.clients.stripe_failures import failure_of
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.money.webhooks import ROLES
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels

_LISTED = timedelta(days=30)
_UNDER_WAY = timedelta(minutes=10)
"""An event younger than this may still be in its first delivery."""
_PROCESSED = text("SELECT stripe_event_id FROM stripe_events WHERE stripe_event_id = ANY (:ids)")


def page(runtime: Runtime, levels: ServiceLevels) -> dict[str, Any]:
    """Endpoints, deliveries refused in a row, and events of the last 30 days that never came here. Raises 502."""
    now = datetime.now(UTC)
    try:
        endpoints = runtime.stripe.webhook_endpoints()
        events = runtime.stripe.undelivered_since(now - _LISTED)
    except stripe.StripeError as error:
        raise _no_stripe(error) from error
    settled_before = int((now - _UNDER_WAY).timestamp())
    old = [str(event["id"]) for event in events if int(str(event["created"])) <= settled_before]
    known = {row.stripe_event_id for row in runtime.database.read(_PROCESSED, ids=old)}
    refusals = levels.webhook_refusals.moments()
    return {
        "endpoints": [asdict(endpoint) for endpoint in endpoints],
        "refused_in_a_row": len(refusals),
        "last_refused_at": iso(refusals[-1]) if refusals else None,
        "events_not_received": len(set(old) - known),
    }


def use(runtime: Runtime, context: Context, levels: ServiceLevels, role: str, reason: str) -> dict[str, str]:
    """Have Stripe push events to the endpoint of this role and to no other; the status of each afterwards.

    The new endpoint is enabled before the other is disabled: an event may come to both, and is processed once.
    Safe to repeat. Raises 400, 409 `endpoint_missing` or `standby_secret_missing`, 502 when Stripe does not do it.
    """
    if role not in ROLES:
        raise ApiError(400, "invalid_field", f"role is one of {', '.join(ROLES)}")
    if role == "standby" and not runtime.settings.stripe_standby_webhook_secret:
        raise ApiError(409, "standby_secret_missing", "this deployment has no secret of the standby endpoint")
    with runtime.unit_of_work(
        context, action="webhook_endpoint_switched", reason=reason, entity=("stripe_webhook_endpoint", role)
    ) as work:
        try:
            statuses = _switch(runtime, role)
        except stripe.StripeError as error:
            raise _no_stripe(error) from error
        work.payload.update(statuses)
        work.result = statuses
        operations_log.note(
            work, subject="webhooks", event="endpoint_switched", detail={"role": role, "status": statuses}
        )
    levels.webhook_refusals.count(failed=False)  # refusals at the other endpoint say nothing about this one
    runtime.log.info(
        "Payment", "webhook endpoint switched", role=role, user_id=context.actor, request_id=context.request_id
    )
    return statuses


def _switch(runtime: Runtime, role: str) -> dict[str, str]:
    endpoints = {endpoint.role: endpoint for endpoint in runtime.stripe.webhook_endpoints()}
    if not set(ROLES) <= set(endpoints):
        raise ApiError(
            409, "endpoint_missing", f"Stripe has no endpoint {', '.join(sorted(set(ROLES) - set(endpoints)))}"
        )
    for name in sorted(ROLES, key=lambda name: name != role):
        _set(runtime, endpoints[name], enabled=name == role)
    return {name: "enabled" if name == role else "disabled" for name in ROLES}


def _set(runtime: Runtime, endpoint: EndpointAtStripe, *, enabled: bool) -> None:
    if (endpoint.status == "enabled") != enabled:
        runtime.stripe.set_webhook_endpoint(endpoint.id, enabled=enabled)


def _no_stripe(error: stripe.StripeError) -> ApiError:
    return ApiError(502, "STRIPE_API_ERROR", f"Stripe did not do it: {failure_of(error).code}")
