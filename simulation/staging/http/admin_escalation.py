"""The endpoint that collects what an escalation needs."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from simulation.staging import parsing
from simulation.staging.http import requests
from simulation.staging.jobs import Job, JobBook
from simulation.staging.operations import escalation
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels


def blueprint(runtime: Runtime, levels: ServiceLevels, jobs: tuple[Job, ...], book: JobBook) -> Blueprint:
    """`escalation-bundle`: reads only."""
    routes = Blueprint("admin_escalation", __name__, url_prefix="/api/admin/diagnostics")

    @routes.get("/escalation-bundle")
    def escalation_bundle() -> Response:
        requests.admin_context(runtime, levels)
        given = request.args.get("execution_id")
        return jsonify(
            escalation.bundle(
                runtime,
                levels,
                jobs,
                book,
                alert=request.args.get("alert"),
                execution_id=parsing.uuid_of(given, "execution_id") if given else None,
            )
        )

    return routes
