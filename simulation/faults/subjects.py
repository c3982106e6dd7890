"""Who is who: the scenario's keys for contests and people beside the ids the platform gave them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Registry:
    """Filled by the entrants as they act; read by faults, twin and report. One per run."""

    contest_ids: dict[str, str] = field(default_factory=dict)
    """Scenario key of a contest → platform id."""
    user_ids: dict[str, str] = field(default_factory=dict)
    """Person key → platform id."""
    organizer_ids: dict[str, str] = field(default_factory=dict)
    """Scenario key of a contest → platform id of the person who created it."""
    rosters: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Contest key and user id → the golfers that were picked."""

    def contest_key(self, contest_id: str | None) -> str | None:
        """Scenario key of a platform contest id, or None."""
        return next((key for key, known in self.contest_ids.items() if known == contest_id), None)
