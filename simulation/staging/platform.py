"""The platform in one object: its web application, its jobs, and its shutdown."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from simulation.staging import configuration, logs
from simulation.staging.access import users
from simulation.staging.clients.alerts import HostedAlerting
from simulation.staging.clients.provider import Provider
from simulation.staging.clients.signing_key import SigningKey
from simulation.staging.clients.stripe import StripeGateway
from simulation.staging.clients.stripe_transport import ApiKey
from simulation.staging.context import SYSTEM, Context
from simulation.staging.database import Database
from simulation.staging.http.api import Api
from simulation.staging.http.app import make_app
from simulation.staging.jobs import Job, JobBook, make_jobs
from simulation.staging.operations.dashboards import Dashboards
from simulation.staging.operations.runbook_texts import RunbookTexts
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels
from simulation.staging.settings import LiveSettings, Settings


class Platform:
    """A contest platform. It starts no threads and no timers: whoever owns the clock calls the jobs at their schedule.

    `sleep` passes the seconds of a back-off, `new_id` makes every id, `log` takes each log line;
    `documented` also makes the OpenAPI document (`wsgi.api_doc`), which takes a second.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        new_id: Callable[[], UUID] = uuid.uuid4,
        log: Callable[[str], None] = logs.to_stderr,
        documented: bool = False,
    ) -> None:
        database = Database(settings.database_url, pool_size=settings.database_pool_size)
        self._runtime = Runtime(
            live=LiveSettings(settings),
            database=database,
            signing_key=SigningKey(settings, database),
            stripe=StripeGateway(
                api_key=ApiKey(settings.stripe_api_key, settings.stripe_api_key_file),
                base_url=settings.stripe_base_url,
                timeout_seconds=settings.stripe_timeout_seconds,
            ),
            provider=Provider(
                base_url=settings.provider_base_url,
                timeout_seconds=settings.provider_timeout_seconds,
                retry_delays_seconds=settings.provider_retry_delays_seconds,
                sleep=sleep,
            ),
            log=logs.Log(log),
            new_id=new_id,
        )
        shared = Path(settings.shared_folder) if settings.shared_folder else None
        book = JobBook(shared and shared / "job-book.json")
        levels = ServiceLevels(shared and shared / "outcomes.log")
        self.jobs: tuple[Job, ...] = make_jobs(self._runtime, book)
        self._alerting = HostedAlerting(base_url=settings.alerts_api_url)
        boards = Dashboards(
            runtime=self._runtime,
            levels=levels,
            jobs=self.jobs,
            book=book,
            alerting=self._alerting,
            runbooks=RunbookTexts(settings.runbooks_folder),
        )
        api = Api(runtime=self._runtime, levels=levels, jobs=self.jobs, book=book, boards=boards, documented=documented)
        self.wsgi = make_app(api)

    def resume(self) -> None:
        """Load the active configuration, when a platform is started on a database that was in use before."""
        configuration.resume(self._runtime)

    @property
    def settings(self) -> Settings:
        """The settings in force now."""
        return self._runtime.settings

    def create_admin(self, *, name: str, email: str, role: str) -> UUID:
        """Create an admin at deployment time, when there is no admin yet who could do it."""
        context = Context(actor=SYSTEM, request_id=f"deployment:{self._runtime.new_id()}")
        return users.create(
            self._runtime, context, name=name, email=email, is_admin=True, role=role, reason="deployment bootstrap"
        )

    def close(self) -> None:
        """Close the connections to the database and to outside services."""
        self._runtime.database.close()
        self._runtime.provider.close()
        self._alerting.close()
        self._runtime.stripe.close()
