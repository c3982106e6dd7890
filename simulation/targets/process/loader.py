"""Reads a target folder, loads its schema into a run's database, and brings its backend up."""

from __future__ import annotations

import shlex
import shutil
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy.engine import make_url

from simulation.contract.business import UNDECLARED
from simulation.contract.document import NO_CONTRACT, Contract
from simulation.contract.file import load_contract
from simulation.environment.clock_library import clock_file_in
from simulation.environment.installations import Needs
from simulation.environment.protocol import Database
from simulation.environment.server import SUPERUSER
from simulation.errors import EnvironmentFault, UsageError
from simulation.paths import ALERTS_FOLDER, RUNBOOKS_FOLDER
from simulation.targets.columns import is_filtered, table_of_rows
from simulation.targets.identity import key_files, stripe_key_file
from simulation.targets.process.admins import Admins
from simulation.targets.process.certificates import Authority, make_authority, meet_the_real_clock
from simulation.targets.process.commands import MIGRATE, run_command
from simulation.targets.process.database_gateway import DatabaseGateway, socket_of
from simulation.targets.process.event_loop import EventLoop
from simulation.targets.process.executables import require_programs
from simulation.targets.process.feed_file import OwnFeed, load_feed
from simulation.targets.process.idle_probe import IdleProbe
from simulation.targets.process.observation import FILE_NAME as OBSERVE_SQL
from simulation.targets.process.observation import load_relations, try_relations
from simulation.targets.process.people_file import load_people
from simulation.targets.process.programs import Programs
from simulation.targets.process.quiescence import ThreadTable, keep_to_our_processors, parent_of
from simulation.targets.process.readiness import prove_it_is_up
from simulation.targets.process.sandbox import open_sandbox
from simulation.targets.process.sandbox_init import SERVICES
from simulation.targets.process.schema import asked_for, grant_to_backend, load_dump, load_seed
from simulation.targets.process.socket_queues import SocketQueues
from simulation.targets.process.stepper import Stepper
from simulation.targets.process.supervisor import Supervisor
from simulation.targets.process.surroundings import connect, open_gateway, statement_gate
from simulation.targets.process.target import ProcessTarget
from simulation.targets.process.target_file import FILE_NAME as TARGET_TOML
from simulation.targets.process.target_file import TargetFile, fill_in, load_target_file
from simulation.targets.process.values import DATABASE_TCP_PORT, seed_values, tcp_url, values_of
from simulation.targets.protocol import Site, TargetKeys
from simulation.targets.queries import KEYS
from simulation.world.stripe.integration import Integration

_PEOPLE_BUY: Final = "people buy and pay, and nobody plays (profile of target.toml)"
_HOSTS_FILE = "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {own_name}\n"
"""With the machine's own name, as everywhere: who asks for it (each mail that Python sends) calls no stranger."""
_RESOLVER_FILE = "nameserver 127.0.0.1\noptions timeout:5 attempts:1\n"
_LOOKUP_ORDER_FILE = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"


