"""Endpoints of admins for contests."""

from __future__ import annotations

from uuid import UUID

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint

from simulation.staging import lifecycle
from simulation.staging.canonical import row_json
from simulation.staging.contests import admin_views, contests
from simulation.staging.errors import SETTLEMENT_CODES
from simulation.staging.http.admission import caller, once
from simulation.staging.http.api import Api
from simulation.staging.http.contest_answers import (
    ContestAudit,
    ContestIngestion,
    Contests,
    ContestValidationErrors,
    ContestWithSettlement,
)
from simulation.staging.http.declaration import (
    ADMIN,
    ASKED,
    CONTEST,
    NAMED,
    SENT,
    SENT_ONCE,
    Done,
    MayComeAgain,
    OfContest,
    Query,
    Reasoned,
    Text,
    Times,
    answers,
)
from simulation.staging.operations import database_sessions
from simulation.staging.settlement import settlement

_NOT_NOW = {409: ("transition_not_allowed",)}


class ContestsAsked(Query):
    status: Text | None = None


class ResolveError(Reasoned):
    to_status: Text


class UpdateTimes(Reasoned, Times):
    pass


class MovedContest(Done):
    status: str


class CancelledContest(MovedContest):
    refunds_requested: int


class EndedHolders(Done):
    ended: int


class SettledContest(MovedContest):
    settlement_run_id: UUID
    settlement_id: UUID
    already_settled: bool


def blueprint(api: Api) -> APIBlueprint:
    """Looking at contests, and acting on one with a reason."""
    routes = api.routes("contests", "/contests", security="admin")
    _add_pages(routes, api)
    _add_actions(routes, api)
    return routes


def _add_pages(routes: APIBlueprint, api: Api) -> None:
    runtime = api.runtime

    @routes.get("", responses=answers(Contests, ADMIN, ASKED))
    def contest_list(query: ContestsAsked) -> Response:
        return jsonify(contests=[row_json(row) for row in admin_views.contests(runtime, query.status)])

    @routes.get("/<uuid:contest_id>", responses=answers(ContestWithSettlement, ADMIN, NAMED, CONTEST))
    def contest(path: OfContest) -> Response:
        row, settled = admin_views.contest(runtime, path.contest_id)
        return jsonify({**row_json(row), "settlement": row_json(settled) if settled else None})

    @routes.get("/<uuid:contest_id>/audit", responses=answers(ContestAudit, ADMIN, NAMED, CONTEST))
    def audit(path: OfContest) -> Response:
        return jsonify(audit=[row_json(row) for row in admin_views.audit(runtime, path.contest_id)])

    @routes.get("/<uuid:contest_id>/ingestion-events", responses=answers(ContestIngestion, ADMIN, NAMED, CONTEST))
    def ingestion_events(path: OfContest) -> Response:
        rows = admin_views.ingestion_events(runtime, path.contest_id)
        return jsonify(ingestion_events=[row_json(row) for row in rows])

    wrong = answers(ContestValidationErrors, ADMIN, NAMED, CONTEST)

    @routes.get("/<uuid:contest_id>/validation-errors", responses=wrong)
    def validation_errors(path: OfContest) -> Response:
        rows = admin_views.validation_errors(runtime, path.contest_id)
        return jsonify(validation_errors=[row_json(row) for row in rows])


def _add_actions(routes: APIBlueprint, api: Api) -> None:
    runtime = api.runtime
    common = (ADMIN, NAMED, SENT, CONTEST)
    keyed = (ADMIN, NAMED, SENT_ONCE, CONTEST)

    @routes.post("/<uuid:contest_id>/cancel", responses=answers(CancelledContest, *keyed, _NOT_NOW))
    def cancel(header: MayComeAgain, path: OfContest, body: Reasoned) -> Response:
        refunds = once(header, lambda context: lifecycle.cancel(runtime, context, path.contest_id, body.reason))
        return jsonify(success=True, status="CANCELLED", refunds_requested=refunds)

    too_early = {409: ("lock_time_not_reached", "too_few_entries")}

    @routes.post("/<uuid:contest_id>/force-lock", responses=answers(MovedContest, *keyed, _NOT_NOW, too_early))
    def force_lock(header: MayComeAgain, path: OfContest, body: Reasoned) -> Response:
        once(header, lambda context: lifecycle.force_lock(runtime, context, path.contest_id, body.reason))
        return jsonify(success=True, status="LOCKED")

    @routes.post("/<uuid:contest_id>/end-blocking-sessions", responses=answers(EndedHolders, *keyed))
    def end_blocking_sessions(header: MayComeAgain, path: OfContest, body: Reasoned) -> Response:
        ended = once(
            header, lambda context: database_sessions.end_holders(runtime, context, path.contest_id, body.reason)
        )
        return jsonify(success=True, ended=ended)

    @routes.post("/<uuid:contest_id>/mark-error", responses=answers(MovedContest, *keyed, _NOT_NOW))
    def mark_error(header: MayComeAgain, path: OfContest, body: Reasoned) -> Response:
        once(header, lambda context: lifecycle.mark_error(runtime, context, path.contest_id, body.reason))
        return jsonify(success=True, status="ERROR")

    unknown_status = {400: ("invalid_status",)}

    @routes.post("/<uuid:contest_id>/resolve-error", responses=answers(MovedContest, *keyed, _NOT_NOW, unknown_status))
    def resolve_error(header: MayComeAgain, path: OfContest, body: ResolveError) -> Response:
        once(
            header,
            lambda context: lifecycle.resolve_error(runtime, context, path.contest_id, body.to_status, body.reason),
        )
        return jsonify(success=True, status=body.to_status)

    bad_times = {400: ("invalid_schedule",), 409: ("contest_not_scheduled",)}

    @routes.post("/<uuid:contest_id>/update-times", responses=answers(Done, *keyed, bad_times))
    def update_times(header: MayComeAgain, path: OfContest, body: UpdateTimes) -> Response:
        once(
            header,
            lambda context: contests.update_times(runtime, context, path.contest_id, body.schedule(), body.reason),
        )
        return jsonify(success=True)

    early = {409: ("contest_not_complete", "contest_not_ended", *SETTLEMENT_CODES)}
    settled_or_not = answers(SettledContest, *common, early)

    @routes.post("/<uuid:contest_id>/settle", endpoint="settle", responses=settled_or_not)
    @routes.post("/<uuid:contest_id>/settlement-run", endpoint="settlement_run", responses=settled_or_not)
    def settle(path: OfContest, body: Reasoned) -> Response:
        settled = settlement.settle(runtime, caller(), path.contest_id, reason=body.reason)
        return jsonify(
            success=True,
            status="COMPLETE",
            settlement_run_id=str(settled.settlement_run_id),
            settlement_id=str(settled.settlement_id),
            already_settled=settled.already,
        )
