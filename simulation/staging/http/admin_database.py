"""Endpoints of admins for the database's connections."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from simulation.staging import parsing
from simulation.staging.http import requests
from simulation.staging.operations import connections
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels


def blueprint(runtime: Runtime, levels: ServiceLevels) -> Blueprint:
    """End somebody else's sessions, start the pool anew. Who has which is at `/api/admin/diagnostics/database`."""
    routes = Blueprint("admin_database", __name__, url_prefix="/api/admin/database")

    @routes.post("/end-sessions")
    def end_sessions() -> Response:
        context, body = requests.admin_context(runtime, levels), requests.body()
        application, reason = parsing.text_of(body, "application"), parsing.text_of(body, "reason")
        return jsonify(success=True, ended=connections.end_sessions(runtime, context, application, reason))

    @routes.post("/restart-pool")
    def restart_pool() -> Response:
        context, body = requests.admin_context(runtime, levels), requests.body()
        available = connections.restart_pool(runtime, context, parsing.text_of(body, "reason"))
        return jsonify(success=True, available_connections=available)

    return routes
