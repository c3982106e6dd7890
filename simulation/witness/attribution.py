"""Finds the cause of a committed transaction: the fault that affected one of its keys, else the request."""

from __future__ import annotations

from collections.abc import Callable

from simulation.events.governance import Governance
from simulation.witness.wal import RawTransaction

_KEY_COLUMNS = ("id", "reference_id", "stripe_event_id", "stripe_payment_intent_id", "payment_intent_id", "entity_id")


class Attribution:
    """Determines causes from the rows themselves, so that a fault can be followed to the ledger without the platform.

    The request id in an audit row is ``<cause>#<n>`` for HTTP requests (:mod:`simulation.witness.exchange` assigns it),
    and the job's own id otherwise.
    """

    def __init__(self, *, governance: Governance, fault_of: Callable[[str], str | None]) -> None:
        self._governance = governance
        self._fault_of = fault_of

    def cause_of(self, transaction: RawTransaction) -> str:
        """``fault:<id>``, or the cause of the request, or ``unattributed``."""
        for change in transaction.changes:
            for column in _KEY_COLUMNS:
                value = change.new.get(column)
                if isinstance(value, str) and (fault := self._fault_of(value)) is not None:
                    return f"fault:{fault}"
        for change in transaction.changes:
            if change.table == self._governance.audit_table:
                request = change.new.get(self._governance.audit_columns.get("request_id", ""))
                return "unattributed" if request is None else str(request).partition("#")[0]
        return "unattributed"
