"""Sets the stage of one run: environment, target, world and witnesses, wired to one clock and one history."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx

from simulation.clock import Kernel, SimulationClock
from simulation.doors import PLATFORM_URL, MetricsDoor, WebhookDoor
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
from simulation.scenario_faults import OPERATOR_KINDS
from simulation.target.builtin import BuiltinChoice
from simulation.target.protocol import Admin, JobWatch, Site, Target, TargetChoice, TargetKeys
from simulation.witness.attribution import Attribution
from simulation.witness.dashboard_truth import Witnesses as DashboardWitnesses
from simulation.witness.dashboards import DashboardSampler
from simulation.witness.exchange import ExchangeContext, ExchangeWitness
from simulation.witness.fingerprint import FingerprintWitness
from simulation.witness.observer import Observer
from simulation.witness.samples import Sampler
from simulation.witness.wal import WalWitness
from simulation.world.alert_rules import AlertRule
from simulation.world.entrants import Entrants
from simulation.world.hosting.api import HostingApi
from simulation.world.hosting.provider import HostingProvider, Size
from simulation.world.monitor import Monitor
from simulation.world.operator.robot import OperatorRobot, Successor
from simulation.world.operator.runbook import Runbook
from simulation.world.provider import ScoreProvider
from simulation.world.registry import Registry
from simulation.world.stripe.twin import StripeTwin
from simulation.world.troubles.payers import Payers
from simulation.world.troubles.surroundings import Surroundings
from simulation.world.troubles.troubles import Troubles

PROVIDER_URL = "https://scores.provider.test"
MONITORING_URL = "https://monitoring.provider.test"
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
    target: TargetChoice = field(default_factory=BuiltinChoice)
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
    troubles: Troubles
    stripe_mock: StripeMock | None
    keys: TargetKeys

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
        directory.platform_log.touch()
        progress.phase("starting PostgreSQL under the simulated clock")
        start = request.scenario.start - PREPARATION
        server = stack.enter_context(running(provide(request.environment, folder=folder, now=start)))
        server.prepare_template(partial(request.target.load_schema, folder=folder, clock_file=server.clock_file))
        database = server.clone("staging")
        clock = SimulationClock(start=start, files=(server.clock_file,))
        stack.enter_context(clock.frozen())
        stack.enter_context(caused_by("setup"))
        recorder = Recorder(clock=clock, file=history_file, listener=progress.seen)
        ground = _Ground(
            request=request,
            stack=stack,
            folder=folder,
            server=server,
            database=database,
            kernel=Kernel(clock),
            recorder=recorder,
            keys=TargetKeys.throw_away(),
            log=directory.platform_log,
        )
        yield _wire(ground, directory, mock)


@dataclass(frozen=True, kw_only=True)
class _Ground:
    """What everything else of a run stands on."""

    request: RunRequest
    stack: ExitStack
    folder: Path
    server: PostgresServer
    database: Database
    kernel: Kernel
    recorder: Recorder
    keys: TargetKeys
    log: Path


@dataclass(frozen=True, kw_only=True)
class _Outside:
    """The world that the platform calls."""

    registry: Registry
    injector: PlannedInjector
    twin: StripeTwin
    provider: ScoreProvider


@dataclass(frozen=True, kw_only=True)
class _Front:
    """The platform, and the way in."""

    target: Target
    context: ExchangeContext
    exchange: ExchangeWitness
    http: httpx.Client


@dataclass(frozen=True, kw_only=True)
class _Witnesses:
    observer: Observer
    wal: WalWitness
    fingerprints: FingerprintWitness


def _wire(ground: _Ground, directory: RunDirectory, mock: StripeMock | None) -> Stage:
    request, kernel, recorder, scenario = ground.request, ground.kernel, ground.recorder, ground.request.scenario
    outside = _outside(ground)
    front = _front(ground, outside)
    witnesses = _witnesses(ground, outside, front)
    outside.twin.attach(WebhookDoor(http=front.http, context=front.context, path=front.target.routes.webhook).deliver)
    ops_admin = front.target.create_admin(name="ops-user-123", email="ops@platform.test", role="ops")
    founder_admin = front.target.create_admin(name="founder", email="founder@platform.test", role="founder")
    hosting = _hosting(ground, front, witnesses)
    operator = _operator(
        ground, front, ops_admin, hosting, outside.injector, lambda: witnesses.fingerprints.take("during")
    )
    monitor = _monitor(ground, front, operator)
    dashboards = _dashboards(ground, outside, front, witnesses, monitor, ops_admin)
    if front.target.routes.diagnostics:
        monitor.after_each_scrape(dashboards.after_scrape)
    return Stage(
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
        injector=outside.injector,
        twin=outside.twin,
        provider=outside.provider,
        entrants=_entrants(ground, outside, front),
        jobs=front.target.job_watch(kernel=kernel, recorder=recorder, is_stopped=outside.injector.is_stopped),
        monitor=monitor,
        operator=operator,
        hosting=hosting,
        ops_admin=ops_admin,
        founder_admin=founder_admin,
        observer=witnesses.observer,
        wal=witnesses.wal,
        fingerprints=witnesses.fingerprints,
        troubles=_troubles(ground, outside, front),
        sampler=Sampler(
            kernel=kernel,
            recorder=recorder,
            observer=witnesses.observer,
            http=front.http,
            token=_token_of(front.target, ops_admin),
            context=front.context,
            interval_seconds=scenario.monitor.sample_interval_seconds,
            diagnostics=front.target.routes.diagnostics,
        ),
    )


def _outside(ground: _Ground) -> _Outside:
    """Twin and provider; how the platform's own clients find them is the target's affair."""
    request, keys = ground.request, ground.keys
    registry = Registry()
    injector = PlannedInjector(
        plan=request.plan, recorder=ground.recorder, clock=ground.kernel.clock, registry=registry
    )
    twin = StripeTwin(
        kernel=ground.kernel,
        recorder=ground.recorder,
        injector=injector,
        settings=request.scenario.stripe,
        seed=request.seed,
        webhook_secret=keys.stripe_webhook_secret,
        platform_key=keys.stripe_platform_key,
        publishable_key=keys.stripe_publishable_key,
        dashboard_key=keys.stripe_dashboard_key,
        names=request.target.labels,
    )
    provider = ScoreProvider(
        kernel=ground.kernel,
        recorder=ground.recorder,
        injector=injector,
        tournaments=request.scenario.tournaments,
        seed=request.seed,
        base_url=PROVIDER_URL,
    )
    return _Outside(registry=registry, injector=injector, twin=twin, provider=provider)


def _front(ground: _Ground, outside: _Outside) -> _Front:
    target = ground.request.target.bring_up(
        Site(
            server=ground.server,
            database=ground.database,
            folder=ground.folder,
            log=ground.log,
            kernel=ground.kernel,
            recorder=ground.recorder,
            seed=ground.request.seed,
            keys=ground.keys,
            twin=outside.twin,
            provider=outside.provider,
            alerts_api_url=MONITORING_URL,
        )
    )
    ground.stack.callback(target.close)
    context = ExchangeContext()
    exchange = ExchangeWitness(target.wsgi, recorder=ground.recorder, context=context)
    http = httpx.Client(transport=httpx.WSGITransport(app=exchange), base_url=PLATFORM_URL)
    ground.stack.enter_context(http)
    return _Front(target=target, context=context, exchange=exchange, http=http)


def _witnesses(ground: _Ground, outside: _Outside, front: _Front) -> _Witnesses:
    recorder, target = ground.recorder, front.target
    observer = Observer(database=ground.database, relations=target.relations, recorder=recorder)
    ground.stack.callback(observer.close)
    attribution = Attribution(governance=target.governance, fault_of=outside.injector.fault_of)
    wal = WalWitness(
        database=ground.database,
        slot=slot_name(ground.database.name),
        recorder=recorder,
        cause_of=attribution.cause_of,
    )
    ground.stack.callback(wal.close)
    runbooks = [runbook.path for runbook in ground.request.runbooks]
    fingerprints = FingerprintWitness(target=target, observer=observer, runbooks=runbooks, recorder=recorder)
    return _Witnesses(observer=observer, wal=wal, fingerprints=fingerprints)


def _hosting(ground: _Ground, front: _Front, witnesses: _Witnesses) -> HostingProvider | None:
    """The hosting provider, for a target that it can restart."""
    if front.target.service is None:
        return None

    def resize(size: Size) -> None:
        """The server really restarts; who watches it has read all it has, and comes back to it."""
        witnesses.wal.collect()
        ground.server.restart(
            {"max_connections": str(size.max_connections), "shared_buffers": f"{size.shared_buffers_mb}MB"}
        )
        witnesses.observer.reconnect()
        witnesses.wal.reconnect()

    return HostingProvider(
        kernel=ground.kernel,
        recorder=ground.recorder,
        context=front.context,
        service=front.target.service,
        resize=resize,
        look=lambda: witnesses.fingerprints.take("during"),
    )


def _operator(
    ground: _Ground,
    front: _Front,
    admin: Admin,
    hosting: HostingProvider | None,
    injector: PlannedInjector,
    look: Callable[[], None],
) -> OperatorRobot:
    hosting_token = secrets.token_hex(16)
    operator = OperatorRobot(
        kernel=ground.kernel,
        recorder=ground.recorder,
        runbooks=ground.request.runbooks,
        app=front.exchange,
        context=front.context,
        operator=admin,
        token=_token_of(front.target, admin),
        settings=ground.request.scenario.operator,
        clock_file=ground.server.clock_file,
        folder=ground.folder,
        still_there=injector.on_operator_step,
        successor=_successor(ground, front),
        hosting=None if hosting is None else HostingApi(hosting, token=hosting_token),
        hosting_token=hosting_token,
        look=look,
    )
    ground.stack.callback(operator.close)
    return operator


def _successor(ground: _Ground, front: _Front) -> Successor | None:
    """Only a run that may lose its operator has a second one."""
    if not any(fault.kind.startswith(OPERATOR_KINDS) for fault in ground.request.plan.faults):
        return None
    admin = front.target.create_admin(name="ops-user-456", email="ops-2@platform.test", role="ops")
    return Successor(operator=admin, token=_token_of(front.target, admin))


def _troubles(ground: _Ground, outside: _Outside, front: _Front) -> Troubles:
    around = Surroundings(
        kernel=ground.kernel,
        injector=outside.injector,
        registry=outside.registry,
        database=ground.database,
        recorder=ground.recorder,
        twin=outside.twin,
        people=front.target.people(http=front.http, context=front.context),
        payers=Payers(kernel=ground.kernel, registry=outside.registry),
        entry_fees={contest.key: contest.entry_fee_cents for contest in ground.request.scenario.contests},
        governance=front.target.governance,
    )
    troubles = Troubles(plan=ground.request.plan, around=around)
    ground.stack.callback(troubles.close)
    return troubles


def _monitor(ground: _Ground, front: _Front, operator: OperatorRobot) -> Monitor:
    """The hosted monitoring: it scrapes the platform, tells the operator, and answers who asks for its alerts."""
    monitor = Monitor(
        kernel=ground.kernel,
        recorder=ground.recorder,
        rules=ground.request.rules,
        scrape=MetricsDoor(app=front.exchange, context=front.context, path=front.target.routes.metrics).scrape,
        settings=ground.request.scenario.monitor,
        on_alert=operator.on_alert,
    )
    front.target.attach_monitoring(monitor)
    return monitor


def _dashboards(
    ground: _Ground, outside: _Outside, front: _Front, witnesses: _Witnesses, monitor: Monitor, admin: Admin
) -> DashboardSampler:
    settings = ground.request.scenario.monitor
    return DashboardSampler(
        kernel=ground.kernel,
        recorder=ground.recorder,
        witnesses=DashboardWitnesses(
            observer=witnesses.observer,
            wal=witnesses.wal,
            exchange=front.exchange,
            governance=front.target.governance,
            firing=lambda: monitor.firing,
            last_good=outside.provider.last_good,
            scraped=monitor.value,
        ),
        http=front.http,
        token=_token_of(front.target, admin),
        context=front.context,
        # no divisor of a day, so that a page is seen at other hours every time
        every_scrapes=max(1, settings.sample_interval_seconds * 4 // 3 // settings.scrape_interval_seconds - 1),
    )


def _entrants(ground: _Ground, outside: _Outside, front: _Front) -> Entrants:
    entrants = Entrants(
        kernel=ground.kernel,
        recorder=ground.recorder,
        scenario=ground.request.scenario,
        seed=ground.request.seed,
        people=front.target.people(http=front.http, context=front.context),
        registry=outside.registry,
        provider=outside.provider,
        confirm=outside.twin.confirm_payment_intent,
    )
    outside.injector.on_departure = lambda user_id, fault_id: entrants.leave(user_id, fault_id=fault_id)
    return entrants


def _token_of(target: Target, admin: Admin) -> Callable[[], str]:
    """Mints a token of the admin, valid from the moment it is asked for."""
    return lambda: target.admin_token(subject=admin.user_id, ttl_seconds=TOKEN_TTL_SECONDS)
