"""Endpoints of admins for money that people want back: refund requests and disputes."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, jsonify, request

from simulation.staging import parsing
from simulation.staging.canonical import row_json
from simulation.staging.errors import ApiError
from simulation.staging.http import requests
from simulation.staging.money import disputes, refund_requests
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels


def blueprint(runtime: Runtime, levels: ServiceLevels) -> Blueprint:
    """Looking at requests and disputes, and deciding on one with a reason."""
    routes = Blueprint("admin_money", __name__, url_prefix="/api/admin")
    _add_requests(routes, runtime, levels)
    _add_disputes(routes, runtime, levels)
    return routes


def _add_requests(routes: Blueprint, runtime: Runtime, levels: ServiceLevels) -> None:
    @routes.get("/refund-requests")
    def refund_request_list() -> Response:
        requests.admin_context(runtime, levels)
        rows = refund_requests.requests(runtime, status=request.args.get("status"))
        return jsonify(refund_requests=[row_json(row) for row in rows])

    @routes.post("/refund-requests/<uuid:request_id>/grant")
    def grant(request_id: UUID) -> Response:
        context, reason = requests.admin_context(runtime, levels), parsing.text_of(requests.body(), "reason")
        made = refund_requests.grant(runtime, context, request_id, reason)
        return jsonify(success=True, status="granted", refunds_requested=made)

    @routes.post("/refund-requests/<uuid:request_id>/refuse")
    def refuse(request_id: UUID) -> Response:
        context, reason = requests.admin_context(runtime, levels), parsing.text_of(requests.body(), "reason")
        refund_requests.refuse(runtime, context, request_id, reason)
        return jsonify(success=True, status="refused")

    @routes.post("/refund-requests/<uuid:request_id>/reopen")
    def reopen(request_id: UUID) -> Response:
        context, reason = requests.admin_context(runtime, levels), parsing.text_of(requests.body(), "reason")
        return jsonify(success=True, reopened=refund_requests.reopen(runtime, context, request_id, reason))


def _add_disputes(routes: Blueprint, runtime: Runtime, levels: ServiceLevels) -> None:
    @routes.get("/disputes")
    def dispute_list() -> Response:
        requests.admin_context(runtime, levels)
        given = request.args.get("acknowledged")
        if given not in (None, "true", "false"):
            raise ApiError(400, "invalid_field", "acknowledged must be true or false")
        rows = disputes.disputes(runtime, acknowledged=None if given is None else given == "true")
        return jsonify(disputes=[row_json(row) for row in rows])

    @routes.post("/disputes/<uuid:dispute_id>/acknowledge")
    def acknowledge(dispute_id: UUID) -> Response:
        context, body = requests.admin_context(runtime, levels), requests.body()
        acknowledged, reason = parsing.boolean_of(body, "acknowledged"), parsing.text_of(body, "reason")
        disputes.acknowledge(runtime, context, dispute_id, acknowledged=acknowledged, reason=reason)
        return jsonify(success=True, acknowledged=acknowledged)
