"""A transaction that cannot change a governed table without saying who did what, and why.

Every write of the platform goes through `UnitOfWork.write`. When the block ends and something was changed, exactly
one `audit_log` row is
written in the same transaction; when nothing was changed, none is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, TextClause, text

from simulation.staging import idempotency
from simulation.staging.canonical import canonical_json
from simulation.staging.context import Context
from simulation.staging.database import Database

_INSERT_AUDIT_LOG = text("""
    INSERT INTO audit_log (id, actor, action, reason, entity_type, entity_id, request_id, payload)
    VALUES (:id, :actor, :action, :reason, :entity_type, :entity_id, :request_id, CAST(:payload AS jsonb))
""")
_INSERT_CONTEST_AUDIT = text("""
    INSERT INTO admin_contest_audit (id, contest_instance_id, admin_user_id, action, reason, payload, from_status,
        to_status)
    VALUES (:id, :contest_id, :actor, :action, :reason, CAST(:payload AS jsonb), :from_status, :to_status)
""")


class UnitOfWork:
    """One transaction with its actor, action and reason."""

    def __init__(
        self,
        connection: Connection,
        *,
        context: Context,
        new_id: Callable[[], UUID],
        action: str,
        reason: str,
        entity_type: str,
        entity_id: UUID | str,
        payload: dict[str, object] | None = None,
    ) -> None:
        if not reason:
            raise ValueError(f"unit of work {action!r} has no reason")
        self.connection = connection
        self.context = context
        self.new_id = new_id
        self.action = action
        self.reason = reason
        self._entity_type = entity_type
        self._entity_id = str(entity_id)
        self.payload: dict[str, object] = dict(payload or {})
        self.result: object = None
        """What whoever asks again under the same key is given: what the operation returns."""
        self._changed = False

    def read(self, statement: TextClause, **parameters: object) -> Sequence[Row[Any]]:
        """Run a reading (or locking) statement."""
        return self.connection.execute(statement, parameters).all()

    def write(self, statement: TextClause, **parameters: object) -> Sequence[Row[Any]]:
        """Run a statement that changes rows; returns what its RETURNING clause gives."""
        result = self.connection.execute(statement, parameters)
        self._changed = self._changed or result.rowcount > 0
        return result.all() if result.returns_rows else []

    def record_contest_action(
        self,
        contest_id: UUID,
        *,
        action: str,
        reason: str,
        from_status: str | None = None,
        to_status: str | None = None,
        payload: dict[str, object] | None = None,
    ) -> None:
        """Add a row to the contest's own trail."""
        self.write(
            _INSERT_CONTEST_AUDIT,
            id=self.new_id(),
            contest_id=contest_id,
            actor=self.context.actor,
            action=action,
            reason=reason,
            payload=canonical_json(payload or {}),
            from_status=from_status,
            to_status=to_status,
        )

    def finish(self) -> None:
        """Write the audit record, if anything was changed, and the key that it was changed under."""
        if not self._changed:
            return
        if self.context.key is not None:
            idempotency.store(self.connection, self.context.key, request_id=self.context.request_id, result=self.result)
        self.connection.execute(
            _INSERT_AUDIT_LOG,
            {
                "id": self.new_id(),
                "actor": self.context.actor_name,
                "action": self.action,
                "reason": self.reason,
                "entity_type": self._entity_type,
                "entity_id": self._entity_id,
                "request_id": self.context.request_id,
                "payload": canonical_json(self.payload),
            },
        )


@contextmanager
def unit_of_work(
    database: Database,
    context: Context,
    new_id: Callable[[], UUID],
    *,
    action: str,
    reason: str,
    entity: tuple[str, UUID | str],
    payload: dict[str, object] | None = None,
) -> Iterator[UnitOfWork]:
    """Run the block in one audited transaction; `entity` is the type and id of what it is about.

    :raises AlreadyDone: the block was carried out before under the context's key, and is not again.
    """
    with database.transaction() as connection:
        if context.key is not None:
            idempotency.begin(connection, context.key)
        work = UnitOfWork(
            connection,
            context=context,
            new_id=new_id,
            action=action,
            reason=reason,
            entity_type=entity[0],
            entity_id=entity[1],
            payload=payload,
        )
        yield work
        work.finish()
