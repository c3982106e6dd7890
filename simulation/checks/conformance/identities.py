"""Names that a platform makes up itself: nobody can foresee them, but they must tell rows apart."""

from __future__ import annotations

from typing import Any

from simulation.contract.rules import Identity


class Identities:
    """The values that one column has had so far, each with the transaction that wrote it first."""

    def __init__(self) -> None:
        self._owners: dict[Any, int] = {}
        self._of_transaction: dict[int, Any] = {}
        self._greatest: Any = None

    def complaint(self, value: Any, rule: Identity, *, xid: int) -> str | None:
        """What the value should have been; None when it tells its row apart."""
        owner = self._owners.setdefault(value, xid) if value not in self._owners or rule.identity == "shared" else None
        if rule.identity == "shared":
            mine = self._of_transaction.setdefault(xid, value)
            return None if owner == xid and mine == value else "one value for the whole transaction, and no other's"
        if owner is None:
            return "a value that no other row has"
        greatest, self._greatest = self._greatest, value
        if rule.identity == "ascending" and greatest is not None and value <= greatest:
            return f"more than {greatest}"
        return None
