"""Endpoints that record runbook executions (fixtures/spec/requirements.md, 06A: Execution endpoints)."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, jsonify, request

from simulation.staging import parsing
from simulation.staging.canonical import iso, row_json
from simulation.staging.errors import ApiError
from simulation.staging.http import requests
from simulation.staging.operations import runbooks
from simulation.staging.parsing import Body
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels


def blueprint(runtime: Runtime, levels: ServiceLevels) -> Blueprint:
    """`start`, `step`, `complete` and the list."""
    routes = Blueprint("runbooks", __name__, url_prefix="/api/admin/runbooks")

    @routes.post("/start")
    def start() -> Response:
        context, body = requests.admin_context(runtime, levels), requests.body()
        parsing.require(body, "runbook_name", "runbook_version", "executed_by")
        execution_id, at = runbooks.start(
            runtime,
            context,
            name=parsing.text_of(body, "runbook_name"),
            version=parsing.text_of(body, "runbook_version"),
            executed_by=parsing.text_of(body, "executed_by"),
            state=parsing.object_of(body, "system_state_before"),
        )
        return jsonify(timestamp=iso(at), execution_id=str(execution_id))

    @routes.post("/step")
    def step() -> Response:
        context, body = requests.admin_context(runtime, levels), requests.body()
        parsing.require(body, "execution_id", "phase", "step", "outcome")
        at = runbooks.step(
            runtime,
            context,
            _execution_id(body),
            phase=parsing.text_of(body, "phase"),
            number=parsing.integer_of(body, "step", minimum=1),
            outcome=parsing.text_of(body, "outcome"),
            detail=body.get("detail"),
        )
        return jsonify(timestamp=iso(at))

    @routes.post("/complete")
    def complete() -> Response:
        context, body = requests.admin_context(runtime, levels), requests.body()
        parsing.require(body, "execution_id", "status")
        error_reason = parsing.text_of(body, "error_reason") if body.get("error_reason") else None
        at = runbooks.complete(
            runtime,
            context,
            _execution_id(body),
            status=str(body["status"]),
            result=parsing.object_of(body, "result_json"),
            error_reason=error_reason,
            state=parsing.object_of(body, "system_state_after"),
        )
        return jsonify(timestamp=iso(at), success=True)

    @routes.get("/executions")
    def executions() -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(executions=[row_json(row) for row in runbooks.executions(runtime, request.args.get("status"))])

    return routes


def _execution_id(body: Body) -> UUID:
    """An id that is no UUID is an id that we do not have."""
    try:
        return UUID(str(body["execution_id"]))
    except ValueError:
        raise ApiError(404, "execution_id_not_found", f"no execution {str(body['execution_id'])[:100]!r}") from None
