"""Endpoints of admins for the way from Stripe to us: which endpoint events are pushed to."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from simulation.staging import parsing
from simulation.staging.http import requests
from simulation.staging.money import webhook_endpoints
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels


def blueprint(runtime: Runtime, levels: ServiceLevels) -> Blueprint:
    """Look at the endpoints, and switch to one with a reason."""
    routes = Blueprint("admin_stripe", __name__, url_prefix="/api/admin/stripe")

    @routes.get("/webhook-endpoints")
    def endpoints() -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(webhook_endpoints.page(runtime, levels))

    @routes.post("/webhook-endpoint")
    def use() -> Response:
        context, body = requests.admin_context(runtime, levels), requests.body()
        role, reason = parsing.text_of(body, "role"), parsing.text_of(body, "reason")
        return jsonify(success=True, status=webhook_endpoints.use(runtime, context, levels, role, reason))

    return routes
