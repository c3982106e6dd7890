"""A fault as a run has it: what the seed made of the scenario's fault, with its times."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

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

    @property
    def until(self) -> datetime:
        """End of its window; one that has none is over when it begins."""
        return self.ends_at or self.starts_at
