"""Endpoints of admins for backups of contests."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, jsonify, request

from simulation.staging import parsing
from simulation.staging.contests import backups
from simulation.staging.http import requests
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels

_LARGEST_ARCHIVE_BYTES = 64 * 1024 * 1024


def blueprint(runtime: Runtime, levels: ServiceLevels) -> Blueprint:
    """Export, dry run of a restore, restore."""
    routes = Blueprint("admin_backups", __name__, url_prefix="/api/admin/contests")

    @routes.before_request
    def admit_archives() -> None:
        request.max_content_length = _LARGEST_ARCHIVE_BYTES

    @routes.post("/<uuid:contest_id>/export")
    def export(contest_id: UUID) -> Response:
        context, body = requests.admin_context(runtime, levels), requests.body()
        return jsonify(backups.export(runtime, context, contest_id, parsing.text_of(body, "reason")))

    @routes.post("/<uuid:contest_id>/archive-check")
    def archive_check(contest_id: UUID) -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(restorable=True, **backups.summary(backups.check(runtime, contest_id, requests.body())))

    @routes.post("/<uuid:contest_id>/restore")
    def restore(contest_id: UUID) -> Response:
        context, body = requests.admin_context(runtime, levels), requests.body()
        compared = backups.restore(
            runtime,
            context,
            contest_id,
            body.get("archive"),
            reason=parsing.text_of(body, "reason"),
            confirmed_missing=parsing.integer_of(body, "confirmed_missing_rows", minimum=1),
        )
        return jsonify(success=True, **backups.summary(compared))

    return routes
