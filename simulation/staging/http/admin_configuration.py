"""Endpoints of admins for the settings that operations may change."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel, Field

from simulation.staging import configuration
from simulation.staging.http.admission import once
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import (
    ADMIN,
    KEYED,
    NAMED,
    SENT_ONCE,
    Answer,
    Done,
    MayComeAgain,
    Reasoned,
    answers,
)

_UNKNOWN = {404: ("configuration_not_found",)}
_REFUSED = {409: ("configuration_not_validated", "configuration_active")}


class OfVersion(BaseModel):
    """The version of the configuration that an address names."""

    version: int


class Publish(Reasoned):
    settings: Annotated[dict[str, Annotated[int, Field(strict=True)]], Field(min_length=1)]
    """Names of settings that may be changed, with whole numbers."""


class Limits(Answer):
    least: int
    most: int


class ConfigurationEvent(Answer):
    id: UUID
    sequence_number: int
    version: int
    event: str
    settings: dict[str, int] | None
    findings: list[str] | None
    admin_user_id: UUID
    reason: str
    created_at: datetime


class ConfigurationPage(Answer):
    active_version: int
    settings: dict[str, int]
    limits: dict[str, Limits]
    events: list[ConfigurationEvent]


class PublishedConfiguration(Answer):
    version: int
    active: bool


class ValidatedConfiguration(Answer):
    version: int
    valid: bool
    findings: list[str]


class ActivatedConfiguration(Done):
    version: int
    active: bool


def blueprint(api: Api) -> APIBlueprint:
    """Look, publish, validate, activate. Going back is activating the version before; 0 is the deployment's."""
    runtime = api.runtime
    routes = api.routes("configuration", "/configuration", security="admin")

    @routes.get("", responses=answers(ConfigurationPage, ADMIN))
    def page() -> Response:
        return jsonify(configuration.page(runtime))

    @routes.post("", responses=answers(PublishedConfiguration, ADMIN, SENT_ONCE, status=201))
    def publish(header: MayComeAgain, body: Publish) -> tuple[Response, int]:
        version = once(header, lambda context: configuration.publish(runtime, context, body.settings, body.reason))
        return jsonify(version=version, active=False), 201

    @routes.post("/<int:version>/validate", responses=answers(ValidatedConfiguration, ADMIN, NAMED, KEYED, _UNKNOWN))
    def validate(header: MayComeAgain, path: OfVersion) -> Response:
        findings = once(header, lambda context: configuration.validate(runtime, context, path.version))
        return jsonify(version=path.version, valid=not findings, findings=findings)

    @routes.post(
        "/<int:version>/activate",
        responses=answers(ActivatedConfiguration, ADMIN, NAMED, SENT_ONCE, _UNKNOWN, _REFUSED),
    )
    def activate(header: MayComeAgain, path: OfVersion, body: Reasoned) -> Response:
        once(header, lambda context: configuration.activate(runtime, context, path.version, body.reason))
        return jsonify(success=True, version=path.version, active=True)

    return routes
