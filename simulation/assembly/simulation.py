"""Brings up and connects all parts of one run, and takes them down afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from simulation.assembly.external import external_services
from simulation.assembly.foundation import Ground
from simulation.assembly.people import hosting_provider, operator_on_shift, players, timed_faults
from simulation.assembly.platform import TOKEN_TTL_SECONDS, appoint, bring_front, token_of
from simulation.assembly.request import PREPARATION, RunRequest
from simulation.assembly.witnesses import dashboard_sampler, hosted_monitoring, post_witnesses
from simulation.clock import Kernel, SimulationClock
from simulation.environment.choice import provide
from simulation.environment.process import one_cpu, patient_collector
from simulation.environment.protocol import Database
from simulation.environment.server import PostgresServer, running
from simulation.environment.stripe_mock import StripeMock, stripe_mock
from simulation.environment.workspace import workspace
from simulation.faults.injector import PlannedInjector
from simulation.history import Recorder, caused_by
from simulation.progress import Progress
from simulation.run_directory import RunDirectory
from simulation.scenario.model import Scenario
from simulation.targets.protocol import JobWatch, Target, TargetKeys
from simulation.witness.exchange import ExchangeContext, ExchangeWitness
from simulation.witness.fingerprint import FingerprintWitness
from simulation.witness.observer import Observer
from simulation.witness.samples import Sampler
from simulation.witness.wal import WalWitness
from simulation.world.entrants.entrants import Entrants
from simulation.world.faults.start import TimedFaults
from simulation.world.hosting.provider import HostingProvider
from simulation.world.monitoring.monitor import Monitor
from simulation.world.network.platform import ScoreSender, WebhookSender
from simulation.world.operator.robot import OperatorRobot
from simulation.world.ports import Admin
from simulation.world.provider.provider import ScoreProvider
from simulation.world.stripe.twin import StripeTwin


@dataclass(kw_only=True)
class Simulation:
    """All parts of one run, brought up and connected."""

    request: RunRequest
    directory: RunDirectory
    folder: Path
    """The workspace, deleted when the run is over."""
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
    jobs: JobWatch
    monitor: Monitor
    operator: OperatorRobot
    hosting: HostingProvider | None
    ops_admin: Admin
    founder_admin: Admin
    observer: Observer
    wal: WalWitness
    fingerprints: FingerprintWitness
    sampler: Sampler
    timed_faults: TimedFaults
    stripe_mock: StripeMock | None
    keys: TargetKeys

    @property
    def scenario(self) -> Scenario:
        return self.request.scenario

    def get(self, path: str, *, subject: str) -> httpx.Response:
        """GET a path of the platform with an admin token of ``subject``."""
        return self.http.get(path, headers=self.authorization(subject))

    def authorization(self, subject: str) -> dict[str, str]:
        token = self.target.admin_token(subject=subject, ttl_seconds=TOKEN_TTL_SECONDS)
        return {"Authorization": f"Bearer {token}"}


@contextmanager
def assembled(request: RunRequest, directory: RunDirectory, progress: Progress) -> Iterator[Simulation]:
    """Bring up all parts of a run; take them down afterwards, also after an exception."""
    with ExitStack() as stack:
        folder = stack.enter_context(workspace())
        mock = stack.enter_context(stripe_mock(request.environment, folder=folder))
        stack.enter_context(one_cpu())
        stack.enter_context(patient_collector())
        history_file = stack.enter_context(open(directory.history, "w", encoding="utf-8"))
        directory.platform_log.touch()
        progress.phase("starting PostgreSQL under the simulated clock")
        start = request.scenario.start - PREPARATION
        postgres = provide(
            request.environment,
            folder=folder,
            now=start,
            schema_digest=request.target.schema_digest(),
            needs=request.target.server_needs,
        )
        server = stack.enter_context(running(postgres))
        keys = TargetKeys.throw_away()
        server.prepare_template(
            partial(request.target.load_schema, folder=folder, clock_file=server.clock_file, keys=keys)
        )
        database = server.clone("staging")
        clock = SimulationClock(start=start, files=(server.clock_file,))
        stack.enter_context(clock.frozen())
        stack.enter_context(caused_by("setup"))
        recorder = Recorder(clock=clock, file=history_file, listener=progress.seen)
        ground = Ground(
            request=request,
            stack=stack,
            folder=folder,
            server=server,
            database=database,
            kernel=Kernel(clock),
            recorder=recorder,
            keys=keys,
            log=directory.platform_log,
        )
        yield _wire(ground, directory, mock)


def _wire(ground: Ground, directory: RunDirectory, mock: StripeMock | None) -> Simulation:
    request, kernel, recorder, scenario = ground.request, ground.kernel, ground.recorder, ground.request.scenario
    external = external_services(ground)
    front = bring_front(ground, external)
    witnesses = post_witnesses(ground, external, front)
    webhooks = WebhookSender(http=front.http, context=front.context, path=front.target.routes.webhook)
    external.twin.attach(webhooks.deliver, kill=front.target.kill_after_next_request)
    if request.target.feed is not None and request.target.feed.pushes:
        teller = appoint(front, recorder, name="scores", email="scores@platform.test", role="ops")
        token = token_of(front.target, teller)
        external.provider.attach(ScoreSender(http=front.http, context=front.context, admin_token=token).send)
    ops_admin = appoint(front, recorder, name="ops-user-123", email="ops@platform.test", role="ops")
    founder_admin = appoint(front, recorder, name="founder", email="founder@platform.test", role="founder")
    hosting = hosting_provider(ground, front, witnesses)
    operator = operator_on_shift(
        ground, front, ops_admin, hosting, external.injector, lambda: witnesses.fingerprints.take("during")
    )
    monitor = hosted_monitoring(ground, external, front, operator)
    dashboards = dashboard_sampler(ground, external, front, witnesses, monitor, ops_admin)
    if front.target.routes.diagnostics:
        monitor.after_each_scrape(dashboards.after_scrape)
    return Simulation(
        request=request,
        directory=directory,
        folder=ground.folder,
        kernel=kernel,
        recorder=recorder,
        server=ground.server,
        database=ground.database,
        stripe_mock=mock,
        keys=ground.keys,
        target=front.target,
        context=front.context,
        exchange=front.exchange,
        http=front.http,
        injector=external.injector,
        twin=external.twin,
        provider=external.provider,
        entrants=players(ground, external, front),
        jobs=front.target.job_watch(kernel=kernel, recorder=recorder, is_stopped=external.injector.is_stopped),
        monitor=monitor,
        operator=operator,
        hosting=hosting,
        ops_admin=ops_admin,
        founder_admin=founder_admin,
        observer=witnesses.observer,
        wal=witnesses.wal,
        fingerprints=witnesses.fingerprints,
        timed_faults=timed_faults(ground, external, front, operator),
        sampler=Sampler(
            kernel=kernel,
            recorder=recorder,
            observer=witnesses.observer,
            http=front.http,
            token=token_of(front.target, ops_admin),
            context=front.context,
            interval_seconds=scenario.monitor.sample_interval_seconds,
            diagnostics=front.target.routes.diagnostics,
            locked_out=lambda: external.injector.locked_out,
        ),
    )
