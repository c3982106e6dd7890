"""Endpoints without authentication: liveness and metrics."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from simulation.staging.operations import metrics
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels


def blueprint(runtime: Runtime, levels: ServiceLevels) -> Blueprint:
    """`/health` and `/metrics`."""
    routes = Blueprint("public", __name__)

    @routes.get("/health")
    def health() -> Response:
        return jsonify(status="ok")

    @routes.get("/metrics")
    def exposition() -> Response:
        return Response(metrics.exposition(runtime, levels), content_type="text/plain; version=0.0.4; charset=utf-8")

    return routes
