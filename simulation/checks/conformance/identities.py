"""Identities that the platform generates: they cannot be predicted, but they must be unique as the rule says."""

from __future__ import annotations

import re
from collections import deque
from datetime import datetime, timedelta
from typing import Any

from simulation.contract.rules import Identity

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OPEN = timedelta(seconds=5)
"""How long two transactions may have been open beside each other: a sequence gives its numbers in the order of asking,
and they commit in any."""


class Identities:
    """The values seen so far in one column."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[Any, ...]] = {}
        self._names: dict[tuple[Any, ...], str] = {}
        self._recent = deque[tuple[datetime, int]]()
        self._greatest: int | None = None
        """Of transactions that were over when any that is still to come began."""
        self._are_uuids: bool | None = None

    def complaint(
        self, value: Any, rule: Identity, *, begun: datetime, at: datetime, group: tuple[Any, ...]
    ) -> str | None:
        """What the value should have been; None when it identifies its row, or its group of rows, as the rule says.

        :param begun: when its transaction began, at the earliest. :param at: when it was committed; values come in the
            order of their commits.
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
        return self._in_order(value, begun, at) if rule.identity == "ascending" else None

    def _another_form(self, name: str) -> bool:
        """Whether the column's first value is a UUID and this one is not, or the reverse."""
        is_uuid = _UUID.fullmatch(name) is not None
        if self._are_uuids is None:
            self._are_uuids = is_uuid
        return is_uuid is not self._are_uuids

    def _in_order(self, value: Any, begun: datetime, at: datetime) -> str | None:
        if not isinstance(value, int):
            return "a whole number"
        while self._recent and self._recent[0][0] < begun - _OPEN:
            _, earlier = self._recent.popleft()
            self._greatest = earlier if self._greatest is None else max(self._greatest, earlier)
        self._recent.append((at, value))
        return None if self._greatest is None or value > self._greatest else f"more than {self._greatest}"
