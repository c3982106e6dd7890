"""Endpoints of admins for settled scores: what audits found, the replay of a settlement, and who answers a finding."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from flask import Blueprint, Response, jsonify, request

from simulation.staging import parsing
from simulation.staging.canonical import row_json
from simulation.staging.errors import ApiError
from simulation.staging.http import requests
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels
from simulation.staging.settlement import replay as settlement_replay
from simulation.staging.settlement import score_audit


def blueprint(runtime: Runtime, levels: ServiceLevels) -> Blueprint:
    """Looking at differences, and answering one with a reason."""
    routes = Blueprint("admin_scores", __name__, url_prefix="/api/admin")

    @routes.get("/score-audits")
    def score_audit_list() -> Response:
        requests.admin_context(runtime, levels)
        given = request.args.get("open")
        if given not in (None, "true", "false"):
            raise ApiError(400, "invalid_field", "open must be true or false")
        rows = score_audit.findings(runtime, is_open=None if given is None else given == "true")
        return jsonify(score_audits=[row_json(row) for row in rows])

    @routes.post("/score-audits/<uuid:audit_id>/resolve")
    def resolve(audit_id: UUID) -> Response:
        context, body = requests.admin_context(runtime, levels), requests.body()
        resolved, reason = parsing.boolean_of(body, "resolved"), parsing.text_of(body, "reason")
        score_audit.resolve(runtime, context, audit_id, resolved=resolved, reason=reason)
        return jsonify(success=True, resolved=resolved)

    @routes.post("/contests/<uuid:contest_id>/settlement-replay")
    def settlement_replay_run(contest_id: UUID) -> Response:
        context, reason = requests.admin_context(runtime, levels), parsing.text_of(requests.body(), "reason")
        replay = settlement_replay.run(runtime, context, contest_id, reason=reason)
        return jsonify(success=True, contest_id=str(contest_id), follows=replay.follows, replay=asdict(replay))

    return routes
