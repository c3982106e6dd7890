"""Endpoints of admins for the source of the signing key."""

from __future__ import annotations

from datetime import datetime

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint

from simulation.staging.canonical import row_json
from simulation.staging.clients import signing_key
from simulation.staging.context import Context
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

SOURCES: tuple[signing_key.Source, ...] = ("primary", "replica")


class KeySwitch(Answer):
    event: str
    reason: str
    created_at: datetime


class SigningKeyPage(Answer):
    active: signing_key.Source
    available: bool
    sources: dict[signing_key.Source, str]
    sources_agree: bool | None
    error_rate_percent: float
    latest_switch: KeySwitch | None


class KeySwitched(Done):
    active: signing_key.Source


def blueprint(api: Api) -> APIBlueprint:
    """Look, fail over to the replica, switch back."""
    runtime, key = api.runtime, api.runtime.signing_key
    routes = api.routes("authentication", security="admin")

    @routes.get("/diagnostics/authentication", responses=answers(SigningKeyPage, ADMIN))
    def page() -> Response:
        latest = key.latest()
        return jsonify(
            active=key.active(),
            available=key.is_available(),
            sources={name: "readable" if key.is_readable(name) else "unreadable" for name in SOURCES},
            sources_agree=key.agree(),
            error_rate_percent=round(api.levels.auth_error_rate_percent(), 3),
            latest_switch=row_json(latest) if latest else None,
        )

    refused = {409: ("already_failed_over", "replica_unavailable")}

    @routes.post("/authentication/fail-over", responses=answers(KeySwitched, ADMIN, SENT_ONCE, refused))
    def fail_over(header: MayComeAgain, body: Reasoned) -> Response:
        return switched(header, "authentication_failed_over", body.reason)

    @routes.post(
        "/authentication/switch-back", responses=answers(KeySwitched, ADMIN, SENT_ONCE, {409: ("not_failed_over",)})
    )
    def switch_back(header: MayComeAgain, body: Reasoned) -> Response:
        return switched(header, "authentication_switched_back", body.reason)

    def switched(header: MayComeAgain, action: str, reason: str) -> Response:
        def switch(context: Context) -> str:
            with runtime.unit_of_work(context, action=action, reason=reason, entity=signing_key.ENTITY) as work:
                (key.fail_over if action.endswith("failed_over") else key.switch_back)(work)
                work.result = "replica" if action.endswith("failed_over") else "primary"
            active = key.active()
            runtime.log.warning(
                "Auth", action.replace("_", " "), active=active, user_id=context.actor, request_id=context.request_id
            )
            return active

        return jsonify(success=True, active=once(header, switch))

    return routes