@dataclass(frozen=True, kw_only=True)
class ProcessChoice:
    """See :class:`simulation.targets.protocol.TargetChoice`."""

    folder: Path
    file: TargetFile
    relations: Mapping[str, str]
    contract: Contract = NO_CONTRACT
    feed: OwnFeed | None = None

    @property
    def name(self) -> str:
        return self.file.name

    def schema_digest(self) -> None:
        """Its migrations are a program of its own, which may read anything."""

    @property
    def server_needs(self) -> Needs:
        table = self.file.database
        extensions = dict.fromkeys(table.extensions, self.file.place("database", "extensions"))
        if table.schema_file is not None:
            extensions |= asked_for(self.folder / table.schema_file)
        return Needs(version=table.server, extensions=extensions)

    @property
    def charges_there(self) -> bool:
        """Whether it makes the payment of a buyer by itself: its people hand it a payment method."""
        return callable(getattr(load_people(self.folder, self.file.profile), "pay", None))

    @property
    def option(self) -> str:
        return f"--target {shlex.quote(str(self.folder))}"

    @property
    def integration(self) -> Integration:
        return self.file.stripe.integration()

    @property
    def stripe_hosts(self) -> Sequence[str]:
        return self.file.stripe.hosts

    @property
    def webhook(self) -> str:
        return self.file.stripe.webhook_path

    @property
    def provider_hosts(self) -> Sequence[str]:
        return self.file.provider.hosts

    @property
    def runbooks(self) -> Path:
        return RUNBOOKS_FOLDER if self.file.runbooks is None else self.folder / self.file.runbooks

    @property
    def alerts(self) -> Path:
        return ALERTS_FOLDER if self.file.alerts is None else self.folder / self.file.alerts

    def load_schema(
        self,
        url: str,
        *,
        folder: Path,
        clock_file: Path,
        keys: TargetKeys,
        told: Callable[[str], object] = lambda _: None,
    ) -> None:
        """By the SQL dump, or by the backend's own migrations, run in a sandbox of their own; then its seed.

        :param told: is told what of the dump was skipped.
        """
        parsed = make_url(url)
        where = f"host={parsed.query['host']} port={parsed.query['port']} dbname={parsed.database}"
        conninfo = f"{where} user={parsed.username} password={parsed.password}"
        if self.file.database.migrate is not None:
            self._migrate(url, folder=folder, clock_file=clock_file, keys=keys)
        table = self.file.database
        with psycopg.connect(conninfo, autocommit=True) as connection:
            if table.schema_file is not None:
                for skipped in load_dump(
                    connection, self.folder / table.schema_file, skip_settings=table.skip_settings
                ):
                    told(skipped)
            if table.seed_file is not None:
                load_seed(connection, self.folder / table.seed_file, values=seed_values(self.file, keys))
            grant_to_backend(connection)

    def bring_up(self, site: Site, *, try_queries: bool = True) -> ProcessTarget:
        """:raises EnvironmentFault: it does not come up. :raises UsageError: a query does not fit its schema."""
        require_programs(self.file, self.folder)
        if try_queries:
            try_relations(self.relations, file=self.folder / OBSERVE_SQL, database=site.database)
        if site.server.process_id is None:
            raise EnvironmentFault(
                problem="the database's processes are not this machine's, and rest is read from them, too",
                remedy="run with --environment embedded, or with an engine of this machine",
            )
        with ExitStack() as rest:
            target = self._bring_up(site, rest)
            target._rest = rest.pop_all()
            return target

    def _bring_up(self, site: Site, rest: ExitStack) -> ProcessTarget:
        loop = EventLoop()
        rest.callback(loop.close)
        watched, way = site.statements is not None, site.folder / "gateway"
        programs, authority = self._prepared(
            rest,
            folder=site.folder,
            database=replace(site.database, host=str(way)) if watched else site.database,
            keys=site.keys,
            log=site.log,
            alerts_host=site.alerts_host,
        )
        stepper = self._stepper(site, rest, programs, loop)
        supervisor = Supervisor(
            kernel=site.kernel, recorder=site.recorder, programs=programs, stepper=stepper, loop=loop
        )
        gate = statement_gate(site, self.file, programs)
        gateway = open_gateway(
            site, rest, loop, file=self.file, folder=way, gate=gate, programs=programs, stepper=stepper,
            supervisor=supervisor,
        )  # fmt: skip
        connect(
            site, programs, loop, gate=gate, database=gateway, authority=authority, stepper=stepper,
            supervisor=supervisor,
        )  # fmt: skip
        programs.at_rest, programs.pass_a_second = stepper.at_rest, stepper.pass_a_second
        programs.start_all()
        programs.wait_until_listening()
        admins = Admins(
            table=self.file.admin,
            place=self.file.place("admin"),
            server=site.server,
            database=site.database,
            clock=site.kernel.clock,
            values=programs.values,
        )
        target = ProcessTarget(
            file=self.file,
            relations=self.relations,
            make_people=load_people(self.folder, self.file.profile),
            programs=programs,
            stepper=stepper,
            loop=loop,
            admins=admins,
            supervisor=supervisor,
            rest=rest,
            declared_log=self.contract.log,
        )
        if gate is not None:
            target.wsgi.during = gate.during
        prove_it_is_up(target)
        keep_to_our_processors(stepper.own())
        supervisor.watch_all()
        return target

    def _prepared(
        self, rest: ExitStack, *, folder: Path, database: Database, keys: TargetKeys, log: Path, alerts_host: str
    ) -> tuple[Programs, Authority]:
        """A sandbox in which the programs can be started, with the values and files they will be given."""
        own = folder / "backend"
        own.mkdir(mode=0o755, exist_ok=True)
        scratch = own / "scratch"
        scratch.mkdir(exist_ok=True)
        hosts = (*self.stripe_hosts, *self.provider_hosts, alerts_host)
        authority = make_authority(folder=own, hosts=hosts)
        values = values_of(
            self.file,
            folder=self.folder.resolve(),
            database=database,
            keys=keys,
            authority=authority,
            scratch=scratch,
            signing_keys=key_files(own / "identity", keys),
            stripe_key=stripe_key_file(own / "identity", keys),
            alerts_api_url=f"https://{alerts_host}",
            runbooks=self.runbooks.resolve(),
        )
        sandbox = rest.enter_context(open_sandbox())
        commands = [fill_in(table.command[0], values) for table in self.file.process]
        sandbox.mount(
            files={
                "/etc/hosts": _written(
                    own / "hosts",
                    _HOSTS_FILE.format(own_name=socket.gethostname())
                    + "".join(f"{SERVICES} {host}\n" for host in hosts),
                ),
                "/etc/resolv.conf": _written(own / "resolv.conf", _RESOLVER_FILE),
                "/etc/nsswitch.conf": _written(own / "nsswitch.conf", _LOOKUP_ORDER_FILE),
                **authority.covered_files(
                    commands,
                    directories=[(self.folder / table.directory).resolve() for table in self.file.process],
                    named=self._ca_files(),
                ),
            },
            workspace=folder,
        )
        clock_file = clock_file_in(own)
        programs = Programs(
            file=self.file, folder=self.folder, sandbox=sandbox, values=values, clock_file=clock_file,
            variables=authority.variables(), log=log,
        )  # fmt: skip
        return programs, authority

    def _ca_files(self) -> Sequence[Path]:
        """:raises UsageError: one of ``ca_files`` is not there."""
        files = [(self.folder / name).resolve() for name in self.file.ca_files]
        for number, file in enumerate(files):
            if not file.is_file():
                raise UsageError(
                    place=self.file.place("ca_files", number),
                    problem=f"there is no file {file}",
                    remedy="name a file of certificate authorities that the backend reads (a PEM bundle, or cacerts)",
                )
        return files

    def _stepper(self, site: Site, rest: ExitStack, programs: Programs, loop: EventLoop) -> Stepper:
        init_pid = programs.sandbox.init_pid

        def belongs(pid: int) -> bool:
            return pid != init_pid and (programs.belongs(pid) or site.server.process_id in (pid, parent_of(pid)))

        threads = ThreadTable(belongs=belongs, ancestors=lambda: filter(None, (init_pid, site.server.process_id)))
        rest.callback(threads.close)
        own = ThreadTable(belongs=programs.belongs, ancestors=lambda: (init_pid,))
        rest.callback(own.close)
        socket_queues = SocketQueues(init_pid)
        rest.callback(socket_queues.close)
        idle_probe = IdleProbe(loop)
        rest.callback(idle_probe.close)
        return Stepper(
            clock=site.kernel.clock,
            clock_file=programs.clock_file,
            loop=loop,
            threads=threads,
            socket_queues=socket_queues,
            idle_probe=idle_probe,
            own=own.processes,
            with_timers=lambda: programs.with_timers(own.processes()),
            short_timer_seconds=self.file.short_timer_seconds,
            each_second=programs.require_bounded_output,
        )

    def _migrate(self, url: str, *, folder: Path, clock_file: Path, keys: TargetKeys) -> None:
        parsed = make_url(url)
        host, port = str(parsed.query["host"]), str(parsed.query["port"])
        database = Database(
            name=str(parsed.database), clock_file=clock_file, host=host, port=int(port),
            passwords={SUPERUSER: str(parsed.password), "platform": ""},
        )  # fmt: skip
        owner = f"postgresql://{SUPERUSER}:{parsed.password}@/{parsed.database}?host={host}&port={port}"
        with ExitStack() as rest:
            log = folder / "migrations.log"
            log.touch()
            programs, _ = self._prepared(
                rest,
                folder=folder,
                database=database,
                keys=keys,
                log=log,
                alerts_host="monitoring.test",
            )
            shutil.copy(clock_file, programs.clock_file)
            loop = EventLoop()
            rest.callback(loop.close)
            gateway = DatabaseGateway(loop=loop, server=socket_of(database), gate=None)
            rest.callback(gateway.close)
            (listener,), name_socket = programs.sandbox.listen((DATABASE_TCP_PORT,))
            name_socket.close()
            gateway.listen(listener)
            programs.pause = loop.turn
            programs.values = {
                **programs.values,
                "DATABASE_URL": owner,
                "DATABASE_TCP_URL": tcp_url(database.name, SUPERUSER, str(parsed.password)),
                "DATABASE_USER": SUPERUSER,
                "DATABASE_PASSWORD": str(parsed.password),
                "MIGRATION_URL": owner,
            }
            table = self.file.database
            assert table.migrate is not None
            run_command(
                programs,
                table.migrate,
                values={"MIGRATION_URL": owner},
                key=MIGRATE,
                seconds=table.migrate_seconds,
            )


