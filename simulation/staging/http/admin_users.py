"""The endpoint of admins for other admins' rights."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint

from simulation.staging.access import users
from simulation.staging.errors import ApiError
from simulation.staging.http.admission import once
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import (
    ADMIN,
    NAMED,
    SENT_ONCE,
    Done,
    MayComeAgain,
    OfUser,
    Reasoned,
    answers,
)


class RevokedAdmin(Done):
    revoked: bool


def blueprint(api: Api) -> APIBlueprint:
    """Revoke an admin's rights."""
    runtime = api.runtime
    routes = api.routes("users", "/users", security="admin")

    @routes.post(
        "/<uuid:user_id>/revoke-admin",
        responses=answers(RevokedAdmin, ADMIN, NAMED, SENT_ONCE, {404: ("user_not_found",)}),
    )
    def revoke_admin(header: MayComeAgain, path: OfUser, body: Reasoned) -> Response:
        if users.find(runtime, path.user_id) is None:
            raise ApiError(404, "user_not_found", f"no user {path.user_id}")
        revoked = once(header, lambda context: users.revoke_admin(runtime, context, path.user_id, body.reason))
        return jsonify(success=True, revoked=revoked)

    return routes
