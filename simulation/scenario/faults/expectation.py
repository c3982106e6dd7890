"""How a fault must end."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from simulation.documents.strict import ScenarioModel, refusal


class Expectation(ScenarioModel):
    """Exactly one of: it heals by itself, a runbook recovers it, it ends in a documented failure."""

    self_heals: Literal[True] | None = None
    """The platform gets over it without anybody."""
    runbook: str | None = Field(default=None, max_length=100)
    """The one by which the operator recovers it, without `.md`."""
    terminal: str | None = Field(default=None, max_length=200)
    """The failure reason that must be documented; combined with ``runbook`` when ops must act on it."""

    @model_validator(mode="after")
    def _one(self) -> Expectation:
        if self.self_heals is None and self.runbook is None and self.terminal is None:
            raise refusal("nothing is expected", remedy="write self_heals: true, runbook: <name> or terminal: <reason>")
        if self.self_heals and (self.runbook or self.terminal):
            raise refusal("self_heals excludes runbook and terminal", remedy="keep one", path=("self_heals",))
        return self

    def is_part_of(self, ending: Expectation) -> bool:
        """Whether all that is expected comes true when it ends so: who expects less than all is not wrong."""
        return (
            self.self_heals == ending.self_heals
            and self.terminal in (None, ending.terminal)
            and self.runbook in (None, ending.runbook)
        )

    def as_written(self) -> str:
        """As a scenario has it: ``{runbook: x}``."""
        said = {"self_heals": self.self_heals and "true", "terminal": self.terminal, "runbook": self.runbook}
        return "{" + ", ".join(f"{name}: {value}" for name, value in said.items() if value) + "}"

    def __str__(self) -> str:
        """In words: ``heals by itself``, ``runbook x``, ``ends as failed_terminal (REASON), runbook x``."""
        said = ["heals by itself"] if self.self_heals else []
        if self.terminal is not None:
            said.append(f"ends as failed_terminal ({self.terminal})")
        if self.runbook is not None:
            said.append(f"runbook {self.runbook}")
        return ", ".join(said)


SELF_HEALS = Expectation(self_heals=True)
