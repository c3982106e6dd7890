"""Endpoints of admins for the source of the signing key."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from simulation.staging import parsing
from simulation.staging.canonical import row_json
from simulation.staging.clients import signing_key as authentication
from simulation.staging.http import requests
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels


def blueprint(runtime: Runtime, levels: ServiceLevels) -> Blueprint:
    """Look, fail over to the replica, switch back."""
    routes = Blueprint("admin_authentication", __name__, url_prefix="/api/admin")
    key = runtime.signing_key

    @routes.get("/diagnostics/authentication")
    def page() -> Response:
        requests.admin_context(runtime, levels)
        latest = key.latest()
        return jsonify(
            active=key.active(),
            available=key.is_available(),
            sources={name: "readable" if key.is_readable(name) else "unreadable" for name in SOURCES},
            sources_agree=key.agree(),
            error_rate_percent=round(levels.auth_error_rate_percent(), 3),
            latest_switch=row_json(latest) if latest else None,
        )

    @routes.post("/authentication/fail-over")
    def fail_over() -> Response:
        return switched("authentication_failed_over")

    @routes.post("/authentication/switch-back")
    def switch_back() -> Response:
        return switched("authentication_switched_back")

    def switched(action: str) -> Response:
        context, reason = requests.admin_context(runtime, levels), parsing.text_of(requests.body(), "reason")
        with runtime.unit_of_work(context, action=action, reason=reason, entity=authentication.ENTITY) as work:
            (key.fail_over if action.endswith("failed_over") else key.switch_back)(work)
        active = key.active()
        runtime.log.warning(
            "Auth", action.replace("_", " "), active=active, user_id=context.actor, request_id=context.request_id
        )
        return jsonify(success=True, active=active)

    return routes


SOURCES: tuple[authentication.Source, ...] = ("primary", "replica")
