"""What people see to and an admin acknowledges: a transfer given up, a dispute, what a bank did not keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause

from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.runtime import Runtime


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """A kind of thing to be acknowledged.

    :param name: ``payout_transfer``: of its entity, of its actions and its id in records.
    :param lock: the row ``:id``, held, with its ``contest_id``, null where it belongs to none.
    :param write: takes ``:id`` and ``:acknowledged``, and ``:actor`` where it keeps who did.
    :param refuse: raises 409 where the row is nothing to be acknowledged.
    """

    name: str
    lock: TextClause
    write: TextClause
    refuse: Callable[[Row[Any]], None] = lambda _: None


def acknowledge(
    runtime: Runtime, context: Context, kind: Acknowledgement, row_id: UUID, *, acknowledged: bool, reason: str
) -> None:
    """Acknowledge it, or withdraw the acknowledgement. Raises 404, and what ``refuse`` raises."""
    action = f"{kind.name}_acknowledged" if acknowledged else f"{kind.name}_acknowledgement_withdrawn"
    with runtime.unit_of_work(context, action=action, reason=reason, entity=(kind.name, row_id)) as work:
        rows = work.read(kind.lock, id=row_id)
        if not rows:
            raise ApiError(404, f"{kind.name}_not_found", f"no {kind.name.replace('_', ' ')} {row_id}")
        kind.refuse(rows[0])
        work.write(kind.write, id=row_id, acknowledged=acknowledged, actor=context.actor)
        if rows[0].contest_id is not None:
            work.record_contest_action(
                rows[0].contest_id, action=action, reason=reason, payload={f"{kind.name}_id": str(row_id)}
            )
    runtime.log_admin(context, action, entity_id=row_id, contest_id=rows[0].contest_id)
