"""Which jobs have work and which configuration is active, asked once for all the jobs that start at the same moment.

Most job runs find nothing to do, and four jobs that start in the same second would each query the database to learn it.
Here one statement answers for all; it is sent again a second later, and after every transaction of this process.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import TextClause, text

from simulation.staging.database import Database


class Agenda:
    """`due`: for each job the query whose rows are its work; a job with work runs its query itself.

    `active_version` is the query for the configuration version in force, without a row where none was ever activated.
    """

    def __init__(self, database: Database, due: Mapping[str, TextClause], *, active_version: TextClause) -> None:
        self._database = database
        columns = "".join(f", EXISTS ({query.text}) AS {job}" for job, query in due.items())
        self._statement = text(f"SELECT ({active_version.text}) AS active_version{columns}")
        self._asked_at: tuple[datetime, int] | None = None
        self._answer: Any = None

    def has_work_for(self, job: str) -> bool:
        """Whether the job has anything to do now. Raises `psycopg.Error`."""
        return bool(getattr(self._asked(), job))

    def active_version(self) -> int | None:
        """The configuration version in force; None where none was ever activated. Raises `psycopg.Error`."""
        version: int | None = self._asked().active_version
        return version

    def _asked(self) -> Any:
        moment = datetime.now(UTC).replace(microsecond=0), self._database.transactions
        if self._asked_at != moment:
            self._answer = self._database.read(self._statement)[0]
            self._asked_at = moment
        return self._answer
