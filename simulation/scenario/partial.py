"""What is left of a scenario document without the parts that have mistakes, so that a mistake hides no other one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_LISTS: Sequence[tuple[str, ...]] = (("contests",), ("orders",), ("faults",), ("operator", "tasks"))
"""Lists whose items can be left out."""
_SECTIONS = frozenset({"stripe", "monitor"})
"""Sections that may be left out as a whole: nothing but the money, which is counted last, depends on them."""

Path = tuple[str | int, ...]


class Partial:
    """A scenario document that loses its parts, and knows where those that it still has stand in the file."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        of_orders = document.get("profile") == "payments"
        self._sold, self._word = ("orders", "orders") if of_orders else ("contests", "contest")
        """What people pay for, and by which word a fault names it."""
        self._places: dict[tuple[str, ...], list[int]] = {}

    @property
    def emptied(self) -> bool:
        """Whether no contest is left, or no orders, and with them nothing that a scenario could be."""
        return self._places.get((self._sold,)) == []

    def original(self, path: Sequence[str | int]) -> Path:
        """The place in the file of a place in the document as it is now."""
        for names, places in self._places.items():
            index = path[len(names)] if tuple(path[: len(names)]) == names and len(path) > len(names) else None
            if isinstance(index, int):
                return (*names, places[index], *path[len(names) + 1 :])
        return tuple(path)

    def leave_out(self, paths: Sequence[Sequence[str | int]], *, known: frozenset[str]) -> bool:
        """Leave out the parts that these places are in, and what speaks of those parts. False: the rest says nothing.

        :param paths: places in the document as it is now. :param known: keys that a scenario may have.
        """
        gone: dict[tuple[str, ...], set[int]] = {names: set() for names in _LISTS}
        tournaments: set[str] = set()
        for path in paths:
            names = next((names for names in _LISTS if tuple(path[: len(names)]) == names), None)
            if names is not None and len(path) > len(names):
                gone[names].add(int(path[len(names)]))
            elif path[:1] == ("tournaments",) and len(path) > 1:
                tournaments.add(str(path[1]))
            elif (len(path) == 1 and path[0] not in known) or (path and path[0] in _SECTIONS):
                self.document = {key: value for key, value in self.document.items() if key != path[0]}
            else:
                return False
        self._drop(gone, tournaments)
        return not self.emptied

    def _drop(self, gone: Mapping[tuple[str, ...], set[int]], tournaments: set[str]) -> None:
        contests, faults = self._items(self._sold), self._items("faults")
        played = {index for index, contest in enumerate(contests) if _said(contest, "tournament") in tournaments}
        without = gone[(self._sold,)] | played
        keys = {_said(contests[index], "key") for index in without}
        struck = {
            index
            for index, fault in enumerate(faults)
            if _said(fault, self._word) in keys - {None} or _said(fault, "tournament") in tournaments
        }
        document = dict(self.document)
        if isinstance(document.get("tournaments"), dict):
            document["tournaments"] = {
                key: value for key, value in document["tournaments"].items() if str(key) not in tournaments
            }
        document[self._sold] = self._kept((self._sold,), contests, without)
        document["faults"] = self._kept(("faults",), faults, gone[("faults",)] | struck)
        operator = document.get("operator")
        if isinstance(operator, dict) and isinstance(operator.get("tasks"), list):
            tasks = self._kept(("operator", "tasks"), operator["tasks"], gone[("operator", "tasks")])
            document["operator"] = {**operator, "tasks": tasks}
        self.document = document

    def _items(self, section: str) -> list[Any]:
        items = self.document.get(section)
        return items if isinstance(items, list) else []

    def _kept(self, names: tuple[str, ...], items: list[Any], without: set[int]) -> list[Any]:
        places = self._places.get(names, list(range(len(items))))
        self._places[names] = [place for index, place in enumerate(places) if index not in without]
        return [item for index, item in enumerate(items) if index not in without]


def _said(part: Any, name: str) -> str | None:
    said = part.get(name) if isinstance(part, dict) else None
    return said if isinstance(said, str) else None
