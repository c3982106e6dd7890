"""A fault as a run has it: what the seed made of the scenario's fault, with its times."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from simulation.documents.strict import Instant
from simulation.scenario.faults.expectation import Expectation


class PlannedFault(BaseModel):
    """One line of ``faults.json``. Times are simulated, aware UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    fault_id: str = Field(max_length=100)
    kind: str = Field(max_length=100)
    expect: Expectation
    starts_at: Instant
    """It strikes nobody before. For faults of payments and transfers: when the first of them can happen."""
    ends_at: Instant | None = None
    """End of its window, where it has one; it strikes nobody from then on."""
    over_by: Instant
    """When it should be over: the end of its window, or of the last payment or the payout it may strike."""
    contest: str | None = None
    nth: int = Field(default=1, ge=1, le=100_000)
    times: int = Field(default=1, ge=1, le=100_000)
    tournament: str | None = None
    delay_seconds: int = Field(default=0, ge=0, le=366 * 86_400)
    status: int | None = Field(default=None, ge=100, le=599)
    transaction: str | None = Field(default=None, max_length=200)
    """Of a fault at a statement: the job or request whose transaction it strikes."""
    statement: int = Field(default=1, ge=1, le=100_000)
    seconds: int = Field(default=0, ge=0, le=86_400)
    every: int = Field(default=0, ge=0, le=100_000)
    waits: int = Field(default=0, ge=0, le=1)
    other: str = Field(default="", max_length=100)
    """What runs at once with it, and at which steps the other side goes on."""
    order: str = Field(default="", pattern=r"^(\d{1,6}( \d{1,6})*)?$", max_length=10_000)

    @model_serializer(mode="wrap")
    def _without_places_of_statements(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What only some kinds have is written of those alone: a plan reads as it did before there were such kinds."""
        row: dict[str, Any] = handler(self)
        left_out = _OF_SOME_KINDS if self.transaction is None else _OF_SOME_KINDS - _OF_STATEMENTS
        usual = type(self).model_fields
        return {name: value for name, value in row.items() if name not in left_out or value != usual[name].default}

    @property
    def until(self) -> datetime:
        """End of its window; one that has none is over when it begins."""
        return self.ends_at or self.starts_at


_OF_STATEMENTS = frozenset({"transaction", "statement", "seconds", "waits", "other", "order"})
_OF_SOME_KINDS = _OF_STATEMENTS | {"every"}
