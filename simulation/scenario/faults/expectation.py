"""How a fault must end."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from simulation.documents.strict import ScenarioModel, refusal


class Expectation(ScenarioModel):
    """Exactly one of: it heals by itself, a runbook recovers it, it ends in a documented failure."""

    self_heals: Literal[True] | None = None
    runbook: str | None = Field(default=None, max_length=100)
    terminal: str | None = Field(default=None, max_length=200)
    """The failure reason that must be documented; combined with ``runbook`` when ops must act on it."""

    @model_validator(mode="after")
    def _one(self) -> Expectation:
        if self.self_heals is None and self.runbook is None and self.terminal is None:
            raise refusal("nothing is expected", remedy="write self_heals: true, runbook: <name> or terminal: <reason>")
        if self.self_heals and (self.runbook or self.terminal):
            raise refusal("self_heals excludes runbook and terminal", remedy="keep one", path=("self_heals",))
        return self

    def __str__(self) -> str:
        """In words: ``heals by itself``, ``runbook x``, ``ends as failed_terminal (REASON), runbook x``."""
        said = ["heals by itself"] if self.self_heals else []
        if self.terminal is not None:
            said.append(f"ends as failed_terminal ({self.terminal})")
        if self.runbook is not None:
            said.append(f"runbook {self.runbook}")
        return ", ".join(said)


SELF_HEALS = Expectation(self_heals=True)
