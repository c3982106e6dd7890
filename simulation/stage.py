"""Sets the stage of one run: environment, target, world and witnesses, wired to one clock and one history."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO
from wsgiref.types import WSGIApplication

import httpx
import responses
from werkzeug.test import EnvironBuilder, run_wsgi_app

from simulation.clock import Kernel, SimulationClock
from simulation.environment.choice import provide
from simulation.environment.collector import patient_collector
from simulation.environment.cpu import one_cpu
from simulation.environment.protocol import Database
from simulation.environment.server import PostgresServer, running, slot_name
from simulation.environment.stripe_mock import StripeMock, stripe_mock
from simulation.environment.workspace import workspace
from simulation.faults.injector import PlannedInjector
from simulation.faults.schedule import FaultPlan
from simulation.history import Recorder, caused_by
from simulation.progress import Progress
from simulation.run_directory import RunDirectory
from simulation.scenario import Scenario
from simulation.target.builtin import BuiltinTarget, load_schema
from simulation.target.builtin.people import StagingPeople
from simulation.target.protocol import Admin, Target, TargetKeys
from simulation.witness.attribution import Attribution
from simulation.witness.exchange import ExchangeContext, ExchangeWitness
from simulation.witness.fingerprint import FingerprintWitness
from simulation.witness.observer import Observer
from simulation.witness.samples import Sampler
from simulation.witness.wal import WalWitness
from simulation.world import provider_door
from simulation.world.alert_rules import AlertRule
from simulation.world.entrants import Entrants
from simulation.world.jobs import JobDriver
from simulation.world.monitor import Monitor
from simulation.world.operator.robot import OperatorRobot
from simulation.world.operator.runbook import Runbook
from simulation.world.provider import ScoreProvider
from simulation.world.registry import Registry
from simulation.world.stripe import door as stripe_door
from simulation.world.stripe.twin import StripeTwin

PROVIDER_URL = "https://scores.provider.test"
PLATFORM_URL = "http://platform.test"
PREPARATION = timedelta(hours=1)
"""Time before day 0 in which the platform is deployed, admins are appointed and the founder's access is revoked."""
TOKEN_TTL_SECONDS = 12 * 3600


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What to run: everything was read and checked before anything is started."""

    scenario: Scenario
    seed: int
    plan: FaultPlan
    rules: Sequence[AlertRule]
    runbooks: Sequence[Runbook]
    out: Path
    environment: str = "embedded"
    environment_reason: str = ""


@dataclass(kw_only=True)
class Stage:
    """Everything of one run, brought up."""

    request: RunRequest
    directory: RunDirectory
    folder: Path
    """The workspace; gone when the run is over."""
    kernel: Kernel
    recorder: Recorder
    server: PostgresServer
    database: Database
    target: Target
    context: ExchangeContext
    exchange: ExchangeWitness
    http: httpx.Client
    injector: PlannedInjector
    twin: StripeTwin
    provider: ScoreProvider
    entrants: Entrants
    jobs: JobDriver
    monitor: Monitor
    operator: OperatorRobot
    ops_admin: Admin
    founder_admin: Admin
    observer: Observer
    wal: WalWitness
    fingerprints: FingerprintWitness
    sampler: Sampler
    stripe_mock: StripeMock | None

    @property
    def scenario(self) -> Scenario:
        return self.request.scenario

    def get(self, path: str, *, subject: str) -> httpx.Response:
        """A request with an admin token of ``subject``, as the deployment's own probe."""
        return self.http.get(path, headers=self.authorization(subject))

    def authorization(self, subject: str) -> dict[str, str]:
        token = self.target.admin_token(subject=subject, ttl_seconds=TOKEN_TTL_SECONDS)
        return {"Authorization": f"Bearer {token}"}


@contextmanager
def stage(request: RunRequest, directory: RunDirectory, progress: Progress) -> Iterator[Stage]:
    """Bring everything up; take everything down afterwards, whatever happens."""
    with ExitStack() as stack:
        folder = stack.enter_context(workspace())
        mock = stack.enter_context(stripe_mock(request.environment, folder=folder))
        stack.enter_context(one_cpu())
        stack.enter_context(patient_collector())
        history_file = stack.enter_context(open(directory.history, "w"))
        log_file = stack.enter_context(open(directory.platform_log, "w"))
        progress.phase("starting PostgreSQL under the simulated clock")
        start = request.scenario.start - PREPARATION
        server = stack.enter_context(running(provide(request.environment, folder=folder, now=start)))
        server.prepare_template(load_schema)
        database = server.clone("staging")
        clock = SimulationClock(start=start, files=(server.clock_file,))
        stack.enter_context(clock.frozen())
        stack.enter_context(caused_by("setup"))
        recorder = Recorder(clock=clock, file=history_file, listener=progress.seen)
        yield _wire(request, directory, stack, folder, server, database, mock, Kernel(clock), recorder, log_file)


