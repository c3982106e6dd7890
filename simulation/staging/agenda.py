"""Which jobs have work, asked once for all the jobs that start at the same moment.

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
    """`due`: for each job the query whose rows are its work; a job with work runs its query itself."""

    def __init__(self, database: Database, due: Mapping[str, TextClause]) -> None:
        self._database = database
        columns = ", ".join(f"EXISTS ({query.text}) AS {job}" for job, query in due.items())
        self._statement = text(f"SELECT {columns}")
        self._asked_at: tuple[datetime, int] | None = None
        self._answer: Any = None

    def has_work_for(self, job: str) -> bool:
        """Whether the job has anything to do now. Raises `psycopg.Error`."""
        moment = datetime.now(UTC).replace(microsecond=0), self._database.transactions
        if self._asked_at != moment:
            self._answer = self._database.read(self._statement)[0]
            self._asked_at = moment
        return bool(getattr(self._answer, job))
