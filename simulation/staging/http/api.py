"""What the blueprints of the API are made with."""

from __future__ import annotations

from dataclasses import dataclass

from flask_openapi.blueprint import APIBlueprint

from simulation.staging.jobs import Job, JobBook
from simulation.staging.operations.dashboards import Dashboards
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels


@dataclass(frozen=True, kw_only=True)
class Api:
    """The platform as its endpoints see it.

    ``documented``: collect what the OpenAPI document needs while endpoints are added; not needed for serving.
    """

    runtime: Runtime
    levels: ServiceLevels
    jobs: tuple[Job, ...]
    book: JobBook
    boards: Dashboards
    documented: bool = False

    def routes(self, name: str, prefix: str | None = None, *, security: str | None = None) -> APIBlueprint:
        """A blueprint. ``security`` names the scheme by which it lets callers in."""
        return APIBlueprint(
            name,
            __name__,
            url_prefix=prefix,
            doc_ui=self.documented,
            abp_security=[{security: []}] if security else None,
        )
