"""Which cause a committed transaction goes back to: the fault that touched one of its keys, else the request."""

from __future__ import annotations

from collections.abc import Callable

from simulation.events.governance import Governance
from simulation.witness.wal import RawTransaction

_KEY_COLUMNS = ("id", "reference_id", "stripe_event_id", "stripe_payment_intent_id", "payment_intent_id", "entity_id")


class Attribution:
    """Reads causes off the rows themselves, so that the thread from fault to ledger needs no help from the platform.

    The request id in the audit row is ``<cause>#<n>`` where the harness's ingress gave it, and the job's own otherwise.
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
