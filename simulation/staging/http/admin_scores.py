"""Endpoints of admins for settled scores: what audits found, the replay of a settlement, and resolving a finding."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Literal
from uuid import UUID

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel, JsonValue

from simulation.staging.canonical import row_json
from simulation.staging.http.admission import caller, once
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import (
    ADMIN,
    ASKED,
    NAMED,
    SENT,
    SENT_ONCE,
    Answer,
    Done,
    Flag,
    MayComeAgain,
    OfContest,
    Query,
    Reasoned,
    answers,
)
from simulation.staging.settlement import replay, score_audit


class OfAudit(BaseModel):
    """The score audit that an address names."""

    audit_id: UUID


class AuditsAsked(Query):
    open: Literal["true", "false"] | None = None


class ResolveAudit(Reasoned):
    resolved: Flag


class ScoreDifference(Answer):
    user_id: UUID
    settled: int | None
    corrected: int | None


class ScoreAudit(Answer):
    id: UUID
    contest_id: UUID
    contest_name: str
    settle_time: datetime
    settlement_run_id: UUID
    settlement_runs_complete: int
    ingestion_event_id: UUID
    differences: list[ScoreDifference]
    prizes_open: int
    resolved_at: datetime | None
    resolved_by: UUID | None
    resolution_reason: str | None
    created_at: datetime


class ScoreAudits(Answer):
    score_audits: list[ScoreAudit]


class ResolvedAudit(Done):
    resolved: bool


class ReplayedSettlement(Done):
    contest_id: UUID
    follows: bool
    """Whether the settlement follows from its checkpoint."""
    replay: dict[str, JsonValue]


def blueprint(api: Api) -> APIBlueprint:
    """Looking at differences, and resolving one with a reason."""
    runtime = api.runtime
    routes = api.routes("scores", security="admin")

    @routes.get("/score-audits", responses=answers(ScoreAudits, ADMIN, ASKED))
    def score_audit_list(query: AuditsAsked) -> Response:
        rows = score_audit.findings(runtime, is_open=None if query.open is None else query.open == "true")
        return jsonify(score_audits=[row_json(row) for row in rows])

    refused = {404: ("score_audit_not_found",), 409: ("scores_agree", "settlement_not_proven", "checkpoint_incomplete")}

    @routes.post(
        "/score-audits/<uuid:audit_id>/resolve", responses=answers(ResolvedAudit, ADMIN, NAMED, SENT_ONCE, refused)
    )
    def resolve(header: MayComeAgain, path: OfAudit, body: ResolveAudit) -> Response:
        once(
            header,
            lambda context: score_audit.resolve(
                runtime, context, path.audit_id, resolved=body.resolved, reason=body.reason
            ),
        )
        return jsonify(success=True, resolved=body.resolved)

    lost = {404: ("settlement_not_found", "contest_not_found"), 409: ("checkpoint_incomplete",)}

    @routes.post(
        "/contests/<uuid:contest_id>/settlement-replay", responses=answers(ReplayedSettlement, ADMIN, NAMED, SENT, lost)
    )
    def settlement_replay(path: OfContest, body: Reasoned) -> Response:
        found = replay.run(runtime, caller(), path.contest_id, reason=body.reason)
        return jsonify(success=True, contest_id=str(path.contest_id), follows=found.follows, replay=asdict(found))

    return routes