def _wire(
    request: RunRequest,
    directory: RunDirectory,
    stack: ExitStack,
    folder: Path,
    server: PostgresServer,
    database: Database,
    mock: StripeMock | None,
    kernel: Kernel,
    recorder: Recorder,
    log_file: TextIO,
) -> Stage:
    scenario, seed = request.scenario, request.seed
    keys = _throw_away_keys()
    registry = Registry()
    injector = PlannedInjector(plan=request.plan, recorder=recorder, clock=kernel.clock, registry=registry)
    twin = StripeTwin(
        kernel=kernel,
        recorder=recorder,
        injector=injector,
        settings=scenario.stripe,
        seed=seed,
        webhook_secret=keys.stripe_webhook_secret,
        platform_key=keys.stripe_platform_key,
        publishable_key=keys.stripe_publishable_key,
        dashboard_key=keys.stripe_dashboard_key,
    )
    provider = ScoreProvider(
        kernel=kernel,
        recorder=recorder,
        injector=injector,
        tournaments=scenario.tournaments,
        seed=seed,
        base_url=PROVIDER_URL,
    )
    network = stack.enter_context(responses.RequestsMock(assert_all_requests_are_fired=False))
    network.add_passthru("http+docker://")  # the Docker client speaks to its engine through requests
    stripe_door.install(network, twin)
    provider_door.install(network, provider)

    target = BuiltinTarget(
        database=database,
        clock=kernel.clock,
        seed=seed,
        keys=keys,
        provider_base_url=PROVIDER_URL,
        log=lambda line: print(line, file=log_file),
    )
    stack.callback(target.close)
    context = ExchangeContext()
    exchange = ExchangeWitness(target.wsgi, recorder=recorder, context=context)
    http = stack.enter_context(httpx.Client(transport=httpx.WSGITransport(app=exchange), base_url=PLATFORM_URL))
    observer = Observer(database=database, relations=target.relations, recorder=recorder)
    stack.callback(observer.close)
    attribution = Attribution(governance=target.governance, fault_of=injector.fault_of)
    wal = WalWitness(database=database, slot=slot_name(database.name), recorder=recorder, cause_of=attribution.cause_of)
    stack.callback(wal.close)

    twin.attach(WebhookDoor(http=http, context=context).deliver)
    ops_admin = target.create_admin(name="ops-user-123", email="ops@platform.test", role="ops")
    founder_admin = target.create_admin(name="founder", email="founder@platform.test", role="founder")
    operator = OperatorRobot(
        kernel=kernel,
        recorder=recorder,
        runbooks=request.runbooks,
        app=exchange,
        context=context,
        operator=ops_admin,
        token=lambda: target.admin_token(subject=ops_admin.user_id, ttl_seconds=TOKEN_TTL_SECONDS),
        settings=scenario.operator,
        clock_file=server.clock_file,
        folder=folder,
    )
    stack.callback(operator.close)
    monitor = Monitor(
        kernel=kernel,
        recorder=recorder,
        rules=request.rules,
        scrape=MetricsDoor(app=exchange, context=context).scrape,
        settings=scenario.monitor,
        on_alert=operator.on_alert,
    )
    return Stage(
        request=request,
        directory=directory,
        folder=folder,
        kernel=kernel,
        recorder=recorder,
        server=server,
        database=database,
        stripe_mock=mock,
        target=target,
        context=context,
        exchange=exchange,
        http=http,
        injector=injector,
        twin=twin,
        provider=provider,
        entrants=Entrants(
            kernel=kernel,
            recorder=recorder,
            scenario=scenario,
            seed=seed,
            people=StagingPeople(http=http, context=context),
            registry=registry,
            provider=provider,
            confirm=twin.confirm_payment_intent,
        ),
        jobs=JobDriver(kernel=kernel, recorder=recorder, jobs=target.jobs),
        monitor=monitor,
        operator=operator,
        ops_admin=ops_admin,
        founder_admin=founder_admin,
        observer=observer,
        wal=wal,
        fingerprints=FingerprintWitness(
            target=target, observer=observer, runbooks=[book.path for book in request.runbooks], recorder=recorder
        ),
        sampler=Sampler(
            kernel=kernel,
            recorder=recorder,
            observer=observer,
            http=http,
            token=lambda: target.admin_token(subject=ops_admin.user_id, ttl_seconds=TOKEN_TTL_SECONDS),
            context=context,
            interval_seconds=scenario.monitor.sample_interval_seconds,
        ),
    )


def _throw_away_keys() -> TargetKeys:
    """Secrets of this run only; nothing in the history depends on them."""
    return TargetKeys(
        stripe_platform_key=f"sk_test_{secrets.token_hex(12)}",
        stripe_publishable_key=f"pk_test_{secrets.token_hex(12)}",
        stripe_dashboard_key=f"rk_test_{secrets.token_hex(12)}",
        stripe_webhook_secret=f"whsec_{secrets.token_hex(16)}",
        admin_jwt_secret=secrets.token_hex(32),
    )


@dataclass(frozen=True, kw_only=True)
class WebhookDoor:
    """Stripe's way to the platform."""

    http: httpx.Client
    context: ExchangeContext

    def deliver(self, body: bytes, headers: Mapping[str, str]) -> int | None:
        """POST a webhook; the status the platform answered."""
        with self.context.acting("stripe"):
            return self.http.post("/api/webhooks/stripe", content=body, headers=headers).status_code


@dataclass(frozen=True, kw_only=True)
class MetricsDoor:
    """The monitor's way to the platform: one request made once and repeated, since it is asked thousands of times."""

    app: WSGIApplication
    context: ExchangeContext
    _environ: dict[str, Any] = field(default_factory=lambda: EnvironBuilder("/metrics", PLATFORM_URL).get_environ())

    def scrape(self) -> str | None:
        """Body of the metrics endpoint, None when it fails."""
        with self.context.acting("monitor"):
            body, status, _ = run_wsgi_app(self.app, dict(self._environ))
        return b"".join(body).decode() if status.startswith("200") else None
