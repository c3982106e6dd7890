"""Endpoints of admins for backups of contests."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import Response, jsonify, request
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from simulation.staging.contests import backups
from simulation.staging.http.admission import caller, once
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import (
    ADMIN,
    NAMED,
    SENT,
    SENT_ONCE,
    Answer,
    Count,
    Document,
    MayComeAgain,
    OfContest,
    Reasoned,
    answers,
)

_LARGEST_ARCHIVE_BYTES = 64 * 1024 * 1024
_DAMAGED = {400: ("archive_damaged",), 409: ("archive_of_another_contest", "archive_not_restorable")}
_REFUSED = {409: ("nothing_to_restore", "restore_would_overwrite", "data_loss_not_confirmed")}


class Archive(BaseModel):
    """A backup as :func:`export` answers it. What it holds is checked by its digests."""

    model_config = ConfigDict(extra="allow")


class Restore(Reasoned):
    archive: Document = None
    confirmed_missing_rows: Count
    """The rows that whoever authorised the restore knows to be lost."""


class ArchivedTable(Answer):
    count: int
    rows: list[dict[str, JsonValue]]
    sha256: str


class ExportedArchive(Answer):
    format: str
    contest_id: UUID
    status: str
    exported_at: datetime
    tables: dict[str, ArchivedTable]
    sha256: str


class ComparedTable(Answer):
    archived: int
    missing: int
    differing: int
    newer: int


class ComparedArchive(ComparedTable):
    tables: dict[str, ComparedTable]


class CheckedArchive(ComparedArchive):
    restorable: bool


class RestoredArchive(ComparedArchive):
    success: bool = Field(description="every row of the archive is in the database")


def blueprint(api: Api) -> APIBlueprint:
    """Export, dry run of a restore, restore."""
    runtime = api.runtime
    routes = api.routes("backups", "/contests", security="admin")

    @routes.before_request
    def admit_archives() -> None:
        request.max_content_length = _LARGEST_ARCHIVE_BYTES

    not_there = {404: ("contest_not_found",), 409: ("contest_not_over",)}

    @routes.post("/<uuid:contest_id>/export", responses=answers(ExportedArchive, ADMIN, NAMED, SENT, not_there))
    def export(path: OfContest, body: Reasoned) -> Response:
        return jsonify(backups.export(runtime, caller(), path.contest_id, body.reason))

    @routes.post("/<uuid:contest_id>/archive-check", responses=answers(CheckedArchive, ADMIN, NAMED, SENT, _DAMAGED))
    def archive_check(path: OfContest, body: Archive) -> Response:
        compared = backups.check(runtime, path.contest_id, body.model_extra)
        return jsonify(restorable=True, **backups.summary(compared))

    @routes.post(
        "/<uuid:contest_id>/restore", responses=answers(RestoredArchive, ADMIN, NAMED, SENT_ONCE, _DAMAGED, _REFUSED)
    )
    def restore(header: MayComeAgain, path: OfContest, body: Restore) -> Response:
        compared = once(
            header,
            lambda context: backups.restore(
                runtime,
                context,
                path.contest_id,
                body.archive,
                reason=body.reason,
                confirmed_missing=body.confirmed_missing_rows,
            ),
        )
        return jsonify(success=True, **compared)

    return routes
