"""Events from the database and its log: committed row changes, connections, statements; and each witness's total."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from simulation.events.base import Event

Row = dict[str, JsonValue]


class Change(BaseModel):
    """One committed row change.

    ``new``: the row after it (insert, update); ``key``: the old key columns (update of a key, delete).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    table: str
    op: Literal["insert", "update", "delete", "truncate"]
    new: Row = Field(default_factory=dict)
    key: Row = Field(default_factory=dict)


class Transaction(Event):
    """One committed transaction from the write-ahead log; ``at`` is its commit time.

    ``xid`` counts from 1 within the run, in commit order; ``xid8`` columns hold it too (the witness translates), so
    that the server's own numbers never reach the history.
    """

    kind: Literal["transaction"] = "transaction"
    xid: int
    changes: tuple[Change, ...]


class TableCatalogue(Event):
    """Names of the tables and views at the end of the run, from the database's own catalogue."""

    kind: Literal["table_catalogue"] = "table_catalogue"
    tables: tuple[str, ...]


class DatabaseAccess(Event):
    """A connection, or a statement of a role whose statements are logged. From the server's JSON log."""

    kind: Literal["database_access"] = "database_access"
    role: str
    application: str
    access: Literal["connection", "statement", "refused"]
    statement: str = ""
    count: int = 1


class WitnessSummary(Event):
    """How many records a witness made over the run; none means that something kept it from seeing."""

    kind: Literal["witness_summary"] = "witness_summary"
    witness: Literal["wal", "access_log", "stripe_journal", "exchange", "provider"]
    records: int
    problem: str | None = None
