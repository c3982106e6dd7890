"""Tries a target folder piece by piece, before anybody runs fourteen days with it: ``simulate target check``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx
import psycopg

from simulation.checks.conformance.share import share_of
from simulation.checks.evidence.case import Case
from simulation.clock import Kernel, SimulationClock
from simulation.environment.choice import provide
from simulation.environment.server import running, slot_name
from simulation.environment.workspace import workspace
from simulation.events import RunStarted
from simulation.faults.effects import Calm
from simulation.history import Recorder
from simulation.scenario.model import Scenario
from simulation.scenario.settings import StripeSettings
from simulation.targets.columns import plain_columns
from simulation.targets.process.executables import require_programs
from simulation.targets.process.loader import ProcessChoice
from simulation.targets.process.observation import FILE_NAME as OBSERVE_SQL
from simulation.targets.process.observation import try_relation
from simulation.targets.process.target import ProcessTarget
from simulation.targets.process.target_checks import (
    PROVIDER,
    STRIPE,
    Bench,
    Finding,
    admin,
    jobs,
    look,
    network,
    people,
    provider,
    stripe,
)
from simulation.targets.process.traffic import Traffic
from simulation.targets.process.webhook_trial import told_of_the_payment, webhook
from simulation.targets.protocol import Site, TargetKeys
from simulation.targets.queries import KEYS
from simulation.witness.exchange import PLATFORM_URL, ExchangeContext, ExchangeWitness
from simulation.witness.wal import WalWitness
from simulation.world.monitoring.api import alerts_app
from simulation.world.network.external import ExternalNetwork
from simulation.world.network.platform import ScoreSender, WebhookSender
from simulation.world.provider.provider import ScoreProvider, provider_app
from simulation.world.stripe.twin import StripeTwin, stripe_app

_ALERTS_HOST = "monitoring.provider.test"
_LONG_SECONDS = 60
_TOKEN_TTL_SECONDS = 3_600
_LONG_MIGRATIONS = (
    "each check and run makes these migrations anew: a dump of what they leave (pg_dump --no-owner --no-privileges, "
    "with its rows) loads in seconds as schema_file; rows with values of the run go into seed_file"
)


@dataclass(frozen=True, kw_only=True)
class _World:
    """What a backend is brought up on, and the services that it calls."""

    site: Site
    twin: StripeTwin
    provider: ScoreProvider
    traffic: Traffic
    owners: dict[str, str]
    """Order → user id, for the twin."""


def try_target(choice: ProcessChoice, *, scenario: Scenario, environment: str, log: Path) -> Iterator[Finding]:
    """One finding for each piece, as soon as it is known; what needs a piece that is wrong is not tried."""
    yield (programs := look("programs", partial(_programs, choice)))
    if programs.wrong is not None:
        return
    with ExitStack() as stack:
        folder = stack.enter_context(workspace())
        server = stack.enter_context(
            running(provide(environment, folder=folder, now=scenario.start, needs=choice.server_needs))
        )
        keys, notes = TargetKeys.throw_away(), list[str]()
        load = partial(
            choice.load_schema,
            folder=folder,
            clock_file=server.clock_file,
            keys=keys,
            told=lambda one: notes.append(f"skipped: {one}"),
        )

        def load_schema() -> str:
            began = time.monotonic()
            server.prepare_template(load)
            if choice.file.database.migrate is not None and time.monotonic() - began > _LONG_SECONDS:
                notes.append(_LONG_MIGRATIONS)
            where = server.detail or "the PostgreSQL that comes along"
            return "; ".join([f"the schema is loaded into {where}", *notes])

        yield (loaded := look("database", load_schema))
        if loaded.wrong is not None:
            return
        database = server.clone("staging")
        with psycopg.connect(database.conninfo("observer", application="target-check"), autocommit=True) as connection:
            file = choice.folder / OBSERVE_SQL
            for relation, query in choice.relations.items():
                tried = partial(try_relation, connection, relation, query, file=file)
                yield look(f"query {relation}", partial(_fits, tried, relation, query))
        clock = SimulationClock(start=scenario.start, files=(server.clock_file,))
        stack.enter_context(clock.frozen())
        world = _world(
            scenario, Kernel(clock), choice, keys=keys, server=server, database=database, folder=folder, log=log
        )
        network = world.site.network
        network.add(choice.stripe_hosts, world.traffic.through(STRIPE, stripe_app(world.twin)))
        network.add(choice.provider_hosts, world.traffic.through(PROVIDER, provider_app(world.provider)))
        network.add([_ALERTS_HOST], alerts_app(lambda: ()))
        brought_up: list[ProcessTarget] = []
        yield (up := look("start", lambda: _started(choice, world.site, brought_up)))
        if up.wrong is not None:
            return
        stack.callback(brought_up[0].close)
        yield from _try_running(stack, choice, world, brought_up[0], scenario)


def _programs(choice: ProcessChoice) -> str:
    untried = require_programs(choice.file, choice.folder)
    if untried:
        return f"nobody here has tried {', '.join(untried)} under this clock: what is below tells"
    return "they are here, and nothing is known against their living in simulated time"


def _fits(try_query: Callable[[], None], relation: str, query: str) -> str:
    """Tried, and how much of it can be compared: checks are unknown where nothing can."""
    try_query()
    count = len(plain_columns(query, key=KEYS[relation]))
    return f"fits the schema; {count or 'none'} of its columns can be held against the write-ahead log"


def _try_running(
    stack: ExitStack, choice: ProcessChoice, world: _World, target: ProcessTarget, scenario: Scenario
) -> Iterator[Finding]:
    context = ExchangeContext()
    exchange = ExchangeWitness(target.wsgi, recorder=world.site.recorder, context=context)
    http = stack.enter_context(httpx.Client(transport=httpx.WSGITransport(app=exchange), base_url=PLATFORM_URL))
    deliver = WebhookSender(http=http, context=context, path=target.routes.webhook).deliver
    world.twin.attach(deliver)
    if choice.feed is not None and choice.feed.pushes:
        teller = cache(partial(target.create_admin, name="scores", email="scores@platform.test", role="ops"))

        def token() -> str:
            return target.admin_token(subject=teller().user_id, ttl_seconds=_TOKEN_TTL_SECONDS)

        world.provider.attach(ScoreSender(http=http, context=context, admin_token=token).send)
    world.provider.start()
    database = world.site.database
    wal = WalWitness(
        database=database, slot=slot_name(database.name), recorder=world.site.recorder, cause_of=lambda _: ""
    )
    stack.callback(wal.close)
    bench = Bench(
        choice=choice, site=world.site, twin=world.twin, provider=world.provider, target=target, http=http,
        context=context, scenario=scenario, wal=wal, traffic=world.traffic, owners=world.owners,
    )  # fmt: skip
    yield look("webhook", lambda: webhook(bench))
    yield look("admin", lambda: admin(bench))
    for act in people(bench):
        yield act
    if act.wrong is None:
        yield look("webhook of the payment", lambda: told_of_the_payment(bench))
    yield from jobs(bench)
    yield look("stripe", lambda: stripe(bench))
    yield look("provider", lambda: provider(bench))
    yield look("network", lambda: network(bench))
    yield look("contract", lambda: _judged(bench))


def _judged(bench: Bench) -> str:
    """How much of what the backend wrote in this trial its contract judges."""
    scenario, recorder = bench.scenario, bench.site.recorder
    recorder.record(
        RunStarted(
            scenario=scenario.name,
            scenario_document=scenario.model_dump(mode="json"),
            seed=bench.site.seed,
            days=scenario.days,
            window_start=scenario.start,
            window_end=scenario.end,
            absence_start=scenario.start,
            target=bench.target.name,
            environment=bench.site.server.name,
            governance=bench.target.governance,
        )
    )
    bench.wal.collect()
    share = share_of(Case(recorder.history(), bench.target.governance, contract=bench.choice.contract))
    if share is None:
        return "what share of the values that it writes is judged shows in a run only"
    missing = sorted({name.split(".")[0] for name in share.columns_without_rule})
    rest = f"; without a rule: columns of {', '.join(missing)}" if missing else ""
    return share.sentence + rest


def _started(choice: ProcessChoice, site: Site, brought_up: list[ProcessTarget]) -> str:
    target = choice.bring_up(site, try_queries=False)
    brought_up.append(target)
    return f"port {target.file.web.port} is open, {target.file.web.ready} answers, the clock is the simulation's"


def _world(
    scenario: Scenario, kernel: Kernel, choice: ProcessChoice, *, keys: TargetKeys, **environment: Any
) -> _World:
    """A site without faults. ``environment``: the remaining fields of :class:`Site`."""
    recorder, owners = Recorder(clock=kernel.clock), dict[str, str]()
    twin = StripeTwin(
        kernel=kernel, recorder=recorder, injector=Calm(), settings=StripeSettings(), seed=1,
        webhook_secret=keys.stripe_webhook_secret, platform_key=keys.stripe_platform_key,
        publishable_key=keys.stripe_publishable_key, dashboard_key=keys.stripe_dashboard_key,
        integration=choice.integration.knowing(owners),
    )  # fmt: skip
    provider = ScoreProvider(
        kernel=kernel, recorder=recorder, injector=Calm(), tournaments=scenario.tournaments, seed=1, feed=choice.feed
    )
    site = Site(
        kernel=kernel, recorder=recorder, seed=1, keys=keys, network=ExternalNetwork(recorder),
        alerts_host=_ALERTS_HOST, **environment,
    )  # fmt: skip
    return _World(site=site, twin=twin, provider=provider, traffic=Traffic(), owners=owners)
