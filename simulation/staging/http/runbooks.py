"""Endpoints that record runbook executions (fixtures/spec/requirements.md, 06A: Execution endpoints)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint
from pydantic import JsonValue

from simulation.staging.canonical import iso, row_json
from simulation.staging.errors import ApiError
from simulation.staging.http.admission import caller
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import (
    ADMIN,
    ASKED,
    SENT,
    Answer,
    Body,
    Count,
    Document,
    Done,
    JsonObject,
    Query,
    Text,
    answers,
)
from simulation.staging.operations import runbooks

_NOT_OPEN = {404: ("execution_id_not_found",), 409: ("execution_already_final",)}


class StartExecution(Body):
    runbook_name: Text
    runbook_version: Text
    executed_by: Text
    system_state_before: JsonObject | None = None


class RecordStep(Body):
    execution_id: str
    phase: Text
    step: Count
    outcome: Text
    detail: Document = None


class CompleteExecution(Body):
    execution_id: str
    status: Literal["completed", "failed", "partial"]
    result_json: JsonObject | None = None
    error_reason: Text | None = None
    system_state_after: JsonObject | None = None


class ExecutionsAsked(Query):
    status: Text | None = None


class StartedExecution(Answer):
    execution_id: UUID
    timestamp: datetime


class RecordedStep(Answer):
    timestamp: datetime


class CompletedExecution(Done):
    timestamp: datetime


class RunbookExecution(Answer):
    id: UUID
    runbook_name: str
    runbook_version: str
    executed_by: str
    status: str
    execution_phase: str | None
    phase_step: int | None
    start_time: datetime
    end_time: datetime | None
    duration_seconds: int | None
    error_reason: str | None
    system_state_before: JsonValue
    system_state_after: JsonValue
    result_json: JsonValue
    created_at: datetime
    updated_at: datetime


class RunbookExecutions(Answer):
    executions: list[RunbookExecution]


def blueprint(api: Api) -> APIBlueprint:
    """`start`, `step`, `complete` and the list."""
    runtime = api.runtime
    routes = api.routes("runbooks", "/runbooks", security="admin")

    @routes.post("/start", responses=answers(StartedExecution, ADMIN, SENT))
    def start(body: StartExecution) -> Response:
        execution_id, at = runbooks.start(
            runtime,
            caller(),
            name=body.runbook_name,
            version=body.runbook_version,
            executed_by=body.executed_by,
            state=_document(body.system_state_before),
        )
        return jsonify(timestamp=iso(at), execution_id=str(execution_id))

    bad_step = {400: ("invalid_step",), 409: ("step_not_forward",)}

    @routes.post("/step", responses=answers(RecordedStep, ADMIN, SENT, _NOT_OPEN, bad_step))
    def step(body: RecordStep) -> Response:
        at = runbooks.step(
            runtime,
            caller(),
            _id(body.execution_id),
            phase=body.phase,
            number=body.step,
            outcome=body.outcome,
            detail=body.detail,
        )
        return jsonify(timestamp=iso(at))

    @routes.post("/complete", responses=answers(CompletedExecution, ADMIN, SENT, _NOT_OPEN, {400: ("invalid_status",)}))
    def complete(body: CompleteExecution) -> Response:
        at = runbooks.complete(
            runtime,
            caller(),
            _id(body.execution_id),
            status=body.status,
            result=_document(body.result_json),
            error_reason=body.error_reason,
            state=_document(body.system_state_after),
        )
        return jsonify(timestamp=iso(at), success=True)

    @routes.get("/executions", responses=answers(RunbookExecutions, ADMIN, ASKED))
    def executions(query: ExecutionsAsked) -> Response:
        return jsonify(executions=[row_json(row) for row in runbooks.executions(runtime, query.status)])

    return routes


def _document(value: dict[str, JsonValue] | None) -> dict[str, object] | None:
    return None if value is None else dict(value)


def _id(execution_id: str) -> UUID:
    """An id that is no UUID is an id that we do not have."""
    try:
        return UUID(execution_id)
    except ValueError:
        raise ApiError(404, "execution_id_not_found", f"no execution {execution_id[:100]!r}") from None
