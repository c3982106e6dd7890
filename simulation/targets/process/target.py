"""A backend in processes of its own, brought up; see :class:`simulation.targets.protocol.Target`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx

from simulation.clock import Kernel
from simulation.contract.log import Log
from simulation.events.governance import Governance
from simulation.history import Recorder
from simulation.targets.columns import plain_columns
from simulation.targets.platform_people import PlatformPeople
from simulation.targets.process.admins import BREAK_GLASS_SECRET, Admins
from simulation.targets.process.commands import run_command
from simulation.targets.process.cron import Cron
from simulation.targets.process.event_loop import EventLoop
from simulation.targets.process.job_watch import WatchedJobs
from simulation.targets.process.people_file import FILE_NAME as PEOPLE_FILE
from simulation.targets.process.people_file import OwnChargedThere, OwnPeople
from simulation.targets.process.programs import Programs
from simulation.targets.process.reverse_proxy import ReverseProxy
from simulation.targets.process.service import ProcessService
from simulation.targets.process.stepper import Stepper
from simulation.targets.process.supervisor import Supervisor
from simulation.targets.process.target_file import TargetFile
from simulation.targets.process.values import STRIPE_KEY_FILE
from simulation.targets.protocol import Routes
from simulation.targets.queries import KEYS
from simulation.witness.exchange import ExchangeContext
from simulation.world.ports import Admin, People, Service

_NEVER_CODE = "node_modules"
_KEY_FILE = "SIGNING_KEY_FILE"


class ProcessTarget:
    """:param make_people: the class ``People`` of the folder's people.py, None without one.
    :param declared_log: what its contract says of its log; None: nothing."""

    def __init__(
        self,
        *,
        file: TargetFile,
        relations: Mapping[str, str],
        make_people: Callable[[httpx.Client], People] | None,
        programs: Programs,
        stepper: Stepper,
        loop: EventLoop,
        admins: Admins,
        supervisor: Supervisor,
        rest: ExitStack,
        declared_log: Log | None = None,
    ) -> None:
        self._declared_log = declared_log
        self._log_lines = list[tuple[str, str]]()
        self.file = file
        self.programs = programs
        self.stepper = stepper
        self.supervisor = supervisor
        self.name = file.name
        self.governance: Governance = file.governance.governance().model_copy(
            update={"observed_columns": {name: plain_columns(sql, key=KEYS[name]) for name, sql in relations.items()}}
        )
        self.relations = relations
        self.routes = Routes(
            webhook=file.stripe.webhook_path,
            metrics=file.web.metrics,
            admin_probe=file.admin.probe,
            diagnostics=file.web.diagnostics,
        )
        service = ProcessService(supervisor)
        self.service: Service | None = service
        self.signing_key = Path(programs.values[_KEY_FILE]) if file.gives(_KEY_FILE) else None
        self.stripe_key_file = Path(programs.values[STRIPE_KEY_FILE]) if file.gives(STRIPE_KEY_FILE) else None
        self.wsgi = ReverseProxy(
            sandbox=programs.sandbox, stepper=stepper, loop=loop, port=file.web.port, service=service
        )
        self.wsgi.kill = supervisor.kill_and_restart
        self.kill_after_next_request: Callable[[], None] | None = self.wsgi.kill_after_next_request
        self._make_people = make_people
        self._own_people: People | None = None
        self._admins = admins
        self._rest = rest

    def people(self, *, http: httpx.Client, context: ExchangeContext) -> People:
        if self._make_people is None:
            return PlatformPeople(http=http, context=context)
        # One for everybody who acts: it may keep what it was told, such as a session or where an order's page is.
        people = self._own_people = self._own_people or self._make_people(http)
        own = OwnChargedThere if callable(getattr(people, "pay", None)) else OwnPeople
        return own(
            people=people,
            context=context,
            file=self.programs.folder / PEOPLE_FILE,
            profile=self.file.profile,
        )

    def job_watch(
        self,
        *,
        kernel: Kernel,
        recorder: Recorder,
        is_stopped: Callable[[str], bool],  # noqa: ARG002 - its timers are its own
    ) -> WatchedJobs:
        return WatchedJobs(
            kernel=kernel,
            recorder=recorder,
            stepper=self.stepper,
            jobs=self.file.job,
            step_seconds=self.file.step_seconds,
            log=self.programs.log,
            cron=Cron(self.programs, self.stepper),
            told=self._keep_line,
        )

    def create_admin(self, *, name: str, email: str, role: str) -> Admin:
        if self.file.admin.create is None:
            return Admin(user_id=self._admins.create_by_sql(name=name, email=email, role=role), name=name)
        user_id = run_command(
            self.programs,
            self.file.admin.create,
            values={"NAME": name, "EMAIL": email, "ROLE": role},
            key="[admin] create",
        )
        return Admin(user_id=user_id, name=name)

    def revoke_admin(self, *, http: httpx.Client, authorization: Mapping[str, str], user_id: str) -> None:
        self._admins.revoke(http=http, authorization=authorization, user_id=user_id)

    def admin_token(self, *, subject: str, ttl_seconds: int) -> str:
        return self._admins.token(subject=subject, ttl_seconds=ttl_seconds)

    def break_glass_token(self, *, subject: str, ttl_seconds: int) -> str | None:
        given = self.file.gives(BREAK_GLASS_SECRET)
        return self._admins.break_glass_token(subject=subject, ttl_seconds=ttl_seconds) if given else None

    def configuration(self) -> Mapping[str, str]:
        """PROGRAM.VARIABLE → hash of its value."""
        return {
            f"{table.name}.{name}": hashlib.sha256(value.encode()).hexdigest()
            for table in self.file.process
            for name, value in sorted(self.programs.environment_of(table).items())
        }

    def code_files(self) -> Sequence[Path]:
        found: set[Path] = set()
        for table in self.file.process:
            folder = self.programs.directory_of(table)
            for pattern in table.code:
                found.update(path for path in folder.glob(pattern) if path.is_file() and _NEVER_CODE not in path.parts)
        return sorted(found)

    def log_lines(self) -> Sequence[str]:
        """By their instants: what several processes say at one comes in any order. Only what the contract declares."""
        return [line for _, line in sorted(self._log_lines)]

    def _keep_line(self, text: str) -> None:
        declared = self._declared_log
        line = None if declared is None else declared.read(text)
        if declared is not None and line is not None and declared.number_of(line.says) is not None:
            self._log_lines.append((line.at, text))

    def close(self) -> None:
        self._rest.close()
