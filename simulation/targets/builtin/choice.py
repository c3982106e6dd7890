"""The staging platform as the target that needs no asking for."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from wsgiref.types import WSGIApplication

from simulation.contract.document import Contract
from simulation.contract.file import load_contract
from simulation.environment.installations import Needs
from simulation.events import JobFailed
from simulation.history import Recorder
from simulation.paths import ALERTS_FOLDER, RUNBOOKS_FOLDER, STAGING_TARGET_FOLDER
from simulation.targets.builtin.statement_point import StatementPoint
from simulation.targets.builtin.target import BuiltinTarget, digest_of_migrations, load_schema
from simulation.targets.protocol import Routes, Site, TargetKeys
from simulation.world.network.in_process import intercepted
from simulation.world.stripe.integration import AS_DOCUMENTED
from simulation.world.stripe.twin import API_HOST


class BuiltinChoice:
    """See :class:`simulation.targets.protocol.TargetChoice`."""

    name = BuiltinTarget.name
    option = ""
    runbooks = RUNBOOKS_FOLDER
    alerts = ALERTS_FOLDER
    integration = AS_DOCUMENTED
    feed = None
    server_needs = Needs()
    stripe_hosts = (API_HOST,)
    webhook = Routes().webhook
    provider_hosts = ("scores.provider.test",)

    @cached_property
    def contract(self) -> Contract:
        return load_contract(STAGING_TARGET_FOLDER)

    def schema_digest(self) -> str:
        return digest_of_migrations()

    def load_schema(self, url: str, *, folder: Path, clock_file: Path, keys: TargetKeys) -> None:  # noqa: ARG002 - none needed
        load_schema(url)

    def bring_up(self, site: Site) -> BuiltinTarget:
        """Its HTTP clients are intercepted: they reach the external network and nothing else."""
        rest = ExitStack()
        point: StatementPoint | None = None
        shared: Path | None = None
        network: WSGIApplication = site.network
        if site.statements is not None:
            point = StatementPoint(site.statements, clock=site.kernel.clock, database=site.database)
            rest.enter_context(point.installed())
            network = point.called(site.network)
            if site.statements.two_at_once:
                shared = site.folder / "shared"
                shared.mkdir()
        rest.enter_context(intercepted(network, clock=site.kernel.clock))
        log = rest.enter_context(open(site.log, "a", encoding="utf-8", buffering=1))  # noqa: SIM115 - closed with the rest
        return BuiltinTarget(
            database=site.database,
            clock=site.kernel.clock,
            seed=site.seed,
            keys=site.keys,
            provider_base_url=f"https://{self.provider_hosts[0]}",
            alerts_api_url=f"https://{site.alerts_host}",
            runbooks_folder=str(self.runbooks),
            log=lambda line: print(line, file=log),
            rest=rest,
            identity=site.folder / "identity",
            point=point,
            kernel=site.kernel,
            shared_folder=shared,
            front=lambda: None if site.statements is None else site.statements.front,
            failed=partial(_record_failure, site.recorder),
        )


def _record_failure(recorder: Recorder, job: str, error: str) -> None:
    recorder.record(JobFailed(job=job, error=error))
