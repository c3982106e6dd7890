"""How the deployment appoints admins of a backend, and how they show who they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

import httpx
import jwt
import psycopg
from psycopg import sql

from simulation.clock import SimulationClock
from simulation.environment.protocol import Database
from simulation.environment.server import PostgresServer
from simulation.errors import UsageError
from simulation.targets.platform_people import revoke_platform_admin
from simulation.targets.process.target_file import AdminTable, fill_in

BREAK_GLASS_SECRET = "BREAK_GLASS_SECRET"  # noqa: S105 - the name of a placeholder
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


class Admins:
    """See ``[admin]`` of target.toml.

    :param place: file and table, for messages.
    """

    def __init__(
        self,
        *,
        table: AdminTable,
        place: str,
        server: PostgresServer,
        database: Database,
        clock: SimulationClock,
        values: Mapping[str, str],
    ) -> None:
        self._table = table
        self._place = place
        self._server = server
        self._database = database
        self._clock = clock
        self._values = dict(values)

    def create_by_sql(self, *, name: str, email: str, role: str) -> str:
        """Returns the new admin's id. Raises :class:`UsageError`."""
        assert self._table.create_sql is not None
        return self._run_sql("create_sql", self._table.create_sql, {"NAME": name, "EMAIL": email, "ROLE": role})

    def revoke(self, *, http: httpx.Client, authorization: Mapping[str, str], user_id: str) -> None:
        """Take an admin's rights. Raises :class:`EnvironmentFault` when the backend refuses it."""
        if self._table.revoke is not None:
            revoke_platform_admin(
                http=http, authorization=authorization, user_id=user_id, request=self._table.revoke, see=self._place
            )
        elif self._table.revoke_sql is not None:
            self._run_sql("revoke_sql", self._table.revoke_sql, {"USER_ID": user_id})

    def token(self, *, subject: str, ttl_seconds: int) -> str:
        secret = fill_in(self._table.token.secret, self._values)
        return self._signed({**self._table.token.claims, "sub": subject}, secret, ttl_seconds=ttl_seconds)

    def break_glass_token(self, *, subject: str, ttl_seconds: int) -> str:
        """For the time in which no other can be verified: it names its bearer and makes nobody an admin."""
        claims: dict[str, str | bool | int] = {"sub": subject, "scope": "break_glass"}
        return self._signed(claims, self._values[BREAK_GLASS_SECRET], ttl_seconds=ttl_seconds)

    def _signed(self, claims: Mapping[str, str | bool | int], secret: str, *, ttl_seconds: int) -> str:
        now = self._clock.now
        validity = {"iat": int(now.timestamp()), "exp": int((now + timedelta(seconds=ttl_seconds)).timestamp())}
        return jwt.encode({**claims, **validity}, secret, algorithm=self._table.token.algorithm)

    def _run_sql(self, key: str, statement: str, values: Mapping[str, str]) -> str:
        parts = _PLACEHOLDER.split(statement)
        composed = sql.Composed(
            [sql.Literal(values.get(part, "")) if number % 2 else sql.SQL(part) for number, part in enumerate(parts)]
        )
        try:
            with self._server.superuser(self._database.name) as connection:
                cursor = connection.execute(composed)
                row = cursor.fetchone() if cursor.description else None
        except psycopg.Error as error:
            said = " ".join(str(error).split())
            raise UsageError(place=self._place, problem=f"{key}: {said}", remedy="correct the SQL") from error
        return "" if row is None else str(row[0])
