"""What the Postgres servers of all environments have in common: databases from a template, roles, the revocation of
the founder's access."""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from simulation.environment.causes import KILLED, fault_behind, fault_of
from simulation.environment.protocol import ROLES, Database
from simulation.environment.server_log import first_fault, stops_in
from simulation.errors import EnvironmentFault
from simulation.paths import POSTGRES_FOLDER

SETTINGS = POSTGRES_FOLDER / "postgresql.conf"
ROLES_SQL = POSTGRES_FOLDER / "roles.sql"
SUPERUSER = "superuser"
_TEMPLATE = "staging_template"
_START_DEADLINE_WALL_SECONDS = 30.0
_LOG_DEADLINE_WALL_SECONDS = 5.0


class PostgresServer(ABC):
    """One server on one simulated clock; many databases cloned from one template.

    A subclass starts and stops it, and fills in where it listens and its roles' passwords.
    """

    name: str
    host: str
    port: int
    clock_file: Path
    passwords: dict[str, str]
    own_stops: int = 0
    """How often the run itself has shut it down to start it again."""

    @abstractmethod
    def start(self) -> None:
        """Bring it up; returns when the server accepts connections. Raises :class:`EnvironmentFault`."""

    @abstractmethod
    def stop(self) -> None:
        """Stop at once and wait; safe to call twice."""

    def restart(self, settings: Mapping[str, str]) -> None:  # noqa: ARG002 - for those that can
        """Shut down cleanly and start again with these settings besides its own; data and clock are kept.

        :raises EnvironmentFault: this environment's server cannot.
        """
        raise EnvironmentFault(
            problem=f"the environment {self.name} cannot restart its PostgreSQL within a run",
            remedy="run this scenario with --environment embedded",
        )

    @property
    @abstractmethod
    def alive(self) -> bool:
        """Whether the server runs; cheap enough to be asked often."""

    @abstractmethod
    def server_log(self) -> Iterator[str]:
        """Lines of the server's JSON log so far."""

    @abstractmethod
    def last_words(self) -> str:
        """Its last output before it had a log, in one line."""

    @property
    def process_id(self) -> int | None:
        """Process id of the server's first process; None if its processes cannot be seen from this machine."""
        return None

    @property
    def detail(self) -> str:
        """Which container and image it is, for the report; empty where the environment's name says enough."""
        return ""

    def fault(self) -> EnvironmentFault | None:
        """Why what the platform did cannot be held against it: the server was stopped, killed, or lacked something.

        What it says of itself decides; the run's own restarts are no fault.
        """
        if found := first_fault(self.server_log(), own_stops=self.own_stops):
            return found
        if not self.alive:
            return fault_of(self.last_words(), what="PostgreSQL died during the run", otherwise=KILLED.remedy)
        return None

    def wait_until_up(self) -> None:
        """Returns once the superuser can connect. Raises :class:`EnvironmentFault` with the server's last words."""
        deadline = time.monotonic() + _START_DEADLINE_WALL_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError), self.superuser("postgres"):
                return
            if not self.alive:
                break
            time.sleep(0.02)
        raise fault_of(
            self.last_words(),
            what="PostgreSQL did not start",
            otherwise="is the machine overloaded? 'simulate doctor' tries it by itself and tells more",
        )

    def prepare_template(self, migrate: Callable[[str], None]) -> None:
        """Create the template database and load the schema with ``migrate(sqlalchemy_url)`` as its owner."""
        with self.superuser("postgres") as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
        migrate(self.database(_TEMPLATE).url(SUPERUSER, application="migrations"))

    def clone(self, name: str) -> Database:
        """A fresh database with the schema and a WAL slot ``witness_<name>`` that sees its first change."""
        with self.superuser("postgres") as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(_TEMPLATE))
            )
            connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
            for role in ROLES:
                connection.execute(
                    sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), sql.Identifier(role))
                )
        with self.superuser(name) as connection:
            connection.execute("SELECT pg_create_logical_replication_slot(%s, 'test_decoding')", (slot_name(name),))
        return self.database(name)

    def drop(self, name: str) -> None:
        """Remove a cloned database and its slot."""
        with self.superuser("postgres") as connection:
            connection.execute("SELECT pg_drop_replication_slot(%s)", (slot_name(name),))
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def database(self, name: str) -> Database:
        """How to reach a database of this server."""
        return Database(name=name, clock_file=self.clock_file, host=self.host, port=self.port, passwords=self.passwords)

    def revoke_founder(self) -> None:
        """Revoke the founder's access and close the superuser: from now on only the platform may change a row."""
        with self.superuser("postgres") as connection:
            connection.execute("ALTER ROLE founder NOLOGIN")
            connection.execute("REVOKE pg_read_all_data, pg_write_all_data FROM founder")
            connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(SUPERUSER)))

    @contextmanager
    def superuser(self, name: str) -> Iterator[psycopg.Connection[Any]]:
        """A superuser's connection to database ``name``, until :meth:`revoke_founder`."""
        conninfo = self.database(name).conninfo(SUPERUSER, application="environment")
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=10) as connection:
            yield connection


@contextmanager
def running(server: PostgresServer) -> Iterator[PostgresServer]:
    """The started server; stopped afterwards, whatever happens.

    :raises EnvironmentFault: the server died or its disk was full. It replaces any other error, which may have followed
        from that, and is raised even if the block ended well.
    """
    try:
        server.start()
        # An image prepares its data with a server that it stops again before the one that stays.
        server.own_stops = stops_in(server.server_log())
        try:
            yield server
        except EnvironmentFault as error:
            if fault := server.fault():  # the server knows best what happened to it
                raise fault from error
            raise
        except Exception as error:
            if fault := _fault_behind(server, error):
                raise fault from error
            raise
        if fault := server.fault():
            raise fault
    finally:
        server.stop()


def _fault_behind(server: PostgresServer, error: Exception) -> EnvironmentFault | None:
    """Why a connection of the harness broke. The server writes down what happened to it a moment after it happened."""
    broken = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    deadline = time.monotonic() + (_LOG_DEADLINE_WALL_SECONDS if broken else 0)
    while True:
        if fault := server.fault() or fault_behind(error):
            return fault
        if time.monotonic() >= deadline:
            break
        time.sleep(0.05)
    if not broken:
        return None
    return EnvironmentFault(
        problem=f"PostgreSQL broke off a connection of the harness: {' '.join(str(error).split())}",
        remedy="is the machine overloaded, or short of memory? Run again; the history so far is in the run's folder",
    )


def slot_name(database_name: str) -> str:
    """The logical replication slot of a cloned database."""
    return f"witness_{database_name}"