def read_target(folder: Path) -> ProcessChoice:
    """Read a target folder; nothing is started.

    :raises UsageError: something in it is wrong, with ``file:line``.
    """
    file, relations = load_target_file(folder), load_relations(folder)
    choice = ProcessChoice(
        folder=folder,
        file=file,
        relations=relations,
        contract=_contract(folder, file, relations),
        feed=load_feed(folder),
    )
    load_people(folder, file.profile)
    meet_the_real_clock()
    return choice


def contract_of(folder: Path) -> Contract:
    """The contract in a folder, as a run with it has it; without a target.toml, what its contract files say.

    :raises UsageError: something in it is wrong.
    """
    if not (folder / TARGET_TOML).exists():
        return load_contract(folder)
    return _contract(folder, load_target_file(folder), load_relations(folder))


def _contract(folder: Path, file: TargetFile, relations: Mapping[str, str]) -> Contract:
    """The contract of a folder. A backend whose business nobody declared is not taken for the documented one.

    :raises UsageError: it is wrong, or says that there is none of what observe.sql shows.
    """
    contract = load_contract(folder)
    business = contract.business or UNDECLARED
    if "contests" in business.without and file.profile == "contests":
        raise UsageError(
            place=str(folder / TARGET_TOML),
            problem="the contract says that there are no contests",
            remedy='write `profile = "payments"` at the top',
        )
    if file.profile == "payments":
        without = {"contests": _PEOPLE_BUY, **business.without}
        business = business.model_copy(update={"without": without})
    contradicted = sorted(business.absent.keys() & relations.keys())
    if contradicted:
        raise UsageError(
            place=str(folder),
            problem=f"observe.sql has a query {contradicted[0]}, and the contract says that there is no such thing",
            remedy="remove one of the two",
        )
    filled_in = {
        "admins_by_sql": file.admin.create_sql is not None or file.admin.revoke_sql is not None,
        "webhooks": file.stripe.webhooks,
        "shown_by": {
            relation: table
            for relation, query in relations.items()
            if (table := table_of_rows(query, key=KEYS[relation])) is not None
        },
        "filtered": tuple(relation for relation, query in relations.items() if is_filtered(query)),
    }
    return contract.model_copy(update={"business": business.model_copy(update=filled_in)})


def _written(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    file.chmod(0o644)
    return file
