"""Brings up the staging platform in this process and tells the run how to deal with it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID
from wsgiref.types import WSGIApplication

import httpx

import simulation.staging
from simulation.clock import Kernel, SimProcess, SimulationClock
from simulation.environment.protocol import Database
from simulation.events.governance import Governance
from simulation.history import Recorder
from simulation.scenario.faults.statement_fault import DOWN_SECONDS
from simulation.staging.admin_token import mint, mint_break_glass
from simulation.staging.jobs import DailyAt, Every, Job
from simulation.staging.platform import Platform
from simulation.staging.schema import MIGRATIONS, migrate, versions
from simulation.staging.settings import Settings
from simulation.targets.builtin.governance import GOVERNANCE
from simulation.targets.builtin.service import PlatformService
from simulation.targets.builtin.statement_point import StatementPoint
from simulation.targets.identity import key_files, stripe_key_file
from simulation.targets.jobs import JobDriver
from simulation.targets.platform_people import PlatformPeople, revoke_platform_admin
from simulation.targets.protocol import JobWatch, Routes, TargetKeys
from simulation.targets.queries import load_queries
from simulation.witness.exchange import ExchangeContext
from simulation.world.ports import Admin, JobOutcome, People, Service, TargetJob

_DAY_SECONDS = 86_400
_CARRIED_OUT = (".py", ".sql")

load_schema = migrate
"""Loads the platform's schema into an empty database: ``load_schema(sqlalchemy_url)``."""


