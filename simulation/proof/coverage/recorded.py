"""What a platform wrote during a run: its rows in the write-ahead log, and where the observer saw each at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulation.events import Event, Transaction
from simulation.history import History
from simulation.proof.coverage.freedom import Freedom
from simulation.proof.coverage.observed import Places, places_of
from simulation.proof.coverage.rows import Image, Tables, tables_of


@dataclass(frozen=True, kw_only=True)
class Recorded:
    events: Sequence[Event]
    tables: Tables
    places: Places
    freedom: Freedom

    @classmethod
    def of(cls, history: History) -> Recorded:
        tables = tables_of(history.events)
        places = places_of(history.events, tables)
        return cls(events=history.events, tables=tables, places=places, freedom=Freedom.of(history))

    def free(self, table: str, image: Image, column: str, place: str) -> str | None:
        """Why the contract leaves a column, or a ``place`` in its document, free in an image; None: it does not."""
        transaction = self.events[image.position]
        assert isinstance(transaction, Transaction)
        keys = [column, *place.replace("[]", "").split(".")[1:]]
        return self.freedom.reason(table, (transaction.xid, image.number), keys)
