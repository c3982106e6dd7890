"""Helpers with which defects replace how prizes are transferred."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

from simulation.sabotage.patches import Patches
from simulation.staging.money import payouts


def replace_lane(patches: Patches, *, send: Any = None, book: Any = None) -> None:
    """Replace functions that send and book prizes; each replacement gets the real one as its first argument."""
    real = payouts.OUTGOING
    changes: dict[str, Any] = {}
    if send is not None:
        changes["send"] = partial(send, real.send)
    if book is not None:
        changes["book"] = partial(book, real.book)
    patches.replace(payouts, "OUTGOING", lambda outgoing: dataclasses.replace(outgoing, **changes))


def before_each_transfer(patches: Patches, note: Any) -> None:
    def send(real: Any, runtime: Any, row: Any) -> Any:
        note(row)
        return real(runtime, row)

    replace_lane(patches, send=send)


class _Altered:
    """A row in which some columns differ from the database."""

    def __init__(self, row: Any, changes: dict[str, Any]) -> None:
        self._row, self._changes = row, changes

    def __getattr__(self, name: str) -> Any:
        return self._changes[name] if name in self._changes else getattr(self._row, name)


def altered(row: Any, **changes: Any) -> _Altered:
    return _Altered(row, changes)
