"""A fault as a run has it: what the seed made of the scenario's fault, with its times."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from simulation.scenario.faults.expectation import Expectation


class PlannedFault(BaseModel):
    """One line of ``faults.json``. Times are simulated, aware UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault_id: str
    kind: str
    expect: Expectation
    starts_at: datetime
    """It strikes nobody before. For faults of payments and transfers: when the first of them can happen."""
    ends_at: datetime | None = None
    """End of its window, where it has one; it strikes nobody from then on."""
    over_by: datetime
    """When it should be over: the end of its window, or of the last payment or the payout it may strike."""
    contest: str | None = None
    nth: int = 1
    times: int = 1
    tournament: str | None = None
    delay_seconds: int = 0
    status: int | None = None

    @property
    def until(self) -> datetime:
        """End of its window; one that has none is over when it begins."""
        return self.ends_at or self.starts_at
