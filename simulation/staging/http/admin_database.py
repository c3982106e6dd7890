"""Endpoints of admins for the database's connections."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint

from simulation.staging.http.admission import once
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import (
    ADMIN,
    SENT_ONCE,
    Done,
    MayComeAgain,
    Reasoned,
    Text,
    answers,
)
from simulation.staging.operations import connections


class EndSessions(Reasoned):
    application: Text
    """``application_name`` of the sessions, as the diagnostics show it."""


class EndedSessions(Done):
    ended: int


class RestartedPool(Done):
    available_connections: int


def blueprint(api: Api) -> APIBlueprint:
    """End other programs' sessions, restart the pool. Sessions by program are at `/api/admin/diagnostics/database`."""
    runtime = api.runtime
    routes = api.routes("database", "/database", security="admin")

    refused = {404: ("no_such_sessions",), 409: ("own_sessions",)}

    @routes.post("/end-sessions", responses=answers(EndedSessions, ADMIN, SENT_ONCE, refused))
    def end_sessions(header: MayComeAgain, body: EndSessions) -> Response:
        ended = once(header, lambda context: connections.end_sessions(runtime, context, body.application, body.reason))
        return jsonify(success=True, ended=ended)

    no_pool = {409: ("no_free_connections",), 503: ("database_unreachable",)}

    @routes.post("/restart-pool", responses=answers(RestartedPool, ADMIN, SENT_ONCE, no_pool))
    def restart_pool(header: MayComeAgain, body: Reasoned) -> Response:
        once(header, lambda context: connections.restart_pool(runtime, context, body.reason))
        return jsonify(success=True, available_connections=connections.available_connections(runtime))

    return routes
