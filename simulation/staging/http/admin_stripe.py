"""Endpoints of admins for Stripe's deliveries: which webhook endpoint events are pushed to."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint

from simulation.staging.http.admission import once
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import (
    ADMIN,
    SENT_ONCE,
    Answer,
    Done,
    MayComeAgain,
    Reasoned,
    answers,
)
from simulation.staging.money import webhook_endpoints

Role = Literal["primary", "standby"]
_STRIPE = {502: ("STRIPE_API_ERROR",)}


class UseEndpoint(Reasoned):
    role: Role


class WebhookEndpoint(Answer):
    id: str
    role: str
    url: str
    status: str


class WebhookEndpointsPage(Answer):
    endpoints: list[WebhookEndpoint]
    refused_in_a_row: int
    last_refused_at: datetime | None
    events_not_received: int


class SwitchedEndpoint(Done):
    status: dict[Role, str]


def blueprint(api: Api) -> APIBlueprint:
    """Look at the endpoints, and switch to one with a reason."""
    runtime, levels = api.runtime, api.levels
    routes = api.routes("stripe", "/stripe", security="admin")

    @routes.get("/webhook-endpoints", responses=answers(WebhookEndpointsPage, ADMIN, _STRIPE))
    def endpoints() -> Response:
        return jsonify(webhook_endpoints.page(runtime, levels))

    refused = {409: ("endpoint_missing", "standby_secret_missing")}

    @routes.post("/webhook-endpoint", responses=answers(SwitchedEndpoint, ADMIN, SENT_ONCE, refused, _STRIPE))
    def use(header: MayComeAgain, body: UseEndpoint) -> Response:
        statuses = once(header, lambda context: webhook_endpoints.use(runtime, context, levels, body.role, body.reason))
        return jsonify(success=True, status=statuses)

    return routes