def digest_of_migrations() -> str:
    """Of everything that :data:`load_schema` carries out."""
    digest = hashlib.sha256()
    for file in sorted(MIGRATIONS.rglob("*")):
        if file.suffix in _CARRIED_OUT:
            digest.update(f"{file.relative_to(MIGRATIONS)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def migration_versions() -> tuple[str, ...]:
    """``0001``, ``0002`` …: the migrations that the code comes with, in the order in which they are run."""
    return versions()


def provider_url_from(variables: Mapping[str, str]) -> str:
    """The score provider that a platform started with these environment variables would ask.

    :raises KeyError: a variable that it needs is missing.
    """
    return Settings.from_env(variables).provider_base_url


class BuiltinTarget:
    """See :class:`simulation.targets.protocol.Target`.

    :param seed: ids the platform makes come from it, so that a history repeats byte for byte.
    :param log: receives each line of the platform's log.
    :param identity: folder of the identity service and its replica, each with its key; None: the key is a setting.
    :param point: which its statements pass, so that it can be killed at one; None: they pass none.
    :param kernel: in whose time it starts again then.
    :param shared_folder: what several instances keep together, as the processes of one deployment do; None: one alone.
    :param front: the way by which requests come. :param failed: told of a job that failed on a second instance.
    """

    name = "builtin"
    governance: Governance = GOVERNANCE

    def __init__(
        self,
        *,
        database: Database,
        clock: SimulationClock,
        seed: int,
        keys: TargetKeys,
        provider_base_url: str,
        alerts_api_url: str = "",
        runbooks_folder: str = "",
        log: Callable[[str], None],
        rest: ExitStack | None = None,
        identity: Path | None = None,
        point: StatementPoint | None = None,
        kernel: Kernel | None = None,
        shared_folder: Path | None = None,
        front: Callable[[], WSGIApplication | None] = lambda: None,
        failed: Callable[[str, str], None] = lambda _job, _error: None,
    ) -> None:
        self._clock = clock
        self._log, self._log_lines = log, list[str]()
        self._kernel = kernel
        self._rest = rest or ExitStack()
        self._break_glass_secret = keys.admin_break_glass_secret
        self.routes = Routes()
        self.signing_key: Path | None = None
        self.stripe_key_file: Path | None = None
        replica = Path()
        if identity is not None:
            self.signing_key, replica = key_files(identity, keys)
            self.stripe_key_file = stripe_key_file(identity, keys)
        self._settings = Settings(
            environment="staging",
            database_url=database.url("platform", application="staging-platform"),
            stripe_api_key=keys.stripe_platform_key,
            stripe_api_key_file="" if self.stripe_key_file is None else str(self.stripe_key_file),
            stripe_webhook_secret=keys.stripe_webhook_secret,
            stripe_standby_webhook_secret=keys.stripe_standby_webhook_secret,
            admin_jwt_secret=keys.admin_jwt_secret,
            provider_base_url=provider_base_url,
            alerts_api_url=alerts_api_url,
            runbooks_folder=runbooks_folder,
            admin_jwt_key_file="" if self.signing_key is None else str(self.signing_key),
            admin_jwt_replica_key_file="" if self.signing_key is None else str(replica),
            admin_break_glass_secret=keys.admin_break_glass_secret,
            shared_folder="" if shared_folder is None else str(shared_folder),
        )
        ids = random.Random(f"{seed}:platform-ids")  # noqa: S311 - ids must repeat, not be secret
        self._in_force = self._settings
        self._instances = PlatformService(
            lambda: Platform(
                self._settings,
                sleep=clock.advance,
                new_id=lambda: UUID(int=ids.getrandbits(128), version=4),
                log=self._write_log,
            ),
            point=point,
            start_later=self._start_later,
            front=front,
            failed=failed,
        )
        self.service: Service | None = self._instances
        self.kill_after_next_request: Callable[[], None] | None = None
        self.wsgi = self._instances.wsgi
        self.relations: Mapping[str, str] = load_queries(Path(__file__).with_name("observe.sql"))
        self.jobs: Sequence[TargetJob] = [self._target_job(job) for job in self._instances.platform.jobs]

    def people(self, *, http: httpx.Client, context: ExchangeContext) -> People:
        return PlatformPeople(http=http, context=context)

    def job_watch(self, *, kernel: Kernel, recorder: Recorder, is_stopped: Callable[[str], bool]) -> JobWatch:
        return JobDriver(kernel=kernel, recorder=recorder, jobs=self.jobs, is_stopped=is_stopped)

    def create_admin(self, *, name: str, email: str, role: str) -> Admin:
        user_id = self._instances.platform.create_admin(name=name, email=email, role=role)
        return Admin(user_id=str(user_id), name=name)

    def revoke_admin(self, *, http: httpx.Client, authorization: Mapping[str, str], user_id: str) -> None:
        revoke_platform_admin(http=http, authorization=authorization, user_id=user_id)

    def admin_token(self, *, subject: str, ttl_seconds: int) -> str:
        return mint(
            self._settings.admin_jwt_secret, user_id=UUID(subject), now=self._clock.now, ttl_seconds=ttl_seconds
        )

    def break_glass_token(self, *, subject: str, ttl_seconds: int) -> str | None:
        return mint_break_glass(
            self._break_glass_secret, user_id=UUID(subject), now=self._clock.now, ttl_seconds=ttl_seconds
        )

    def configuration(self) -> Mapping[str, str]:
        """Settings in force, by name; secrets by their hash, which changes when they do."""
        if self._instances.running:
            self._in_force = self._instances.platform.settings
        return {
            name: hashlib.sha256(str(value).encode()).hexdigest()
            for name, value in sorted(vars(self._in_force).items())
        }

    def code_files(self) -> Sequence[Path]:
        folder = Path(simulation.staging.__file__).parent
        return sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".sql", ".j2", ".css"))

    def log_lines(self) -> Sequence[str]:
        return self._log_lines

    def _write_log(self, line: str) -> None:
        self._log_lines.append(line)
        self._log(line)

    def close(self) -> None:
        self._instances.stop()
        self._rest.close()

    def _target_job(self, job: Job) -> TargetJob:
        """The job of whatever instance runs when it is due."""
        schedule = job.schedule
        daily = schedule.hour * 3600 + schedule.minute * 60 if isinstance(schedule, DailyAt) else None
        return TargetJob(
            name=job.name,
            interval_seconds=schedule.seconds if isinstance(schedule, Every) else _DAY_SECONDS,
            daily_at_seconds=daily,
            run=lambda: self._run(job.name),
        )

    def _start_later(self) -> None:
        assert self._kernel is not None, "whoever gives it a point gives it the kernel"
        self._kernel.spawn(self._start_again(self._kernel))

    def _start_again(self, kernel: Kernel) -> SimProcess:
        yield kernel.sleep(DOWN_SECONDS)
        self._instances.start()

    def _run(self, name: str) -> JobOutcome:
        if not self._instances.running:
            return JobOutcome(busy=False, missed=True)
        job = next(job for job in self._instances.platform.jobs if job.name == name)
        result = self._instances.carry_out(name, job.run)
        if result is None:
            return JobOutcome(busy=True, missed=True)
        return JobOutcome(busy=result.error is not None or any(result.counts.values()), error=result.error)
