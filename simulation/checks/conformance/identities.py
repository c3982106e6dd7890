"""Identities that the platform generates: they cannot be predicted, but they must be unique as the rule says."""

from __future__ import annotations

import re
from typing import Any

from simulation.contract.rules import Identity

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Identities:
    """The values seen so far in one column."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[Any, ...]] = {}
        self._names: dict[tuple[Any, ...], str] = {}
        self._greatest: int | None = None
        self._are_uuids: bool | None = None

    def complaint(self, value: Any, rule: Identity, *, group: tuple[Any, ...]) -> str | None:
        """What the value should have been; None when it identifies its row, or its group of rows, as the rule says.

        :param group: the values that rows with one shared identity have in common; only used for ``shared``.
        """
        if value is None or value == "":
            return "a value"
        name = str(value)
        if self._another_form(name):
            return "a name of the same form as the others"
        if rule.identity == "shared":
            alone = self._owners.setdefault(name, group) == group and self._names.setdefault(group, name) == name
            return None if alone else "one value for all rows that belong together, and no others"
        if name in self._owners:
            return "a value that no other row has"
        self._owners[name] = ()
        return self._in_order(value) if rule.identity == "ascending" else None

    def _another_form(self, name: str) -> bool:
        """Whether the column's first value is a UUID and this one is not, or the reverse."""
        is_uuid = _UUID.fullmatch(name) is not None
        if self._are_uuids is None:
            self._are_uuids = is_uuid
        return is_uuid is not self._are_uuids

    def _in_order(self, value: Any) -> str | None:
        if not isinstance(value, int):
            return "a whole number"
        greatest, self._greatest = self._greatest, value
        return None if greatest is None or value > greatest else f"more than {greatest}"
