"""Columns that hold something else than the contract says: each a small mistake in one statement of the platform.

Planted as a trigger, so that whatever the platform writes into the column comes out wrong. It is there before the
absence begins, hence part of what was deployed, as the mistake would be. The mistakes stand in ``columns.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from simulation.events import Transaction
from simulation.history import History
from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry, Plant
from simulation.sabotage.superuser import superuser

DEFECTS = DefectRegistry("columns", how="database")


class WrongColumn(BaseModel):
    """``mistake``: what a trigger does to ``NEW`` before each ``on`` of the table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    breaks: str
    origin: str
    table: str
    on: Literal["INSERT", "UPDATE"] = "INSERT"
    mistake: str
    caught_by: str
    scenario: str = "payday"


def _mistakes() -> Sequence[WrongColumn]:
    text = (files("simulation.sabotage.platform") / "columns.toml").read_text(encoding="utf-8")
    return TypeAdapter(list[WrongColumn]).validate_python(tomllib.loads(text)["mistake"])


def _planted(wrong: WrongColumn) -> Plant:
    def plant(patches: Patches) -> None:
        patches.when_assembled(lambda sim: superuser(sim, *_trigger(wrong)))
        patches.after_the_run(lambda history: _noted(patches, history, wrong))

    plant.__name__, plant.__doc__ = wrong.name, wrong.breaks
    return plant


def _trigger(wrong: WrongColumn) -> Sequence[str]:
    return (
        f"CREATE FUNCTION mistake() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {wrong.mistake} RETURN NEW; END $$",
        f"CREATE TRIGGER zz_mistake BEFORE {wrong.on} ON {wrong.table} FOR EACH ROW EXECUTE FUNCTION mistake()",
    )


def _noted(patches: Patches, history: History, wrong: WrongColumn) -> History:
    """Note a trigger if the platform wrote the table that way during the run."""
    if any(
        change.table == wrong.table and change.op == wrong.on.lower()
        for transaction in history.of(Transaction)
        for change in transaction.changes
    ):
        patches.trigger()
    return history


for _wrong in _mistakes():
    DEFECTS.sabotage(_wrong.caught_by, origin=_wrong.origin, scenario=_wrong.scenario)(_planted(_wrong))
