"""The endpoint that collects what an escalation needs."""

from __future__ import annotations

from uuid import UUID

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint

from simulation.staging.http.api import Api
from simulation.staging.http.declaration import ADMIN, ASKED, Query, answers
from simulation.staging.http.diagnostic_answers import EscalationBundle
from simulation.staging.operations import escalation


class BundleAsked(Query):
    alert: str | None = None
    """As the alerting named it, with its time."""
    execution_id: UUID | None = None
    """The one in progress when left out."""


def blueprint(api: Api) -> APIBlueprint:
    """`escalation-bundle`: reads only."""
    routes = api.routes("escalation", "/diagnostics", security="admin")

    @routes.get("/escalation-bundle", responses=answers(EscalationBundle, ADMIN, ASKED))
    def escalation_bundle(query: BundleAsked) -> Response:
        return jsonify(
            escalation.bundle(
                api.runtime, api.levels, api.jobs, api.book, alert=query.alert, execution_id=query.execution_id
            )
        )

    return routes
