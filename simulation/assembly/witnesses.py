"""The witnesses of a run (observer, write-ahead log, fingerprints), the monitoring, and the dashboards' sampler."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.assembly.external import External
from simulation.assembly.foundation import Ground
from simulation.assembly.platform import MONITORING_HOST, Front, token_of
from simulation.environment.server import slot_name
from simulation.witness.attribution import Attribution
from simulation.witness.dashboard_truth import DashboardWitnesses, keep_attempts
from simulation.witness.dashboards import DashboardSampler
from simulation.witness.fingerprint import FingerprintWitness
from simulation.witness.observer import Observer
from simulation.witness.runbook_page import documented_runbook
from simulation.witness.wal import WalWitness
from simulation.world.monitoring.api import alerts_app
from simulation.world.monitoring.monitor import Monitor
from simulation.world.network.platform import MetricsScraper
from simulation.world.operator.robot import OperatorRobot
from simulation.world.ports import Admin


@dataclass(frozen=True, kw_only=True)
class Witnesses:
    """Independent recorders of what happened in the platform's database; the jury judges by their records."""

    observer: Observer
    wal: WalWitness
    fingerprints: FingerprintWitness


def post_witnesses(ground: Ground, external: External, front: Front) -> Witnesses:
    """Start the independent witnesses, before anything acts on the platform."""
    recorder, target = ground.recorder, front.target
    observer = Observer(database=ground.database, relations=target.relations, recorder=recorder)
    ground.stack.callback(observer.close)
    attribution = Attribution(governance=target.governance, fault_of=external.injector.fault_of)
    wal = WalWitness(
        database=ground.database,
        slot=slot_name(ground.database.name),
        recorder=recorder,
        cause_of=attribution.cause_of,
    )
    ground.stack.callback(wal.close)
    keep_attempts(wal, target.governance)
    runbooks = [runbook.path for runbook in ground.request.runbooks]
    fingerprints = FingerprintWitness(target=target, observer=observer, runbooks=runbooks, recorder=recorder)
    return Witnesses(observer=observer, wal=wal, fingerprints=fingerprints)


def hosted_monitoring(ground: Ground, external: External, front: Front, operator: OperatorRobot) -> Monitor:
    """The hosted monitoring: it scrapes the platform, sends alerts to the operator, and serves them over HTTP."""
    page = front.target.routes.metrics
    scraper = None if page is None else MetricsScraper(app=front.exchange, context=front.context, path=page)
    monitor = Monitor(
        kernel=ground.kernel,
        recorder=ground.recorder,
        rules=ground.request.rules,
        scrape=None if scraper is None else scraper.scrape,
        settings=ground.request.scenario.monitor,
        on_alert=operator.on_alert,
    )
    external.network.add([MONITORING_HOST], alerts_app(lambda: monitor.active))
    return monitor


def dashboard_sampler(
    ground: Ground, external: External, front: Front, witnesses: Witnesses, monitor: Monitor, admin: Admin
) -> DashboardSampler:
    """Reads a dashboard at intervals, and records it together with what the witnesses know at the same time."""
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
            served=external.provider.served,
            runbooks={
                one.name: documented_runbook(
                    name=one.name, version=one.version, opens=f"{one.name} {one.version}", commands=one.commands
                )
                for one in ground.request.runbooks
            },
            scraped=monitor.value,
            locked_out=lambda: external.injector.locked_out,
        ),
        http=front.http,
        token=token_of(front.target, admin),
        context=front.context,
        # no divisor of a day, so that a page is read at different hours each day
        every_scrapes=max(1, settings.sample_interval_seconds * 4 // 3 // settings.scrape_interval_seconds - 1),
    )
