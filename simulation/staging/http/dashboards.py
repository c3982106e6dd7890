"""Dashboards for admins: their numbers as JSON."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel

from simulation.staging.errors import ApiError
from simulation.staging.http.api import Api
from simulation.staging.http.dashboard_answers import Dashboard
from simulation.staging.http.declaration import ADMIN, answers


class OfDashboard(BaseModel):
    """The dashboard that an address names."""

    name: str


def blueprint(api: Api) -> APIBlueprint:
    """``GET /api/admin/dashboards/<name>``."""
    routes, pages = api.routes("dashboards", "/dashboards", security="admin"), api.boards.pages

    @routes.get("/<name>", responses=answers(Dashboard, ADMIN, {404: ("dashboard_not_found",)}))
    def page(path: OfDashboard) -> Response:
        if path.name not in pages:
            raise ApiError(404, "dashboard_not_found", f"dashboards are: {', '.join(pages)}")
        return jsonify(pages[path.name]())

    return routes
