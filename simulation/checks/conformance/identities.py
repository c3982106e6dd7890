"""Names that a platform makes up itself: nobody can foresee them, but they must tell rows apart."""

from __future__ import annotations

from typing import Any

from simulation.contract.rules import Identity


class Identities:
    """The values that one column has had so far."""

    def __init__(self) -> None:
        self._owners: dict[Any, tuple[Any, ...]] = {}
        self._names: dict[tuple[Any, ...], Any] = {}
        self._greatest: Any = None

    def complaint(self, value: Any, rule: Identity, *, group: tuple[Any, ...]) -> str | None:
        """What the value should have been; None when it tells its row, or its group of rows, apart.

        :param group: what rows that share a name have in common; only looked at for names that are shared.
        """
        if rule.identity == "shared":
            alone = self._owners.setdefault(value, group) == group and self._names.setdefault(group, value) == value
            return None if alone else "one value for all rows that belong together, and no others"
        if value in self._owners:
            return "a value that no other row has"
        self._owners[value] = ()
        greatest, self._greatest = self._greatest, value
        if rule.identity == "ascending" and greatest is not None and value <= greatest:
            return f"more than {greatest}"
        return None
