"""What the audit rules must know of a target: its governed and append-only tables, by the target's own names."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Governance(BaseModel):
    """Stated by the target and stored in the history, so that a history can be judged without its platform."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    governed_tables: tuple[str, ...]
    append_only_tables: tuple[str, ...]
    audit_table: str
    """Table with one row for every transaction that changes a governed table."""
    audit_columns: dict[str, str]
    """Canonical name (``transaction_id``, ``actor``, ``action``, ``reason``, ``request_id``, ``created_at``) →
    column."""
    contest_table: str
    contest_status_column: str
    contest_audit_table: str
    contest_audit_columns: dict[str, str]
    """The same with ``contest_id``, ``from_status`` and ``to_status``, and without transaction and request."""
    executions_table: str
    system_actor: str
    """Actor of automatic transitions."""
    planned_time_columns: tuple[str, ...] = ()
    """``table.column`` whose times may lie outside the simulated window: planned times, and the start of a look
    back."""
    observed_columns: dict[str, dict[str, str]] | None = None
    """Canonical relation → its column → the column of the target's table that is shown there as it is, without what is
    computed. None: whatever has the same name on both sides."""
    contest_score_tables: dict[str, str] = {}
    """Append-only tables that hold a contest's scores, each with the column that names the contest; rows have an
    ``id``. They are what a fault takes from the database and a restore brings back."""
    idempotency_table: str = ""
    """Table with one row for every request that was done under an ``Idempotency-Key``; empty where there is none."""
    restore_request: str = ""
    """``METHOD /path`` pattern of the request that brings lost rows back; empty where the target has none."""
    repeatable_requests: tuple[str, ...] = ()
    """``METHOD /path`` patterns of requests that, made again, do only what is still to be done: a job's run, a copy. An
    operator whom nobody answered may make them once more without an ``Idempotency-Key``."""
    runbook_only_requests: tuple[str, ...] = ()
    """``METHOD /path`` patterns (``*`` for one segment) that are interventions outside an open runbook execution."""
    break_glass_runbook: str = ""
    """The runbook whose executions may use the break-glass token, while no other token can be verified."""
    break_glass_requests: tuple[str, ...] = ()
    """The requests that the break-glass token may make, as ``METHOD /path`` patterns."""

    @property
    def records_of_requests(self) -> frozenset[str]:
        """Tables whose rows say what was asked and done, and are no state of the business."""
        return frozenset({self.audit_table, self.contest_audit_table, self.idempotency_table})

    def own_column(self, relation: str, column: str) -> str | None:
        """What the target's table calls a column of a canonical relation; None for one that the target computes."""
        return column if self.observed_columns is None else self.observed_columns.get(relation, {}).get(column)


NO_GOVERNANCE = Governance(
    governed_tables=(),
    append_only_tables=(),
    audit_table="",
    audit_columns={},
    contest_table="",
    contest_status_column="",
    contest_audit_table="",
    contest_audit_columns={},
    executions_table="",
    system_actor="",
)
"""For a history that has lost its beginning; no check passes on such a history."""
