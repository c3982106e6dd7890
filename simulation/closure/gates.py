"""The answer: three gates, each with what it needs, whether that is there, and the command for what is not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from simulation.checks.base import Outcome
from simulation.checks.run_record import Release
from simulation.checks.verdict import EXIT_CODES, worst


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that a gate needs. It is there if nothing is missing."""

    name: str
    says: str
    missing: tuple[str, ...] = ()
    unknown: bool = False
    """What is missing could not be looked at: nobody knows whether it is there."""
    do: tuple[str, ...] = ()
    """Commands, and deeds of people, after which it is there."""
    seen: str = ""
    """What was looked at: a file, a run's folder."""

    @property
    def state(self) -> Outcome:
        if not self.missing:
            return "pass"
        return "unknown" if self.unknown else "fail"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A phase of the iteration, in the words of the specification's closure gate."""

    phase: str
    says: str
    items: tuple[Item, ...]

    @property
    def state(self) -> Outcome:
        return worst(item.state for item in self.items)


@dataclass(frozen=True, kw_only=True)
class Closure:
    gates: tuple[Gate, ...]
    of: Release
    """The code that the answer is about."""

    @property
    def state(self) -> Outcome:
        return worst(gate.state for gate in self.gates)

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.state]

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for gate in self.gates for item in gate.items)

    def document(self) -> dict[str, Any]:
        """For ``--json`` and ``closure.json``."""
        return {
            "format_version": 1,
            "closes": self.state == "pass",
            "outcome": self.state,
            "exit_code": self.exit_code,
            "of": asdict(self.of),
            "gates": [
                {
                    "phase": gate.phase,
                    "says": gate.says,
                    "outcome": gate.state,
                    "items": [{**asdict(item), "outcome": item.state} for item in gate.items],
                }
                for gate in self.gates
            ],
        }
